/**
 * Notebook files as the runner, the checks and the report see them: reading, the one way of writing, and what makes an
 * executed notebook the same from run to run.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';

/** One output of a code cell, in nbformat 4. */
export interface Output {
  output_type: 'stream' | 'display_data' | 'execute_result' | 'error';
  name?: string;
  text?: string;
  data?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  execution_count?: number | null;
  ename?: string;
  evalue?: string;
  traceback?: string[];
}

/** One cell; `source` is always one string here, whatever the file holds. */
export interface Cell {
  id?: string;
  cell_type: 'code' | 'markdown' | 'raw';
  source: string;
  metadata: Record<string, unknown>;
  outputs?: Output[];
  execution_count?: number | null;
}

/** What `metadata.bnlab.provenance` of an executed notebook says. */
export interface Provenance {
  /** Last commit that changed the library or the data manifest; `+` when there were uncommitted changes to them. */
  commit: string | null;
  profile: Profile;
  /** What, besides the sources, decides what is computed: the engine and the data set asked for, or whether MNIST was there. */
  settings: string;
  /** Which engine computed, in the engine card's words. */
  engine: Record<string, unknown> | null;
  /** Data sets that the notebook's outputs name. */
  data: string[];
  seeds: number[];
  /** Wall time, two digits; a rerun of the same sources keeps the figure it finds, see `steadyMinutes`. */
  minutes: number;
  /** Over the three below. */
  hash: string;
  notebook: string;
  library: string;
  manifest: string;
}

/** What this project keeps in a notebook's metadata under `bnlab`. */
export interface NotebookSettings {
  /** Seconds of wall time that the notebook may take, by profile. */
  budget?: Partial<Record<Profile, number>>;
  /** True for a notebook that measures time: it runs with no other beside it. */
  alone?: boolean;
  /** Written by the runner, see provenance.ts. */
  provenance?: Provenance;
}

export interface Notebook {
  cells: Cell[];
  metadata: Record<string, unknown> & { bnlab?: NotebookSettings };
  nbformat: number;
  nbformat_minor: number;
}

export type Profile = 'quick' | 'full' | 'paper';

/** The display types this project gives a meaning to. */
export const MIME = {
  plotly: 'application/vnd.plotly.v1+json',
  svg: 'image/svg+xml',
} as const;

/** A notebook's name: its file without folder and ending. */
export function nameOf(file: string): string {
  return path.basename(file, '.ipynb');
}

/** @throws Error that names the file when it is not a notebook of format 4 */
export function readNotebook(file: string): Notebook {
  return parseNotebook(fs.readFileSync(file, 'utf8'), file);
}

/**
 * A notebook that a run wrote: one that cannot be read (empty, cut off, not a notebook) counts as absent, and is made anew.
 */
export function readResult(file: string): Notebook | undefined {
  try {
    return readNotebook(file);
  } catch {
    return undefined;
  }
}

/** @throws Error that names the file when the text is not a notebook of format 4 */
export function parseNotebook(text: string, file: string): Notebook {
  let raw: Notebook;
  try {
    raw = JSON.parse(text) as Notebook;
  } catch (error) {
    throw new Error(
      `${file} is not a notebook: ${(error as Error).message}. Restore it, or save it again in JupyterLab.`,
      { cause: error },
    );
  }
  if (raw?.nbformat !== 4 || !Array.isArray(raw.cells)) {
    throw new Error(
      `${file} is not a notebook of format 4 (nbformat is ${raw?.nbformat}). Save it in a current JupyterLab.`,
    );
  }
  const whole = (text: unknown) => (Array.isArray(text) ? text.join('') : String(text ?? ''));
  for (const cell of raw.cells) {
    cell.source = whole(cell.source);
    cell.metadata ??= {};
    for (const output of cell.outputs ?? []) {
      if (output.text !== undefined) output.text = whole(output.text);
      for (const [type, value] of Object.entries(output.data ?? {})) {
        if (!isJson(type)) output.data![type] = whole(value);
      }
    }
  }
  raw.metadata ??= {};
  return raw;
}

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

export { writeAtomically } from '../core/write';

/** True for a display type whose value is JSON and not text. */
export function isJson(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json');
}

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

/**
 * Makes an executed notebook depend only on its sources and results: cells counted in order, colours and overwritten
 * lines gone, neighbouring pieces of one stream joined, ids given where none are, volatile metadata dropped.
 */
export function normalize(notebook: Notebook): void {
  notebook.nbformat_minor = Math.max(notebook.nbformat_minor, 5);
  notebook.metadata.kernelspec = { display_name: 'TypeScript', language: 'typescript', name: 'tslab' };
  delete notebook.metadata.widgets;
  let count = 0;
  notebook.cells.forEach((cell, i) => {
    cell.id ??= `cell-${String(i + 1).padStart(2, '0')}`;
    for (const key of ['execution', 'ExecuteTime', 'collapsed', 'scrolled']) delete cell.metadata[key];
    if (cell.cell_type !== 'code') return;
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
  });
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

/** Every output with display data, with its cell. */
export function* displays(
  notebook: Notebook,
): Generator<{ cell: Cell; index: number; output: Output; data: Record<string, unknown> }> {
  for (const [index, cell] of notebook.cells.entries()) {
    for (const output of cell.outputs ?? []) if (output.data) yield { cell, index, output, data: output.data };
  }
}
