/** Files beside a notebook that its cells import, and those that these import. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256 } from '../../src/platform/node';

/** An import, a re-export or a `require` of a file by its place. */
const NAMED = /\b(?:from|import|require)\s*\(?\s*(['"])(\.{1,2}\/[^'"\n]+)\1/g;

/** What is tried after the name that is written, in the compiler's order. */
const ENDINGS = ['', '.ts', '.js', '.json', '/index.ts', '/index.js'];

/**
 * Short digests of the files that cells import by their place, by their path from the notebook's folder.
 *
 * @param folder of the notebook
 * @param cells the code of its cells
 */
export function filesBeside(folder: string, cells: readonly string[]): Record<string, string> {
  const found = new Map<string, string>();
  const look = (code: string, from: string) => {
    for (const [, , name] of code.matchAll(NAMED)) {
      const file = ENDINGS.map((ending) => path.join(from, name + ending)).find(isFile);
      if (file === undefined || found.has(file)) continue;
      const text = fs.readFileSync(file, 'utf8');
      found.set(file, sha256(text).slice(0, 16));
      look(text, path.dirname(file));
    }
  };
  for (const code of cells) look(code, folder);
  const entries = [...found].map(([file, digest]) => [path.relative(folder, file).split(path.sep).join('/'), digest]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) as Record<string, string>;
}

const isFile = (file: string) => fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
