/** Population statistics from those of mini-batches (Algorithm 2, line 10). */
import { expectArgument, having, needed, own } from '../../core/checks';
import { tf } from '../../engine';
import { expectCount, expectFloatTensor, expectPerFeature, expectStatistics } from '../checks';
import { unbiasedVariance } from './moments';

const STATISTICS = having<{ mean: tf.Tensor; variance: tf.Tensor }>(
  'the statistics of a mini-batch, { mean, variance }',
  {
    ...{ mean: needed(own), variance: needed(own) },
  },
);

/**
 * Population statistics from many training mini-batches of size m (Algorithm 2, line 10):
 *
 *     E[x]   = E_B[mu_B]
 *     Var[x] = m/(m-1) E_B[sigma2_B]
 *
 * @example const { mean, variance } = populationStatistics(batches.map((x) => batchNorm(x)), 60);
 * @param batches the statistics of each mini-batch, as `batchNorm` returns them; all from batches of the same size
 * @param m values per feature in each mini-batch, at least 2
 * @returns mean [d], variance [d] (unbiased). As the paper has it, Var is the expected variance within a mini-batch; for
 *   batches drawn at random, it estimates the population's.
 * @throws RangeError when there is no batch, the shapes differ, a value is not finite, or a variance is negative
 */
export function populationStatistics(
  batches: readonly { mean: tf.Tensor; variance: tf.Tensor }[],
  m: number,
): { mean: tf.Tensor; variance: tf.Tensor } {
  const where = 'populationStatistics';
  expectCount(where, 'm', m, 2);
  if (!Array.isArray(batches) || batches.length === 0) {
    const given = Array.isArray(batches) ? 'none' : typeof batches;
    throw new RangeError(`${where}: wanted the statistics of at least one mini-batch, got ${given}.`);
  }
  batches.forEach((batch, i) => expectArgument(where, `batches[${i}]`, batch, STATISTICS));
  return averagedStatistics(
    where,
    batches.map(({ mean, variance }) => ({ mean, variance, m })),
  );
}

/** Statistics of one mini-batch of m values per feature, the variance biased. */
export interface MeasuredStatistics {
  mean: tf.Tensor;
  variance: tf.Tensor;
  m: number;
}

/** `populationStatistics` for whoever asks, whose name its messages carry; each mini-batch may have its own m. */
export function averagedStatistics(
  where: string,
  batches: readonly MeasuredStatistics[],
): { mean: tf.Tensor; variance: tf.Tensor } {
  expectFloatTensor(where, 'mean', batches[0].mean, [1]);
  const d = batches[0].mean.shape[0];
  batches.forEach((batch, i) => {
    expectPerFeature(where, `mean of batch ${i}`, batch.mean, d);
    expectPerFeature(where, `variance of batch ${i}`, batch.variance, d);
    expectStatistics(`${where}: batch ${i}`, batch.mean, batch.variance);
  });
  const [{ m }] = batches;
  return tf.tidy(() => {
    const mean = tf.mean(tf.stack(batches.map((b) => b.mean)), 0);
    const average = (variances: tf.Tensor[]) => tf.mean(tf.stack(variances), 0);
    const variance = batches.every((b) => b.m === m)
      ? unbiasedVariance(average(batches.map((b) => b.variance)), m)
      : average(batches.map((b) => unbiasedVariance(b.variance, b.m)));
    return { mean, variance };
  });
}
