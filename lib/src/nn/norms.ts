/**
 * Normalizations that do not look at the mini-batch (layer, group, instance), and batch renormalization, which looks at it
 * with care. Same layout as `batch-norm.ts`: the last axis holds the features or channels; gamma and beta are per feature.
 */
import { checkedOptions, expectOptions, flag, own, type Options, shown } from '../core/checks';
import { tf } from '../engine';
import { allOrNothing, BaseLayer } from './base';
import {
  checkBatch,
  checkNormalization,
  DEFAULT_EPSILON,
  EpsilonOptions,
  EPSILON_OPTIONS,
  expectBatch,
  finiteMoments,
  scaleAndShift,
} from './batch-norm';
import {
  describe,
  expectCount,
  expectDecay,
  expectDeviation,
  expectEpsilon,
  expectFeatures,
  expectFilled,
  expectFinite,
  expectFiniteStatistics,
  expectFloatTensor,
  expectOneOf,
  expectPerFeature,
  expectTraining,
} from './checks';
import { stopGradient, moveWithDecay } from './exhibits';
import { ApplyContext } from './types';

/** (x - mean) / sqrt(variance + epsilon) over the given axes, centred twice as in `batchMoments`. */
function standardize(
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

/**
 * Layer normalization (Ba et al. 2016): each example by the mean and biased variance of its own values.
 *
 * @example const y = layerNorm(x, tf.ones([100]), tf.zeros([100]));
 * @param x float32 [m, d], over d; or [batch, height, width, channels], over all three
 * @param gamma float32 [d], per feature or channel; null or left out means 1
 * @param beta float32 [d]; null or left out means 0
 * @returns like x
 * @throws TypeError when a tensor is disposed or not float32
 * @throws RangeError on a wrong rank, gamma or beta that do not fit, NaN or infinity in x, |x - mean| above 1.8e19, epsilon not above 0
 */
export function layerNorm(
  x: tf.Tensor,
  gamma?: tf.Tensor | null,
  beta?: tf.Tensor | null,
  options: EpsilonOptions = {},
): tf.Tensor {
  const where = 'layerNorm';
  expectOptions(where, options, EPSILON_OPTIONS);
  const epsilon = checkNormalization(where, x, gamma, beta, { ...options, check: false });
  return tf.tidy(() => {
    const axes = Array.from({ length: x.rank - 1 }, (_, i) => i + 1);
    return scaleAndShift(standardize(where, x, axes, epsilon, options), gamma, beta);
  });
}

/**
 * Group normalization (Wu & He 2018): each example by the statistics of each of its groups of neighbouring channels.
 * One group is layer normalization; as many groups as channels is instance normalization.
 *
 * @example const y = groupNorm(x, 4, gamma, beta);
 * @param x float32 [m, d], over each d/groups features; or [batch, height, width, channels], over height, width and each
 *   channels/groups channels
 * @param groups divides the number of features
 * @returns like x
 * @throws as `layerNorm`; RangeError when groups does not divide the features
 */
export function groupNorm(
  x: tf.Tensor,
  groups: number,
  gamma?: tf.Tensor | null,
  beta?: tf.Tensor | null,
  options: EpsilonOptions = {},
): tf.Tensor {
  const where = 'groupNorm';
  expectOptions(where, options, EPSILON_OPTIONS);
  expectCount(where, 'groups', groups);
  const epsilon = checkNormalization(where, x, gamma, beta, { ...options, check: false });
  const d = x.shape[x.rank - 1];
  if (d % groups !== 0) {
    throw new RangeError(
      `${where}: groups must divide the number of features, got ${groups} groups for ${d} in ${describe(x)}.`,
    );
  }
  return tf.tidy(() => {
    const pixels = x.size / (x.shape[0] * d);
    const grouped = tf.reshape(x, [x.shape[0], pixels, groups, d / groups]);
    const xHat = standardize(where, grouped, [1, 3], epsilon, options, x);
    return scaleAndShift(tf.reshape(xHat, x.shape), gamma, beta);
  });
}

/**
 * Instance normalization (Ulyanov et al. 2016): each channel of each example by its own mean and variance over the image.
 *
 * @example const y = instanceNorm(images, gamma, beta);
 * @param x float32 [batch, height, width, channels], with height * width at least 2
 * @returns like x
 * @throws as `layerNorm`; RangeError for rank 2, where each value would be its own mean
 */
export function instanceNorm(
  x: tf.Tensor,
  gamma?: tf.Tensor | null,
  beta?: tf.Tensor | null,
  options: EpsilonOptions = {},
): tf.Tensor {
  const where = 'instanceNorm';
  expectOptions(where, options, EPSILON_OPTIONS);
  const epsilon = checkNormalization(where, x, gamma, beta, { ...options, check: false }, [4]);
  if (x.size / (x.shape[0] * x.shape[x.rank - 1]) < 2) {
    throw new RangeError(`${where}: needs at least 2 pixels per channel, got ${describe(x)}.`);
  }
  return tf.tidy(() => scaleAndShift(standardize(where, x, [1, 2], epsilon, options), gamma, beta));
}

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

/** Options that all normalization layers share. */
export interface NormLayerOptions {
  /** Label of the variables and taps, such as `layer1`. Default the kind of normalization, such as `layerNorm`. */
  name?: string;
  /** Default 1e-5. */
  epsilon?: number;
  /** Accept epsilon = 0. Default false. */
  allowZeroEpsilon?: boolean;
  /** Learn beta. Default true. */
  center?: boolean;
  /** Learn gamma. Default true. */
  scale?: boolean;
}

/** Options of group normalization as a layer. */
export interface GroupNormLayerOptions extends NormLayerOptions {
  /** Default: the largest of 8, 4, 2, 1 that divides the features. */
  groups?: number;
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

export const NORM_LAYER_OPTIONS: Options<NormLayerOptions> = {
  ...{ name: own, epsilon: own, allowZeroEpsilon: flag, center: flag, scale: flag },
};
const GROUP_NORM_LAYER_OPTIONS: Options<GroupNormLayerOptions> = { ...NORM_LAYER_OPTIONS, groups: own };
const BATCH_RENORM_LAYER_OPTIONS: Options<BatchRenormLayerOptions> = {
  ...NORM_LAYER_OPTIONS,
  ...{ decay: own, rMax: own, dMax: own },
};

abstract class AffineNormLayer extends BaseLayer {
  /** Added to the variance, inside the root. */
  readonly epsilon: number;
  /** [d], or null without `scale`. */
  readonly gamma: tf.Variable | null;
  /** [d], or null without `center`. */
  readonly beta: tf.Variable | null;
  /** Whether epsilon may be 0. */
  protected readonly allowZeroEpsilon: boolean;

  constructor(
    /** d, the size of the last axis. */
    readonly features: number,
    options: NormLayerOptions,
    name: string,
  ) {
    super(options.name ?? name);
    expectCount(this.name, 'features', features);
    this.epsilon = options.epsilon ?? DEFAULT_EPSILON;
    this.allowZeroEpsilon = options.allowZeroEpsilon ?? false;
    expectEpsilon(this.name, this.epsilon, this.allowZeroEpsilon);
    this.gamma = (options.scale ?? true) ? this.addVariable('gamma', tf.ones([features])) : null;
    this.beta = (options.center ?? true) ? this.addVariable('beta', tf.zeros([features])) : null;
  }

  /** xHat, before gamma and beta, like x. */
  protected abstract standardized(x: tf.Tensor, context: ApplyContext, options: EpsilonOptions): tf.Tensor;

  /**
   * gamma xHat + beta.
   * @throws TypeError, RangeError for a tensor of another type, rank or number of features; nothing is updated then
   */
  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    this.expectAlive();
    expectFloatTensor(this.name, 'x', x, [2, 4]);
    expectFilled(this.name, 'x', x);
    expectFeatures(this.name, x, this.features);
    expectTraining(this.name, context);
    return tf.tidy(() => {
      const options = { epsilon: this.epsilon, allowZeroEpsilon: this.allowZeroEpsilon, check: false };
      const xHat = this.standardized(x, context, options);
      context.tap?.(`${this.name}/xHat`, xHat);
      return scaleAndShift(xHat, this.gamma, this.beta);
    });
  }
}

/** The kind, checked: it stands in the name that the base class wants first. */
function kindOf(kind: ExampleNormLayer['kind']): string {
  expectOneOf('ExampleNormLayer', 'kind', kind, ['layer', 'group', 'instance']);
  return kind;
}

/** The layer that `layerNormLayer`, `groupNormLayer` and `instanceNormLayer` make. */
export class ExampleNormLayer extends AffineNormLayer {
  constructor(
    /** Which of the three. */
    readonly kind: 'layer' | 'group' | 'instance',
    features: number,
    /** Groups of channels; 1 for `layer`, d for `instance`. */
    readonly groups: number,
    options: NormLayerOptions,
  ) {
    super(features, checkedOptions(`${kindOf(kind)}NormLayer`, options, GROUP_NORM_LAYER_OPTIONS), `${kind}Norm`);
    expectCount(this.name, 'groups', groups);
    if (features % groups !== 0) {
      throw new RangeError(`${this.name}: groups must divide the number of features, got ${groups} for ${features}.`);
    }
  }

  protected standardized(x: tf.Tensor, _context: ApplyContext, options: EpsilonOptions): tf.Tensor {
    if (this.kind === 'layer') return layerNorm(x, null, null, options);
    if (this.kind === 'group') return groupNorm(x, this.groups, null, null, options);
    return instanceNorm(x, null, null, options);
  }
}

/** Layer normalization as a layer; see `layerNorm`. Taps `NAME/xHat`. */
export function layerNormLayer(features: number, options: NormLayerOptions = {}): ExampleNormLayer {
  expectOptions('layerNormLayer', options, NORM_LAYER_OPTIONS);
  return new ExampleNormLayer('layer', features, 1, options);
}

/** Group normalization as a layer; see `groupNorm`. Taps `NAME/xHat`. */
export function groupNormLayer(features: number, options: GroupNormLayerOptions = {}): ExampleNormLayer {
  expectOptions('groupNormLayer', options, GROUP_NORM_LAYER_OPTIONS);
  const groups = options.groups ?? [8, 4, 2, 1].find((g) => features % g === 0) ?? 1;
  return allOrNothing(() => new ExampleNormLayer('group', features, groups, options));
}

/** Instance normalization as a layer, for images; see `instanceNorm`. Taps `NAME/xHat`. */
export function instanceNormLayer(features: number, options: NormLayerOptions = {}): ExampleNormLayer {
  expectOptions('instanceNormLayer', options, NORM_LAYER_OPTIONS);
  return new ExampleNormLayer('instance', features, features, options);
}

/** The layer that `batchRenormLayer` makes. */
export class BatchRenormLayer extends AffineNormLayer {
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
