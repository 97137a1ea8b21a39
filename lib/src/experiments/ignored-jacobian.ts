/** Training with and without the second Jacobian of section 2, dNorm(x, X)/dX. */
import {
  callback,
  counting,
  expectArgument,
  expectOptions,
  listOf,
  needed,
  notNegative,
  number,
  oneOf,
  type Options,
  own,
  whole,
} from '../core/checks';
import { tf } from '../engine';
import {
  activation,
  BaseLayer,
  batchMoments,
  dense,
  gaussian,
  sequential,
  stopGradient,
  whiten,
  type ApplyContext,
  type Network,
} from '../nn';
import { compare } from '../train/compare';
import { powerLaw } from '../statistics';
import { type TrainingData, type TrainRunOptions } from '../train/options';
import { widthsOf } from '../train/prepare';

/** What `Norm(x, X)` does: centre, batch-normalize, or whiten by Newton-Schulz iterations. */
export const SET_NORMS = ['center', 'batch', 'whiten'] as const;
/** One of {@link SET_NORMS}. */
export type SetNorm = (typeof SET_NORMS)[number];
/** The Jacobians of `Norm(x, X)` that the gradient passes through: dNorm/dx and dNorm/dX, or dNorm/dx alone. */
export type KeptJacobians = 'both' | 'first';

/** Options of {@link setNormLayer}. */
export interface SetNormOptions {
  /** Default `both`. */
  jacobians?: KeptJacobians;
  /** Default 1e-5. */
  epsilon?: number;
  /** Of Newton-Schulz. Default 12: enough for condition numbers up to ten thousand. */
  iterations?: number;
}

const SET_NORM_OPTIONS: Options<SetNormOptions> = {
  ...{ jacobians: oneOf(['both', 'first']), epsilon: notNegative, iterations: counting },
};

/**
 * xHat = Norm(x, X), where X is the batch that x comes with, in training and at inference: nothing learnt, no moving averages. With
 * `first` the statistics of X are constants for the gradient, which ignores dNorm/dX; the output is the same.
 *
 * @example setNormLayer('whiten', { jacobians: 'first' })
 */
export function setNormLayer(norm: SetNorm, options: SetNormOptions = {}): BaseLayer {
  expectOptions('setNormLayer', options, SET_NORM_OPTIONS);
  expectArgument('setNormLayer', 'norm', norm, oneOf(SET_NORMS));
  return new SetNormLayer(norm, options);
}

class SetNormLayer extends BaseLayer {
  constructor(
    private readonly norm: SetNorm,
    private readonly options: SetNormOptions,
  ) {
    super('norm');
  }

  apply(x: tf.Tensor, _context: ApplyContext): tf.Tensor {
    const { jacobians = 'both', epsilon = 1e-5, iterations = 12 } = this.options;
    const statistic = (value: tf.Tensor) => (jacobians === 'both' ? value : stopGradient(value));
    return tf.tidy(() => {
      if (this.norm === 'whiten') {
        const { mean, matrix } = whiten(x, { method: 'newton-schulz', iterations, epsilon, check: false });
        return tf.matMul(tf.sub(x, statistic(mean)), statistic(matrix), false, true);
      }
      const { mean, variance } = batchMoments(x);
      const centred = tf.sub(x, statistic(mean));
      return this.norm === 'center' ? centred : tf.mul(centred, statistic(tf.rsqrt(tf.add(variance, epsilon))));
    });
  }
}

/** What {@link ignoredJacobian} takes. */
export interface IgnoredJacobianOptions extends Pick<TrainRunOptions, 'steps' | 'batchSize' | 'pixels' | 'onProgress'> {
  /** Images with labels. */
  data: TrainingData;
  /** Normalizations to try. */
  norms: readonly SetNorm[];
  /** Every side runs at each. */
  learningRates: number[];
  /** Of weights and batches. */
  seeds: number[];
  /** Width of the normalized layer; below m, so that the covariance is not singular. Default 32. */
  features?: number;
}

const IGNORED_JACOBIAN_OPTIONS: Options<IgnoredJacobianOptions> = {
  ...{ data: needed(own), norms: needed(listOf(oneOf(SET_NORMS))), learningRates: needed(listOf(number)) },
  ...{ seeds: needed(listOf(whole)), features: counting, steps: needed(own), batchSize: needed(own) },
  ...{ pixels: own, onProgress: callback },
};

