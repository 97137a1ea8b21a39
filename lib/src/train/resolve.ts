/** Options of training, resolved once: every default filled in, everything checked that can be before the data are there. */
import { expectArgument, having, needed, shown, whole } from '../core/checks';
import type { Layer } from '../nn';
import { expectOneOf } from '../nn/checks';
import { lossOf, type Loss } from '../nn/loss';
import { expectNetwork } from '../probe/model';
import type { Probe, Probes } from '../probe/types';
import type { Seeds } from './history';
import { resolveOptimizer, resolveWeightDecay, type OptimizerSettings, type WeightDecay } from './optimizer';
import type {
  Budget,
  EvaluationOptions,
  StepOptions,
  TrainingData,
  TrainingProgress,
  TrainOptions,
  TrainRunOptions,
} from './options';
import { scheduleRates, type Schedule } from './schedule';
import { expectSnapshot, type TrainingSnapshot } from './snapshot-data';

/** A training step with nothing left out. */
export interface ResolvedStep {
  network: Layer;
  optimizer: Required<OptimizerSettings>;
  weightDecay: Required<WeightDecay> | null;
  loss: Loss;
  /** As a history names it: `'custom'` for a function. */
  lossName: string;
  record: StepOptions['record'] | null;
  mode: 'auto' | 'graph' | 'eager';
}

/** When and how a run looks at its network, with nothing left out. */
export interface ResolvedEvaluation {
  /** Steps after which to look, ascending; the last step is among them. */
  points: number[];
  /** Most rows per forward pass. */
  batchSize: number;
  /** Whether the test set is also scored in training mode. */
  trainingMode: boolean;
  /** So many training examples are scored as well; 0 for none. */
  train: number;
  inference: 'moving' | 'population';
  probes: { name: string; probe: Probe }[];
}

/** A run with nothing left out. */
export interface ResolvedRun {
  data: TrainingData;
  pixels: 'grey' | 'binary';
  steps: number;
  batchSize: number;
  learningRate: number;
  schedule: Schedule;
  /** The rate of every step. */
  rates: Float32Array;
  seeds: Seeds;
  /** Row numbers of all batches, or null for random epochs. */
  rows: Int32Array | null;
  /** Infinity for none. */
  divergenceBound: number;
  evaluation: ResolvedEvaluation;
  name: string;
  onProgress: ((progress: TrainingProgress) => void) | null;
  signal: AbortSignal | null;
  budget: Budget;
  /** null from the start. */
  resume: TrainingSnapshot | null;
  onSnapshot: ((snapshot: TrainingSnapshot) => void | Promise<void>) | null;
}

/** A step and a run of it. */
export interface ResolvedTraining {
  step: ResolvedStep;
  run: ResolvedRun;
}

/** Options whose names have been looked at, resolved. */
export function resolveTraining(options: TrainOptions): ResolvedTraining {
  return { step: resolveStep(options), run: resolveRun(options, options.network.name) };
}

/** The step of {@link resolveTraining}. */
export function resolveStep(options: StepOptions): ResolvedStep {
  const { network, optimizer, loss, weightDecay, record = null, mode = 'auto' } = options;
  expectNetwork('trainNetwork', network);
  expectOneOf('trainNetwork', 'mode', mode, ['auto', 'graph', 'eager']);
  expectTrainable(network);
  if ((loss as string) === 'custom') {
    throw new RangeError("trainNetwork: loss 'custom' stands in a history for a function of yours; give the function.");
  }
  return {
    network,
    optimizer: resolveOptimizer(optimizer),
    weightDecay: resolveWeightDecay(weightDecay),
    loss: lossOf(loss),
    lossName: typeof loss === 'function' ? 'custom' : (loss ?? 'crossEntropy'),
    record,
    mode,
  };
}

/** The run of {@link resolveTraining}, called as `networkName` unless it has a name of its own. */
export function resolveRun(options: TrainRunOptions, networkName: string): ResolvedRun {
  checkOptions(options);
  if (options.resume !== undefined) expectSnapshot('trainNetwork', options.resume, options.steps);
  const { data, steps, batchSize, learningRate, schedule = { kind: 'constant' }, seed } = options;
  const { order, noise } = typeof seed === 'number' ? { order: seed, noise: seed } : seed;
  return {
    data,
    pixels: options.pixels ?? 'grey',
    steps,
    batchSize,
    learningRate,
    schedule,
    rates: scheduleRates(learningRate, steps, schedule),
    seeds: { weights: options.weightsSeed ?? null, order, noise },
    rows: options.rows ?? null,
    divergenceBound: boundOf(options),
    evaluation: resolveEvaluation(options),
    name: options.name ?? networkName,
    onProgress: options.onProgress ?? null,
    signal: options.signal ?? null,
    budget: options.budget ?? {},
    resume: options.resume ?? null,
    onSnapshot: options.onSnapshot ?? null,
  };
}

