/** Known-wrong batch normalizations, each as it stands or stood somewhere, kept to be looked at and to be caught. Nothing in
 * this library uses them unless it is asked to by a name that begins with `pitfall:`.
 */
import { expectOptions } from '../../core/checks';
import { tf } from '../../engine';
import { expectOneOf, expectPerFeature } from '../checks';
import { stopGradient } from '../stop-gradient';
import { batchNorm, BatchNormFunction, BatchNormResult } from './batch-norm';
import { batchNormInference, InferenceFunction } from './inference';
import { batchMoments } from './moments';
import { moveWithDecay, MovingRule } from './moving';
import {
  BATCH_NORM_OPTIONS,
  checkBatch,
  checkNormalization,
  EPSILON_OPTIONS,
  EpsilonOptions,
  reducedAxes,
  scaleAndShift,
} from './shared';

/** Names of the known-wrong variants; `pitfall(name)` says what is wrong with each. */
export const PITFALLS = [
  'detached',
  'detachedMean',
  'epsilonOutside',
  'cancellation',
  'swappedDecay',
  'missingDebias',
  'biasedMoving',
  'redundantBias',
] as const;

/** One of {@link PITFALLS}. */
export type PitfallName = (typeof PITFALLS)[number];

/** The choices that make a batch normalization layer; the right ones are `CORRECT`. */
export interface NormalizationScheme {
  /** Training. */
  readonly normalize: BatchNormFunction;
  /** Inference. */
  readonly infer: InferenceFunction;
  /** How moving averages move. */
  readonly move: MovingRule;
  /** Whether the moving variance averages m/(m-1) sigma2_B (right) or sigma2_B. */
  readonly unbiasedMoving: boolean;
  /** Moving averages start at 0, and nobody corrects for it. */
  readonly startsFromZero: boolean;
  /** The layer before keeps a bias, which the mean then takes away. */
  readonly biasBefore: boolean;
}

/** A mistake, and what catches it. */
export interface Pitfall extends NormalizationScheme {
  /** As in {@link PITFALLS}. */
  readonly name: PitfallName;
  /** What is wrong, in a sentence. */
  readonly mistake: string;
  /** What goes wrong because of it. */
  readonly consequence: string;
  /** The property that it breaks and the right one keeps. */
  readonly brokenProperty: string;
}

/** Batch normalization done right. */
export const CORRECT: NormalizationScheme = {
  normalize: batchNorm,
  infer: batchNormInference,
  move: moveWithDecay,
  unbiasedMoving: true,
  startsFromZero: false,
  biasBefore: false,
};

/**
 * WRONG. The statistics are constants for the gradient, as in section 2 of the paper and in every implementation that
 * computes them under `no_grad`: dl/dx = gamma / sqrt(sigma2 + epsilon) dl/dy. The forward pass is right.
 */
const detached: BatchNormFunction = (x, gamma, beta, options = {}) => {
  expectOptions('pitfall:detached', options, BATCH_NORM_OPTIONS);
  const epsilon = checkBatch('pitfall:detached', x, gamma, beta, options);
  return tf.tidy(() => {
    const { mean, variance } = batchMoments(x);
    const inverse = stopGradient(tf.rsqrt(tf.add(variance, epsilon)));
    const y = scaleAndShift(tf.mul(tf.sub(x, stopGradient(mean)), inverse), gamma, beta);
    return { y, mean, variance };
  });
};

/**
 * WRONG. The scheme of section 2's example: xHat = x - E[x], where the gradient takes E[x] for a constant. A bias before it
 * then grows for ever while output and loss stay.
 */
const detachedMean: BatchNormFunction = (x, gamma, beta, options = {}): BatchNormResult => {
  expectOptions('pitfall:detachedMean', options, BATCH_NORM_OPTIONS);
  checkBatch('pitfall:detachedMean', x, gamma, beta, options);
  return tf.tidy(() => {
    const { mean, variance } = batchMoments(x);
    return { y: scaleAndShift(tf.sub(x, stopGradient(mean)), gamma, beta), mean, variance };
  });
};

const centredOnly: InferenceFunction = (x, mean, variance, gamma, beta, options = {}) => {
  checkFixed('pitfall:detachedMean', x, mean, variance, gamma, beta, options);
  return tf.tidy(() => scaleAndShift(tf.sub(x, mean), gamma, beta));
};

/** WRONG. (x - mu) / (sqrt(sigma2) + epsilon): another function, whose derivative is infinite where sigma2 = 0. */
const epsilonOutside: BatchNormFunction = (x, gamma, beta, options = {}) => {
  expectOptions('pitfall:epsilonOutside', options, BATCH_NORM_OPTIONS);
  const epsilon = checkBatch('pitfall:epsilonOutside', x, gamma, beta, options);
  return tf.tidy(() => {
    const { mean, variance, centred } = batchMoments(x);
    return { y: scaleAndShift(tf.div(centred, tf.add(tf.sqrt(variance), epsilon)), gamma, beta), mean, variance };
  });
};

