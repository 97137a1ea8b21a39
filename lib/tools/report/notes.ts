/** Notes beside words: a symbol's meaning, a term in the other language, a source; shown on hover and to the keyboard, without a script. */
import { type Block, headingsOf } from './blocks';
import { markup, type Html, raw } from './html';

interface Note {
  /** Where more of it stands. */
  href: string;
  tip: Html;
}

/** What pages say of words: read off the collection's own glossary and table of symbols. */
export interface Words {
  terms: ReadonlyMap<string, Note>;
  symbols: ReadonlyMap<string, Note>;
}

/** For a page that has no others beside it: only its own sources are noted. */
export const NO_WORDS: Words = { terms: new Map(), symbols: new Map() };

/** Shorter words are everyone's. */
const TERM = 9;

/** The glossary and the notation of a page that has sections of these names. */
export function wordsOf(blocks: readonly Block[], page: string): Words {
  const words = { terms: new Map<string, Note>(), symbols: new Map<string, Note>() };
  for (const [english, chinese] of pairs(rowsUnder(blocks, 'glossary'))) {
    const name = english.replace(/\s*\([^)]*\)/g, '').toLowerCase();
    if (name.length < TERM && !name.includes(' ')) continue;
    words.terms.set(name, {
      href: `${page}#glossary`,
      tip: raw(`<b>${english}</b> <span lang="zh">${chinese}</span>`),
    });
  }
  for (const [symbol = '', meaning = '', shape = '', code = ''] of rowsUnder(blocks, 'notation')) {
    const more = [shape && `shape ${shape}`, code && `in code ${code}`].filter(Boolean).join('; ');
    const note = { href: `${page}#notation`, tip: raw(`${meaning}${more && `; ${more}`}`) };
    for (const tex of formulasIn(symbol).flatMap((one) => one.split(/,\s*(?![^{]*\})/)))
      words.symbols.set(plainTex(tex), note);
  }
  return words;
}

/** A glossary's row holds two pairs; a cell of two terms has two translations. */
function pairs(rows: string[][]): [string, string][] {
  return rows.flatMap((row) =>
    [0, 2].flatMap((at): [string, string][] => {
      const [english, chinese] = [row[at] ?? '', row[at + 1] ?? ''].map((cell) => cell.replace(/<[^>]*>/g, '').trim());
      const [terms, others] = [english.split(/,\s*/), chinese.split(/[，,]\s*/)];
      if (terms.length !== others.length) return [[english, chinese]];
      return terms.map((term, i) => [term, others[i]]);
    }),
  );
}

function rowsUnder(blocks: readonly Block[], id: string): string[][] {
  const from = blocks.findIndex((block) => block.kind === 'heading' && block.id === id);
  if (from < 0) return [];
  const rest = blocks.slice(from + 1);
  const to = rest.findIndex(({ kind }) => kind === 'heading');
  const html = rest.slice(0, to < 0 ? undefined : to).map((block) => (block.kind === 'prose' ? block.html.text : ''));
  const body = html.join('').replace(/<thead>[^]*?<\/thead>/g, '');
  return [...body.matchAll(/<tr>([^]*?)<\/tr>/g)].map(([, row]) =>
    [...row.matchAll(/<td[^>]*>([^]*?)<\/td>/g)].map(([, cell]) => cell.trim()),
  );
}

function formulasIn(html: string): string[] {
  return [...html.matchAll(/<annotation encoding="application\/x-tex">([^]*?)<\/annotation>/g)].map(([, tex]) => tex);
}

/** What a formula shows, as its MathML has it: text in which KaTeX has escaped what is no letter. */
function lettersOf(html: string): Html {
  const shown = /<math\b[^]*?<\/math>/.exec(html)?.[0] ?? '';
  return raw(shown.replace(/<annotation\b[^]*?<\/annotation>|<[^>]*>/g, '').trim());
}

function plainTex(tex: string): string {
  return tex.replace(/\s+/g, '').replace(/[{}]/g, '');
}

/** Puts the notes into a page's prose. */
export function addNotes(blocks: readonly Block[], words: Words): void {
  const notes = new PageNotes(words, blocks);
  const go = (block: Block): void => {
    if (block.kind === 'heading' && block.level === 2) notes.newSection();
    else if (block.kind === 'prose') block.html = notes.annotate(block.html);
    else if (block.kind === 'cell')
      for (const output of block.outputs) if (output.kind === 'markdown') output.blocks.forEach(go);
  };
  blocks.forEach(go);
}