function resolveEvaluation({ steps, evaluate = {}, probes = {} }: TrainRunOptions): ResolvedEvaluation {
  return {
    points: evaluationPoints(steps, evaluate),
    batchSize: evaluate.batchSize ?? 1000,
    trainingMode: evaluate.trainingMode ?? false,
    train: evaluate.train ?? 0,
    inference: evaluate.inference ?? 'moving',
    probes: Object.entries(probes).map(([name, given]) => ({
      name,
      probe: typeof given === 'function' ? { measure: given } : given,
    })),
  };
}

/** Throws for a batch that is larger than the training set, or row numbers that are not of it. */
export function expectToFit({ batchSize, steps, rows }: ResolvedRun, n: number): void {
  expectBatchSize(batchSize, n);
  if (!rows) return;
  const length = steps * batchSize;
  if (rows.length !== length) {
    throw new RangeError(`rows: wanted steps * batchSize = ${length} row numbers, got ${rows.length}.`);
  }
  const bad = rows.findIndex((row) => !Number.isInteger(row) || row < 0 || row >= n);
  if (bad >= 0) throw new RangeError(`rows: entry ${bad} is row ${rows[bad]}; wanted 0 to ${n - 1}.`);
}

/** Throws where nothing would be trained. */
export function expectTrainable({ trainable, name }: Layer): void {
  if (trainable.length > 0) return;
  throw new RangeError(`trainNetwork: network '${name}' has no trainable variable. Are all its layers frozen?`);
}

/** Refuses settings that make no sense; with `n` training examples known, also a batch that does not fit. */
export function checkOptions(options: Omit<TrainRunOptions, 'data' | 'learningRate'>, n?: number): void {
  expectSize('steps', options.steps ?? NaN);
  expectSize('batchSize', options.batchSize ?? NaN);
  if (n !== undefined) expectBatchSize(options.batchSize, n);
  if (options.probes !== undefined) expectProbes(options.probes);
  checkEvaluation(options.evaluate ?? {}, options.steps);
  for (const [name, bound] of Object.entries(options.budget ?? {})) {
    if (bound === undefined || (typeof bound === 'number' && bound >= 0)) continue;
    throw new RangeError(`budget.${name}: wanted zero or above, got ${shown(bound)}.`);
  }
  const bound = boundOf(options);
  if (typeof bound !== 'number' || !(bound > 0)) {
    throw new RangeError(`divergenceBound: wanted a loss above zero, got ${shown(bound)}.`);
  }
  if (typeof options.seed !== 'number') expectArgument('trainNetwork', 'seed', options.seed, SEED_PAIR);
  else if (!Number.isSafeInteger(options.seed)) {
    throw new RangeError(`seed: wanted a whole number, got ${shown(options.seed)}.`);
  }
}

function checkEvaluation({ every, at, batchSize, train, inference }: EvaluationOptions, steps: number): void {
  expectSize('evaluate.every', every);
  expectSize('evaluate.batchSize', batchSize);
  expectSize('evaluate.train', train);
  if (every !== undefined && at !== undefined) {
    throw new RangeError('evaluate: every and at were both given; wanted one of them.');
  }
  for (const point of at ?? []) {
    if (!Number.isInteger(point) || point < 0 || point > steps) {
      throw new RangeError(`evaluate.at: wanted whole numbers from 0 to ${steps} (steps), got ${shown(point)}.`);
    }
  }
  if (inference !== undefined && inference !== 'moving' && inference !== 'population') {
    throw new RangeError(`evaluate.inference: ${shown(inference)} is not known; wanted 'moving' or 'population'.`);
  }
}

function expectProbes(probes: Probes): void {
  expectArgument('probes', 'probes', probes, PROBES);
  for (const [name, probe] of Object.entries(probes)) {
    if (typeof (typeof probe === 'function' ? probe : probe?.measure) === 'function') continue;
    throw new TypeError(`probes.${name}: wanted a function or { taps, measure }, got ${typeof probe}.`);
  }
}

function expectSize(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value >= 1)) return;
  throw new RangeError(`${name}: wanted a whole number of at least 1, got ${shown(value)}.`);
}

/** Throws for a mini-batch larger than the training set. */
export function expectBatchSize(batchSize: number, n: number): void {
  if (batchSize <= n) return;
  throw new RangeError(`batchSize: ${batchSize} is more than the ${n} training examples; wanted 1 to ${n}.`);
}

/** The loss above which a run has diverged; a history says null for Infinity, which JSON does not have. */
function boundOf({ divergenceBound = 1000 }: Pick<TrainRunOptions, 'divergenceBound'>): number {
  return divergenceBound ?? Infinity;
}

/** Probes by name. */
const PROBES = having('probes by name', {});

const SEED_PAIR = having<{ order: number; noise: number }>('a whole number or { order, noise }', {
  ...{ order: needed(whole), noise: needed(whole) },
});

/** Steps after which to evaluate, ascending. */
function evaluationPoints(steps: number, { every = Math.ceil(steps / 20), at }: EvaluationOptions): number[] {
  const points = at ? [...at] : Array.from({ length: Math.ceil(steps / every) }, (_, i) => i * every);
  return [...new Set([...points, steps])].sort((a, b) => a - b);
}
