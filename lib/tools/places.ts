/** Where things lie. The tool's own files are found from this file; the collection may be another folder (`--root`). */
import * as fs from 'node:fs';
import * as path from 'node:path';

/** The repository that this compiled file belongs to: lib/dist/tools/places.js is three folders below it. */
export const home = path.resolve(__dirname, '..', '..', '..');

/** Python files; they are not compiled, so they are read from the sources. */
export const jupyterGlue = path.join(home, 'lib', 'tools', 'jupyter');

/** @throws Error when set-up has not made the project's own Python */
export function python(): string {
  const file = path.join(home, '.venv/bin/python');
  if (!fs.existsSync(file)) throw new Error(`${file} is missing. Run \`npm run setup\` first.`);
  return file;
}

/** The reader's own notebooks: no command takes them unless they are named. */
export const ownFolder = (root: string) => path.join(root, 'notebooks', 'own');

/** Whether it is one of the reader's own notebooks. */
export const isOwn = (file: string) => /[\\/]notebooks[\\/]own[\\/][^\\/]+$/.test(path.resolve(file));

/**
 * The notebooks that the names mean, in order; all of `<root>/notebooks` when there is no name. One of the reader's own is meant by its
 * whole name. A name is a file, a notebook's name, or the number it starts with; with a folder before it, such as `solutions/04`, it
 * is one of that folder, below `<root>/notebooks` or where the command runs.
 *
 * @throws Error that lists the notebooks when a name fits none
 */
export function findNotebooks(root: string, names: string[]): string[] {
  const folder = path.join(root, 'notebooks');
  const all = notebooksIn(folder);
  // JupyterLab calls a new notebook so until its reader names it: it is run when it is asked for.
  if (names.length === 0)
    return all.filter((file) => !/^Untitled\d*\./.test(file)).map((file) => path.join(folder, file));
  return names.map((name) => {
    if (name.endsWith('.ipynb') && fs.existsSync(name)) return path.resolve(name);
    const base = path.basename(name, '.ipynb');
    if (path.dirname(name) !== '.') return inFolder(root, path.dirname(name), base);
    const own = path.join(ownFolder(root), `${base}.ipynb`);
    if (fs.existsSync(own)) return own;
    const found = meant(all, base);
    if (!found) throw new Error(`There is no notebook '${name}'. There are: ${namesOf(all)}.`);
    return path.join(folder, found);
  });
}

const namesOf = (files: string[]) => files.map((file) => file.replace(/\.ipynb$/, '')).join(', ') || 'none';

/** The notebook of this name, else the one whose name begins with this number. */
const meant = (files: string[], base: string) =>
  files.find((file) => file === `${base}.ipynb`) ?? files.find((file) => file.startsWith(`${base}-`));

function notebooksIn(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((file) => file.endsWith('.ipynb') && !file.startsWith('.'))
    .sort();
}

/** A notebook that was named with its folder. @throws Error that lists the folder's notebooks when it is none of them */
function inFolder(root: string, named: string, base: string): string {
  const folders = [path.join(root, 'notebooks', named), path.join(root, named), path.resolve(named)];
  for (const folder of folders) {
    const found = meant(notebooksIn(folder), base);
    if (found) return path.join(folder, found);
  }
  const there = [...new Set(folders)].filter((folder) => notebooksIn(folder).length > 0);
  const list = there.map((folder) => `${shown(folder)} has ${namesOf(notebooksIn(folder))}`).join('; ');
  throw new Error(`There is no notebook '${named}/${base}'. ${list || `No folder '${named}' with notebooks is here`}.`);
}

/** A path as a reader of a message wants it: relative to where the command runs, when that is shorter. */
export function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative || '.';
}
