/** A notebook's cells by kind, with their number from 1 over all cells. */
import type { Cell, Notebook } from '../notebook';

export function* code(notebook: Notebook): Generator<{ cell: Cell; number: number }> {
  for (const [i, cell] of notebook.cells.entries()) {
    if (cell.cell_type === 'code' && cell.source.trim()) yield { cell, number: i + 1 };
  }
}

export function* text(notebook: Notebook): Generator<{ cell: Cell; number: number }> {
  for (const [i, cell] of notebook.cells.entries()) if (cell.cell_type === 'markdown') yield { cell, number: i + 1 };
}

export function tags(cell: Cell): string[] {
  return Array.isArray(cell.metadata.tags) ? (cell.metadata.tags as string[]) : [];
}

export function lineAt(source: string, at: number): number {
  return source.slice(0, at).split('\n').length;
}
