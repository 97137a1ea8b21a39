/** What a comparison takes, and the same with nothing left out. */
import {
  callback,
  counting,
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
  text,
  whole,
  without,
} from '../core/checks';
import { networkOf, type Network, type NetworkSpec } from '../nn';
import type { Probes, ProbeValues } from '../probe/types';
import type { ComparisonRun } from './comparison';
import { TRAIN_OPTIONS, type Budget, type StepOptions, type TrainRunOptions } from './options';
import { resolveRun, resolveStep, type ResolvedRun, type ResolvedStep } from './resolve';
import { scheduleRates } from './schedule';

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
    Omit<TrainRunOptions, 'learningRate' | 'seed' | 'name' | 'weightsSeed' | 'rows' | 'budget' | 'probes'> {
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
  /**
   * Processes that make the runs, this one included; the numbers are the same. 1: this one alone. Default: where the steps are so small
   * that each runs on one thread, one a processor (or what `BNLAB_LANES` says) as soon as that is faster; else this one.
   */
  lanes?: number;
  /** Called after each run, in the order of the comparison's runs, for example to store it. */
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
  ...without(TRAIN_OPTIONS, ['network', 'learningRate', 'seed', 'name', 'weightsSeed', 'rows']),
  ...{ sides: needed(own), seeds: needed(own), learningRates: needed(own), shareWeights: flag, onRun: callback },
  lanes: counting,
};

/** Throws for names of options that a comparison does not have, and for values of another kind. */
export function expectCompareOptions(where: string, options: unknown): void {
  expectOptions(where, options, COMPARE_OPTIONS, RUN_NAMES);
}

/** A side with nothing left out. */
export interface ResolvedSide {
  name: string;
  build: (seed: number) => Network;
  /** The step that trains one of its networks. */
  step: (network: Network) => ResolvedStep;
  /** Its runs, but for what differs from run to run: name, seeds, rows, rate. */
  run: ResolvedRun;
  /** Base rates, each with the rate of every step. */
  rates: { learningRate: number; rates: Float32Array }[];
}

/** A comparison with nothing left out. */
export interface ResolvedComparison {
  sides: ResolvedSide[];
  seeds: { weights: number; order: number }[];
  shareWeights: boolean;
  /** Decides what the data are checked for. */
  loss: StepOptions['loss'];
  onRun?: (run: never) => void | Promise<void>;
  /** Processes that the caller asks for. */
  lanes: number | undefined;
  /** As it was given, for other processes to resolve. */
  given: Omit<CompareOptions, 'onRun'>;
}

/** The options of a comparison, whatever its probes report. */
type AnyCompareOptions = Omit<CompareOptions, 'onRun'> & Pick<ResolvedComparison, 'onRun'>;

/** Options whose names have been looked at, resolved: what is wrong with a run is found before the first. */
export function resolveComparison(options: AnyCompareOptions): ResolvedComparison {
  checkSides(options);
  const seeds = options.seeds.map((seed) => (typeof seed === 'number' ? { weights: seed, order: seed } : seed));
  return {
    sides: options.sides.map((side) => resolveSide(side, options, seeds[0].order)),
    seeds,
    shareWeights: options.shareWeights ?? true,
    loss: options.loss,
    onRun: options.onRun,
    lanes: options.lanes,
    given: options,
  };
}

function resolveSide(side: Side, options: AnyCompareOptions, seed: number): ResolvedSide {
  const settings = { ...options, ...side.options };
  const given = ratesOf(side, options);
  return {
    name: side.name,
    build: (weights) => built(side, weights),
    step: (network) => resolveStep({ ...settings, network }),
    run: resolveRun({ ...settings, learningRate: given[0], seed }, side.name),
    rates: given.map((learningRate) => ({
      learningRate,
      rates: scheduleRates(learningRate, options.steps, settings.schedule),
    })),
  };
}

function checkSides(options: AnyCompareOptions): void {
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

function ratesOf(side: Side, options: AnyCompareOptions): readonly number[] {
  return side.learningRates ?? options.learningRates ?? [];
}

function built(side: Side, seed: number): Network {
  if (!side.build) return networkOf(side.network!, seed);
  const network = side.build(seed);
  expectArgument('compare', `what build() of side '${side.name}' returned`, network, aNetwork);
  return network;
}
