/** Which code decides the numbers of a sweep. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as ts from 'typescript';
import type { Sweeping } from '../../src/experiments';
import { sha256 } from '../../src/platform/node';
import { readJson, writeAtomically } from '../../src/platform/node/write';
import { readLibrary, versionsOf } from '../notebook/provenance';
import { home } from '../places';
import type { Library } from '../reach/library';

/** This checkout's, read once: a process computes with the code that it has loaded. */
let library: Library | undefined;
let looked: string | undefined;

/** What was found before, for all that was looked at to find it: to look takes seconds. */
const KNOWN = path.join(home, '.bnlab', 'codes.json');
const KNOWN_AT_MOST = 50;

interface Known {
  code: string;
  /** Digests of the files that the code finds by path. */
  files: Record<string, string>;
}

/**
 * A hash over what an experiment reaches in the library, the packages that compute below it, and for an experiment of the file's own the
 * file with the files beside it that it imports. A comment in the library changes nothing.
 *
 * @param file the sweep's
 */
export function codeOf(sweep: Pick<Sweeping, 'own' | 'experiment'>, file: string): string {
  const files = sweep.own ? [...withHelpers(path.resolve(file))] : [];
  const texts = files.map((name) => fs.readFileSync(name, 'utf8'));
  const cells = sweep.own
    ? texts
    : [`import { definition } from 'bnlab/dist/src/experiments/${moduleOf(sweep.experiment.name)}';`];
  const key = sha256(JSON.stringify([(looked ??= lookedAt()), cells])).slice(0, 20);
  const known = (readJson(KNOWN) ?? {}) as Record<string, Known>;
  if (known[key] && isUnchanged(known[key])) return known[key].code;
  const { hash, packages, pieces } = (library ??= readLibrary(home)).reach(cells);
  const code = sha256(JSON.stringify([hash, versionsOf(home, packages), texts])).slice(0, 16);
  const found = pieces.filter(({ kind }) => kind === 'file').map(({ name }) => [name, digest(name)] as const);
  keep(known, key, { code, files: Object.fromEntries(found) });
  return code;
}

/** Everything that decides what is reached, beside the files that are reached: the library, the packages, and the code that looks. */
function lookedAt(): string {
  const folders = [path.join('lib', 'src'), path.join('lib', 'dist', 'tools', 'reach'), path.join('lib', 'setup')];
  const inside = folders.flatMap((folder) =>
    fs
      .readdirSync(path.join(home, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => path.join(folder, name)),
  );
  const names = [
    ...inside.sort(),
    'package-lock.json',
    'tsconfig.json',
    path.join('lib', 'dist', 'tools', 'notebook', 'provenance.js'),
  ];
  return sha256(JSON.stringify(names.map((name) => [name, digest(name)])));
}

/** Of a file of the checkout; empty for a folder and for what is not there. */
function digest(name: string): string {
  const file = path.join(home, name);
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ? sha256(fs.readFileSync(file)) : '';
}

const isUnchanged = ({ files }: Known): boolean => Object.entries(files).every(([name, was]) => digest(name) === was);

function keep(known: Record<string, Known>, key: string, found: Known): void {
  const { [key]: _, ...others } = known;
  const kept = [...Object.entries(others).slice(1 - KNOWN_AT_MOST), [key, found]];
  try {
    writeAtomically(KNOWN, JSON.stringify(Object.fromEntries(kept)));
  } catch {
    // It is found again each time.
  }
}

/** The file of this library that defines an experiment. */
function moduleOf(name: string): string {
  const folder = path.join(__dirname, '..', '..', 'src', 'experiments');
  const modules = fs.readdirSync(folder).filter((file) => file.endsWith('.js'));
  const found = modules.find((file) => {
    const { definition } = require(path.join(folder, file)) as { definition?: { name: string } };
    return definition?.name === name;
  });
  if (!found) throw new Error(`No file of lib/src/experiments defines the experiment '${name}'.`);
  return path.basename(found, '.js');
}

/** A file and those that it imports by relative paths, and so on. */
function withHelpers(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const { importedFiles } = ts.preProcessFile(fs.readFileSync(file, 'utf8'), true, true);
  for (const { fileName } of importedFiles) {
    if (!fileName.startsWith('.')) continue;
    const base = path.resolve(path.dirname(file), fileName);
    const target = [base, `${base}.ts`, `${base}.js`, path.join(base, 'index.ts')].find((one) =>
      fs.statSync(one, { throwIfNoEntry: false })?.isFile(),
    );
    if (target) withHelpers(target, found);
  }
  return found;
}
