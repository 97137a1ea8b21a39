/**
 * Notebook files as the runner, the checks and the report see them: reading, the one way of writing, and what makes an
 * executed notebook the same from run to run.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { writeAtomically as writeWhole } from '../src/platform/node/write';
import type { Profile } from '../src/platform/profile';

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
  /** Pictures pasted into a text: file name to MIME type to base64. */
  attachments?: Record<string, Record<string, string | string[]>>;
  outputs?: Output[];
  execution_count?: number | null;
}

/** What `metadata.bnlab.provenance` of an executed notebook says. */
export interface Provenance {
  /** Where the code that made the outputs is found, see `codeCommit`; `+` when there were uncommitted changes to it. */
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
  /** Over the code and the files that the cells' imports reach. */
  library: string;
  /** Of the packages that compute below it. */
  versions: Record<string, string>;
  /** Four characters for each declaration and file reached, sorted: a stale notebook can then say what changed. */
  reached: string;
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

/** The display types this project gives a meaning to. */
export const MIME = {
  plotly: 'application/vnd.plotly.v1+json',
  svg: 'image/svg+xml',
} as const;

/** A notebook's name: its file without folder and ending. */
export function nameOf(file: string): string {
  return path.basename(file, '.ipynb');
}

/**
 * The text of a notebook's file.
 *
 * @throws Error that names the file when there is none that can be read as text
 */
export function readNotebookText(file: string): string {
  const because = (why: string, cause?: unknown) => new Error(`${file} ${why}`, { cause });
  let bytes: Buffer;
  try {
    const found = fs.statSync(file);
    if (found.isDirectory()) throw because('is a folder, not a notebook. Give it another name.');
    // Reading a pipe would wait for whoever writes into it.
    if (!found.isFile()) throw because('is no regular file. Put the notebook itself in its place.');
    bytes = fs.readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const isLink = code === 'ENOENT' && fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink();
    if (isLink)
      throw because(
        `is a link to ${fs.readlinkSync(file)}, which is not there. Restore that file, or delete the link.`,
        error,
      );
    if (code === 'ENOENT') throw because('is not there (any more). Restore it.', error);
    if (code === 'EACCES') throw because('may not be read by you. Change its permissions (`chmod u+r`).', error);
    throw because(`cannot be read: ${message}.`, error);
  }
  if (bytes.length >= 2 && (bytes.readUInt16BE(0) === 0xfffe || bytes.readUInt16BE(0) === 0xfeff))
    throw because('is in UTF-16. Save it as UTF-8.');
  try {
    // A byte order mark, as some editors write it, is passed over.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw because('is not UTF-8 text. Restore it, or save it again in JupyterLab.', error);
  }
}

/** @throws Error that names the file, and the cell, when it is not a notebook of format 4 */
export function readNotebook(file: string): Notebook {
  return parseNotebook(readNotebookText(file), file);
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

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What was given, for a message: 'null', 'a list', '"abc"'. */
function given(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** @throws Error that names the file, and the cell, when the text is not a notebook of format 4 */
export function parseNotebook(text: string, file: string): Notebook {
  const wrong = (what: string, wanted: string, todo = 'Restore it, or save it again in JupyterLab.', cause?: unknown) =>
    new Error(`${file}${what}; wanted ${wanted}. ${todo}`, { cause });
  let raw: Notebook;
  try {
    raw = JSON.parse(text) as Notebook;
  } catch (error) {
    const empty = text.trim() === '';
    throw wrong(
      empty ? ' is empty' : ` is not a notebook: ${(error as Error).message}`,
      'a notebook as JSON',
      undefined,
      error,
    );
  }
  if (!isObject(raw)) throw wrong(` holds ${given(raw)}`, 'a notebook: an object with cells, metadata and nbformat');
  if (raw.nbformat !== 4)
    throw wrong(
      ` is not a notebook of format 4 (nbformat is ${given(raw.nbformat)})`,
      'nbformat 4',
      'Save it in a current JupyterLab.',
    );
  if (!Array.isArray(raw.cells)) throw wrong(`: its cells are ${given(raw.cells)}`, 'a list');
  raw.metadata ??= {};
  if (!isObject(raw.metadata)) throw wrong(`: its metadata are ${given(raw.metadata)}`, 'an object');
  raw.nbformat_minor ??= 0;
  if (!Number.isInteger(raw.nbformat_minor))
    throw wrong(`: its nbformat_minor is ${given(raw.nbformat_minor)}`, 'a whole number');
  raw.cells.forEach((cell: unknown, i) => checkCell(cell, (what, wanted) => wrong(`: cell ${i + 1}${what}`, wanted)));
  return raw;
}

/** Makes a cell's texts whole strings. */
function checkCell(cell: unknown, wrong: (what: string, wanted: string) => Error): asserts cell is Cell {
  const whole = (text: unknown, what: string) => {
    if (typeof text === 'string') return text;
    if (Array.isArray(text) && text.every((line) => typeof line === 'string')) return text.join('');
    throw wrong(`: ${what} is ${given(text)}`, 'text, or a list of texts');
  };
  if (!isObject(cell)) throw wrong(` is ${given(cell)}`, 'an object with cell_type and source');
  if (!['code', 'markdown', 'raw'].includes(cell.cell_type as string))
    throw wrong(`: its cell_type is ${given(cell.cell_type)}`, "'code', 'markdown' or 'raw'");
  const source = whole(cell.source ?? '', 'its source');
  if (/\p{Surrogate}/u.test(source)) throw wrong(': its source holds half a surrogate pair', 'whole characters');
  cell.source = source;
  cell.metadata ??= {};
  if (!isObject(cell.metadata)) throw wrong(`: its metadata are ${given(cell.metadata)}`, 'an object');
  const { tags } = cell.metadata;
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')))
    throw wrong(`: its tags are ${given(tags)}`, 'a list of texts');
  const { attachments = {} } = cell;
  if (!isObject(attachments) || !Object.values(attachments).every(isObject))
    throw wrong(`: its attachments are ${given(attachments)}`, 'an object with an object for each name');
  if (cell.cell_type !== 'code') return;
  cell.outputs ??= [];
  if (!Array.isArray(cell.outputs)) throw wrong(`: its outputs are ${given(cell.outputs)}`, 'a list');
  cell.outputs.forEach((output: unknown, i) => {
    const place = `output ${i + 1}`;
    if (!isObject(output)) throw wrong(`: ${place} is ${given(output)}`, 'an object');
    if (output.text !== undefined) output.text = whole(output.text, `the text of ${place}`);
    if (output.data === undefined) return;
    if (!isObject(output.data)) throw wrong(`: the data of ${place} are ${given(output.data)}`, 'an object');
    for (const [type, value] of Object.entries(output.data)) {
      if (!isJson(type)) output.data[type] = whole(value, `the ${type} of ${place}`);
    }
  });
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

/**
 * Writes so that the file is either as before or whole, even when the machine stops. A link stays a link, and a file keeps its
 * permissions.
 *
 * @throws Error that names the file and says what to do
 */
export function writeAtomically(file: string, text: string): void {
  try {
    const isThere = fs.existsSync(file);
    const place = isThere ? fs.realpathSync(file) : file;
    writeWhole(place, text, isThere ? fs.statSync(place).mode & 0o777 : undefined);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new Error(`${file} cannot be written: ${message}. ${WRITE_FAILED[code] ?? ''}`.trim(), { cause: error });
  }
}

const WRITE_FAILED: Record<string, string> = {
  ENOSPC: 'The disk is full: make room.',
  EDQUOT: 'Your quota is used up: make room.',
  EACCES: 'Change the permissions of its folder, or name another with --out.',
  EROFS: 'The file system is read-only: name another folder with --out.',
};

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

/** Every output with display data, with its cell. */
export function* displays(
  notebook: Notebook,
): Generator<{ cell: Cell; index: number; output: Output; data: Record<string, unknown> }> {
  for (const [index, cell] of notebook.cells.entries()) {
    for (const output of cell.outputs ?? []) if (output.data) yield { cell, index, output, data: output.data };
  }
}
