/** Which code decides the numbers of a sweep. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as ts from 'typescript';
import type { Sweeping } from '../../src/experiments';
import { sha256 } from '../../src/platform/node';
import { readLibrary, versionsOf } from '../notebook/provenance';
import { home } from '../places';
import type { Library } from '../reach/library';

/** This checkout's, read once: a process computes with the code that it has loaded. */
let library: Library | undefined;

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
  const { hash, packages } = (library ??= readLibrary(home)).reach(cells);
  return sha256(JSON.stringify([hash, versionsOf(home, packages), texts])).slice(0, 16);
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
