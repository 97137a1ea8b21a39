/** What makes an executed notebook the same from run to run. */
import type { Notebook, Output } from './format';

const ANSI = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g;

/** Text without terminal colours and other escape sequences. */
export function withoutAnsi(text: string): string {
  return text.replace(ANSI, '');
}

/** What a terminal would be left with: a carriage return starts its line again. */
function asLeftOnScreen(text: string): string {
  return text
    .replace(/\r+\n/g, '\n')
    .replace(/^.*\r(?=.)/gm, '')
    .replace(/\r+$/gm, '');
}

/** Gives an id to cells that have none, one that is no id, or another's; nbformat would draw a new one for every run. */
export function giveIds(notebook: Notebook): void {
  notebook.nbformat_minor = Math.max(notebook.nbformat_minor, 5);
  const ids = new Set<string>();
  notebook.cells.forEach((cell, i) => {
    const isId = typeof cell.id === 'string' && /^[\w-]{1,64}$/.test(cell.id);
    const wanted = isId ? cell.id! : `cell-${String(i + 1).padStart(2, '0')}`;
    cell.id = wanted;
    for (let n = 2; ids.has(cell.id); n++) cell.id = `${wanted.slice(0, 60)}-${n}`;
    ids.add(cell.id);
  });
}

/**
 * Makes an executed notebook depend only on its sources and results: cells counted in order, colours and overwritten
 * lines gone, neighbouring pieces of one stream joined, ids given where none or the same are, volatile metadata dropped.
 */
export function normalize(notebook: Notebook): void {
  giveIds(notebook);
  notebook.metadata.kernelspec = { display_name: 'TypeScript', language: 'typescript', name: 'tslab' };
  delete notebook.metadata.widgets;
  let count = 0;
  for (const cell of notebook.cells) {
    for (const key of ['execution', 'ExecuteTime', 'collapsed', 'scrolled']) delete cell.metadata[key];
    if (cell.cell_type !== 'code') continue;
    const ran = cell.source.trim() !== '' && cell.execution_count != null;
    cell.execution_count = ran ? ++count : null;
    cell.outputs = joinStreams(cell.outputs ?? []);
    for (const output of cell.outputs) {
      if (output.text !== undefined) output.text = asLeftOnScreen(withoutAnsi(output.text));
      if (output.output_type === 'execute_result') output.execution_count = cell.execution_count;
      if (output.data) {
        output.metadata ??= {};
        const text = output.data['text/plain'];
        if (typeof text === 'string') output.data['text/plain'] = withoutAnsi(text);
      }
    }
  }
}

function joinStreams(outputs: Output[]): Output[] {
  const joined: Output[] = [];
  for (const output of outputs) {
    const last = joined.at(-1);
    if (output.output_type === 'stream' && last?.output_type === 'stream' && last.name === output.name) {
      last.text = (last.text ?? '') + (output.text ?? '');
    } else {
      joined.push({ ...output });
    }
  }
  return joined;
}
