/** The one way in which a notebook is written as text. */
import { isJson, type Notebook } from './format';

/**
 * The notebook as text: keys sorted, one space of indentation and texts as lists of lines, as nbformat writes them;
 * only a list of plain numbers stays on one line, so that a figure's data do not take a line each.
 */
export function notebookText(notebook: Notebook): string {
  const lines = (text: string) => text.match(/[^\n]*\n|[^\n]+/g) ?? [];
  const file = {
    ...notebook,
    cells: notebook.cells.map((cell) => ({
      ...cell,
      source: lines(cell.source),
      ...(cell.outputs && {
        outputs: cell.outputs.map((output) => ({
          ...output,
          ...(output.text !== undefined && { text: lines(output.text) }),
          ...(output.data && {
            data: Object.fromEntries(
              Object.entries(output.data).map(([type, v]) => [
                type,
                isJson(type) || typeof v !== 'string' ? v : lines(v),
              ]),
            ),
          }),
        })),
      }),
    })),
  };
  return stableJson(file) + '\n';
}

/** JSON with sorted keys and one space of indentation; a list of numbers on one line. */
export function stableJson(value: unknown, indent = ''): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    if (value.every((item) => item === null || typeof item === 'number')) return `[${value.map(plain).join(', ')}]`;
    const inner = indent + ' ';
    return `[\n${value.map((item) => inner + stableJson(item ?? null, inner)).join(',\n')}\n${indent}]`;
  }
  if (value && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    if (entries.length === 0) return '{}';
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    const inner = indent + ' ';
    return `{\n${entries.map(([key, item]) => `${inner}${JSON.stringify(key)}: ${stableJson(item, inner)}`).join(',\n')}\n${indent}}`;
  }
  return plain(value);
}

function plain(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}
