import { checkedOptions, expectOptions, Options, own, shown } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext } from '../context';
import { expectDecay, expectDeviation, expectFinite, expectFiniteStatistics, expectPerFeature } from '../checks';
import { allOrNothing } from '../layers/base';
import { stopGradient } from '../stop-gradient';
import { AffineNormLayer, NORM_LAYER_OPTIONS, NormLayerOptions } from './affine-layer';
import { finiteMoments } from './moments';
import { moveWithDecay } from './moving';
import { checkBatch, EPSILON_OPTIONS, EpsilonOptions, expectBatch, scaleAndShift } from './shared';

/** Options of batch renormalization. */
export interface BatchRenormOptions extends EpsilonOptions {
  /** r is clipped to [1/rMax, rMax]. Default 3; 1 makes it batch normalization. */
  rMax?: number;
  /** d is clipped to [-dMax, dMax]. Default 5; 0 with rMax 1 makes it batch normalization. */
  dMax?: number;
}

const BATCH_RENORM_OPTIONS: Options<BatchRenormOptions> = { ...EPSILON_OPTIONS, rMax: own, dMax: own };

/** What batch renormalization returns in training. */
export type BatchRenormResult = {
  /** Like x. */
  y: tf.Tensor;
  /** mu_B, [d]. */
  mean: tf.Tensor;
  /** sigma_B = sqrt(epsilon + biased variance), [d]: a standard deviation. */
  deviation: tf.Tensor;
  /** The correction factor r, [d], clipped. */
  r: tf.Tensor;
  /** The correction offset d, [d], clipped. */
  d: tf.Tensor;
};

/**
 * Batch renormalization in training (Ioffe 2017, Algorithm 1): the batch's statistics, corrected towards the moving ones by
 * r and d, which the gradient takes for constants.
 *
 *     r    = stop(clip(sigma_B / sigma, 1/rMax, rMax))
 *     d    = stop(clip((mu_B - mu) / sigma, -dMax, dMax))
 *     xHat = (x - mu_B) / sigma_B r + d
 *     y    = gamma xHat + beta
 *
 * @example const { y, r, d } = batchRenorm(x, movingMean, movingDeviation, gamma, beta, { rMax: 3, dMax: 5 });
 * @param x float32 [m, d] or [batch, height, width, channels]
 * @param movingMean mu, [d]
 * @param movingDeviation sigma, [d], above 0
 * @throws as `batchNorm`; RangeError when rMax is below 1, dMax below 0, movingMean not finite, or movingDeviation not above 0
 */
export function batchRenorm(
  x: tf.Tensor,
  movingMean: tf.Tensor,
  movingDeviation: tf.Tensor,
  gamma?: tf.Tensor | null,
  beta?: tf.Tensor | null,
  options: BatchRenormOptions = {},
): BatchRenormResult {
  const where = 'batchRenorm';
  expectOptions(where, options, BATCH_RENORM_OPTIONS);
  const epsilon = checkBatch(where, x, gamma, beta, { ...options, check: false });
  const features = x.shape[x.rank - 1];
  expectPerFeature(where, 'movingMean', movingMean, features);
  expectPerFeature(where, 'movingDeviation', movingDeviation, features);
  const { rMax, dMax } = checkClipping(where, options);
  if (options.check ?? true) {
    expectFinite(where, 'movingMean', movingMean);
    expectDeviation(where, 'movingDeviation', movingDeviation);
  }
  return tf.tidy(() => {
    const { mean, variance, centred } = finiteMoments(where, x, options);
    const deviation = tf.sqrt(tf.add(variance, epsilon));
    const r = stopGradient(tf.clipByValue(tf.div(deviation, movingDeviation), 1 / rMax, rMax));
    const d = stopGradient(tf.clipByValue(tf.div(tf.sub(mean, movingMean), movingDeviation), -dMax, dMax));
    const xHat = tf.add(tf.mul(tf.div(centred, deviation), r), d);
    return { y: scaleAndShift(xHat, gamma, beta), mean, deviation, r, d };
  });
}

