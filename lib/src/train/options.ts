/** What a training run takes, as it is given. resolve.ts fills in what is left out and checks it. */
import {
  abortSignal,
  callback,
  expectOptions,
  flag,
  listOf,
  needed,
  numbers,
  oneOf,
  type Options,
  optionsOf,
  own,
  text,
  whole,
} from '../core/checks';
import type { tf } from '../engine';
import type { Dataset } from '../data';
import type { Layer } from '../nn';
import type { Loss, LossName } from '../nn/loss';
import type { LabelledBatch, Probes } from '../probe/types';
import type { Evaluation } from './history';
import type { OptimizerName, OptimizerSettings, WeightDecay } from './optimizer';
import type { Schedule } from './schedule';

/** Training and test set as tensors, with a name for the provenance. */
export interface TensorData {
  /** For the provenance. Default `'tensors'`. */
  name?: string;
  /** x [n, ...] float32, finite; y [n, classes] one-hot, or targets of a regression. */
  train: LabelledBatch;
  /** As `train`. */
  test: LabelledBatch;
}

/** What a run trains and tests on: a data set as `loadDataset` gives it, or tensors. */
export type TrainingData = Dataset | TensorData;

/** What `record` sees after each step; tensors by the network's labels (`layer1/weights`), those of trainable variables. */
export interface StepRecord {
  /** Training loss of the step, before it changed the weights. */
  loss: tf.Scalar;
  /** Of the loss, before weight decay. */
  gradients: Record<string, tf.Tensor>;
  /** Weights before and after the step. */
  before: Record<string, tf.Tensor>;
  /** Weights after the step. */
  after: Record<string, tf.Tensor>;
}

/** What is fixed for a {@link Trainer}: everything that is part of the step. */
export interface StepOptions {
  /** What is trained; it keeps the trained weights. */
  network: Layer;
  /** Default `'sgd'`. */
  optimizer?: OptimizerName | OptimizerSettings;
  /** Default `'crossEntropy'`. */
  loss?: LossName | Loss;
  /** L2 or decoupled; a number means L2, null none, as in a history. */
  weightDecay?: number | WeightDecay | null;
  /** Small tensors to keep from every step, computed in the step itself: norms, angles. Part of the trace. */
  record?: (at: StepRecord) => Record<string, tf.Tensor>;
  /** `'auto'` (default): as a graph where the engine can. `'eager'`: step by step, for comparison. */
  mode?: 'auto' | 'graph' | 'eager';
}

/** How far a run is. */
export interface TrainingProgress {
  /** Steps done. */
  step: number;
  /** Steps in all. */
  steps: number;
  /** Seconds since the run began. */
  seconds: number;
  /** Estimate of the seconds left, from the pace so far. */
  secondsLeft: number;
  /** Last training loss read; NaN before the first. */
  loss: number;
  /** Which run, where there are several. */
  name: string;
  /** In a comparison: which run, as data. */
  run?: RunningSide;
  /** What was just seen of the network; absent between two evaluation points. */
  evaluation?: Evaluation;
}

/** Which run of a comparison. */
export interface RunningSide {
  /** Name of the side. */
  side: string;
  /** Its place among the comparison's seeds. */
  seedIndex: number;
  /** Base rate. */
  learningRate: number;
}

/** Upper bounds at which a run stops and keeps what it has. */
export interface Budget {
  /** Wall time. */
  seconds?: number;
  /** Resident memory of the process. */
  bytes?: number;
}

/** When a run is evaluated, on what, and how. */
export interface EvaluationOptions {
  /** Before the first step, after every so many, and after the last. Default: a twentieth of the steps. */
  every?: number;
  /** After these numbers of steps instead (0 is before the first); the last step is always added. */
  at?: number[];
  /** Rows per forward pass; default 1000. */
  batchSize?: number;
  /** Also the test set in training mode, with mini-batches of the run's `batchSize`. */
  trainingMode?: boolean;
  /** Also the first so many training examples. */
  train?: number;
  /**
   * What batch normalization uses: `'moving'` averages (default), or `'population'` statistics of 50 training mini-batches,
   * taken anew at each evaluation point; the moving averages stay.
   */
  inference?: 'moving' | 'population';
}

