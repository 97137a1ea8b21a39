/** Notebook files read, each fault with the file's name and the cell's number. */
import * as fs from 'node:fs';
import { type Cell, isJson, type Notebook } from './format';

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
