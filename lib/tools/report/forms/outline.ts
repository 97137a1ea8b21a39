/** A notebook as a talk: slides of what a group looks at, with minutes and prompts from its reading plan. */
import { type Block, type Cell, type Heading, type OutputBlock, titleOf } from '../blocks';
import { type Html, markup, raw } from '../html';
import { divided, heightOf, lettersOf, partsOf, type Place } from './divide';
import { figureOn, output, text } from './page';

/** One slide. */
export interface Slide {
  kind: 'title' | 'section' | 'text' | 'predict' | 'figure' | 'verdict' | 'display' | 'prompts';
  body: Html;
  /** Of a figure: what reads it, shown after it. */
  reading: Html[];
  /** Said, not shown. */
  notes: Html[];
  /** The code behind it, to be opened. */
  code: Html[];
}

/** Slides that stand below each other: a section of the notebook. */
export type Stack = Slide[];

/** What a notebook says to a group that reads it. */
export interface Plan {
  minutes: number;
  parts: { name: string; minutes: number }[];
  prompts: string;
}

/** All of a slide, of 1280 by 720 pixels, and the column beside a figure. */
const WHOLE: Place = { letters: 92, line: 40 };
const BESIDE: Place = { letters: 40, line: 30 };

/** Pixels of prose that one slide holds: more is not read from the last row, and is no talk. */
const PROSE = 600;

/** Pixels that a slide holds, below its heading, beside a figure, and all told. */
const [BELOW, COLUMN, ALL] = [540, 630, 650];

/** Kinds of slides that are added to while they have room. */
const OPEN = new Set<Slide['kind']>(['title', 'section', 'text']);

/** Kinds of output that a talk leaves out. */
const LEFT_OUT = new Set(['engine', 'provenance', 'exercise-check', 'progress', 'check', 'exercise']);

/** The talk, section by section. */
export function outline(blocks: readonly Block[], name: string): Stack[] {
  const plan = planOf(blocks);
  const talk = new Talk(titleOf(blocks)?.html ?? markup`${name}`, plan);
  for (const block of blocks) talk.add(block);
  return talk.end();
}

/** The reading plan, found by its words. */
export function planOf(blocks: readonly Block[]): Plan | undefined {
  const said = blocks.flatMap((block) => (block.kind === 'prose' && isPlan(block.html) ? [block.html.text] : []))[0];
  if (said === undefined) return undefined;
  const [, minutes, rest] = /\((\d+) minutes\):([^]*)$/.exec(said) ?? [];
  const [, list, prompts] = /^(.*?)(?:<\/p>|\.(?=\s*To discuss))\s*([^]*)$/s.exec(rest ?? '') ?? [];
  const parts = (list ?? '').split(';').flatMap((part) => {
    const [, what, time] = /^\s*(.+), (\d+)\.?\s*$/s.exec(part) ?? [];
    return what === undefined ? [] : [{ name: what, minutes: Number(time) }];
  });
  return { minutes: Number(minutes ?? 0), parts, prompts: prompts ?? '' };
}

function isPlan({ text: html }: Html): boolean {
  return html.includes('<strong>Reading in a group</strong>');
}

class Talk {
  private readonly stacks: Stack[] = [];
  private code: Html[] = [];
  private untaken: Plan['parts'];
  private prompts: Html | undefined;

  constructor(
    title: Html,
    private readonly plan: Plan | undefined,
  ) {
    this.untaken = [...(plan?.parts ?? [])];
    const all = this.untaken.map(({ name, minutes }) => markup`<li>${name}: ${minutes} min</li>`);
    const notes = plan ? [markup`<p>${plan.minutes} minutes:</p><ul>${all}</ul>`] : [];
    this.stacks.push([{ kind: 'title', body: markup`<h1>${title}</h1>`, reading: [], notes, code: [] }]);
  }

  add(block: Block): void {
    if (block.kind === 'cell') this.cell(block);
    else if (block.kind === 'heading') this.heading(block);
    else if (block.kind === 'prose' && isPlan(block.html)) this.takePrompts(block.html);
    else this.read(text(block));
  }

  /** The talk ends with what there is to discuss. */
  end(): Stack[] {
    const { prompts } = this;
    if (prompts) {
      const notes = this.untaken.map(({ name, minutes }) => markup`<p>Left: ${name}, ${minutes} min.</p>`);
      this.stacks.push([
        { kind: 'prompts', body: markup`<h2>To discuss</h2>${prompts}`, reading: [], notes, code: [] },
      ]);
    }
    return this.stacks.filter(([first, ...rest]) => rest.length > 0 || !isBare(first));
  }

  private get stack(): Stack {
    return this.stacks.at(-1)!;
  }

  private get slide(): Slide {
    return this.stack.at(-1)!;
  }

