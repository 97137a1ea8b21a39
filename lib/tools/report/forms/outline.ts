/** A notebook as a talk: slides of what a group looks at, with minutes and prompts from its reading plan. */
import { type Block, type Cell, type Heading, type OutputBlock, titleOf } from '../blocks';
import { type Html, markup, raw } from '../html';
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

/** Letters of prose that one slide holds at a size that is read from the last row. */
const LETTERS = 700;

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
    else for (const part of paragraphs(text(block))) this.read(part);
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

  private put(kind: Slide['kind'], body: Html, notes: Html[] = []): void {
    this.stack.push({ kind, body, reading: [], notes, code: this.code });
    this.code = [];
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
    const { slide } = this;
    if (slide.kind === 'figure' && lettersOf(...slide.reading, html) <= LETTERS) slide.reading.push(html);
    else if (OPEN.has(slide.kind) && lettersOf(slide.body, html) <= LETTERS) slide.body = markup`${slide.body}${html}`;
    else this.put('text', html);
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
    } else if (block.kind === 'html' && block.claims.length > 0) this.put('verdict', shown);
    else if (block.kind === 'markdown' && block.role === 'predict') this.put('predict', shown);
    else if (block.kind === 'html' && block.role === 'claim-card') this.put('display', folded(shown));
    else if (block.kind !== 'lines') this.read(shown);
  }
}

/** The paragraphs of a run of prose, which fill slides one by one; what is no paragraph stays whole. */
function paragraphs(html: Html): Html[] {
  const parts = html.text.split(/(?<=<\/p>)\s*(?=<p>)/);
  return parts.map(raw);
}

/** A heading alone. */
function isBare({ kind, body }: Slide): boolean {
  return kind === 'section' && /^<h2>[^]*<\/h2>$/.test(body.text) && !/<\/h2>./s.test(body.text);
}

/** What is open on a page is opened in a talk. */
function folded(html: Html): Html {
  return raw(html.text.replace(/<details open>/g, '<details>'));
}

function lettersOf(...parts: Html[]): number {
  const said = parts.map(({ text: html }) => html.replace(/<math[^]*?<\/math>|<svg[^]*?<\/svg>|<[^>]*>/g, ''));
  const tall = parts.reduce(
    (sum, { text: html }) => sum + (html.match(/katex-display|<tr>|<li>|<h[123]/g) ?? []).length,
    0,
  );
  return said.join('').length + 60 * tall;
}

function wordsOf(title: string): string[] {
  return (title.toLowerCase().match(/[\p{L}\d]{4,}/gu) ?? []).map((word) => word.slice(0, 5));
}
