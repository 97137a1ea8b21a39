/**
 * Where an executed notebook's outputs come from, and whether they still belong to what is in the repository.
 *
 * The hash covers three things: the notebook's own cells; what its imports reach in the library, as compiled code, with the
 * files that this code finds by path, the data manifest above all (see reach/library.ts); and the versions of the packages
 * that compute below it.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { tensorflow } from '../../setup/wheels';
import { sha256 } from '../../src/platform/node';
import type { Notebook, Provenance } from './format';
import { home } from '../places';
import { Library, type Piece } from '../reach/library';
import { filesBeside } from './beside';

const short = (text: string) => sha256(text).slice(0, 16);

/** The cells as the author wrote them: kinds and sources, nothing that a run writes. */
export function notebookHash(notebook: Notebook): string {
  return short(JSON.stringify(notebook.cells.map((cell) => [cell.cell_type, cell.source])));
}

/** The library of a collection; this installation's for a folder of notebooks that has none. */
export function readLibrary(root: string): Library {
  const owner = fs.existsSync(path.join(root, 'lib', 'src')) ? root : home;
  return new Library(path.join(owner, 'lib', 'src'), owner);
}

/** Packages whose version decides no number: undici fetches files whose checksums the manifest holds. */
const CARRIERS = new Set(['undici']);

/** The native addon's package: with it computes TensorFlow in the version that set-up installs. */
const NATIVE = '@tensorflow/tfjs-node-gpu';

/**
 * Versions of the packages that compute, from package-lock.json. Those that a package brings along are not looked at:
 * TensorFlow.js names each of its parts in one exact version.
 */
export function versionsOf(root: string, packages: readonly string[]): Record<string, string> {
  const file = [root, home].map((one) => path.join(one, 'package-lock.json')).find((one) => fs.existsSync(one));
  const lock = file
    ? (JSON.parse(fs.readFileSync(file, 'utf8')) as { packages: Record<string, { version?: string }> })
    : null;
  const versions: Record<string, string> = {};
  for (const name of packages) {
    if (CARRIERS.has(name)) continue;
    const at = [`lib/node_modules/${name}`, `node_modules/${name}`].find((place) => lock?.packages[place]);
    versions[name] = (at && lock?.packages[at].version) ?? 'no version';
    if (name === NATIVE) versions.tensorflow = tensorflow;
  }
  return versions;
}

/** What {@link hashes} finds: the parts of a notebook's provenance that its sources decide. */
export type Hashes = Pick<Provenance, 'hash' | 'notebook' | 'library' | 'versions' | 'reached'>;

/** The hashes of a notebook and the one over them. */
export function hashes(root: string, notebook: Notebook, library = readLibrary(root)): Hashes {
  return read(root, notebook, library).found;
}

const codeOf = ({ cells }: Notebook) => cells.filter((cell) => cell.cell_type === 'code').map(({ source }) => source);

function read(root: string, notebook: Notebook, library: Library): { found: Hashes; pieces: Piece[] } {
  const reach = library.reach(codeOf(notebook));
  const parts = { notebook: notebookHash(notebook), library: reach.hash, versions: versionsOf(root, reach.packages) };
  const hash = short(JSON.stringify([parts.notebook, parts.library, parts.versions]));
  const reached = [...new Set(reach.pieces.map(({ mark }) => mark))].sort().join('');
  return { found: { ...parts, hash, reached }, pieces: reach.pieces };
}

/** At most so many declarations does a reason name. */
const NAMED = 3;

/** What a notebook's provenance says of the files beside it, in `folder`, that its cells import. */
export function besideOf(folder: string, notebook: Notebook): Pick<Provenance, 'beside'> {
  const beside = filesBeside(folder, codeOf(notebook));
  return Object.keys(beside).length > 0 ? { beside } : {};
}

/**
 * Why a notebook's committed outputs no longer belong to the sources; empty when they do.
 *
 * @param folder where the notebook lies: files beside it are then looked at as well
 */
export function staleReasons(root: string, notebook: Notebook, library = readLibrary(root), folder?: string): string[] {
  const said = notebook.metadata.bnlab?.provenance;
  if (!said) return ['it has never been executed by `npm run notebooks`'];
  const { found: now, pieces } = read(root, notebook, library);
  const reasons: string[] = [];
  if (said.notebook !== now.notebook) reasons.push('its cells changed');
  if (said.library !== now.library) reasons.push(...changes(said.reached, pieces));
  const then = said.versions ?? now.versions;
  for (const name of new Set([...Object.keys(then), ...Object.keys(now.versions)])) {
    const [was, is] = [then[name], now.versions[name]];
    if (was !== is) reasons.push(`${name} is ${is ?? 'not used'}, was ${was ?? 'not used'}`);
  }
  if (folder !== undefined) {
    const [was, is] = [said.beside ?? {}, besideOf(folder, notebook).beside ?? {}];
    const files = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort();
    reasons.push(...files.filter((name) => was[name] !== is[name]).map((name) => `${name} changed`));
  }
  if (reasons.length === 0 && said.hash !== now.hash) reasons.push('its recorded hash is not that of its parts');
  return reasons;
}

/** Names what was not among the code and the files that the notebook's run reached. */
function changes(reached: string | undefined, pieces: readonly Piece[]): string[] {
  if (reached === undefined) return ['the library changed'];
  const then = new Set(reached.match(/.{4}/g));
  const found = pieces.filter(({ mark }) => !then.has(mark));
  const files = found.filter(({ kind }) => kind === 'file').map(({ name }) => `${name} changed`);
  const names = [...new Set(found.filter(({ kind }) => kind === 'declaration').map(({ name }) => name))];
  if (names.length === 0) return files.length > 0 ? files : ['the library changed: what its names stand for'];
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return [`the library changed: ${names.slice(0, NAMED).join(', ')}${more}`, ...files];
}

/**
 * Minutes with two digits. A run of the same sources keeps the `earlier` figure unless it moved by more than a minute and
 * more than itself: how busy the machine was is no news about the notebook.
 */
export function steadyMinutes(seconds: number, earlier: number | undefined): number {
  const minutes = Number((seconds / 60).toPrecision(2));
  return earlier !== undefined && Math.abs(minutes - earlier) <= Math.max(earlier, 1) ? earlier : minutes;
}