const epsilonOutsideInference: InferenceFunction = (x, mean, variance, gamma, beta, options = {}) => {
  const epsilon = checkFixed('pitfall:epsilonOutside', x, mean, variance, gamma, beta, options);
  return tf.tidy(() => scaleAndShift(tf.div(tf.sub(x, mean), tf.add(tf.sqrt(variance), epsilon)), gamma, beta));
};

/** WRONG. sigma2 = E[x^2] - E[x]^2: with a large offset the two cancel in float32, and sigma2 may even be negative. */
const cancellation: BatchNormFunction = (x, gamma, beta, options = {}) => {
  expectOptions('pitfall:cancellation', options, BATCH_NORM_OPTIONS);
  const epsilon = checkBatch('pitfall:cancellation', x, gamma, beta, options);
  return tf.tidy(() => {
    const axes = reducedAxes(x);
    const mean = tf.mean(x, axes);
    const variance = tf.sub(tf.mean(tf.square(x), axes), tf.square(mean));
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    return { y: scaleAndShift(tf.mul(tf.sub(x, mean), inverse), gamma, beta), mean, variance };
  });
};

function checkFixed(
  where: string,
  x: tf.Tensor,
  mean: tf.Tensor,
  variance: tf.Tensor,
  gamma: tf.Tensor | null | undefined,
  beta: tf.Tensor | null | undefined,
  options: EpsilonOptions,
): number {
  expectOptions(where, options, EPSILON_OPTIONS);
  const epsilon = checkNormalization(where, x, gamma, beta, options);
  const d = x.shape[x.rank - 1];
  expectPerFeature(where, 'mean', mean, d);
  expectPerFeature(where, 'variance', variance, d);
  return epsilon;
}

const TABLE: Record<PitfallName, Omit<Pitfall, 'name'>> = {
  detached: {
    ...CORRECT,
    normalize: detached,
    mistake: 'The mean and the variance are constants for the gradient.',
    consequence:
      'Steps push weights along directions that the next normalization undoes; weights grow, training blows up.',
    brokenProperty:
      'The gradient over a batch sums to zero, and so does its product with xHat (with epsilon corrected for).',
  },
  detachedMean: {
    ...CORRECT,
    normalize: detachedMean,
    infer: centredOnly,
    biasBefore: true,
    mistake: 'Only the mean is taken away, as a constant for the gradient (the example of section 2).',
    consequence: 'The bias before it grows without bound while output and loss do not change.',
    brokenProperty: 'The gradient over a batch sums to zero.',
  },
  epsilonOutside: {
    ...CORRECT,
    normalize: epsilonOutside,
    infer: epsilonOutsideInference,
    mistake: 'Epsilon is added to the standard deviation, outside the root.',
    consequence:
      'Small variances are scaled up by other factors than the paper says, and the gradient is NaN for a constant feature.',
    brokenProperty: 'The variance of xHat is sigma2 / (sigma2 + epsilon).',
  },
  cancellation: {
    ...CORRECT,
    normalize: cancellation,
    mistake: 'The variance is E[x^2] - E[x]^2 in float32.',
    consequence:
      'With an offset of a few thousand standard deviations the variance is noise, or negative, and y is NaN.',
    brokenProperty: 'Adding a constant to a feature changes nothing.',
  },
  swappedDecay: {
    ...CORRECT,
    move: (moving, batch, decay) => moveWithDecay(moving, batch, 1 - decay),
    mistake: 'Decay weighs the new batch, and 1 - decay the past.',
    consequence: 'Inference follows the last batch or two.',
    brokenProperty: 'After t batches, batch k has the weight (1 - decay) decay^(t-k).',
  },
  missingDebias: {
    ...CORRECT,
    startsFromZero: true,
    mistake: 'Moving averages start at zero, and nothing corrects for it.',
    consequence: 'Early on the moving variance is too small by 1 - decay^t, and inference too large by its root.',
    brokenProperty:
      'After batches that all have the same statistics, the moving averages are those, or those mixed with (0, 1).',
  },
  biasedMoving: {
    ...CORRECT,
    unbiasedMoving: false,
    mistake: 'The moving variance averages the biased variance (so does tf.layers.batchNormalization).',
    consequence: 'Inference divides by a variance too small by (m-1)/m: a factor 2 at m = 2.',
    brokenProperty: 'The expected moving variance is the variance of the population.',
  },
  redundantBias: {
    ...CORRECT,
    biasBefore: true,
    mistake: 'The layer before batch normalization keeps its bias.',
    consequence: 'None for the output: the bias has gradient zero, wanders by rounding, and costs memory and time.',
    brokenProperty: 'Every parameter that is trained has an effect on the output.',
  },
};

/**
 * A known-wrong variant by name. `batchNormLayer({ pitfall: 'detached' })` and `mlp({ norm: 'pitfall:detached' })` use it.
 * @example const { y } = pitfall('cancellation').normalize(x);
 * @throws RangeError for a name that is not in `PITFALLS`
 */
export function pitfall(name: PitfallName): Pitfall {
  expectOneOf('pitfall', 'name', name, PITFALLS);
  return { name, ...TABLE[name] };
}
