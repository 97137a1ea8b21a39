/** Batch normalization over the positions that count: padded sequences, and whatever else a mini-batch holds that is no data. */
import { expectOptions, isTensor, shown, without } from '../../core/checks';
import { insideStep, tf } from '../../engine';
import { expectFinite, expectFloatTensor } from '../checks';
import { BatchNormResult } from './batch-norm';
import { BATCH_NORM_OPTIONS, checkNormalization, EpsilonOptions, reducedAxes, scaleAndShift } from './shared';

const MASKED_OPTIONS = without(BATCH_NORM_OPTIONS, ['gradient']);
const RANKS = [2, 3, 4];

/** Statistics over the positions that count. */
export interface MaskedMoments {
  /** [d]; 0 where nothing counts. */
  mean: tf.Tensor;
  /** [d], biased. */
  variance: tf.Tensor;
  /** x - mean where a position counts, 0 elsewhere. */
  centred: tf.Tensor;
}

/** Throws unless the mask is one of x: its shape but for the features, of booleans, or of 0 and 1. */
export function expectMask(where: string, mask: unknown, x: tf.Tensor): asserts mask is tf.Tensor {
  if (!isTensor(mask)) throw new TypeError(`${where}: mask must be a tensor, got ${shown(mask)}.`);
  const { dtype, shape } = mask as tf.Tensor;
  if (!['bool', 'int32', 'float32'].includes(dtype) || !tf.util.arraysEqual(shape, x.shape.slice(0, -1))) {
    throw new RangeError(
      `${where}: mask must be [${x.shape.slice(0, -1).join(', ')}], the shape of x without its features, of booleans or of 0 and 1; ` +
        `got ${dtype} [${shape.join(', ')}].`,
    );
  }
}

/** Throws for a mini-batch in which fewer than two positions count. Reads one number; inside `compile` it does nothing. */
export function expectCounted(where: string, mask: tf.Tensor): void {
  if (insideStep()) return;
  const count = tf.tidy(() => countOf(mask).dataSync()[0]);
  if (count >= 2) return;
  throw new RangeError(
    `${where}: training needs at least 2 positions that count, got ${count} in a mask of [${mask.shape.join(', ')}]. ` +
      'Leave out the mini-batch, or use inference.',
  );
}

/** What does not count becomes 0, whatever it was. */
export function zeroOutside(x: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const counts = tf.broadcastTo(tf.expandDims(tf.cast(mask, 'bool'), -1), x.shape);
  return tf.where(counts, x, tf.zerosLike(x));
}

/** m, a scalar: how many positions count. */
export function countOf(mask: tf.Tensor): tf.Tensor {
  return tf.sum(tf.cast(mask, 'bool').toFloat());
}

/** `unbiasedVariance` for an m that is a tensor; with fewer than two values, 0. */
export function unbiasedOf(variance: tf.Tensor, m: tf.Tensor): tf.Tensor {
  return tf.mul(variance, tf.div(m, tf.maximum(tf.sub(m, 1), 1)));
}

/** `batchMoments` over the positions that count. */
export function maskedMoments(x: tf.Tensor, mask: tf.Tensor): MaskedMoments {
  const axes = reducedAxes(x);
  // Without a position that counts every sum is 0, and so is what is divided by 1.
  const divisor = tf.maximum(countOf(mask), 1);
  const mean = (of: tf.Tensor) => tf.div(tf.sum(zeroOutside(of, mask), axes), divisor);
  const roughMean = mean(x);
  const roughlyCentred = tf.sub(x, roughMean);
  const error = mean(roughlyCentred);
  const centred = zeroOutside(tf.sub(roughlyCentred, error), mask);
  return { mean: tf.add(roughMean, error), variance: tf.div(tf.sum(tf.square(centred), axes), divisor), centred };
}

/**
 * Batch normalization in training over the positions that count, such as those of padded sequences: Algorithm 1 with sums over them alone, m
 * their number. It is `batchNorm` of the rows that count, put back to their places; elsewhere y is 0, nothing that stands there is looked
 * at (also no NaN), and the gradient is 0.
 *
 * Others: PyTorch 2 has no mask in `BatchNorm1d`; rows are taken out (`x[mask]`) and put back. Keras 3.12's `BatchNormalization` takes one,
 * adds 1e-7 to m, normalizes the other positions as well, and multiplies by the mask, so that NaN there is NaN everywhere.
 * `tf.layers.batchNormalization` of TensorFlow.js 4.22 lets a mask pass and counts every position.
 *
 * Where fewer than two positions count there is no variance: an error. Inside `compile`, where nothing can be read, xHat is then 0.
 *
 * @example const { y } = maskedBatchNorm(x, lengths.greater(tf.range(0, 20)), gamma, beta); // x [batch, 20, d], lengths [batch, 1]
 * @param x float32 [m, d], [batch, length, d] or [batch, height, width, channels]
 * @param mask the shape of x without its last axis, of booleans or of 0 and 1
 * @param gamma float32 [d]; null or left out means 1
 * @param beta float32 [d]; null or left out means 0
 * @returns y like x; mean [d]; variance [d], biased (divided by the number of positions that count)
 * @throws as `batchNorm`; RangeError for a mask of another shape or type, or one in which fewer than two positions count
 */
export function maskedBatchNorm(
  x: tf.Tensor,
  mask: tf.Tensor,
  gamma?: tf.Tensor | null,
  beta?: tf.Tensor | null,
  options: EpsilonOptions = {},
): BatchNormResult {
  const where = 'maskedBatchNorm';
  expectOptions(where, options, MASKED_OPTIONS);
  expectFloatTensor(where, 'x', x, RANKS);
  const epsilon = checkNormalization(where, x, gamma, beta, { ...options, check: false }, RANKS);
  expectMask(where, mask, x);
  if (options.check ?? true) {
    expectCounted(where, mask);
    tf.tidy(() => expectFinite(where, 'x, where it counts,', zeroOutside(x, mask)));
  }
  return tf.tidy(() => {
    const { mean, variance, centred } = maskedMoments(x, mask);
    const xHat = tf.div(centred, tf.sqrt(tf.add(variance, epsilon)));
    return { y: zeroOutside(scaleAndShift(xHat, gamma, beta), mask), mean, variance };
  });
}
