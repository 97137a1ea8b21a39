/**
 * Mathematics in Markdown: the delimiters that JupyterLab and nbconvert know, as rules of markdown-it, each formula set by KaTeX to
 * HTML with MathML inside.
 */
import katex from 'katex';
import type MarkdownIt from 'markdown-it';
import { markup, type Html, raw } from './html';

/** A formula, and where it ends in the text it was found in. */
interface Formula {
  tex: string;
  display: boolean;
  end: number;
}

interface Delimiter {
  open: string;
  close: string;
  display: boolean;
  /** The delimiters belong to the formula. */
  kept?: boolean;
}

const DELIMITERS: readonly Delimiter[] = [
  { open: '$$', close: '$$', display: true },
  { open: '\\\\[', close: '\\\\]', display: true },
  { open: '\\\\(', close: '\\\\)', display: false },
  { open: '$', close: '$', display: false },
];

const ENVIRONMENT = /\\begin\{([a-z]*\*?)\}/y;

/** The formula that begins at a place of the text, if one does. */
function formulaAt(text: string, at: number): Formula | undefined {
  const delimiter = DELIMITERS.find(({ open }) => text.startsWith(open, at)) ?? environmentAt(text, at);
  if (!delimiter) return undefined;
  const { open, close, display, kept } = delimiter;
  const from = at + open.length;
  const to = closing(text, close, from);
  if (to < 0 || text.slice(from, to).trim() === '') return undefined;
  const end = to + close.length;
  return { tex: kept ? text.slice(at, end) : text.slice(from, to), display, end };
}

function environmentAt(text: string, at: number): Delimiter | undefined {
  ENVIRONMENT.lastIndex = at;
  const found = ENVIRONMENT.exec(text);
  return found ? { open: found[0], close: `\\end{${found[1]}}`, display: true, kept: true } : undefined;
}

/** Where the delimiter stands that closes: `\$` is a dollar, and `$$` closes no `$`. */
function closing(text: string, close: string, from: number): number {
  for (let at = text.indexOf(close, from); at >= 0; at = text.indexOf(close, at + 1)) {
    if (text[at - 1] === '\\') continue;
    if (close === '$' && (text[at - 1] === '$' || text[at + 1] === '$')) continue;
    return at;
  }
  return -1;
}

/** A formula whose lines hold nothing else: of no other block, whatever its lines begin with. */
function formulaBlock(md: MarkdownIt): void {
  md.block.ruler.before(
    'fence',
    'formula_block',
    (state, startLine, endLine, silent) => {
      const first = state.bMarks[startLine] + state.tShift[startLine];
      if (state.sCount[startLine] - state.blkIndent >= 4 || !/[$\\]/.test(state.src[first] ?? '')) return false;
      let stop = startLine + 1;
      while (stop < endLine && (state.isEmpty(stop) || state.sCount[stop] >= state.blkIndent)) stop++;
      const text = state.getLines(startLine, stop, state.blkIndent, false).trimStart();
      const formula = formulaAt(text, 0);
      if (!formula?.display || !/^[ \t]*(?:\n|$)/.test(text.slice(formula.end))) return false;
      if (silent) return true;
      state.line = startLine + text.slice(0, formula.end).split('\n').length;
      const token = state.push('formula_block', '', 0);
      token.content = formula.tex;
      token.map = [startLine, state.line];
      return true;
    },
    { alt: ['paragraph', 'reference', 'blockquote', 'list'] },
  );
}

function formulaInline(md: MarkdownIt): void {
  md.inline.ruler.before('escape', 'formula', (state, silent) => {
    const formula = formulaAt(state.src, state.pos);
    if (!formula || formula.end > state.posMax) return false;
    if (!silent) {
      const token = state.push('formula', '', 0);
      token.content = formula.tex;
      token.meta = { display: formula.display };
    }
    state.pos = formula.end;
    return true;
  });
}

/** Teaches markdown-it formulas: tokens `formula_block`, and `formula` within a text. */
export function formulas(md: MarkdownIt): void {
  formulaBlock(md);
  formulaInline(md);
}

/** A formula as the page shows it; one that KaTeX does not understand stays as it is written, and is told of. */
export function setFormula(tex: string, display: boolean, onProblem: (problem: string) => void): Html {
  try {
    const options = { displayMode: display, output: 'htmlAndMathml', strict: 'ignore', throwOnError: true } as const;
    return raw(katex.renderToString(tex.trim(), options));
  } catch (error) {
    onProblem(`the formula '${tex.trim()}' is not understood: ${(error as Error).message}`);
    return markup`<code>${tex}</code>`;
  }
}
