import {
  callback,
  either,
  expectArgument,
  expectOptions,
  flag,
  having,
  list,
  listOf,
  needed,
  network as aNetwork,
  number,
  object,
  type Options,
  optionsOf,
  own,
  resultOf,
  shown,
  text,
  whole,
  without,
} from '../core/checks';
import { Random } from '../core/random';
import { batchIndices } from '../data';
import { networkOf, type Network, type NetworkSpec, type WeightsSnapshot } from '../nn';
import { usedMemory } from '../platform/port';
import { finalAccuracy, type Evaluation, type History, type Reported } from './history';
import type { Json, NoProbes, Probes, ProbeValues } from '../probe/types';
import { scheduleRates } from './schedule';
import { median, quantileBand } from '../statistics';
import {
  checkOptions,
  describe,
  prepareData,
  TRAIN_OPTIONS,
  Trainer,
  type Budget,
  type TrainRunOptions,
  type StepOptions,
  type TrainingProgress,
} from './trainer';

/** One side of a comparison: its network, as data or as a function, and what it does differently from the others. */
export interface Side<Q extends Probes = Probes> {
  /** Stands in histories, tables and legends; each side its own. */
  name: string;
  /** The network as data, built once per seed. Give this or `build`. */
  network?: NetworkSpec;
  /** Called once per seed. What differs from seed to seed must be in the variables: the step is traced once for all seeds. */
  build?: (seed: number) => Network;
  /** Own rates instead of the common ones. */
  learningRates?: readonly number[];
  /** Own settings; they overrule the common ones for this side, and stand in its histories. */
  options?: Partial<Omit<StepOptions, 'network'> & Pick<TrainRunOptions, 'schedule'>> & { probes?: Q | Probes };
}

/** A seed for weights and batches, or one for each. */
export type ComparisonSeed = number | { weights: number; order: number };

/** What {@link compare} takes: the options of `trainNetwork` that all sides share, and what varies. */
export interface CompareOptions<P extends Probes = Probes, Q extends Probes = Probes>
  extends
    Omit<StepOptions, 'network'>,
    Omit<TrainRunOptions, 'learningRate' | 'seed' | 'name' | 'weightsSeed' | 'batches' | 'budget' | 'probes'> {
  /** What is compared; the first lends its weights to the others. */
  sides: readonly Side<Q>[];
  /** What to look at, at every evaluation point, on every side that has no probes of its own: as `trainNetwork`. */
  probes?: P | Probes;
  /** One run per side, rate and seed. */
  seeds: readonly ComparisonSeed[];
  /** For every side without its own. */
  learningRates: readonly number[];
  /** Every side starts from the first side's values of the variables they share (default true). */
  shareWeights?: boolean;
  /** For the whole comparison. When it is spent, the run under way stops and the rest is listed in `missing`. */
  budget?: Budget;
  /** Called after each run, for example to store it. */
  onRun?: (run: ComparisonRun<ProbeValues<P & Q>>) => void | Promise<void>;
}

const { optimizer, loss, weightDecay, record, mode, schedule, probes } = TRAIN_OPTIONS;

const SIDE: Options<Side> = {
  ...{ name: needed(text), network: object, build: callback, learningRates: list },
  options: optionsOf<NonNullable<Side['options']>>({ optimizer, loss, weightDecay, record, mode, schedule, probes }),
};
const SEED = either(
  whole,
  having<{ weights: number; order: number }>('{ weights, order }', { weights: needed(whole), order: needed(whole) }),
);
/** What is a single run's alone: one object of options may be spread into `trainNetwork` as well. */
const RUN_NAMES = ['network', 'learningRate', 'seed', 'name', 'weightsSeed'];

const COMPARE_OPTIONS: Options<CompareOptions> = {
  ...without(TRAIN_OPTIONS, ['network', 'learningRate', 'seed', 'name', 'weightsSeed', 'batches']),
  ...{ sides: needed(own), seeds: needed(own), learningRates: needed(own), shareWeights: flag, onRun: callback },
};

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

