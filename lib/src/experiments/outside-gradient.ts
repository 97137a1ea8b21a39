/** Section 2's first example: a layer whose normalization the gradient knows, or does not know. */
import {
  checkedOptions,
  counting,
  expectOptions,
  flag,
  needed,
  oneOf,
  type Options,
  own,
  whole,
  without,
} from '../core/checks';
import { tf } from '../engine';
import {
  activation,
  BaseLayer,
  batchMoments,
  batchNorm,
  dense,
  expectShape,
  sequential,
  stopGradient,
  type ApplyContext,
  type Network,
} from '../nn';
import { expectCount } from '../nn/checks';
import { expectInputs, expectTargets } from '../probe/model';
import { scheduleRates } from '../train/schedule';
import { checkOptions } from '../train/resolve';
import { Trainer } from '../train/trainer';

/** What {@link shiftThenNormalize} takes. */
export interface ShiftThenNormalizeOptions {
  /** Label of the variables and taps. Default `shift`. */
  name?: string;
  /** `center`: xHat = x - E[x]. `both`: xHat = (x - E[x]) / sqrt(Var[x]). Default `center`. */
  normalize?: 'center' | 'both';
  /** Whether the gradient takes E[x] and Var[x] for constants (`outside`) or goes through them. Default `outside`. */
  statistics?: 'outside' | 'through';
  /** Learn g as well, one for each feature: x = g u + b. Default false: x = u + b. */
  scale?: boolean;
  /** Follow with section 3's gamma and beta: y = gamma xHat + beta. Default false: y = xHat. */
  affine?: boolean;
}

const SHIFT_OPTIONS: Options<ShiftThenNormalizeOptions> = {
  ...{ name: own, normalize: oneOf(['center', 'both']), statistics: oneOf(['outside', 'through']) },
  ...{ scale: flag, affine: flag },
};

/** The layer that {@link shiftThenNormalize} makes. */
export class ShiftThenNormalizeLayer extends BaseLayer {
  /** b, [features]. Starts at 0. */
  readonly b: tf.Variable;
  /** g, [features], or null. Starts at 1. */
  readonly g: tf.Variable | null;
  private readonly gamma: tf.Variable | null;
  private readonly beta: tf.Variable | null;
  private readonly normalize: 'center' | 'both';
  private readonly statistics: 'outside' | 'through';

  constructor(
    /** Width of the input and of the output. */
    readonly features: number,
    options: ShiftThenNormalizeOptions = {},
  ) {
    super(checkedOptions('shiftThenNormalize', options, SHIFT_OPTIONS).name ?? 'shift');
    expectCount(this.name, 'features', features);
    this.normalize = options.normalize ?? 'center';
    this.statistics = options.statistics ?? 'outside';
    const d = [features];
    this.b = this.addVariable('b', tf.zeros(d));
    this.g = options.scale ? this.addVariable('g', tf.ones(d)) : null;
    this.gamma = options.affine ? this.addVariable('gamma', tf.ones(d)) : null;
    this.beta = options.affine ? this.addVariable('beta', tf.zeros(d)) : null;
  }

  apply(u: tf.Tensor, context: ApplyContext): tf.Tensor {
    this.expectAlive();
    expectShape(u, [null, this.features], `${this.name}: u`);
    return tf.tidy(() => {
      const x = tf.add(this.g ? tf.mul(u, this.g) : u, this.b);
      const xHat = this.statistics === 'outside' ? this.outside(x) : this.through(x);
      context.tap?.(`${this.name}/xHat`, xHat);
      return this.gamma && this.beta ? tf.add(tf.mul(xHat, this.gamma), this.beta) : xHat;
    });
  }

  private outside(x: tf.Tensor): tf.Tensor {
    const { mean, variance } = batchMoments(x);
    const centred = tf.sub(x, stopGradient(mean));
    return this.normalize === 'center' ? centred : tf.mul(centred, stopGradient(tf.rsqrt(variance)));
  }

  private through(x: tf.Tensor): tf.Tensor {
    if (this.normalize === 'center') return batchMoments(x).centred;
    return batchNorm(x, null, null, { epsilon: 0, allowZeroEpsilon: true, check: false }).y;
  }
}

/**
 * The layer of section 2's example: x = u + b (or g u + b), then xHat = x - E[x] (or also divided by the standard deviation, with
 * epsilon 0), where the gradient either takes the statistics for constants or goes through them. The forward pass is the same.
 *
 * The statistics are those of the rows it is given, in training and otherwise: it is made for whole training sets and for
 * looking at training, not for inference. Taps `NAME/xHat`; labels `NAME/b`, `NAME/g`, `NAME/gamma`, `NAME/beta`.
 *
 * @param features width of u, [m, features]
 * @example shiftThenNormalize(100, { statistics: 'outside' }).apply(u, { training: true }) // [m, 100]
 * @throws when u is not [m, features]
 */
export function shiftThenNormalize(features: number, options: ShiftThenNormalizeOptions = {}): ShiftThenNormalizeLayer {
  return new ShiftThenNormalizeLayer(features, options);
}

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
}

const SHIFTED_OPTIONS: Options<ShiftedOptions> = {
  ...without(SHIFT_OPTIONS, ['name']),
  ...{ x: needed(own), y: needed(own), units: counting },
  ...{ trains: oneOf(['shift', 'all']), batchSize: own, steps: needed(own), learningRate: needed(own) },
  seed: needed(whole),
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
 * @throws RangeError for data or settings that do not fit
 * @example const { b, loss } = await trainShifted({ x, y, statistics: 'outside', steps: 100, learningRate: 1, seed: 1 });
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
    const { perStep } = await trainer.train({
      data: { train, test: train },
      ...{ steps, batchSize, learningRate, seed },
      evaluateAt: [],
      evaluationBatch: n,
      divergenceBound: Infinity,
    });
    const recorded = <T>(name: string) => perStep[name] as unknown as T[];
    return {
      b: [0, ...recorded<number>('b')],
      loss: recorded<number>('loss'),
      gradient: recorded<number>('gradient'),
      g: shift.g ? [Array<number>(units).fill(1), ...recorded<number[]>('g')] : null,
      firstGradientOfG: shift.g ? recorded<number[]>('gradientOfG')[0] : null,
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
