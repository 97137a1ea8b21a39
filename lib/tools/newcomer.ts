/**
 * How the notebooks fare with a newcomer, who has no data and takes what `npm start` takes: profile `quick` on generated digits, without a
 * network. That run takes minutes; `npm run replicate` makes it and keeps here what came of it, in data/newcomer.json, where a test looks.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { readJson } from '../src/platform/node/write';
import { executedIn, executeWith } from './elsewhere';
import { nameOf, readNotebook, stableJson, writeAtomically } from './notebook';
import { hashes, readLibrary } from './notebook/provenance';
import { findNotebooks, shown } from './places';
import { failuresIn } from './run/failures';
import { onlyOne, Stop } from './running';

/** What a newcomer's environment says, beside what is the machine's. */
export const NEWCOMER = { BNLAB_DATASET: 'digits', BNLAB_PROFILE: 'quick', BNLAB_OFFLINE: '1' } as const;

/** How one notebook fared. */
export interface NewcomerRun {
  /** Of what it was computed from: its cells, what they reach in the library, the packages; see notebook/provenance.ts. */
  hash: string;
  /** Of kernel and cells, on the machine and beside what else ran. */
  seconds?: number;
  /** By claim. */
  verdicts?: Record<string, string>;
  /** What happened, where it did not run whole: cell, its source, what was said. */
  failed?: string[];
}

/** data/newcomer.json. */
export type NewcomerFile = Record<string, NewcomerRun>;

const fileOf = (root: string) => path.join(root, 'data', 'newcomer.json');

/**
 * The run as it was kept; empty where there was none.
 *
 * @throws Error that names the file when it cannot be read
 */
export function readNewcomer(root: string): NewcomerFile {
  const file = fileOf(root);
  if (!fs.existsSync(file)) return {};
  const found = readJson(file);
  if (found !== null && typeof found === 'object' && !Array.isArray(found)) return found as NewcomerFile;
  throw new Error(
    `${shown(file)} is empty, cut off or no record. Restore it (git checkout -- ${shown(file)}), or delete it and run \`npm run replicate -- --only newcomer\`.`,
  );
}

/**
 * Executes notebooks as a newcomer does, into a folder, and keeps how each fared.
 *
 * @param names as `npm run notebooks` takes them
 * @param folder empty; executed copies go there
 * @returns what `npm run notebooks` returns
 */
export async function runAsNewcomer(root: string, names: readonly string[], folder: string): Promise<number> {
  const out = path.join(folder, 'executed');
  const times = path.join(folder, 'times');
  const code = await executeWith({ ...NEWCOMER, BNLAB_TIMES: times }, { root, names, folder: out });
  const fared = { ...failedIn(root, out), ...wentWell(out, secondsIn(times)) };
  if (Object.keys(fared).length > 0) await keep(root, fared);
  return code;
}

function wentWell(folder: string, seconds: Record<string, number>): NewcomerFile {
  const runs = executedIn(folder).map(({ name, hash, records }): [string, NewcomerRun] => {
    const verdicts = Object.fromEntries(records.map(({ id, verdict }) => [id, verdict]));
    return [name, { hash, seconds: seconds[name], verdicts }];
  });
  return Object.fromEntries(runs);
}

function failedIn(root: string, folder: string): NewcomerFile {
  const failures = failuresIn(folder);
  const files = new Map(findNotebooks(root, []).map((file) => [nameOf(file), file]));
  const library = Object.keys(failures).length > 0 ? readLibrary(root) : undefined;
  const runs = Object.entries(failures).flatMap(([name, failed]): [string, NewcomerRun][] => {
    const file = files.get(name);
    return file === undefined ? [] : [[name, { hash: hashes(root, readNotebook(file), library).hash, failed }]];
  });
  return Object.fromEntries(runs);
}

/** By notebook, whole: tenths are the machine's. */
function secondsIn(file: string): Record<string, number> {
  if (!fs.existsSync(file)) return {};
  const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const { name, times } = JSON.parse(line) as {
        name: string;
        times: { start: number; cells: Record<string, number>; end: number };
      };
      const cells = Object.values(times.cells).reduce((sum, each) => sum + each, 0);
      return [name, Math.round(times.start + cells + times.end)];
    }),
  );
}

/** A run replaces the entries of the notebooks that it executed; one of a notebook that is gone goes. */
function keep(root: string, fared: NewcomerFile): Promise<void> {
  // Not the command's own request to stop: what was found is written whatever else is wanted.
  return onlyOne(path.join(root, 'data'), 'npm run replicate', new Stop(), async () => {
    const there = new Set(findNotebooks(root, []).map(nameOf));
    const all = Object.entries({ ...readNewcomer(root), ...fared }).filter(([name]) => there.has(name));
    writeAtomically(fileOf(root), stableJson(Object.fromEntries(all)) + '\n');
  });
}