/**
 * Trains several networks under the same conditions: per seed the same initial weights (of what they share), the same batches in
 * the same order, at each learning rate, with everything else equal. One after the other in this process; each side is
 * traced once, whatever the number of seeds and rates.
 *
 * @example
 * const comparison = await compare({
 *   sides: [
 *     { name: 'without', network: { kind: 'mlp', sizes, activation: 'sigmoid' } },
 *     { name: 'with BN', network: { kind: 'mlp', sizes, activation: 'sigmoid', norm: 'batch' } },
 *   ],
 *   seeds: [1, 2, 3], learningRates: [0.1, 1], data, steps: 1000, batchSize: 60,
 * });
 * accuracyBand(comparison, { side: 'with BN', learningRate: 1 }) // {steps, median, low, high, n}
 * @throws RangeError, before the first run, for no sides, seeds or rates, one of them given twice, or settings that make no sense
 */
export async function compare<P extends Probes = NoProbes, Q extends Probes = NoProbes>(
  options: CompareOptions<P, Q>,
): Promise<Comparison<ProbeValues<P & Q>>> {
  expectOptions('compare', options, COMPARE_OPTIONS, RUN_NAMES);
  const { sides, budget = {}, signal, onProgress, onRun, steps, batchSize } = options;
  checkSides(options);
  const seeds = options.seeds.map((seed) => (typeof seed === 'number' ? { weights: seed, order: seed } : seed));
  const began = Date.now();
  const seconds = () => (Date.now() - began) / 1000;
  const spent = () =>
    signal?.aborted ||
    (budget.seconds !== undefined && seconds() >= budget.seconds) ||
    (budget.bytes !== undefined && usedMemory() > budget.bytes);
  type Result = Comparison<ProbeValues<P & Q>>;
  const result: Result = { kind: 'comparison', version: 1, sides: [], seeds, shared: {}, runs: [], missing: [] };
  const data = prepareData(options.data, options.pixels, options.loss ?? 'crossEntropy');
  const stages: { side: Side; rates: number[]; network: Network; trainer: Trainer }[] = [];
  try {
    // All of it before the first run: an error found later would cost the runs made until then.
    for (const side of sides) {
      const settings = { ...options, ...side.options };
      for (const { order } of seeds)
        checkOptions({ ...settings, seed: { order, noise: order } }, data.train.x.shape[0]);
      for (const rate of ratesOf(side, options)) scheduleRates(rate, steps, settings.schedule);
    }
    for (const side of sides) {
      const network = built(side, seeds[0].weights);
      const rates = [...ratesOf(side, options)];
      stages.push({ side, rates, network, trainer: new Trainer({ ...options, ...side.options, network }) });
      const parameters = network.trainable.reduce((sum, v) => sum + v.size, 0);
      result.sides.push({ name: side.name, learningRates: rates, parameters });
    }
    const totalSteps = seeds.length * stages.reduce((sum, stage) => sum + stage.rates.length, 0) * steps;
    for (const [seedIndex, seed] of seeds.entries()) {
      // One array for every side and rate; its digest, in each history, shows it.
      const n = data.train.x.shape[0];
      const batches = batchIndices({ n, batch: batchSize, steps, random: new Random(seed.order, 'order') });
      const initial = initialWeights(options, seed.weights, result);
      for (const [i, { side, rates, network, trainer }] of stages.entries()) {
        for (const learningRate of rates) {
          if (spent()) {
            result.missing.push({ side: side.name, seedIndex, learningRate });
            continue;
          }
          network.restore(initial[i].weights);
          const stepsBefore = result.runs.length * steps;
          const run: TrainRunOptions = {
            ...options,
            ...side.options,
            name: `${side.name}, seed ${seed.weights}, rate ${learningRate}`,
            learningRate,
            seed: { order: seed.order, noise: seed.order },
            weightsSeed: seed.weights,
            batches,
            onProgress: onProgress && ((at) => onProgress(overall(at, stepsBefore, totalSteps, seconds()))),
            budget: {
              bytes: budget.bytes,
              seconds: budget.seconds === undefined ? undefined : Math.max(0, budget.seconds - seconds()),
            },
          };
          const history = (await trainer.train(run, data)) as History<ProbeValues<P & Q>>;
          // The step is shared by all seeds; this run's network is the one that its seed built.
          history.provenance.network = initial[i].description;
          result.runs.push({ side: side.name, seedIndex, learningRate, history });
          await onRun?.(result.runs[result.runs.length - 1]);
        }
      }
    }
    return result;
  } finally {
    for (const { network, trainer } of stages) {
      trainer.dispose();
      network.dispose();
    }
    data.dispose();
  }
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
const COMPARISON = resultOf<Comparison>('comparison', { sides: needed(listOf(COMPARED)), runs: needed(listOf(RUN)) });

function expectComparison(where: string, comparison: Comparison): void {
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
  const known = comparison.sides.find(({ name }) => name === side);
  if (!known) {
    const names = comparison.sides.map(({ name }) => `'${name}'`).join(', ');
    throw new RangeError(`comparison: no side ${shown(side)}; it has ${names}.`);
  }
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
  return { steps, ...quantileBand(series, options.low ?? 0.15, options.high ?? 0.85), n: histories.length, diverged };
}

/** Test accuracy (inference mode) as a band over seeds: see {@link bandOf}. */
export function accuracyBand(comparison: Comparison, options: BandOptions): Band {
  expectOptions('accuracyBand', options, BAND_OPTIONS);
  expectComparison('accuracyBand', comparison);
  return bandOf(comparison, options, (e) => e.test.accuracy ?? 0);
}

/** One line of a sweep's table. */
export interface SweepRow {
  /** Name of the side. */
  side: string;
  /** Base rate. */
  learningRate: number;
  /** Final test accuracy, one per seed that finished. */
  final: number[];
  /** Median of `final`; null when no run finished. */
  median: number | null;
  /** Runs that diverged; they count with the accuracy they were stopped at. */
  diverged: number;
}

/** A comparison, its table, and the rate chosen for each side. */
export interface Sweep<V extends Reported = Reported> {
  /** All runs. */
  comparison: Comparison<V>;
  /** One row per side and rate. */
  table: SweepRow[];
  /** By side; a side without a finished run has none. */
  best: Record<string, number>;
  /** The rule, in words. */
  rule: string;
  /** Sides whose best rate is the lowest or highest tried: the sweep does not show that it is a best one. */
  atEdge: string[];
}

/**
 * Chooses each side's learning rate from a comparison: the highest median final test accuracy over seeds; of equal ones the
 * smaller rate. The same rule for every side. Where runs are `missing`, a rate is judged by the seeds that finished, and not at all
 * where none did: `final` in the table shows how many.
 *
 * @throws RangeError when a side has no finished run
 */
export function chooseLearningRates(comparison: Comparison): Omit<Sweep, 'comparison'> {
  expectComparison('chooseLearningRates', comparison);
  const chosen = choose(comparison);
  const none = comparison.sides.find(({ name }) => !(name in chosen.best));
  if (none) throw new RangeError(`chooseLearningRates: side '${none.name}' has no finished run.`);
  return chosen;
}

/** The same, without the sides that have no finished run. */
function choose(comparison: Comparison): Omit<Sweep, 'comparison'> {
  const table: SweepRow[] = comparison.sides.flatMap(({ name, learningRates }) =>
    learningRates.map((learningRate) => {
      const histories = runsOf(comparison, name, learningRate);
      const final = histories.map(finalAccuracy);
      return {
        side: name,
        learningRate,
        final,
        median: final.length > 0 ? median(final) : null,
        diverged: histories.filter((history) => history.diverged).length,
      };
    }),
  );
  const best: Record<string, number> = {};
  const atEdge: string[] = [];
  for (const { name } of comparison.sides) {
    const rows = table.filter((row) => row.side === name && row.median !== null);
    if (rows.length === 0) continue;
    rows.sort((a, b) => b.median! - a.median! || a.learningRate - b.learningRate);
    best[name] = rows[0].learningRate;
    const rates = rows.map((row) => row.learningRate);
    if (best[name] === Math.min(...rates) || best[name] === Math.max(...rates)) atEdge.push(name);
  }
  const rule = 'highest median final test accuracy over the seeds; of equal ones the smaller rate';
  return { table, best, rule, atEdge };
}

/**
 * {@link compare} over several learning rates and {@link chooseLearningRates}: every side at its own best rate, and the whole
 * table to show that the choice was not made for one of them.
 *
 * Where a budget or a signal ends it early, the runs that finished are kept: `comparison.missing` lists the rest, and a side without any
 * has no entry in `best`.
 *
 * @example
 * const sweep = await learningRateSweep({ sides, seeds: [1, 2, 3], learningRates: [0.03, 0.1, 0.3, 1], ...rest });
 * table(sweep.table);
 * @throws as `compare`
 */
export async function learningRateSweep<P extends Probes = NoProbes, Q extends Probes = NoProbes>(
  options: CompareOptions<P, Q>,
): Promise<Sweep<ProbeValues<P & Q>>> {
  expectOptions('learningRateSweep', options, COMPARE_OPTIONS, RUN_NAMES);
  const comparison = await compare<P, Q>(options);
  return { comparison, ...choose(comparison) };
}

function checkSides(options: CompareOptions): void {
  const { sides = [], seeds = [], learningRates = [] } = options;
  expectArgument('compare', 'sides', sides, listOf(optionsOf(SIDE)));
  expectArgument('compare', 'seeds', seeds, listOf(SEED));
  expectArgument('compare', 'learningRates', learningRates, listOf(number));
  if (sides.length === 0)
    throw new RangeError('compare: no sides given; wanted at least one { name, network } or { name, build }.');
  if (seeds.length === 0) throw new RangeError('compare: no seeds given; wanted at least one, such as [1, 2, 3].');
  const keys = seeds.map((seed) =>
    (typeof seed === 'number' ? [seed, seed] : [seed.weights, seed.order]).join(' and '),
  );
  if (new Set(keys).size < keys.length) {
    const given = seeds.map((seed, i) => (typeof seed === 'number' ? seed : `weights and order ${keys[i]}`)).join(', ');
    throw new RangeError(
      `compare: seeds must differ, got ${given}. A seed given twice is the same run twice, and no second sample.`,
    );
  }
  const names = sides.map((side) => side.name);
  if (new Set(names).size < names.length) {
    throw new RangeError(`compare: side names must differ, got ${names.map((name) => `'${name}'`).join(', ')}.`);
  }
  for (const side of sides) {
    if ((side.network === undefined) === (side.build === undefined)) {
      throw new TypeError(
        `compare: side '${side.name}' must have a network (as data) or a function build, one of them; it has ${side.network === undefined ? 'none' : 'both'}.`,
      );
    }
    const rates = ratesOf(side, options);
    if (rates.length === 0) {
      throw new RangeError(`compare: no learning rates for side '${side.name}'; wanted at least one.`);
    }
    if (new Set(rates).size < rates.length) {
      throw new RangeError(
        `compare: learning rates of side '${side.name}' must differ, got ${rates.join(', ')}. The same run twice is no second sample.`,
      );
    }
  }
}

function ratesOf(side: Side, options: CompareOptions): readonly number[] {
  return side.learningRates ?? options.learningRates ?? [];
}

function built(side: Side, seed: number): Network {
  if (!side.build) return networkOf(side.network!, seed);
  const network = side.build(seed);
  expectArgument('compare', `what build() of side '${side.name}' returned`, network, aNetwork);
  return network;
}

/** Each side's weights before training: built from the seed, then the first side's values wherever labels are shared. */
function initialWeights(
  { sides, shareWeights = true }: CompareOptions,
  seed: number,
  result: Comparison,
): { weights: WeightsSnapshot; description: Json }[] {
  const networks: Network[] = [];
  try {
    return sides.map((side, i) => {
      const network = built(side, seed);
      networks.push(network);
      if (i > 0) result.shared[side.name] = shareWeights ? network.copyFrom(networks[0]) : [];
      return { weights: network.snapshot(), description: describe(network) };
    });
  } finally {
    for (const network of networks) network.dispose();
  }
}

function overall(at: TrainingProgress, before: number, steps: number, seconds: number): TrainingProgress {
  const step = before + at.step;
  return { ...at, step, steps, seconds, secondsLeft: step > 0 ? (seconds / step) * (steps - step) : NaN };
}
