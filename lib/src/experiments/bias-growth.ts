/** Section 2's first example: what becomes of a bias whose normalization the gradient does not know. */
import {
  abortSignal,
  callback,
  counting,
  expectOptions,
  flag,
  needed,
  oneOf,
  type Options,
  own,
  positive,
  whole,
  without,
} from '../core/checks';
import { toTensors } from '../data';
import { tf } from '../engine';
import { activation, batchMoments, dense, expectShape, sequential, type Network } from '../nn';
import { expectInputs, expectTargets } from '../probe/model';
import { stepSeries } from '../train/curves';
import { scheduleRates } from '../train/schedule';
import { checkOptions } from '../train/resolve';
import { Trainer } from '../train/trainer';
import { type TrainingProgress } from '../train/options';
import { DATA_SPEC, datasetOf, type DataSpec } from './data-spec';
import { type Definition, ofTraining } from './experiment';
import { SHIFT_OPTIONS, shiftThenNormalize, type ShiftThenNormalizeOptions } from './shift-then-normalize';

/** What {@link trainShifted} takes. */
export interface ShiftedOptions extends Omit<ShiftThenNormalizeOptions, 'name'> {
  /** Training inputs, [n, inputs] float32. */
  x: tf.Tensor;
  /** One-hot labels, [n, classes]. */
  y: tf.Tensor;
  /** Width of the layer. Default 100. */
  units?: number;
  /**
   * `shift`: b (and g) alone; W and what follows stay as they start, and u = W x is standardized once, so that centring and
   * scaling start from the same layer. `all`: W, b and the layer above. Default `shift`.
   */
  trains?: 'shift' | 'all';
  /** Rows per step. Default all n: E[x] is then the mean over the training set, as in the paper's example. */
  batchSize?: number;
  /** Number of gradient steps. */
  steps: number;
  /** Constant rate of plain gradient descent. */
  learningRate: number;
  /** Initial weights and order of the batches. */
  seed: number;
  /** Called as the run gets on. */
  onProgress?: (progress: TrainingProgress) => void;
  /** Aborting it ends the run, which then throws the signal's reason. */
  signal?: AbortSignal;
}

/** What is trained: see {@link ShiftedOptions}. */
const TRAINED = ['shift', 'all'] as const;

const SHIFTED_OPTIONS: Options<ShiftedOptions> = {
  ...without(SHIFT_OPTIONS, ['name']),
  ...{ x: needed(own), y: needed(own), units: counting },
  ...{ trains: oneOf(TRAINED), batchSize: own, steps: needed(own), learningRate: needed(own) },
  ...{ seed: needed(whole), onProgress: callback, signal: abortSignal },
};

/** What happened to b, g and the loss, step by step. */
export interface ShiftedRun {
  /** ||b|| before step t, t = 0 to `steps`. */
  b: number[];
  /** Loss of step t's batch before the step, in nats, t = 0 to `steps` - 1. */
  loss: number[];
  /** ||dl/db|| as step t saw it. */
  gradient: number[];
  /** g of every unit before step t, [steps + 1][units]; null without `scale`. */
  g: number[][] | null;
  /** dl/dg of every unit at the first step; null without `scale`. */
  firstGradientOfG: number[] | null;
}

/**
 * Trains one normalized sigmoid layer of `units` and a softmax above it by gradient descent, and follows b.
 *
 * With the statistics outside the gradient and all else frozen, section 2's argument says: dl/db does not change, since the
 * output does not; ||b|| after t steps is learningRate * ||dl/db|| * t, and the loss is constant. With g as well and scaling,
 * g^2 moves by -2 learningRate c t, c = dl/dg at g = 1 (to first order in the rate), until it reaches 0.
 *
 * @returns plain numbers; nothing is left on the engine
 * @throws RangeError for data or settings that do not fit; the signal's reason for a run that was aborted
 * @example const { b, loss } = await trainShifted({ x, y, statistics: 'detached', steps: 100, learningRate: 1, seed: 1 });
 */
