/** A notebook as blocks. */
import type { Notebook, Cell as NotebookCell } from '../notebook';
import type { Block, Cell, OutputBlock } from './blocks';
import { numberEquations } from './equations';
import { highlighted } from './highlight';
import { PageText, type Surroundings } from './markdown';
import { outputBlock } from './outputs';

/**
 * The blocks of a notebook, in the order of its cells.
 *
 * @param solutions the notebook that solves this one's exercises: cells of the same ids
 */
export function notebookBlocks(notebook: Notebook, around: Surroundings, solutions?: Notebook): Block[] {
  const text = new PageText(around);
  let figures = 0;
  const context = { text, nextFigure: () => ++figures };
  const solved = new Map(solutions?.cells.map((cell) => [cell.id, cell.source]));
  const blocks = notebook.cells.flatMap((cell, i): Block[] => {
    if (cell.cell_type === 'markdown') return text.blocks(cell.source, cell.attachments);
    if (cell.cell_type === 'raw' || cell.source.trim() === '') return [];
    const outputs = (cell.outputs ?? []).flatMap((output) => outputBlock(output, context) ?? []);
    for (const output of outputs) addSolution(output, solved.get(cell.id));
    return [{ kind: 'cell', number: i + 1, ...codeOf(cell), outputs }];
  });
  numberEquations(blocks);
  return blocks;
}

function codeOf(cell: NotebookCell): Pick<Cell, 'code'> {
  const { tags } = cell.metadata;
  if (Array.isArray(tags) && tags.includes('hide-input')) return {};
  const source = cell.source.trimEnd();
  return {
    code: { html: highlighted(source), lines: source.split('\n').length, count: cell.execution_count ?? null },
  };
}

function addSolution(output: OutputBlock, source: string | undefined): void {
  if (output.kind === 'markdown' && output.role === 'exercise' && source !== undefined)
    output.solution = highlighted(source);
}
