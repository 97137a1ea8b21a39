import { checkedOptions, Options, own } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext } from '../context';
import { expectDecay, expectFiniteStatistics, expectOneOf } from '../checks';
import { allOrNothing } from '../layers/base';
import { AffineNormLayer, NORM_LAYER_OPTIONS, NormLayerOptions } from './affine-layer';
import { moveWithDecay } from './moving';
import { checkIterations, NEWTON_SCHULZ_OPTIONS, NewtonSchulzOptions } from './newton-schulz';
import { EpsilonOptions, expectBatch, valuesPerFeature } from './shared';
import { inverseRootOf, whitened, whitenInference, WhiteningMethod, WHITENINGS } from './whitening';

/** Options of whitening as a layer. */
export interface WhiteningLayerOptions extends NormLayerOptions, NewtonSchulzOptions {
  /** Default `newton-schulz`, which runs inside `compile`. */
  method?: WhiteningMethod;
  /** Weight of the past in the moving mean and covariance. Default 0.9. */
  decay?: number;
}

export const WHITENING_LAYER_OPTIONS: Options<WhiteningLayerOptions> = {
  ...{ ...NORM_LAYER_OPTIONS, ...NEWTON_SCHULZ_OPTIONS, method: own, decay: own },
};

/** The layer that `whiteningLayer` makes. */
export class WhiteningLayer extends AffineNormLayer {
  protected override readonly mixesRows = true;
  /** Which inverse root. */
  readonly method: WhiteningMethod;
  /** Weight of the past in the moving statistics. */
  readonly decay: number;
  /** [d]; starts at 0. */
  readonly movingMean: tf.Variable;
  /** Moving average of m/(m-1) times the batch covariance, epsilon not included, [d, d]; starts at the identity. */
  readonly movingCovariance: tf.Variable;
  private readonly iterations: Required<NewtonSchulzOptions>;

  constructor(features: number, options: WhiteningLayerOptions = {}) {
    super(features, checkedOptions('whiteningLayer', options, WHITENING_LAYER_OPTIONS), 'whitening');
    this.method = options.method ?? 'newton-schulz';
    expectOneOf(this.name, 'method', this.method, WHITENINGS);
    this.decay = options.decay ?? 0.9;
    expectDecay(this.name, this.decay);
    this.iterations = checkIterations(this.name, options);
    this.movingMean = this.addVariable('movingMean', tf.zeros([features]), false);
    this.movingCovariance = this.addVariable('movingCovariance', tf.eye(features), false);
  }

  protected standardized(x: tf.Tensor, context: ApplyContext, options: EpsilonOptions): tf.Tensor {
    return context.training && !this.frozen ? this.train(x, context, options) : this.infer(x);
  }

  private train(x: tf.Tensor, context: ApplyContext, options: EpsilonOptions): tf.Tensor {
    expectBatch(this.name, x);
    const { y, mean, covariance } = whitened(this.name, x, { ...this.iterations, method: this.method, ...options });
    if (context.updateStatistics ?? true) {
      expectFiniteStatistics(this.name, x, covariance);
      const m = valuesPerFeature(x);
      const spread = tf.mul(tf.sub(covariance, tf.mul(tf.eye(this.features), this.epsilon)), m / (m - 1));
      const newMean = moveWithDecay(this.movingMean, mean, this.decay);
      const newCovariance = moveWithDecay(this.movingCovariance, spread, this.decay);
      this.movingMean.assign(newMean);
      this.movingCovariance.assign(newCovariance);
    }
    return y;
  }

  private infer(x: tf.Tensor): tf.Tensor {
    const covariance = tf.add(this.movingCovariance, tf.mul(tf.eye(this.features), this.epsilon));
    const matrix = inverseRootOf(covariance, this.method, this.iterations);
    return whitenInference(x, this.movingMean, matrix, { check: false });
  }
}

/**
 * Whitening as a layer, with gamma and beta as in batch normalization; see `whiten`. Taps `NAME/xHat`. NaN and infinity are refused
 * where they would reach the moving statistics, and by zca, pca and cholesky wherever they would reach the decomposition.
 * @example whiteningLayer(20, { name: 'layer1', iterations: 7 })
 * @throws RangeError for a method that is not known, or epsilon, decay or iterations out of range; when applied, as `whiten`
 */
export function whiteningLayer(features: number, options: WhiteningLayerOptions = {}): WhiteningLayer {
  return allOrNothing(() => new WhiteningLayer(features, options));
}
