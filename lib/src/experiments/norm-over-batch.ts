/** The layer xHat = Norm(x, X) of section 2, with its statistics differentiated (both Jacobians of Norm) or detached (the first alone). */
import { counting, expectArgument, expectOptions, notNegative, oneOf, type Options } from '../core/checks';
import { tf } from '../engine';
import { BaseLayer, batchMoments, stopGradient, whiten, type ApplyContext, type StatisticsGradient } from '../nn';

/** What `Norm(x, X)` does: centre, batch-normalize, or whiten by Newton-Schulz iterations. */
export const NORMS_OVER_BATCH = ['center', 'batch', 'whiten'] as const;
/** One of {@link NORMS_OVER_BATCH}. */
export type NormOverBatch = (typeof NORMS_OVER_BATCH)[number];

/** Options of {@link normOverBatchLayer}. */
export interface NormOverBatchOptions {
  /** Default `differentiated`. */
  statistics?: StatisticsGradient;
  /** Default 1e-5. */
  epsilon?: number;
  /** Of Newton-Schulz. Default 12: enough for condition numbers up to ten thousand. */
  iterations?: number;
}

const NORM_OVER_BATCH_OPTIONS: Options<NormOverBatchOptions> = {
  ...{ statistics: oneOf(['differentiated', 'detached']), epsilon: notNegative, iterations: counting },
};

/**
 * xHat = Norm(x, X), where X is the batch that x comes with, in training and at inference: nothing learnt, no moving averages. With
 * `detached` the statistics of X are constants for the gradient, which ignores dNorm/dX; the output is the same.
 *
 * @example normOverBatchLayer('whiten', { statistics: 'detached' })
 */
export function normOverBatchLayer(norm: NormOverBatch, options: NormOverBatchOptions = {}): BaseLayer {
  expectOptions('normOverBatchLayer', options, NORM_OVER_BATCH_OPTIONS);
  expectArgument('normOverBatchLayer', 'norm', norm, oneOf(NORMS_OVER_BATCH));
  return new NormOverBatchLayer(norm, options);
}

class NormOverBatchLayer extends BaseLayer {
  constructor(
    private readonly norm: NormOverBatch,
    private readonly options: NormOverBatchOptions,
  ) {
    super('norm');
  }

  apply(x: tf.Tensor, _context: ApplyContext): tf.Tensor {
    const { statistics = 'differentiated', epsilon = 1e-5, iterations = 12 } = this.options;
    const statistic = (value: tf.Tensor) => (statistics === 'differentiated' ? value : stopGradient(value));
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
