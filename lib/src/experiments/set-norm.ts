/** The layer xHat = Norm(x, X) of section 2, with both Jacobians of Norm or with the first alone. */
import { counting, expectArgument, expectOptions, notNegative, oneOf, type Options } from '../core/checks';
import { tf } from '../engine';
import { BaseLayer, batchMoments, stopGradient, whiten, type ApplyContext } from '../nn';

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
