/** Markdown to blocks: CommonMark with tables, struck-out text, task lists and formulas, as JupyterLab shows it. */
import MarkdownIt from 'markdown-it';
import type { StateCore, Token } from 'markdown-it';
import type { TextBlock } from './blocks';
import { untagged } from './equations';
import { formulas, setFormula } from './formulas';
import { highlighted } from './highlight';
import { type Html, markup, raw } from './html';
import { type Attachments, embedded } from './pictures';

/** What Markdown needs to know of the page it stands in. */
export interface Surroundings {
  /** Where pictures that the text names are looked for. */
  folder: string;
  /** Where a link leads, seen from the page. @param address as the text gives it, seen from the notebook */
  link: (address: string) => string;
  /** Told of each formula that cannot be set. */
  onProblem: (problem: string) => void;
}

/** The Markdown of one page: its headings have anchors that differ, and the first of the first level is its title. */
export class PageText {
  private readonly md = new MarkdownIt({ html: true, linkify: true });
  private readonly anchors = new Set<string>();
  private isTitled = false;
  private attachments: Attachments = {};

  constructor(private readonly around: Surroundings) {
    // Only what is written as an address is one: 'file.md' is a name.
    this.md.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
    this.md.use(formulas);
    this.md.core.ruler.after('inline', 'tasks', markTasks);
    this.setRules();
  }

  /** The text's blocks. @param attachments pictures that its cell holds */
  blocks(source: string, attachments: Attachments = {}): TextBlock[] {
    this.attachments = attachments;
    const blocks: TextBlock[] = [];
    for (const run of topLevel(this.md.parse(source, {}))) {
      const block = this.block(run);
      const last = blocks.at(-1);
      // An element of HTML may begin in one run and end in a later one.
      if (block.kind === 'prose' && last?.kind === 'prose') last.html = markup`${last.html}${block.html}`;
      else blocks.push(block);
    }
    return blocks;
  }

  /** What each item of the text's lists says first. */
  items(source: string): Html[] {
    const tokens = this.md.parse(source, {});
    const said = tokens.filter(({ type }, i) => type === 'inline' && tokens[i - 2]?.type === 'list_item_open');
    return said.map(({ children }) => raw(this.md.renderer.renderInline(children ?? [], this.md.options, {})));
  }

  private block(run: Token[]): TextBlock {
    const [first] = run;
    if (first.type === 'heading_open') return this.heading(run[1], Number(first.tag.slice(1)));
    const made = raw(this.md.renderer.render(run, this.md.options, {}));
    if (first.type === 'formula_block') {
      const { tex, tag } = untagged(first.content);
      return { kind: 'equation', tex, html: made, ...(tag !== undefined && { label: tag }) };
    }
    if (first.type === 'fence' || first.type === 'code_block') return { kind: 'listing', html: made };
    return { kind: 'prose', html: made };
  }

  private heading({ children }: Token, level: number): TextBlock {
    const inner = (tokens: Token[]) => raw(this.md.renderer.renderInline(tokens, this.md.options, {}));
    const tokens = children ?? [];
    const plain = tokens.map(plainText).join('').trim();
    const isTitle = level === 1 && !this.isTitled;
    if (isTitle) this.isTitled = true;
    return {
      kind: 'heading',
      level: isTitle ? 1 : Math.max(level, 2), // a page has one first-level heading
      id: this.anchor(plain),
      html: inner(tokens),
      unlinked: inner(tokens.filter((token) => !isLink(token))),
      plain,
    };
  }

  private anchor(plain: string): string {
    const name =
      plain
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_]+/gu, '-')
        .replace(/^-+|-+$/g, '') || 'section';
    let unique = name;
    for (let n = 2; this.anchors.has(unique); n++) unique = `${name}-${n}`;
    this.anchors.add(unique);
    return unique;
  }

  private setRules(): void {
    const { rules } = this.md.renderer;
    const { folder, link, onProblem } = this.around;
    const image = rules.image!;
    rules.formula = ([...tokens], i) => setFormula(tokens[i].content, tokens[i].meta.display, onProblem).text;
    rules.formula_block = (tokens, i) => `<p>${setFormula(untagged(tokens[i].content).tex, true, onProblem)}</p>\n`;
    rules.fence = (tokens, i) => `${highlighted(tokens[i].content, tokens[i].info.trim().split(/\s/)[0])}\n`;
    rules.code_block = (tokens, i) => `${highlighted(tokens[i].content, '')}\n`;
    rules.table_open = () => '<div class="table" tabindex="0" role="group" aria-label="Table"><table>\n';
    rules.table_close = () => '</table></div>\n';
    rules.image = (tokens, i, ...rest) => {
      tokens[i].attrSet('src', embedded(tokens[i].attrGet('src') ?? '', folder, this.attachments));
      return image(tokens, i, ...rest);
    };
    rules.link_open = (tokens, i, options, _env, renderer) => {
      tokens[i].attrSet('href', link(tokens[i].attrGet('href') ?? ''));
      return renderer.renderToken(tokens, i, options);
    };
  }
}

/** The tokens of each block that stands in no other. */
function topLevel(tokens: Token[]): Token[][] {
  const runs: Token[][] = [];
  let depth = 0;
  for (const token of tokens) {
    if (depth === 0) runs.push([]);
    runs.at(-1)!.push(token);
    depth += token.nesting;
  }
  return runs;
}

function plainText(token: Token): string {
  if (token.type === 'softbreak' || token.type === 'hardbreak') return ' ';
  return ['text', 'code_inline', 'formula'].includes(token.type) ? token.content : '';
}

function isLink(token: Token): boolean {
  return /^link_/.test(token.type) || (token.type === 'html_inline' && /^<\/?a\b/i.test(token.content));
}

/** `- [ ] a task`: a box that says whether it is done. */
function markTasks(state: StateCore): void {
  state.tokens.forEach((token, i) => {
    const isItem = token.type === 'inline' && state.tokens[i - 2]?.type === 'list_item_open';
    const text = token.children?.[0];
    const box = isItem && text?.type === 'text' ? /^\[([ xX])\]\s+/.exec(text.content) : null;
    if (!box || !text) return;
    text.content = text.content.slice(box[0].length);
    const input = new state.Token('html_inline', '', 0);
    input.content = `<input aria-label="Task" type="checkbox" disabled${box[1] === ' ' ? '' : ' checked'}> `;
    token.children!.unshift(input);
    state.tokens[i - 2].attrJoin('class', 'task-list-item');
  });
}
