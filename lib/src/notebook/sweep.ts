/** A sweep from a cell: its runs are made in other processes, as `npm run sweep` makes them, and the cell shows how far they are. */
import {
  abortSignal,
  counting,
  expectArgument,
  expectOptions,
  flag,
  kind,
  listOf,
  notNegative,
  type Options,
  text,
} from '../core/checks';
import type { Json } from '../core/json';
import type { Sweeping } from '../experiments';
import { SWEEP_PROGRAM, type SweepOrder, type SweepReport } from '../experiments/sweep-order';
import type { SweepResult } from '../experiments/sweep-results';
import { platform, PlatformError } from '../platform/port';
import { stoppable } from '../platform/stoppable';
import { SweepView } from './sweep-view';

/** What {@link sweep} takes besides the sweep. */
export interface SweepInCellOptions {
  /** Processes side by side; one per processor unless told. */
  workers?: number;
  /** Only runs at these values of axes, such as `['seed 1']`. */
  only?: readonly string[];
  /** Seconds after which nothing more begins. */
  budget?: number;
  /** Try again what was set aside. */
  retry?: boolean;
  /** The number of an answer whose median is drawn; its last one unless told. */
  measure?: string;
  /** Have the runs made by the workers of a queue: `'redis://HOST:PORT'`, or true for the address in BNLAB_QUEUE. */
  queue?: string | true;
  /** Where sweeps are kept, each in a folder of its name; the checkout's `sweeps/` unless told. */
  folder?: string;
  /** Ends it, as the reader's Stop does. */
  signal?: AbortSignal;
}

const SWEEP = kind(
  'a sweep, as defineSweep() makes it, or the name of a file that exports one',
  (value) => typeof value === 'string' || isSweep(value),
);

/** Whether it is one as it was made, and not one that was taken apart. */
function isSweep(value: unknown): boolean {
  const { kind: said, experiment, axes, runs } = (value ?? {}) as Partial<Sweeping>;
  return said === 'sweep' && typeof experiment?.name === 'string' && Array.isArray(axes) && Array.isArray(runs);
}

const ADDRESS = kind('an address or true', (value) => value === true || typeof value === 'string');
const OPTIONS: Options<SweepInCellOptions> = {
  ...{ workers: counting, only: listOf(text), budget: notNegative, retry: flag, measure: text },
  ...{ queue: ADDRESS, folder: text, signal: abortSignal },
};

/**
 * Makes the runs of a sweep that are not there yet, in processes of one thread each, and shows how far they are: time left, medians of one
 * measure so far as curves, a table of all places of the grid. Results are kept as they end, in the folder and under the identities of
 * `npm run sweep`: each goes on where the other, or Stop, has left off.
 *
 * @param what a sweep of an experiment of this library, or the name of a file that exports a sweep, as the command takes it
 * @param options how many processes, which runs, how long
 * @returns what each run that is there answered, in the order of the grid; after Stop, and where runs were set aside, not all of them
 * @throws RangeError for an experiment that a cell has made, whose runs no other process could make; Error in the words of the command
 *   where the file holds no sweep, no process can begin, or a result cannot be kept; PlatformError in a browser
 * @example
 * const runs = await sweep<TrainingRun>(defineSweep({ name: 'rates', experiment: 'training-run', grid: { learningRate, seed } }));
 */
export async function sweep<R = Json>(
  what: Sweeping | string,
  options: SweepInCellOptions = {},
): Promise<SweepResult<R>[]> {
  expectArgument('sweep', 'what', what, SWEEP);
  expectOptions('sweep', options, OPTIONS);
  const { signal, measure, only = [], retry = false, ...rest } = options;
  const order: SweepOrder = { sweep: dataOf(what), only, retry, ...rest };
  const view = new SweepView(typeof what === 'string' ? what : what.name, measure);
  try {
    await stoppable(
      signal,
      (stop) => follow(order, view, stop),
      () => view.reached(),
    );
  } finally {
    view.end(false); // where it is not over yet, it failed
  }
  return view.results<R>();
}

/** As another process can have it. */
function dataOf(what: Sweeping | string): Exclude<SweepOrder, 'stop'>['sweep'] {
  if (typeof what === 'string') return { file: what };
  const { name, own, experiment, axes, runs } = what;
  if (own) {
    throw new RangeError(
      `sweep: the experiment of '${name}' was made here, and its runs are made by other processes. Put it and its sweep into a ` +
        "file, and give that file's name: `await sweep('experiments/mine.ts')`.",
    );
  }
  return { name, experiment: experiment.name, axes, runs };
}

/** Has the program make the runs, until it ends or is told to. */
async function follow(order: SweepOrder, view: SweepView, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return;
  let failed: string | undefined;
  const program = platform().startProgram(SWEEP_PROGRAM);
  if (!program)
    throw new PlatformError('sweep: a browser starts no other processes. Make the runs on a machine with Node.');
  const heard = (message: unknown) => {
    const report = message as SweepReport;
    if (report.is === 'failed') failed = report.error;
    else view.take(report);
  };
  const ended = new Promise<string | undefined>((resolve) => program.listen(heard, resolve));
  program.send(order);
  const stop = () => program.send('stop' satisfies SweepOrder);
  signal?.addEventListener('abort', stop);
  const wrong = await ended;
  signal?.removeEventListener('abort', stop);
  view.end(signal?.aborted === true);
  if (signal?.aborted) return;
  if (failed !== undefined) throw new Error(failed);
  if (wrong !== undefined)
    throw new Error(`The process that makes the runs has ended: ${wrong}. What was kept is whole.`);
}