/** Elements whose text is left alone. */
const CLOSED = /^<(?:a|table|code|pre|h[1-6]|svg|button|script|style|summary|th)\b/;

/** The notes of one page. */
class PageNotes {
  private readonly sources: Map<string, Note>;
  private readonly seen = new Set<string>();
  private readonly pattern: RegExp;
  private count = 0;

  constructor(
    private readonly words: Words,
    blocks: readonly Block[],
  ) {
    this.sources = sourcesOf(blocks);
    const terms = [...words.terms.keys()].sort((a, b) => b.length - a.length).map(escaped);
    const people = '\\p{Lu}[\\p{L}-]+(?: et al\\.| and \\p{Lu}[\\p{L}-]+)?,? (?:\\(\\d{4}\\)|\\d{4})';
    this.pattern = new RegExp(`(?<![\\p{L}-])(?:${[people, ...terms].join('|')})(?![\\p{L}-])`, 'giu');
  }

  /** A word is noted once in a section. */
  newSection(): void {
    this.seen.clear();
  }

  /** The HTML with its notes. */
  annotate({ text }: Html): Html {
    const parts = text.split(/(<[^>]*>)/);
    let out = '';
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      if (!part.startsWith('<')) out += part.replace(this.pattern, (word) => this.word(word));
      else if (CLOSED.test(part) || part.startsWith('<span class="katex')) {
        const end = endOf(parts, i);
        const whole = parts.slice(i, end + 1).join('');
        out += part === '<span class="katex">' ? this.formula(whole) : whole;
        i = end;
      } else out += part;
    }
    return raw(out);
  }

  private word(word: string): string {
    const source = this.sources.get(keyOf(word));
    if (source) return this.noted(word, source);
    const name = word.toLowerCase();
    const note = this.words.terms.get(name);
    if (!note || this.seen.has(name)) return word;
    this.seen.add(name);
    return this.noted(word, note);
  }

  private formula(html: string): string {
    const tex = plainTex(formulasIn(html)[0] ?? '');
    const note = this.words.symbols.get(tex);
    if (!note || this.seen.has(tex)) return html;
    this.seen.add(tex);
    return this.noted(html, note, lettersOf(html));
  }

  /** @param name of the link, where its text has none: a formula's letters are no text to who listens */
  private noted(html: string, { href, tip }: Note, name?: Html): string {
    const id = `note-${++this.count}`;
    const called = name && markup` aria-label="${name}"`;
    const link = markup`<a class="noted" href="${href}"${called} aria-describedby="${id}">${raw(html)}</a>`;
    return markup`<span class="note">${link}<span class="tip" role="tooltip" id="${id}">${tip}</span></span>`.text;
  }
}

/** Where the element ends that begins at a part. */
function endOf(parts: readonly string[], from: number): number {
  const name = /^<([\w-]+)/.exec(parts[from])?.[1] ?? '';
  let depth = 0;
  for (let i = from; i < parts.length; i++) {
    if (parts[i].startsWith(`<${name}`) && /^[\s>/]/.test(parts[i].slice(name.length + 1)) && !parts[i].endsWith('/>'))
      depth++;
    else if (parts[i].startsWith(`</${name}>`)) depth--;
    if (depth === 0) return i;
  }
  return parts.length - 1;
}

/** The page's list of references, by the first author's name and the year. */
function sourcesOf(blocks: readonly Block[]): Map<string, Note> {
  const sources = new Map<string, Note>();
  if (!headingsOf(blocks).some(({ id }) => id === 'references')) return sources;
  const from = blocks.findIndex((block) => block.kind === 'heading' && block.id === 'references');
  for (const block of blocks.slice(from + 1)) {
    if (block.kind !== 'prose') break;
    for (const [, item] of block.html.text.matchAll(/<li>([^]*?)<\/li>/g)) {
      const [authors, rest = ''] = item.split('<em>');
      const first = /([\p{Lu}][\p{L}-]{2,})/u.exec(authors)?.[1];
      const year = /\b(?:19|20)\d{2}\b/.exec(rest)?.[0];
      if (first && year) sources.set(keyOf(`${first} ${year}`), { href: '#references', tip: raw(item) });
    }
  }
  return sources;
}

function keyOf(citation: string): string {
  const name = /^[\p{L}-]+/u.exec(citation)?.[0] ?? '';
  return `${name.toLowerCase()} ${/\d{4}/.exec(citation)?.[0] ?? ''}`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
