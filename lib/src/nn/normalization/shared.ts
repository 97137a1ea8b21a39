/** What all normalizations share: epsilon, the axes of the statistics, the checks, gamma and beta.
 *
 * Shapes, here and everywhere: the last axis holds the features (d, or channels). A dense tensor is [m, d] and statistics are
 * over axis 0; a convolutional one is [batch, height, width, channels] and statistics are over the first three axes, so that m
 * is batch * height * width (section 3.2: "the effective mini-batch of size m' = |B| = m * p q").
 */
import { flag, Options, own } from '../../core/checks';
import { tf } from '../../engine';
import {
  describe,
  expectEpsilon,
  expectFilled,
  expectFinite,
  expectFloatTensor,
  expectOneOf,
  expectPerFeature,
} from '../checks';

/** The default epsilon: 1e-5, as in PyTorch. The paper gives no value. */
export const DEFAULT_EPSILON = 1e-5;

/** Options that every normalization takes. */
export interface EpsilonOptions {
  /** Added to the variance, inside the square root. Default 1e-5. */
  epsilon?: number;
  /** Accept epsilon = 0, for exact arithmetic; a constant feature then gives NaN. Default false. */
  allowZeroEpsilon?: boolean;
  /**
   * Look for NaN and infinity in the input first, which reads a number from the device (at inference, the statistics too).
   * Default true; inside `compile`, where nothing can be read, nothing is checked.
   */
  check?: boolean;
}

export const EPSILON_OPTIONS: Options<EpsilonOptions> = { epsilon: own, allowZeroEpsilon: flag, check: flag };

/** Options of `batchNorm`. */
export interface BatchNormOptions extends EpsilonOptions {
  /**
   * Where the gradient comes from: `compact` is the paper's six equations in one line, fewer operations and less
   * rounding; `automatic` leaves it to TensorFlow.js, as an independent check (for sigma up to about 1e12, from where the
   * 3/2 power in the derivative of rsqrt leaves float32). Default `compact`.
   */
  gradient?: 'compact' | 'automatic';
}

export const BATCH_NORM_OPTIONS: Options<BatchNormOptions> = { ...EPSILON_OPTIONS, gradient: own };

export const RANKS = [2, 4] as const;

/** The axes that statistics are taken over: all but the last. */
export function reducedAxes(x: tf.Tensor): number[] {
  return Array.from({ length: x.rank - 1 }, (_, i) => i);
}

/** m, the number of values per feature. */
export function valuesPerFeature(x: tf.Tensor): number {
  return x.size / x.shape[x.rank - 1];
}

/** Throws when x is a batch of one: fewer than 2 values per feature. */
export function expectBatch(where: string, x: tf.Tensor): void {
  const m = valuesPerFeature(x);
  if (m < 2) {
    throw new RangeError(
      `${where}: training needs at least 2 values per feature, got ${m} in ${describe(x)}. One value has no variance: ` +
        'its normalized form is 0 whatever it is. Use a larger batch, or inference.',
    );
  }
}

/** The checks of a training-mode normalization; returns epsilon. */
export function checkBatch(
  where: string,
  x: tf.Tensor,
  gamma: tf.Tensor | null | undefined,
  beta: tf.Tensor | null | undefined,
  options: BatchNormOptions,
): number {
  const epsilon = checkNormalization(where, x, gamma, beta, options);
  expectBatch(where, x);
  if (options.gradient !== undefined) expectOneOf(where, 'gradient', options.gradient, ['compact', 'automatic']);
  return epsilon;
}

/** The checks that every normalization shares; returns epsilon. */
export function checkNormalization(
  where: string,
  x: tf.Tensor,
  gamma: tf.Tensor | null | undefined,
  beta: tf.Tensor | null | undefined,
  options: EpsilonOptions,
  ranks: readonly number[] = RANKS,
): number {
  expectFloatTensor(where, 'x', x, ranks);
  const d = x.shape[x.rank - 1];
  expectFilled(where, 'x', x);
  if (gamma != null) expectPerFeature(where, 'gamma', gamma, d);
  if (beta != null) expectPerFeature(where, 'beta', beta, d);
  const epsilon = options.epsilon ?? DEFAULT_EPSILON;
  expectEpsilon(where, epsilon, options.allowZeroEpsilon);
  if (options.check ?? true) expectFinite(where, 'x', x);
  return epsilon;
}

/** gamma * xHat + beta, each where there is one. */
export function scaleAndShift(xHat: tf.Tensor, gamma?: tf.Tensor | null, beta?: tf.Tensor | null): tf.Tensor {
  let y = xHat;
  if (gamma != null) y = tf.mul(y, gamma);
  if (beta != null) y = tf.add(y, beta);
  return y;
}
