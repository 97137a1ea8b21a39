/** Runs as numbers by seed: what a figure's band, a table or a verdict takes. */
import {
  callback,
  counting,
  either,
  expectArgument,
  having,
  kind,
  list,
  listOf,
  needed,
  numbers,
  orNull,
  recordOf,
  resultOf,
  shown,
  text,
  whole,
} from '../core/checks';
import { median } from '../statistics';
import { expectComparison, sideOf, type Comparison } from './comparison';
import { expectHistory, finalAccuracy, type Evaluation, type History, type Reported } from './history';

/** One line per seed over common points: spread it into a figure's series. */
export interface Curves {
  /** The points: steps, or learning rates. */
  x: number[];
  /** By seed, the value at each point: [seeds][points]. NaN where there is none, a gap in a figure. */
  seeds: number[][];
}

const LOSSES = resultOf<History>('history', {
  losses: needed(having<History['losses']>('the losses of a run', { values: needed(list) })),
});
const RECORDED = resultOf<History>('history', {
  ...{ steps: needed(counting), stepsDone: needed(whole), perStep: needed(recordOf(list)) },
});

/**
 * A quantity of each run over the evaluation points. A run that diverged has NaN at the points it did not come to.
 *
 * @param histories of one side at one rate, as `runsOf` gives them
 * @param value of an evaluation; default the test accuracy. What is null counts as NaN.
 * @returns x the steps of the run that went on longest
 * @example show(lineFigure({ ...text, series: [{ as: 'batch', ...curves(runsOf(comparison, 'BN')) }] }))
 * @throws RangeError for no runs
 */
export function curves<V extends Reported>(
  histories: readonly History<V>[],
  value: (at: Evaluation<V>) => number | null = (at) => at.test.accuracy,
): Curves {
  expectArgument('curves', 'histories', histories, list);
  for (const history of histories) expectHistory('curves', history);
  expectArgument('curves', 'value', value, callback);
  if (histories.length === 0) throw new RangeError('curves: no runs; wanted at least one history.');
  const longest = histories.reduce((a, b) => (b.evaluations.length > a.evaluations.length ? b : a));
  const x = longest.evaluations.map(({ step }) => step);
  const at = (history: History<V>, step: number) => history.evaluations.find((e) => e.step === step);
  const read = (history: History<V>) =>
    x.map((step) => {
      const evaluation = at(history, step);
      return evaluation === undefined ? NaN : (value(evaluation) ?? NaN);
    });
  return { x, seeds: histories.map(read) };
}

/**
 * A quantity of each run over the learning rates of a side.
 *
 * @param value of a run; default its final test accuracy, NaN for one that diverged
 * @returns x the rates as they were given; NaN where a run is missing
 * @example lineFigure({ ...text, series: [{ as: 'batch', ...overRates(sweep.comparison, 'BN') }] })
 * @throws RangeError for a side that the comparison does not have
 */
export function overRates<V extends Reported>(
  comparison: Comparison<V>,
  side: string,
  value: (history: History<V>) => number = accuracyUnlessDiverged,
): Curves {
  expectArgument('overRates', 'value', value, callback);
  expectComparison('overRates', comparison);
  expectArgument('overRates', 'the seeds of the comparison', comparison.seeds, list);
  const x = [...sideOf(comparison, side).learningRates];
  const seeds = comparison.seeds.map((_, seedIndex) =>
    x.map((rate) => {
      const run = comparison.runs.find(
        (one) => one.side === side && one.learningRate === rate && one.seedIndex === seedIndex,
      );
      return run === undefined || run.history.stopped ? NaN : value(run.history);
    }),
  );
  return { x, seeds };
}

const accuracyUnlessDiverged = (history: History) => (history.diverged ? NaN : finalAccuracy(history));

/**
 * The learning rates at which each seed of a side trains.
 *
 * @param trains whether a run counts as trained
 * @returns by seed, in the order of the side's rates
 * @example usableRates(comparison, 'BN', (history) => finalAccuracy(history) > 0.5).map((rates) => Math.max(...rates))
 * @throws as {@link overRates}
 */