export async function trainShifted(options: ShiftedOptions): Promise<ShiftedRun> {
  expectOptions('trainShifted', options, SHIFTED_OPTIONS);
  const {
    x,
    y,
    units = 100,
    trains = 'shift',
    batchSize = x?.shape?.[0],
    steps,
    learningRate,
    seed,
    onProgress,
    signal,
    ...layer
  } = options;
  expectInputs('trainShifted', x);
  expectShape(x, [null, null], 'trainShifted: x');
  expectTargets('trainShifted', x, y);
  expectShape(y, [null, null], 'trainShifted: y');
  checkOptions({ steps, batchSize, seed }, x.shape[0]);
  scheduleRates(learningRate, steps);
  const n = x.shape[0];
  const below = dense(x.shape[1]!, units, { name: 'layer1', bias: false, seed });
  const shift = shiftThenNormalize(units, layer);
  const above = dense(units, y.shape[1]!, { name: 'layer2', seed });
  const middle = [shift, activation('sigmoid'), above];
  const network: Network = sequential(trains === 'all' ? [below, ...middle] : middle);
  if (trains === 'shift') above.frozen = true;
  const inputs = trains === 'all' ? x.clone() : tf.tidy(() => standardized(below.apply(x, { training: true })));
  const trainer = new Trainer({
    network,
    record: ({ loss, gradients, after }) => ({
      loss,
      b: tf.norm(after['shift/b']),
      gradient: tf.norm(gradients['shift/b']),
      ...(shift.g ? { g: after['shift/g'], gradientOfG: gradients['shift/g'] } : {}),
    }),
  });
  try {
    const train = { x: inputs, y };
    const history = await trainer.train({
      data: { train, test: train },
      ...{ steps, batchSize, learningRate, seed, signal, onProgress },
      evaluate: { at: [], batchSize: n },
      divergenceBound: Infinity,
    });
    signal?.throwIfAborted();
    const rows = (name: string) => history.perStep[name] as number[][];
    return {
      b: [0, ...stepSeries(history, 'b')],
      loss: stepSeries(history, 'loss'),
      gradient: stepSeries(history, 'gradient'),
      g: shift.g ? [Array<number>(units).fill(1), ...rows('g')] : null,
      firstGradientOfG: shift.g ? rows('gradientOfG')[0] : null,
    };
  } finally {
    trainer.dispose();
    network.dispose();
    below.dispose();
    inputs.dispose();
  }
}

/** Each column with mean 0 and variance 1. */
function standardized(u: tf.Tensor): tf.Tensor {
  const { centred, variance } = batchMoments(u);
  return tf.mul(centred, tf.rsqrt(variance));
}

/** {@link ShiftedOptions} as data. */
export interface BiasGrowthSpec extends Required<Omit<ShiftThenNormalizeOptions, 'name'>> {
  /** Whose first training examples are the training set. */
  data: DataSpec;
  /** Number of training examples; default all of the data. */
  examples?: number;
  /** Width of the layer. */
  units: number;
  /** b (and g) alone, or everything. */
  trains: 'shift' | 'all';
  /** Rows per step; default all. */
  batchSize?: number;
  /** Number of gradient steps. */
  steps: number;
  /** Constant rate of plain gradient descent. */
  learningRate: number;
  /** Initial weights and order of the batches. */
  seed: number;
}

export const definition: Definition<BiasGrowthSpec, ShiftedRun> = {
  name: 'bias-growth',
  version: 1,
  question: 'Does the bias grow without bound, the loss fixed, when the gradient takes the statistics for constants?',
  whenAborted: 'throws',
  defaults: {
    ...{ data: { kind: 'digits', train: 600, test: 10 }, units: 100, trains: 'shift', steps: 100, learningRate: 1 },
    ...{ seed: 1, normalize: 'center', statistics: 'detached', scale: false, affine: false },
  },
  options: {
    ...{ data: needed(DATA_SPEC), examples: counting, units: needed(counting), trains: needed(oneOf(TRAINED)) },
    ...{ batchSize: counting, steps: needed(counting), learningRate: needed(positive), seed: needed(whole) },
    ...{ normalize: needed(SHIFT_OPTIONS.normalize), statistics: needed(SHIFT_OPTIONS.statistics) },
    ...{ scale: needed(flag), affine: needed(flag) },
  },
  compute: async ({ data, examples, ...options }, control) => {
    const { signal } = control;
    const { train } = await datasetOf(data, { signal });
    const tensors = toTensors(train, { limit: examples });
    try {
      return await trainShifted({ ...options, ...tensors, signal, onProgress: ofTraining(control) });
    } finally {
      tf.dispose([tensors.x, tensors.y]);
    }
  },
};
