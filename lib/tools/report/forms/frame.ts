/** The page around an article: head, policy, contents, foot. Nothing here asks a network. */
import type { Figure, Heading } from '../blocks';
import type { Fact } from '../facts';
import { type Content, markup, type Html, raw } from '../html';
import { joinedLines } from '../joined-lines';
import { policy } from '../policy';
import { schemeStyle } from '../schemes';
import { sharedStyles } from '../shared-styles';
import { usedClips } from '../used-clips';

/** Another page. */
export interface PageLink {
  name: string;
  page: string;
}

export interface Frame {
  /** Of the browser's tab: no element. */
  title: string;
  article: Html;
  headings?: readonly Heading[];
  figures?: readonly Figure[];
  facts?: readonly Fact[];
  /** BibTeX. */
  cite?: string;
  /** The notebook's file, seen from the page. */
  file?: string;
  previous?: PageLink;
  next?: PageLink;
  isIndex?: boolean;
  /** Script and style of what computes on the page. */
  compute?: { script: string; style: string };
}

/** What all pages have in common. */
export interface Site {
  title: string;
  /** The pages' own script. */
  script: string;
  /** The pages' style, for a page that has nothing beside it. */
  style?: string;
}

/** A whole page. */
export function frame(site: Site, page: Frame): string {
  const { headings = [], figures = [], facts = [] } = page;
  const { html: article, rules } = sharedStyles(usedClips(joinedLines(page.article.text)));
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy([site.script], figures, { compute: page.compute?.script })}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${page.title}${!page.isIndex && ` · ${site.title}`}</title>
<link rel="icon" href="data:,">
<style>${raw(schemeStyle(page.article.text) + rules)}</style>
${site.style === undefined ? raw('<link rel="stylesheet" href="assets/page.css">') : markup`<style>${raw(site.style)}</style>`}
${page.compute && markup`<style>${raw(page.compute.style)}</style>\n`}</head>
<body${page.isIndex && raw(' class="index"')}>
<a class="skip" href="#main">Skip to the text</a>
<header class="site">
<p>${site.style === undefined ? markup`<a href="index.html">${site.title}</a>` : site.title}</p>
<div class="tools" hidden>
${site.style === undefined && raw('<button type="button" id="search" aria-haspopup="dialog">Search</button>')}
<button type="button" id="code" aria-pressed="false" hidden>Show code</button>
</div>
</header>
<div class="frame">
${contents(headings)}
<main id="main">
<article>
${raw(article)}
</article>
${facts.length > 0 && foot(page)}
${turn(page)}
</main>
</div>
${site.style === undefined && SEARCH}
<script>${raw(site.script)}</script>
${page.compute && markup`<script>${raw(page.compute.script)}</script>\n`}</body>
</html>
`.text;
}

const SEARCH = raw(`<dialog class="search" aria-label="Search all pages">
<form method="dialog"><input type="search" aria-label="Search all pages" placeholder="Search all pages" autocomplete="off"><button>Close</button></form>
<p class="found" role="status"></p>
<ol></ol>
</dialog>`);

function contents(headings: readonly Heading[]): Content {
  const entries = headings.filter(({ level }) => level === 2 || level === 3);
  if (entries.length < 2) return undefined;
  return markup`<nav class="toc" aria-label="On this page">
    <details open>
      <summary>On this page</summary>
      <ol>
        ${entries.map(({ level, id, unlinked }) => markup`<li class="level-${level}"><a href="#${id}">${unlinked}</a></li>`)}
      </ol>
    </details>
  </nav>`;
}

function foot({ facts = [], cite, file }: Frame): Html {
  return markup`<aside class="facts" aria-label="How this page was computed">
    <h2 id="how-this-page-was-computed">How this page was computed</h2>
    <dl>
      ${facts.map(
        ({ name, value }) =>
          markup`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>
`,
      )}
    </dl>
    ${file && markup`<p><a href="${file}" download>Download the notebook</a></p>`}
    ${cite && markup`<details class="cite"><summary>Cite this page</summary><pre tabindex="0">${cite}</pre></details>`}
  </aside>`;
}

function turn({ previous, next }: Frame): Content {
  if (!previous && !next) return undefined;
  const link = (to: PageLink, rel: string, word: string) =>
    markup`<a rel="${rel}" href="${to.page}"><span>${word}</span> ${to.name}</a>`;
  return markup`<nav class="turn" aria-label="Other notebooks">
    ${previous && link(previous, 'prev', 'Before')} ${next && link(next, 'next', 'Next')}
  </nav>`;
}