export function usableRates<V extends Reported>(
  comparison: Comparison<V>,
  side: string,
  trains: (history: History<V>) => boolean,
): number[][] {
  expectArgument('usableRates', 'trains', trains, callback);
  const { x, seeds } = overRates(comparison, side, (history) => (trains(history) ? 1 : 0));
  return seeds.map((row) => x.filter((_, k) => row[k] === 1));
}

/** Steps at the end of a run whose losses {@link finalLoss} takes. */
const LAST = 20;

/**
 * Training loss at the end of a run: the median over its last 20 recorded losses, in nats or squared units.
 *
 * @returns Infinity for a run that diverged
 * @example finalLoss(history) < Math.log(10) // better than a guess among ten classes
 * @throws RangeError for a run without a loss
 */
export function finalLoss(history: History): number {
  expectArgument('finalLoss', 'history', history, LOSSES);
  if (history.diverged) return Infinity;
  const { values } = history.losses;
  if (values.length === 0) throw new RangeError(`finalLoss: history '${history.name}' holds no loss.`);
  return median(values.slice(-LAST).map((value) => value ?? Infinity));
}

/**
 * What `record` returned from a run, one number per step; NaN where it was not finite, and after the step at which a run ended.
 *
 * @param name as in what `record` returns
 * @returns as many numbers as the run has steps
 * @example stepSeries(history, 'norm').at(-1)
 * @throws RangeError for a name that was not recorded; TypeError for what is no number per step
 */
export function stepSeries(history: History, name: string): number[] {
  expectArgument('stepSeries', 'history', history, RECORDED);
  expectArgument('stepSeries', 'name', name, text);
  const values = history.perStep[name];
  if (values === undefined && history.stepsDone > 0) {
    const known = Object.keys(history.perStep).join(', ') || 'none';
    throw new RangeError(`stepSeries: no ${shown(name)} was recorded. Recorded: ${known}.`);
  }
  return Array.from({ length: history.steps }, (_, t) => {
    const value = values?.[t] ?? NaN;
    if (typeof value === 'number') return value;
    throw new TypeError(`stepSeries: ${name} is no number at step ${t}, but ${shown(value)}.`);
  });
}

/** A value of each seed; null where it has none, such as a highest rate that trains where none does. */
type BySeed = readonly (number | null)[];

const BY_SEED = either(listOf(orNull(kind('a number', (value) => typeof value === 'number'))), numbers);

/**
 * How many times as large as `b` each entry of `a` is, seed by seed.
 *
 * @returns null for a seed that has no value (null) on one of the two sides
 * @example ratioBySeed(stepsWithout, stepsWith) // how many times faster
 * @throws RangeError for lists of different lengths
 */
export function ratioBySeed(a: readonly number[], b: readonly number[]): number[];
export function ratioBySeed(a: readonly (number | null)[], b: readonly (number | null)[]): (number | null)[];
export function ratioBySeed(a: BySeed, b: BySeed): (number | null)[] {
  return bySeed('ratioBySeed', a, b, (x, y) => x / y);
}

/**
 * By how much `a` is above `b`, seed by seed.
 *
 * @returns null for a seed that has no value (null) on one of the two sides
 * @example differenceBySeed(withBN.map(finalAccuracy), without.map(finalAccuracy))
 * @throws RangeError for lists of different lengths
 */
export function differenceBySeed(a: readonly number[], b: readonly number[]): number[];
export function differenceBySeed(a: readonly (number | null)[], b: readonly (number | null)[]): (number | null)[];
export function differenceBySeed(a: BySeed, b: BySeed): (number | null)[] {
  return bySeed('differenceBySeed', a, b, (x, y) => x - y);
}

function bySeed(where: string, a: BySeed, b: BySeed, f: (x: number, y: number) => number) {
  expectArgument(where, 'a', a, BY_SEED);
  expectArgument(where, 'b', b, BY_SEED);
  if (a.length !== b.length) {
    throw new RangeError(`${where}: wanted a value of each seed on both sides, got ${a.length} and ${b.length}.`);
  }
  return Array.from(a, (x, i) => {
    const y = b[i];
    return x === null || y === null ? null : f(x, y);
  });
}
