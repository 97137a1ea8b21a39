/** Numbers of equations, and words that refer to them. */
import type { Block, Equation, TextBlock } from './blocks';
import { type Html, markup, raw } from './html';

/** Where an equation stands in its page. */
export function equationId(label: string): string {
  return `equation-${label.replace(/[^\p{L}\p{N}]+/gu, '-')}`;
}

/** `\tag{2}` or `\tag*{A}`: KaTeX and MathJax set it; a page sets it itself, as a link. */
const TAG = /\\tag\*?\{([^{}]*)\}/;

/** The formula without its tag, and the tag. */
export function untagged(tex: string): { tex: string; tag?: string } {
  const tag = TAG.exec(tex)?.[1].trim();
  return tag ? { tex: tex.replace(TAG, ''), tag } : { tex };
}

/**
 * Numbers a page's equations: by their tags where there are any, which JupyterLab shows too, else in their order. 'equation (2)' in
 * the text then leads to it.
 */
export function numberEquations(blocks: readonly Block[]): void {
  const all = textsOf(blocks);
  const equations = all.filter((block): block is Equation => block.kind === 'equation');
  if (equations.every(({ label }) => label === undefined))
    equations.forEach((equation, i) => (equation.label = String(i + 1)));
  const labels = new Set(equations.flatMap(({ label }) => label ?? []));
  for (const block of all) if (block.kind === 'prose') block.html = linked(block.html, labels);
}

function textsOf(blocks: readonly Block[]): TextBlock[] {
  return blocks.flatMap((block) => {
    if (block.kind !== 'cell') return [block];
    return block.outputs.flatMap((output) => (output.kind === 'markdown' ? output.blocks : []));
  });
}

/** 'equation (2)' and 'equations (2) and (3)': with brackets, as the equation has them; the paper's own are 'equation 2'. */
const REFERENCE = /\b[Ee]quations? \([^()\s<>]+\)(?:(?:,| and|, and| to) \([^()\s<>]+\))*/g;

function linked({ text }: Html, labels: ReadonlySet<string>): Html {
  const refer = (words: string) =>
    words.replace(/\(([^()]+)\)/g, (whole, label: string) =>
      labels.has(label) ? markup`<a href="#${equationId(label)}">${whole}</a>`.text : whole,
    );
  return raw(text.replace(REFERENCE, refer));
}
