/** Trainings of the paper's own length: made once, by `npm run paper`, and kept under data/paper for notebooks to show. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sha256 } from '../../platform/node';
import { DataError } from '../errors';

/** One training that is kept. */
export interface PaperRun {
  /** What was trained, such as `BN`. */
  side: string;
  /** Its nonlinearity, where not all have the same. */
  activation?: string;
  /** Base rate. */
  learningRate: number;
  /** Of weights and batches. */
  seed: number;
  /** Steps done at each look. */
  steps: number[];
  /** Test accuracy at each, inference mode. */
  accuracy: number[];
  /** Whether the training loss left all bounds. */
  diverged: boolean;
  /** [looks][15th, 50th and 85th percentile] of a typical sigmoid's input, where it was followed; null once it was not finite. */
  percentiles?: (number[] | null)[];
}

/** What made the runs of a file. */
export interface PaperOrigin {
  /** What to call to make them again. */
  command: string;
  /** Day, as `2026-01-31`. */
  date: string;
  /** Hash of the library's code that the runs reach, and of the files that describe them; one for each of those. */
  code: string[];
  /** Commit of the library. */
  commit: string | null;
  /** What computed. */
  engine: string;
  /** Data set. */
  data: string;
  /** Wall time of all runs together. */
  minutes: number;
}

/** Trainings, and what made them. */
export interface PaperRuns {
  /** What made them. */
  origin: PaperOrigin;
  /** The same in a sentence. */
  made: string;
  /** In the order of the file. */
  runs: PaperRun[];
}

const FORMAT = 'bnlab-paper-runs 1';

/**
 * The network of section 4.1 over 50,000 steps without and with Batch Normalization, as data/paper/figure-1.ts describes it.
 *
 * @throws DataError `format` when the file is missing, was changed, or is none that `npm run paper` wrote
 * @example const { runs, made } = paperFigure1();
 */
export function paperFigure1(): PaperRuns {
  return readPaperRuns(join(__dirname, '..', '..', '..', '..', '..', 'data', 'paper', 'figure-1.json'));
}

/**
 * The small Figure 2 over more steps than a notebook takes, as data/paper/figure-2.ts describes it.
 *
 * @throws as {@link paperFigure1}
 */
export function paperFigure2(): PaperRuns {
  return readPaperRuns(join(__dirname, '..', '..', '..', '..', '..', 'data', 'paper', 'figure-2.json'));
}

/** Reads what {@link paperRunsText} made. @throws DataError `format` that names the file */
export function readPaperRuns(file: string): PaperRuns {
  const name = basename(file, '.json');
  const fail = (given: string, cause?: unknown): never => {
    const again = `git checkout data/paper/${name}.json, or make it again with: npm run paper -- ${name}`;
    throw new DataError('format', `Paper runs ${file}: ${given}. Restore it with: ${again}`, cause);
  };
  let found: { format?: unknown; origin: PaperOrigin; sha256?: unknown; runs: PaperRun[] };
  try {
    found = JSON.parse(readFileSync(file, 'utf8')) as typeof found;
  } catch (error) {
    return fail((error as Error).message, error);
  }
  if (found?.format !== FORMAT) return fail(`it is not of the format '${FORMAT}'`);
  const { origin, runs } = found;
  if (sha256(JSON.stringify([origin, runs])) !== found.sha256)
    return fail('its content does not match its SHA-256: it was changed after it was made');
  return { origin, made: sentence(origin), runs };
}

/** The content of a file: a line for what made the runs, and one for each of them. */
export function paperRunsText(origin: PaperOrigin, runs: readonly PaperRun[]): string {
  const lines = runs.map((run) => JSON.stringify(run)).join(',\n');
  const digest = sha256(JSON.stringify([origin, runs]));
  return `{"format":"${FORMAT}","sha256":"${digest}",\n"origin":${JSON.stringify(origin)},\n"runs":[\n${lines}\n]}\n`;
}

function sentence({ command, date, code, commit, engine, data, minutes }: PaperOrigin): string {
  const library = `${commit === null ? '' : `commit ${commit}, `}code ${code.join(' and ')}`;
  return `made once, on ${date}, by \`${command}\` in ${minutes} minutes: ${data}, ${engine}, library ${library}`;
}
