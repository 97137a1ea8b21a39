/** What a run is asked to do: notebooks, each with its file, its target and its limits. */
import '../../src/platform/node/set';
import { PROFILES, type Profile } from '../../src/platform/profile';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { dataCacheFolder } from '../../src/data/sources/folders';
import { nameOf, type Notebook, parseNotebook, readNotebookText, readResult } from '../notebook';
import { staleReasons } from '../notebook/provenance';
import { findNotebooks, shown } from '../places';
import type { Library } from '../reach/library';

/** Seconds: what one notebook and a whole run may take, and how long one cell may run before it is stopped. */
export const TIMES: Record<Profile, { notebook: number; all: number; cell: number }> = {
  quick: { notebook: 60, all: 300, cell: 180 },
  full: { notebook: 240, all: 3600, cell: 1200 },
  paper: { notebook: 4 * 3600, all: 24 * 3600, cell: 4 * 3600 },
};

export interface RunOptions {
  out?: string;
  /** Where the page of each notebook is written as soon as it has run. */
  pages?: string;
  stale?: boolean;
  jobs?: number;
  cellLimit?: number;
  twins: boolean;
  root: string;
}

export interface Job {
  file: string;
  name: string;
  /** The file's text when it was read: a notebook edited meanwhile is not overwritten. */
  text: string;
  notebook: Notebook;
  target: string;
  budget: number;
  alone: boolean;
  state: 'waiting' | 'running' | 'finishing' | 'done' | 'failed';
  /** Why it cannot be run at all. */
  unreadable?: string;
  progress: string;
  seconds: number;
}

export function chosenProfile(options: RunOptions): Profile {
  const named = process.env.BNLAB_PROFILE;
  if (!named) return options.out ? 'quick' : 'full';
  const known = PROFILES.find((one) => one === named);
  if (known) return known;
  throw new Error(`BNLAB_PROFILE=${named} is none of ${PROFILES.join(', ')}.`);
}

export function prepare(names: string[], options: RunOptions, profile: Profile): Job[] {
  return findNotebooks(options.root, names).map((file) => {
    const job: Job = {
      file,
      name: nameOf(file),
      text: '',
      notebook: { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 },
      target: options.out ? path.resolve(options.out, path.basename(file)) : file,
      budget: TIMES[profile].notebook,
      alone: false,
      state: 'waiting',
      progress: '',
      seconds: 0,
    };
    try {
      job.text = readNotebookText(file);
      job.notebook = parseNotebook(job.text, shown(file));
      const { alone, budget } = settingsOf(job.notebook, shown(file));
      Object.assign(job, { alone, budget: budget[profile] ?? job.budget });
      const readOnly = !options.out && (fs.statSync(file).mode & 0o222) === 0;
      if (readOnly)
        throw new Error(`${shown(file)} is read-only. Run \`chmod u+w\` on it, or name a folder with --out.`);
    } catch (error) {
      job.unreadable = (error as Error).message; // one notebook's trouble is not another's
    }
    return job;
  });
}

/** What the notebook asks of the runner. @throws Error when it asks for what there is not */
function settingsOf(
  { metadata }: Notebook,
  file: string,
): { alone: boolean; budget: Partial<Record<Profile, number>> } {
  const { name: kernel } = (metadata.kernelspec ?? {}) as { name?: unknown };
  if (kernel !== undefined && kernel !== 'tslab') {
    throw new Error(
      `${file} is written for the kernel '${String(kernel)}'; this project runs 'tslab'. Choose it in JupyterLab and save.`,
    );
  }
  const { alone, budget = {} } = metadata.bnlab ?? {};
  for (const [profile, seconds] of Object.entries(budget)) {
    if (profile in TIMES && typeof seconds === 'number' && seconds > 0) continue;
    throw new Error(
      `${file}: metadata.bnlab.budget gives ${profile} ${JSON.stringify(seconds)}; wanted seconds for ${Object.keys(TIMES).join(', ')}.`,
    );
  }
  return { alone: alone === true, budget };
}

/** True when the executed notebook already holds what running it again would give. */
export function isFresh(job: Job, root: string, profile: Profile, library: Library): boolean {
  if (job.unreadable) return false;
  const executed = readResult(job.target);
  if (!executed) return false;
  const said = executed.metadata.bnlab?.provenance;
  const source: Notebook = { ...job.notebook, metadata: { ...job.notebook.metadata, bnlab: executed.metadata.bnlab } };
  const reasons = staleReasons(root, source, library, path.dirname(job.file));
  return reasons.length === 0 && said?.profile === profile && said.settings === settings();
}

/** What, besides the sources, decides what a run computes. */
export function settings(environment: NodeJS.ProcessEnv = process.env): string {
  const { BNLAB_ENGINE: engine, BNLAB_DATA: folder, BNLAB_DATASET: dataset } = environment;
  // Where MNIST's files arrive after a run on generated digits, the run is to be made again.
  const mnist = path.join(folder || dataCacheFolder(environment), 'mnist', 'train-images-idx3-ubyte.gz');
  const data = dataset && dataset !== 'auto' ? dataset : fs.existsSync(mnist) ? 'MNIST at hand' : 'no MNIST files';
  return `${engine ? `engine ${engine}` : 'best engine'}, ${data}`;
}