  /** A heading with nothing below it takes what comes. */
  private put(kind: Slide['kind'], body: Html, notes: Html[] = []): void {
    const { slide, code } = this;
    this.code = [];
    if (!isBare(slide)) this.stack.push({ kind, body, reading: [], notes, code });
    else Object.assign(slide, { kind, body: markup`${slide.body}${body}`, notes: [...slide.notes, ...notes], code });
  }

  private heading({ level, html, plain }: Heading): void {
    if (level === 1) return;
    const part = this.partOf(plain);
    const notes = part ? [markup`<p>${part.minutes} min: ${part.name}.</p>`] : [];
    if (level === 2)
      this.stacks.push([{ kind: 'section', body: markup`<h2>${html}</h2>`, reading: [], notes, code: [] }]);
    else this.put('section', markup`<h3>${html}</h3>`, notes);
  }

  /** The part of the plan that shares most words with a heading; each is taken once. */
  private partOf(heading: string): Plan['parts'][number] | undefined {
    const words = wordsOf(heading);
    const shared = ({ name }: { name: string }) => wordsOf(name).filter((word) => words.includes(word)).length;
    const best = [...this.untaken].sort((a, b) => shared(b) - shared(a))[0];
    if (!best || shared(best) === 0) return undefined;
    this.untaken = this.untaken.filter((part) => part !== best);
    return best;
  }

  /** What is read goes on the slide that has room for it; beside a figure, what reads the figure. */
  private read(html: Html): void {
    for (const part of partsOf(html)) {
      const { slide } = this;
      if (slide.kind === 'figure' && isNarrow(part) && heightOf(markup`${slide.reading}${part}`, BESIDE) <= COLUMN)
        slide.reading.push(part);
      else for (const piece of divided(part, isBare(slide) ? BELOW : ALL, WHOLE)) this.readBelow(piece);
    }
  }

  private readBelow(html: Html): void {
    const { slide } = this;
    const both = markup`${slide.body}${html}`;
    if (OPEN.has(slide.kind) && heightOf(both, WHOLE) <= (isText(html) ? PROSE : ALL)) slide.body = both;
    else this.put('text', html);
  }

  /** Verdicts that follow each other share a slide while it has room. */
  private verdict(html: Html): void {
    const { slide, code } = this;
    const both = markup`${slide.body}${html}`;
    if (slide.kind !== 'verdict' || heightOf(both, WHOLE) > PROSE) return this.put('verdict', html);
    slide.body = both;
    slide.code.push(...code);
    this.code = [];
  }

  private takePrompts(html: Html): void {
    const { prompts } = this.plan ?? { prompts: '' };
    if (prompts) this.prompts = raw(prompts.startsWith('<') ? prompts : `<p>${prompts}`);
    else this.prompts = html;
  }

  private cell({ code, outputs }: Cell): void {
    if (code) this.code.push(code.html);
    for (const block of outputs) this.output(block);
  }

  private output(block: OutputBlock): void {
    if (block.kind === 'runnable') return; // a slide holds its figure
    if ((block.kind === 'html' || block.kind === 'markdown') && LEFT_OUT.has(block.role)) return;
    const shown = markup`${block.kind === 'figure' ? figureOn(block) : output(block)}`;
    if (block.kind === 'figure') {
      this.put('figure', shown, [markup`<p>${block.alt}</p><p>${block.caption}</p>`]);
    } else if (block.kind === 'html' && block.claims.length > 0) this.verdict(shown);
    else if (block.kind === 'markdown' && block.role === 'predict') this.put('predict', shown);
    else if (block.kind === 'html' && block.role === 'claim-card')
      for (const part of divided(unfolded(shown), ALL, WHOLE)) this.put('display', part);
    else if (block.kind !== 'lines') this.read(shown);
  }
}

/** A heading alone. */
function isBare({ kind, body }: Slide): boolean {
  return kind === 'section' && /^<h([23])>(?:(?!<\/h\1>)[^])*<\/h\1>$/.test(body.text);
}

/** What can be folded on a page stands open in a talk, below its name. */
function unfolded({ text: html }: Html): Html {
  const opened = html.replace(
    /<details open>\s*<summary>([^]*?)<\/summary>([^]*?)<\/details>/g,
    '<div><p>$1</p>$2</div>',
  );
  return raw(opened);
}

/** Prose alone: no table, list or formula on lines of its own. */
function isText({ text: html }: Html): boolean {
  return !/<(?:tr|li)\b|katex-display/.test(html);
}

/** Whether it is as narrow as the column beside a figure: no formula on a line of its own, no row of many letters. */
function isNarrow({ text: html }: Html): boolean {
  if (html.includes('katex-display')) return false;
  return (html.match(/<tr\b[^]*?<\/tr>/g) ?? []).every((row) => lettersOf(row) <= BESIDE.letters);
}

function wordsOf(title: string): string[] {
  return (title.toLowerCase().match(/[\p{L}\d]{4,}/gu) ?? []).map((word) => word.slice(0, 5));
}