function checkClipping(where: string, options: BatchRenormOptions): { rMax: number; dMax: number } {
  const { rMax = 3, dMax = 5 } = options;
  if (typeof rMax !== 'number' || !(rMax >= 1))
    throw new RangeError(`${where}: rMax must be at least 1, got ${shown(rMax, '')}.`);
  if (typeof dMax !== 'number' || !(dMax >= 0))
    throw new RangeError(`${where}: dMax must be at least 0, got ${shown(dMax, '')}.`);
  return { rMax, dMax };
}

/** Options of batch renormalization as a layer. */
export interface BatchRenormLayerOptions extends NormLayerOptions {
  /** Weight of the past in the moving averages. Default 0.9. */
  decay?: number;
  /** r is clipped to [1/rMax, rMax]. Default 3. */
  rMax?: number;
  /** d is clipped to [-dMax, dMax]. Default 5. */
  dMax?: number;
}

export const BATCH_RENORM_LAYER_OPTIONS: Options<BatchRenormLayerOptions> = {
  ...NORM_LAYER_OPTIONS,
  ...{ decay: own, rMax: own, dMax: own },
};

/** The layer that `batchRenormLayer` makes. */
export class BatchRenormLayer extends AffineNormLayer {
  protected override readonly mixesRows = true;
  /** Weight of the past in the moving averages. */
  readonly decay: number;
  /** r is clipped to [1/rMax, rMax]. */
  readonly rMax: number;
  /** d is clipped to [-dMax, dMax]. */
  readonly dMax: number;
  /** Moving average of the batch means, [d]; starts at 0. */
  readonly movingMean: tf.Variable;
  /** Moving average of the batch standard deviations (Ioffe 2017 averages these, not variances), [d]; starts at 1. */
  readonly movingDeviation: tf.Variable;

  constructor(features: number, options: BatchRenormLayerOptions = {}) {
    super(features, checkedOptions('batchRenormLayer', options, BATCH_RENORM_LAYER_OPTIONS), 'batchRenorm');
    this.decay = options.decay ?? 0.9;
    expectDecay(this.name, this.decay);
    const { rMax, dMax } = checkClipping(this.name, options);
    this.rMax = rMax;
    this.dMax = dMax;
    this.movingMean = this.addVariable('movingMean', tf.zeros([features]), false);
    this.movingDeviation = this.addVariable('movingDeviation', tf.ones([features]), false);
    this.limit(this.movingDeviation, 'a standard deviation, above 0', (value) => value > 0);
  }

  protected standardized(x: tf.Tensor, context: ApplyContext, options: EpsilonOptions): tf.Tensor {
    if (!context.training || this.frozen) return tf.div(tf.sub(x, this.movingMean), this.movingDeviation);
    expectBatch(this.name, x);
    const { y, mean, deviation, r, d } = batchRenorm(x, this.movingMean, this.movingDeviation, null, null, {
      ...options,
      rMax: this.rMax,
      dMax: this.dMax,
    });
    context.tap?.(`${this.name}/r`, r);
    context.tap?.(`${this.name}/d`, d);
    if (context.updateStatistics ?? true) {
      expectFiniteStatistics(this.name, x, deviation);
      const newMean = moveWithDecay(this.movingMean, mean, this.decay);
      const newDeviation = moveWithDecay(this.movingDeviation, deviation, this.decay);
      this.movingMean.assign(newMean);
      this.movingDeviation.assign(newDeviation);
    }
    return y;
  }
}

/** Batch renormalization as a layer; see `batchRenorm`. Taps `NAME/xHat`, `NAME/r`, `NAME/d`. */
export function batchRenormLayer(features: number, options: BatchRenormLayerOptions = {}): BatchRenormLayer {
  return allOrNothing(() => new BatchRenormLayer(features, options));
}
