/** Which notebooks of a folder failed when they were last run into it, for the report of the others. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { readJson } from '../../src/platform/node/write';
import { writeAtomically } from '../notebook';

/** By notebook: what happened, in lines for a reader. */
export type Failures = Record<string, string[]>;

const FILE = 'failed.json';

/** The failures that a folder knows of. */
export function failuresIn(folder: string): Failures {
  return (readJson(path.join(folder, FILE)) as Failures | undefined) ?? {};
}

/** Takes over how notebooks fared; the others of the folder stay as they were. @param lines null for one that ran whole */
export function noteFailures(folder: string, fared: Record<string, string[] | null>): void {
  const before = failuresIn(folder);
  const now = Object.fromEntries(Object.entries({ ...before, ...fared }).filter(([, lines]) => lines !== null));
  const file = path.join(folder, FILE);
  if (Object.keys(now).length > 0) writeAtomically(file, JSON.stringify(now, null, 1) + '\n');
  else fs.rmSync(file, { force: true });
}
