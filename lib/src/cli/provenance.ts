/**
 * Where an executed notebook's outputs come from, and whether they still belong to what is in the repository.
 *
 * The hash covers three things: the notebook's own cells, the library's sources (what they do, not their comments; the
 * command line does not compute anything and is left out) and the data manifest.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as ts from 'typescript';
import { Notebook } from './notebook-file';

const short = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** The cells as the author wrote them: kinds and sources, nothing that a run writes. */
export function notebookHash(notebook: Notebook): string {
  return short(JSON.stringify(notebook.cells.map((cell) => [cell.cell_type, cell.source])));
}

/** The library's sources without comments and layout, `cli` left out. */
export function libraryHash(root: string): string {
  const folder = path.join(root, 'lib', 'src');
  const parts = sourceFiles(folder).map((file) => {
    const code = fs.readFileSync(file, 'utf8');
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: { removeComments: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS },
    });
    return `${path.relative(folder, file).split(path.sep).join('/')}\n${outputText}`;
  });
  return short(parts.join('\n'));
}

function sourceFiles(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|js)$/.test(file) && !file.endsWith('.d.ts') && file.split(path.sep)[0] !== 'cli')
    .sort()
    .map((file) => path.join(folder, file));
}

/** The data manifest's content, whatever its layout; one fixed value where there is none. */
export function manifestHash(root: string): string {
  const file = path.join(root, 'data', 'manifest.json');
  return short(fs.existsSync(file) ? JSON.stringify(JSON.parse(fs.readFileSync(file, 'utf8'))) : '');
}

/** The three hashes and the one over them. */
export function hashes(root: string, notebook: Notebook, library = libraryHash(root)) {
  const parts = { notebook: notebookHash(notebook), library, manifest: manifestHash(root) };
  return { ...parts, hash: short(`${parts.notebook}/${parts.library}/${parts.manifest}`) };
}

/** Why a notebook's committed outputs no longer belong to the sources; empty when they do. */
export function staleReasons(root: string, notebook: Notebook, library = libraryHash(root)): string[] {
  const said = notebook.metadata.bnlab?.provenance;
  if (!said) return ['it has never been executed by `npm run notebooks`'];
  const now = hashes(root, notebook, library);
  const reasons: string[] = [];
  if (said.notebook !== now.notebook) reasons.push('its cells changed');
  if (said.library !== now.library) reasons.push('the library changed');
  if (said.manifest !== now.manifest) reasons.push('the data manifest changed');
  return reasons;
}

/** The last commit that changed what computes; null outside a git checkout. */
export function codeCommit(root: string): string | null {
  const paths = ['lib/src', 'lib/package.json', 'data/manifest.json', ':(exclude)lib/src/cli'];
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const commit = git('log', '-1', '--format=%h', '--abbrev=10', '--', ...paths);
    if (!commit) return null;
    return git('status', '--porcelain', '--', ...paths) ? `${commit}+` : commit;
  } catch {
    return null;
  }
}

/**
 * Minutes with two digits. A run of the same sources keeps the `earlier` figure unless it moved by more than a minute and
 * more than itself: how busy the machine was is no news about the notebook.
 */
export function steadyMinutes(seconds: number, earlier: number | undefined): number {
  const minutes = Number((seconds / 60).toPrecision(2));
  return earlier !== undefined && Math.abs(minutes - earlier) <= Math.max(earlier, 1) ? earlier : minutes;
}
