/** A notebook as one module, and back from a place in it to cell and line. */
import * as path from 'node:path';
import { compiler } from '../kernel/typescript';
import { type CheckedNotebook, codeCells, parse } from './compile';

/** A stretch of the module that came from a cell: `[start, end)` there is `source` characters from `from` on here. */
interface Segment {
  start: number;
  end: number;
  cell: number;
  from: number;
}

export interface CellModule {
  file: string;
  text: string;
  segments: Segment[];
  notebook: CheckedNotebook;
}

/** The notebook as one module; see `checkCells`. */
export function cellModule(checked: CheckedNotebook): CellModule {
  const { file, notebook } = checked;
  let text = 'export {};\n';
  const segments: Segment[] = [];
  const imported = new Set<string>();
  const bodies: { cell: number; body: string }[] = [];
  codeCells(notebook).forEach(({ cell, index }) => {
    let body = cell.source;
    for (const statement of parse(cell.source).statements) {
      if (
        !compiler.isImportDeclaration(statement) &&
        !compiler.isExportDeclaration(statement) &&
        !compiler.isImportEqualsDeclaration(statement)
      )
        continue;
      const [start, end] = [statement.getStart(), statement.getEnd()];
      const written = cell.source.slice(start, end);
      // Blanks keep every later position as it was.
      body = body.slice(0, start) + written.replace(/[^\n]/g, ' ') + body.slice(end);
      if (imported.has(written)) continue; // the very same import again changes nothing
      imported.add(written);
      segments.push({ start: text.length, end: text.length + written.length, cell: index, from: start });
      text += written + '\n';
    }
    bodies.push({ cell: index, body });
  });
  for (const { cell, body } of bodies) {
    text += '{\n';
    segments.push({ start: text.length, end: text.length + body.length + 1, cell, from: 0 });
    text += body + '\n';
  }
  text += '}'.repeat(bodies.length) + '\n';
  const module = path.join(path.dirname(path.resolve(file)), `__${path.basename(file, '.ipynb')}__.ts`);
  return { file: module.split(path.sep).join('/'), text, segments, notebook: checked };
}

/** Cell (counted from 1 over all cells) and line of a position in the module. */
export function placeOf(module: CellModule, position: number): { cell: number | null; line: number | null } {
  const segment =
    module.segments.find(({ start, end }) => position >= start && position < end) ??
    module.segments.filter(({ start }) => start <= position).at(-1); // an error at the closing brackets: the last cell
  if (!segment) return { cell: null, line: null };
  const { source } = module.notebook.notebook.cells[segment.cell];
  const offset = Math.min(segment.from + position - segment.start, source.length);
  return { cell: segment.cell + 1, line: source.slice(0, offset).split('\n').length };
}
