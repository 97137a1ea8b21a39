/**
 * Folders for what a run needs only while it runs. They go when it ends; what a killed run left is removed by the next.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { fate, isIdentity, self } from '../src/platform/node/processes';
import { readJson } from '../src/platform/node/write';

const prefix = 'bnlab-run-';
const ownerName = 'owner.json';
/** A folder whose owner cannot be seen from here is left this long. Milliseconds. */
const abandonedAfter = 48 * 3600 * 1000;

/**
 * A folder of this run's own. Its path is short, because sockets are made in it.
 *
 * @throws Error that names the folder for temporary files, when it cannot be used
 */
export function makeScratch(): string {
  const parent = os.tmpdir();
  sweepScratch();
  let folder: string | undefined;
  try {
    folder = fs.mkdtempSync(path.join(parent, prefix));
    fs.writeFileSync(path.join(folder, ownerName), JSON.stringify(self()));
  } catch (error) {
    if (folder) fs.rmSync(folder, { recursive: true, force: true });
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The folder for temporary files, ${parent}, cannot be used (${why}). Make room or give permission there, or set TMPDIR to another folder.`,
      { cause: error },
    );
  }
  return folder;
}

/** Removes it. */
export function removeScratch(folder: string): void {
  try {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  } catch {
    // A program that is ending writes into it still: the next run sweeps.
  }
}

/** Removes the scratch folders of runs that are gone. */
function sweepScratch(): void {
  const parent = os.tmpdir();
  let names: string[];
  try {
    names = fs.readdirSync(parent).filter((name) => name.startsWith(prefix));
  } catch {
    return;
  }
  for (const name of names) {
    const folder = path.join(parent, name);
    const owner: unknown = readJson(path.join(folder, ownerName));
    const seen = isIdentity(owner) ? fate(owner) : 'unknown';
    const made = fs.statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (seen === 'gone' || (seen === 'unknown' && Math.abs(Date.now() - made) > abandonedAfter)) removeScratch(folder);
  }
}
