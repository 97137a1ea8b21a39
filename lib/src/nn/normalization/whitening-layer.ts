import { checkedOptions, Options, own } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext, expectTraining } from '../context';
import {
  expectCount,
  expectDecay,
  expectEpsilon,
  expectFeatures,
  expectFilled,
  expectFiniteStatistics,
  expectFloatTensor,
  expectOneOf,
} from '../checks';
import { BaseLayer } from '../layers/base';
import { NORM_LAYER_OPTIONS, NormLayerOptions } from './affine-layer';
import { moveWithDecay } from './moving';
import { checkIterations, NEWTON_SCHULZ_OPTIONS, NewtonSchulzOptions } from './newton-schulz';
import { DEFAULT_EPSILON, expectBatch, scaleAndShift, valuesPerFeature } from './shared';
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
export class WhiteningLayer extends BaseLayer {
  /** Which inverse root. */
  readonly method: WhiteningMethod;
  /** Added to the diagonal of the covariance. */
  readonly epsilon: number;
  /** Weight of the past in the moving statistics. */
  readonly decay: number;
  /** [d], or null without `scale`. */
  readonly gamma: tf.Variable | null;
  /** [d], or null without `center`. */
  readonly beta: tf.Variable | null;
  /** [d]; starts at 0. */
  readonly movingMean: tf.Variable;
  /** Moving average of m/(m-1) times the batch covariance, epsilon not included, [d, d]; starts at the identity. */
  readonly movingCovariance: tf.Variable;
  private readonly iterations: Required<NewtonSchulzOptions>;
  private readonly allowZeroEpsilon: boolean;

  constructor(
    /** d, the size of the last axis. */
    readonly features: number,
    options: WhiteningLayerOptions = {},
  ) {
    super(checkedOptions('whiteningLayer', options, WHITENING_LAYER_OPTIONS).name ?? 'whitening');
    expectCount(this.name, 'features', features);
    this.method = options.method ?? 'newton-schulz';
    expectOneOf(this.name, 'method', this.method, WHITENINGS);
    this.epsilon = options.epsilon ?? DEFAULT_EPSILON;
    this.allowZeroEpsilon = options.allowZeroEpsilon ?? false;
    expectEpsilon(this.name, this.epsilon, this.allowZeroEpsilon);
    this.decay = options.decay ?? 0.9;
    expectDecay(this.name, this.decay);
    this.iterations = checkIterations(this.name, options);
    this.gamma = (options.scale ?? true) ? this.addVariable('gamma', tf.ones([features])) : null;
    this.beta = (options.center ?? true) ? this.addVariable('beta', tf.zeros([features])) : null;
    this.movingMean = this.addVariable('movingMean', tf.zeros([features]), false);
    this.movingCovariance = this.addVariable('movingCovariance', tf.eye(features), false);
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    this.expectAlive();
    expectFloatTensor(this.name, 'x', x, [2, 4]);
    expectFilled(this.name, 'x', x);
    expectFeatures(this.name, x, this.features);
    expectTraining(this.name, context);
    return tf.tidy(() => {
      const xHat = context.training && !this.frozen ? this.train(x, context) : this.infer(x);
      context.tap?.(`${this.name}/xHat`, xHat);
      return scaleAndShift(xHat, this.gamma, this.beta);
    });
  }

  private train(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectBatch(this.name, x);
    const { y, mean, covariance } = whitened(this.name, x, {
      ...this.iterations,
      method: this.method,
      epsilon: this.epsilon,
      allowZeroEpsilon: this.allowZeroEpsilon,
      check: false,
    });
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
  return new WhiteningLayer(features, options);
}
