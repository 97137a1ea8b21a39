/** A talk of a notebook: a reveal.js deck, with speaker notes and the code behind each slide. */
import type { Block } from '../blocks';
import { type Html, markup, raw } from '../html';
import { policy } from '../policy';
import { schemeStyle } from '../schemes';
import { outline, type Slide } from './outline';

/** What all decks have in common. */
export interface Deck {
  title: string;
  /** The decks' own script. */
  script: string;
  /** The script that the speaker's window runs. */
  speaker: string;
}

/** A deck, which needs `assets/` beside it. */
export function slides(deck: Deck, name: string, blocks: readonly Block[]): string {
  const stacks = outline(blocks, name).map(
    (stack) => markup`<section>${stack.map((slide) => slideOf(slide))}</section>\n`,
  );
  const body = markup`${stacks}`;
  const title = blocks.find((block) => block.kind === 'heading' && block.level === 1);
  const rules = policy([deck.script, deck.speaker], [], { frames: true });
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${rules}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title?.kind === 'heading' ? title.plain : name} · ${deck.title}</title>
<link rel="icon" href="data:,">
<style>${raw(schemeStyle(body.text))}</style>
<link rel="stylesheet" href="assets/reveal.css">
<link rel="stylesheet" href="assets/page.css">
<link rel="stylesheet" href="assets/slides.css">
</head>
<body>
<div class="reveal"><div class="slides">
${body}
</div></div>
<script>${raw(deck.script)}</script>
</body>
</html>
`.text;
}

function slideOf({ kind, body, reading, notes, code }: Slide): Html {
  const behind = code.length > 0 && markup`<details class="code"><summary>Code</summary>${code}</details>`;
  const beside = reading.length > 0 && markup`<div class="reading fragment">${reading}</div>`;
  const said = notes.length > 0 && markup`<aside class="notes">${notes}</aside>`;
  return markup`<section class="slide slide-${kind}"><div class="body">${body}${beside}</div>${behind}${said}</section>`;
}