/** One run of {@link ignoredJacobian}. */
export interface IgnoredJacobianRun {
  /** Which normalization. */
  norm: SetNorm;
  /** Which Jacobians the gradient passed through. */
  jacobians: KeptJacobians;
  /** Of weights and batches. */
  seed: number;
  /** Base rate. */
  learningRate: number;
  /** Training loss before each step, in nats; Infinity from where it is not finite. */
  loss: number[];
  /** |W| of the normalized layer before each step; Infinity from where it is not finite. */
  weights: number[];
  /** |b| of the normalized layer before each step; Infinity from where it is not finite. */
  bias: number[];
  /** |(W, b)| before the last step over the same before the first. */
  growth: number;
  /**
   * Mean |cosine| between the weights of two units, before the last step: 0 for units that look at different things, 1 for copies of one
   * another; NaN where W is not finite.
   */
  alignment: number;
  /**
   * p of |b| ~ t^p, fitted to the finite values of the last three quarters of the steps t; NaN for fewer than three of them. A bias that
   * settles has 0; one that a constant force drives has 1.
   */
  biasExponent: number;
}

/**
 * Trains x = W u + b, xHat = Norm(x, X), sigmoid, softmax on images, with both Jacobians of Norm and with the first alone: the same
 * weights and batches, every parameter trained by plain gradient descent. Norm(x, X) does not depend on b, nor on the scale of W where
 * it scales; so the true gradient is zero along both, and the first term alone is not.
 *
 * @returns one run per normalization, kind of gradient, rate and seed
 * @example
 * const runs = await ignoredJacobian({
 *   data, norms: ['whiten'], learningRates: [0.1, 1], seeds: [1, 2, 3], steps: 300, batchSize: 60,
 * });
 */
export async function ignoredJacobian(options: IgnoredJacobianOptions): Promise<IgnoredJacobianRun[]> {
  expectOptions('ignoredJacobian', options, IGNORED_JACOBIAN_OPTIONS);
  const { norms, learningRates, seeds, steps, features = 32 } = options;
  const kinds = norms.flatMap((norm) => (['both', 'first'] as const).map((jacobians) => ({ norm, jacobians })));
  const nameOf = ({ norm, jacobians }: { norm: SetNorm; jacobians: KeptJacobians }) => `${norm}, ${jacobians}`;
  const norm2 = (tensors: Record<string, tf.Tensor>, label: string) => tf.sqrt(tf.sum(tf.square(tensors[label])));
  const comparison = await compare({
    data: options.data,
    pixels: options.pixels,
    sides: kinds.map((kind) => ({
      name: nameOf(kind),
      build: (seed: number) => network(kind, widthsOf(options.data), features, seed),
    })),
    seeds,
    learningRates,
    steps,
    batchSize: options.batchSize,
    evaluateAt: [],
    divergenceBound: Infinity,
    onProgress: options.onProgress,
    record: ({ loss, before }) => ({
      loss,
      weights: norm2(before, 'layer1/weights'),
      bias: norm2(before, 'layer1/bias'),
      alignment: alignment(before['layer1/weights']),
    }),
  });
  return comparison.runs.map(({ side, seedIndex, learningRate, history }) => {
    const series = (name: string) => (history.perStep[name] as (number | null)[]).map((v) => v ?? Infinity);
    const [loss, weights, bias] = ['loss', 'weights', 'bias'].map(series);
    const size = (step: number) => Math.hypot(weights[step], bias[step]);
    const kind = kinds.find((one) => nameOf(one) === side)!;
    const growth = size(weights.length - 1) / size(0);
    return {
      ...kind,
      seed: seeds[seedIndex],
      learningRate,
      loss,
      weights,
      bias,
      growth,
      alignment: (history.perStep.alignment.at(-1) as number | null | undefined) ?? NaN,
      biasExponent: growthExponent(bias),
    };
  });
}

/** Mean |cosine| between the columns of W, [inputs, units]; NaN for a single one. */
function alignment(weights: tf.Tensor): tf.Tensor {
  const units = weights.shape[1]!;
  const directions = tf.div(weights, tf.norm(weights, 2, 0));
  const cosines = tf.abs(tf.matMul(directions, directions, true)); // [units, units], 1 on the diagonal
  return tf.div(tf.sub(tf.sum(cosines), units), units * (units - 1));
}

function growthExponent(norms: number[]): number {
  const late = norms.map((value, t) => ({ t, value })).slice(Math.max(1, Math.floor(norms.length / 4)));
  const usable = late.filter(({ value }) => value > 0 && Number.isFinite(value));
  if (usable.length < 3) return NaN;
  return powerLaw(
    usable.map(({ t }) => t),
    usable.map(({ value }) => value),
  ).exponent;
}

function network(
  kind: { norm: SetNorm; jacobians: KeptJacobians },
  { inputs, outputs }: { inputs: number; outputs: number },
  features: number,
  seed: number,
): Network {
  const weights = { initializer: gaussian(0.1), seed };
  return sequential([
    dense(inputs, features, { name: 'layer1', ...weights }),
    setNormLayer(kind.norm, { jacobians: kind.jacobians }),
    activation('sigmoid', { name: 'layer1' }),
    dense(features, outputs, { name: 'layer2', ...weights }),
  ]);
}