/** What can differ from run to run of one {@link Trainer}. */
export interface TrainRunOptions<P extends Probes = Probes> {
  /** What to train and test on. */
  data: TrainingData;
  /** Number of updates, at least 1. */
  steps: number;
  /** Examples per update (the m of a dense layer), from 1 to the size of the training set. */
  batchSize: number;
  /** Base rate, above 0. */
  learningRate: number;
  /** Factor on the learning rate over the steps; default constant. */
  schedule?: Schedule;
  /** Order of the batches and noise inside the step, separately if need be. */
  seed: number | { order: number; noise: number };
  /** For the provenance: the seed the network was built with. */
  weightsSeed?: number;
  /** When and how the network is evaluated on the way. Default: 21 times, by its loss and accuracy on the test set. */
  evaluate?: EvaluationOptions;
  /**
   * What to look at, at every evaluation point; the results go into `evaluations[i].probes`, by these names. What one throws
   * ends the run with that error, except in a network that has diverged, where it counts as null.
   */
  probes?: P | Probes;
  /** Row numbers of the batches, `steps * batchSize`, instead of random epochs. */
  rows?: Int32Array;
  /** For a data set: `'grey'` (default) or `'binary'` pixels. */
  pixels?: 'grey' | 'binary';
  /** Training loss above which the run ends as diverged; default 1000. Infinity, or null as in a history: only NaN and infinity end it. */
  divergenceBound?: number | null;
  /** Stands in the history and in progress. Default the network's name. */
  name?: string;
  /** Called as the run gets on, and after every evaluation. */
  onProgress?: (progress: TrainingProgress) => void;
  /** Aborting it ends the run between steps; the history holds what was done. A notebook's Stop button does the same. */
  signal?: AbortSignal;
  /** Bounds of time and memory. */
  budget?: Budget;
}

/** Everything {@link trainNetwork} takes. */
export type TrainOptions<P extends Probes = Probes> = StepOptions & TrainRunOptions<P>;

const STEP_OPTIONS: Options<StepOptions> = {
  ...{ network: needed(own), optimizer: own, loss: own, weightDecay: own, record: callback, mode: own },
};

const BUDGET: Options<Budget> = { seconds: own, bytes: own };

const EVALUATION_OPTIONS: Options<EvaluationOptions> = {
  ...{ every: own, at: listOf(own), batchSize: own, trainingMode: flag, train: own, inference: own },
};

const RUN_OPTIONS: Options<TrainRunOptions> = {
  ...{ data: needed(own), steps: needed(own), batchSize: needed(own), learningRate: needed(own), schedule: own },
  ...{ seed: needed(own), weightsSeed: whole, evaluate: optionsOf(EVALUATION_OPTIONS), probes: own, rows: numbers },
  ...{ pixels: oneOf(['grey', 'binary']), divergenceBound: own, name: text, onProgress: callback, signal: abortSignal },
  budget: optionsOf(BUDGET),
};

/** The options of a step and of a run, for whoever hands them on. */
export const TRAIN_OPTIONS: Options<TrainOptions> = { ...STEP_OPTIONS, ...RUN_OPTIONS };

/** What only `compare` takes: one object of options may be spread into both. */
const COMPARISON_NAMES = ['sides', 'seeds', 'learningRates', 'shareWeights', 'onRun', 'lanes'];

/** Throws for names of options that neither a step nor a run has, and for values of another kind. */
export function expectTrainOptions(where: string, options: TrainOptions): void {
  expectOptions(where, options, TRAIN_OPTIONS, COMPARISON_NAMES);
}

/** The same for what belongs to the step; options of a run may stand beside it. */
export function expectStepOptions(where: string, options: StepOptions): void {
  expectOptions(where, options, STEP_OPTIONS, [...Object.keys(RUN_OPTIONS), ...COMPARISON_NAMES]);
}

/** The same for what belongs to a run; options of the step may stand beside it. */
export function expectRunOptions(where: string, options: TrainRunOptions): void {
  expectOptions(where, options, RUN_OPTIONS, [...Object.keys(STEP_OPTIONS), ...COMPARISON_NAMES]);
}
