/** A comparison as data: sides, rates, seeds, data and steps as plain JSON. */
import {
  counting,
  having,
  listOf,
  needed,
  notNegative,
  oneOf,
  type Options,
  positive,
  text,
  whole,
} from '../core/checks';
import { NETWORK_KINDS, type NetworkSpec } from '../nn';
import type { NoProbes, Probes, ProbeValues } from '../probe/types';
import { compare } from '../train/compare';
import { runsOf, type Comparison } from '../train/comparison';
import type { History, Reported } from '../train/history';
import { type CompareOptions } from '../train/compare-options';
import { OPTIMIZERS, type OptimizerName } from '../train/optimizer';
import { stored, type Json } from '../core/json';
import { DATA_SPEC, datasetOf, type DataSpec } from './data-spec';
import { ofTraining, type RunControl } from './experiment';

/** A network of a comparison. */
export interface SideSpec {
  /** Each side its own. */
  name: string;
  /** What is trained. */
  network: NetworkSpec;
}

/** How networks are trained. */
export interface TrainingSpec {
  /** What they are trained and tested on. */
  data: DataSpec;
  /** Grey values, or black and white as in the paper. */
  pixels: 'grey' | 'binary';
  /** Updates of each run. */
  steps: number;
  /** Examples per update. */
  batchSize: number;
  /** Evaluation points after the first, evenly spread. */
  evaluations: number;
  /** Training rule. */
  optimizer: OptimizerName;
  /** L2 factor; 0 for none. */
  weightDecay: number;
}

/** Everything that decides the numbers of a comparison. */
export interface ComparisonSpec extends TrainingSpec {
  /** What is compared; the first lends its weights to the others. */
  sides: SideSpec[];
  /** Every side runs at each. */
  learningRates: number[];
  /** Of weights and batches: one run per side, rate and seed. */
  seeds: number[];
}

/** What a network as data must be at the door; the function that builds it checks the rest. */
export const NETWORK_SPEC = having<NetworkSpec>("a network such as { kind: 'mlp', sizes: [784, 100, 10] }", {
  kind: needed(oneOf(NETWORK_KINDS)),
});

export const TRAINING_SPEC: Options<TrainingSpec> = {
  ...{ data: needed(DATA_SPEC), pixels: needed(oneOf(['grey', 'binary'])), steps: needed(counting) },
  ...{ batchSize: needed(counting), evaluations: needed(counting), weightDecay: needed(notNegative) },
  optimizer: needed(oneOf(OPTIMIZERS)),
};

export const COMPARISON_SPEC: Options<ComparisonSpec> = {
  sides: needed(listOf(having<SideSpec>('{ name, network }', { name: needed(text), network: needed(NETWORK_SPEC) }))),
  ...{ learningRates: needed(listOf(positive)), seeds: needed(listOf(whole)), ...TRAINING_SPEC },
};

/** The paper's network of section 4.1, without and with batch normalization: three hidden layers of 100 sigmoid units. */
export const PAPER_SIDES: SideSpec[] = (['none', 'batch'] as const).map((norm) => ({
  name: norm === 'none' ? 'no BN' : 'BN',
  network: { kind: 'mlp', sizes: [784, 100, 100, 100, 10], activation: 'sigmoid', norm },
}));

/** A comparison of seconds. */
export const SMALL_COMPARISON: ComparisonSpec = {
  ...{ sides: PAPER_SIDES, learningRates: [0.1, 1, 10], seeds: [1, 2, 3] },
  ...{
    data: { kind: 'digits', train: 5000, test: 1000 },
    pixels: 'binary',
    steps: 200,
    batchSize: 60,
    evaluations: 10,
  },
  ...{ optimizer: 'sgd', weightDecay: 0 },
};

/** Runs the comparison that a specification describes; what a signal leaves out is in `missing`. */
export async function comparisonOf<P extends Probes = NoProbes>(
  spec: ComparisonSpec,
  control: RunControl,
  further: Pick<CompareOptions<P>, 'probes' | 'record' | 'divergenceBound'> = {},
): Promise<Comparison<ProbeValues<P>>> {
  const { data, evaluations, weightDecay, ...settings } = spec;
  return compare<P>({
    ...settings,
    ...further,
    data: await datasetOf(data, { signal: control.signal }),
    evaluate: { every: Math.ceil(spec.steps / evaluations) },
    weightDecay: weightDecay === 0 ? null : weightDecay,
    signal: control.signal,
    onProgress: reporting(spec.seeds, control),
  });
}

/** Progress for a person, and every look at a network for whoever draws as it trains. */
function reporting(seeds: readonly number[], control: RunControl): CompareOptions['onProgress'] {
  const progress = ofTraining(control);
  const { onPoint } = control;
  if (!onPoint) return progress;
  return (at) => {
    progress?.(at);
    reportPoint(at, seeds, onPoint);
  };
}

/** Hands on what training says of a look at a network, where it says that. */
export function reportPoint(
  { run, evaluation }: Parameters<NonNullable<CompareOptions['onProgress']>>[0],
  seeds: readonly number[],
  onPoint: NonNullable<RunControl['onPoint']>,
): void {
  if (!run || !evaluation) return;
  const { side, seedIndex, learningRate } = run;
  onPoint({ side, seed: seeds[seedIndex], learningRate, evaluation: stored(evaluation) });
}

/** Whose reading it is. */
export interface SideAtRate {
  /** Name of the side. */
  side: string;
  /** Base rate. */
  learningRate: number;
}

/** A run that was not made, or not to its end. */
export interface MissingRun extends SideAtRate {
  /** Seed of weights and batches. */
  seed: number;
}

/** What every answer drawn from a comparison says besides. */
export interface ComparisonAnswer {
  /** What a stop left out. */
  missing: MissingRun[];
  /** Engine, data and commit. */
  origin: Origin | null;
}

/** {@link ComparisonAnswer} of a comparison. */
export function answerOf(comparison: Comparison): ComparisonAnswer {
  return { missing: missingRuns(comparison), origin: originOf(comparison) };
}

/** One reading of each side at each rate that has a finished run, given those runs, one per seed. */
export function bySideAndRate<V extends Reported, T>(
  comparison: Comparison<V>,
  read: (runs: History<V>[]) => T,
): (T & SideAtRate)[] {
  return comparison.sides.flatMap(({ name: side, learningRates }) =>
    learningRates.flatMap((learningRate) => {
      const runs = runsOf(comparison, side, learningRate);
      return runs.length === 0 ? [] : [{ side, learningRate, ...read(runs) }];
    }),
  );
}

/** Runs that a stop left out or cut short. */
function missingRuns({ missing, runs, seeds }: Comparison): MissingRun[] {
  const cut = runs.filter(({ history }) => history.stopped !== null);
  return [...cut, ...missing].map(({ side, seedIndex, learningRate }) => ({
    ...{ side, seed: seeds[seedIndex].weights, learningRate },
  }));
}

/** Where the numbers of a comparison come from. */
export interface Origin {
  /** The engine card. */
  engine: Json;
  /** Data set, with its digest. */
  data: Json;
  /** Of the library. */
  commit: string | null;
}

/** The same for every run; null where none was made. */
function originOf({ runs }: Comparison): Origin | null {
  if (runs.length === 0) return null;
  const { engine, data, commit } = runs[0].history.provenance;
  return { engine, data, commit };
}
