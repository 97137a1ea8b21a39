/** What a comparison holds, and how to read it. */
import {
  callback,
  expectArgument,
  expectOptions,
  having,
  list,
  listOf,
  needed,
  number,
  object,
  type Options,
  resultOf,
  shown,
  text,
} from '../core/checks';
import { quantileBand } from '../statistics';
import { BAND_QUANTILES } from '../statistics/statistics';
import type { Evaluation, History, Reported } from './history';

/** One run of a comparison. */
export interface ComparisonRun<V extends Reported = Reported> {
  /** Name of the side. */
  side: string;
  /** Position in `seeds`. */
  seedIndex: number;
  /** Base rate. */
  learningRate: number;
  /** The record of the run. */
  history: History<V>;
}

/** Runs of several sides over the same seeds and batches; `V` is what their probes reported. Plain JSON. */
export interface Comparison<V extends Reported = Reported> {
  /** What the JSON is. */
  kind: 'comparison';
  /** Of this layout. */
  version: 1;
  /** Name, rates and number of trainable parameters of each. */
  sides: { name: string; learningRates: number[]; parameters: number }[];
  /** As given, one entry for weights and one for the order of the batches. */
  seeds: { weights: number; order: number }[];
  /** Labels of the variables that every side took from the first, per side. */
  shared: Record<string, string[]>;
  /** In the order they were made: seed by seed, side by side, rate by rate. */
  runs: ComparisonRun<V>[];
  /** Runs that a stop or a spent budget left out. */
  missing: { side: string; seedIndex: number; learningRate: number }[];
}

/** How to read one side of a comparison as a band. */
export interface BandOptions {
  /** Name of the side. */
  side: string;
  /** Needed where the side has several. */
  learningRate?: number;
  /** Outer quantiles; default 0.15 and 0.85, as in every figure. */
  low?: number;
  /** Upper quantile. */
  high?: number;
}

/** A band over seeds. */
export interface Band {
  /** Steps done at each point. */
  steps: number[];
  /** Over seeds, per point. */
  median: number[];
  /** Lower quantile, per point. */
  low: number[];
  /** Upper quantile, per point. */
  high: number[];
  /** Number of seeds. */
  n: number;
  /** How many of them diverged. */
  diverged: number;
}

const RUN = having<ComparisonRun>('a run', {
  side: needed(text),
  learningRate: needed(number),
  history: needed(object),
});
const COMPARED = having<Comparison['sides'][number]>('a side', { name: needed(text), learningRates: needed(list) });
/** What a comparison must be at the door. */
export const COMPARISON = resultOf<Comparison>('comparison', {
  sides: needed(listOf(COMPARED)),
  runs: needed(listOf(RUN)),
});

/** Throws unless this is a comparison. */
export function expectComparison(where: string, comparison: Comparison): void {
  expectArgument(where, 'comparison', comparison, COMPARISON);
}

const BAND_OPTIONS: Options<BandOptions> = { side: needed(text), learningRate: number, low: number, high: number };

/**
 * Histories of one side at one rate, by seed. Runs that were stopped early by a signal or a budget are left out: they say nothing
 * about the steps they did not take.
 *
 * @throws RangeError when the side or the rate is not in the comparison, naming those that are
 */
export function runsOf<V extends Reported>(
  comparison: Comparison<V>,
  side: string,
  learningRate?: number,
): History<V>[] {
  expectComparison('runsOf', comparison);
  const known = sideOf(comparison, side);
  const rate = learningRate ?? (known.learningRates.length === 1 ? known.learningRates[0] : undefined);
  if (rate === undefined || !known.learningRates.includes(rate)) {
    throw new RangeError(
      `comparison: side '${side}' has the learning rates ${known.learningRates.join(', ')}; wanted one of them, got ${shown(rate)}.`,
    );
  }
  return comparison.runs
    .filter((run) => run.side === side && run.learningRate === rate && !run.history.stopped)
    .map((run) => run.history);
}

/** The side of this name, or an error that names those that are there. */
export function sideOf({ sides }: Comparison, side: string): Comparison['sides'][number] {
  const known = sides.find(({ name }) => name === side);
  if (known) return known;
  const names = sides.map(({ name }) => `'${name}'`).join(', ');
  throw new RangeError(`comparison: no side ${shown(side)}; it has ${names}.`);
}

/**
 * Any quantity of the evaluations as a band over seeds.
 *
 * A run that diverged has no later evaluations; its last value, that of the state it was stopped in, stands for them, for every
 * side alike, and `diverged` says how many such runs there are.
 *
 * @param value what to read, for example `(e) => e.test.loss ?? Infinity`
 * @throws RangeError when nothing is there to read
 */
export function bandOf<V extends Reported>(
  comparison: Comparison<V>,
  options: BandOptions,
  value: (at: Evaluation<V>) => number,
): Band {
  expectOptions('bandOf', options, BAND_OPTIONS);
  expectComparison('bandOf', comparison);
  expectArgument('bandOf', 'value', value, callback);
  const histories = runsOf(comparison, options.side, options.learningRate);
  if (histories.length === 0)
    throw new RangeError(`comparison: no finished run of side '${options.side}' at that rate.`);
  const longest = histories.reduce((a, b) => (b.diverged ? a : b));
  const steps = [
    ...new Set((longest.diverged ? histories : [longest]).flatMap((h) => h.evaluations.map((e) => e.step))),
  ];
  steps.sort((a, b) => a - b);
  const series = histories.map(({ evaluations }) =>
    steps.map((step) => value(evaluations.filter((e) => e.step <= step).pop() ?? evaluations[0])),
  );
  const diverged = histories.filter((history) => history.diverged).length;
  return {
    steps,
    ...quantileBand(series, options.low ?? BAND_QUANTILES[0], options.high ?? BAND_QUANTILES[1]),
    n: histories.length,
    diverged,
  };
}

/** Test accuracy (inference mode) as a band over seeds: see {@link bandOf}. */
export function accuracyBand(comparison: Comparison, options: BandOptions): Band {
  expectOptions('accuracyBand', options, BAND_OPTIONS);
  expectComparison('accuracyBand', comparison);
  return bandOf(comparison, options, (e) => e.test.accuracy ?? 0);
}
