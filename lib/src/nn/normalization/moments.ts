/** Mean and variance of a mini-batch, without cancellation. */
import { tf } from '../../engine';
import { expectCount, expectFilled, expectFiniteStatistics, expectFloatTensor } from '../checks';
import { EpsilonOptions, RANKS, reducedAxes } from './shared';

/**
 * The mini-batch mean and biased variance over all axes but the last (Algorithm 1, lines 1 and 2), and x minus that mean.
 *
 * Two passes and a half: x is centred twice, because with a large offset the float32 mean of x is off by a share of the
 * standard deviation; the mean of the centred values is that error, and subtracting it leaves only the rounding of x itself.
 *
 * @param x float32 [m, d] or [batch, height, width, channels]
 * @returns mean [d], variance [d] (divided by m), centred like x; NaN and infinity in x pass through, each to its own feature
 * @throws TypeError when x is disposed or not float32; RangeError on a wrong rank or an empty x
 */
export function batchMoments(x: tf.Tensor): { mean: tf.Tensor; variance: tf.Tensor; centred: tf.Tensor } {
  expectFloatTensor('batchMoments', 'x', x, RANKS);
  expectFilled('batchMoments', 'x', x);
  return tf.tidy(() => {
    const axes = reducedAxes(x);
    const roughMean = tf.mean(x, axes);
    const roughlyCentred = tf.sub(x, roughMean);
    const error = tf.mean(roughlyCentred, axes);
    const centred = tf.sub(roughlyCentred, error);
    return { mean: tf.add(roughMean, error), variance: tf.mean(tf.square(centred), axes), centred };
  });
}

/** `batchMoments`, whose d variances show NaN and infinity in x, and what is beyond float32, at the cost of one short read. */
export function finiteMoments(where: string, x: tf.Tensor, options: EpsilonOptions): ReturnType<typeof batchMoments> {
  const moments = batchMoments(x);
  if (options.check ?? true) expectFiniteStatistics(where, x, moments.variance);
  return moments;
}

/**
 * The unbiased estimate of the population's variance from a biased mini-batch one: m/(m-1) sigma2_B (section 3.1,
 * Algorithm 2 line 10).
 * @param variance biased variance, [d] or any shape
 * @param m values per feature that it was computed from, at least 2
 * @returns like variance
 * @throws TypeError when variance is disposed or not float32; RangeError when m is not a whole number from 2
 */
export function unbiasedVariance(variance: tf.Tensor, m: number): tf.Tensor {
  expectFloatTensor('unbiasedVariance', 'variance', variance);
  expectCount('unbiasedVariance', 'm', m, 2);
  return tf.mul(variance, m / (m - 1));
}

/** (x - mean) / sqrt(variance + epsilon) over the given axes, centred twice as in `batchMoments`. */
export function standardize(
  where: string,
  x: tf.Tensor,
  axes: number[],
  epsilon: number,
  options: EpsilonOptions,
  given = x,
): tf.Tensor {
  const roughly = tf.sub(x, tf.mean(x, axes, true));
  const centred = tf.sub(roughly, tf.mean(roughly, axes, true));
  const variance = tf.mean(tf.square(centred), axes, true);
  if (options.check ?? true) expectFiniteStatistics(where, given, variance);
  // Divided by the root: the derivative of rsqrt holds a power 3/2 of the variance, which leaves float32 from sigma = 1e13 on.
  return tf.div(centred, tf.sqrt(tf.add(variance, epsilon)));
}
