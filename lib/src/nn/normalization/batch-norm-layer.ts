/** Batch normalization as a layer: moving averages, gamma and beta over the pure functions. */
import { layer as aLayer, checkedOptions, expectArgument, flag, Options, own } from '../../core/checks';
import { fusedBatchNorm, fusedIsFaster, tf } from '../../engine';
import { ApplyContext, expectTraining } from '../context';
import {
  expectCount,
  expectDecay,
  expectEpsilon,
  expectFeatures,
  expectFiniteStatistics,
  expectFloatTensor,
  expectNumber,
  expectOneOf,
  expectPerFeature,
  expectStatistics,
} from '../checks';
import { BaseLayer } from '../layers/base';
import { allLayers } from '../layers/composite';
import { Layer } from '../types';
import { BatchNormResult } from './batch-norm';
import { Convention, ConventionName, conventionOf } from './conventions';
import { batchNormInference } from './inference';
import { batchMoments, unbiasedVariance } from './moments';
import { moveFromFirst } from './moving';
import { CORRECT, pitfall, PitfallName, NormalizationScheme } from './pitfalls';
import { expectBatch, scaleAndShift, valuesPerFeature } from './shared';

/** Options of batch normalization as a layer. */
export interface BatchNormLayerOptions {
  /** Label of the variables and taps, such as `layer1`. Default `batchNorm`. */
  name?: string;
  /** Added to the variance, inside the root. Default 1e-5. */
  epsilon?: number;
  /** Accept epsilon = 0. Default false. */
  allowZeroEpsilon?: boolean;
  /** Weight of the past in the moving averages: moving = decay*moving + (1-decay)*batch. Default 0.9. */
  decay?: number;
  /**
   * Keep statistics as another library does: `CONVENTIONS` sets the decay, epsilon, start values, and whether the variance that is
   * stored is biased, so that the same batches leave the same statistics and the same outputs at inference. `decay` and `epsilon` beside it
   * win. A batch of one in training stays an error, and a frozen layer stands still, whatever that library does. Left out: this
   * library's own, which stores the unbiased variance, as Algorithm 2 and PyTorch do.
   */
  convention?: ConventionName;
  /** Learn beta. Default true. */
  center?: boolean;
  /** Learn gamma. Default true. */
  scale?: boolean;
  /**
   * Start the moving averages at zero and divide by the weight they have gathered, 1 - decay^t, so that they are averages of
   * the batches seen and of nothing else. Default false: they start at (0, 1), as in PyTorch and TensorFlow.
   */
  debias?: boolean;
  /** Default 1. */
  initialGamma?: number;
  /** Default 0. */
  initialBeta?: number;
  /**
   * Stop at NaN and infinity before they reach the moving averages. It looks at the batch's statistics, d numbers, where they
   * are about to be averaged; inside `compile` nothing can be read, and nothing is checked. Default true.
   */
  check?: boolean;
  /** A known-wrong variant in place of the right one. */
  pitfall?: PitfallName;
  /**
   * What computes in training: `auto` takes a fused kernel for images where it is faster; `composed` is always
   * `batchNorm`. They differ by rounding: the kernel's mean carries an error that grows with |mu|/sigma (1e-7 of it; where TensorFlow's
   * own is taken, about 1e-6), `batchNorm` has none. Default `auto`.
   */
  kernel?: 'auto' | 'composed';
}

export const BATCH_NORM_LAYER_OPTIONS: Options<BatchNormLayerOptions> = {
  ...{ name: own, epsilon: own, allowZeroEpsilon: flag, decay: own, center: flag, scale: flag, debias: flag },
  ...{ convention: own, initialGamma: own, initialBeta: own, check: flag, pitfall: own, kernel: own },
};

/** The layer that `batchNormLayer` makes. */
export class BatchNormLayer extends BaseLayer {
  /** Added to the variance, inside the root. */
  readonly epsilon: number;
  /** Weight of the past in the moving averages. */
  readonly decay: number;
  /** Whether `statistics` divides by the weight gathered. */
  readonly debias: boolean;
  /** Whose statistics it keeps; null for this library's own. */
  readonly convention: ConventionName | null;
  /** [d], or null without `scale`. */
  readonly gamma: tf.Variable | null;
  /** [d], or null without `center`. */
  readonly beta: tf.Variable | null;
  /** Exponential moving average of the batch means, [d]; see `statistics` for what inference uses. */
  readonly movingMean: tf.Variable;
  /** Exponential moving average of the batch variances, [d]: unbiased, unless the convention says otherwise. */
  readonly movingVariance: tf.Variable;
  /** With `debias`: the weight gathered so far, 1 - decay^t. Where the first batch is copied: 1 once there was one. Else null. */
  readonly movingWeight: tf.Variable | null;
  /** The functions it is made of: the right ones, or those of a pitfall. */
  readonly scheme: NormalizationScheme;
  private readonly rules: Convention;
  private readonly allowZeroEpsilon: boolean;
  private readonly check: boolean;
  private readonly kernel: 'auto' | 'composed';

  constructor(
    /** d, the size of the last axis. */
    readonly features: number,
    options: BatchNormLayerOptions = {},
  ) {
    super(checkedOptions('batchNormLayer', options, BATCH_NORM_LAYER_OPTIONS).name ?? 'batchNorm');
    expectCount(this.name, 'features', features);
    this.rules = conventionOf(this.name, options);
    this.convention = options.convention ?? null;
    this.epsilon = options.epsilon ?? this.rules.epsilon;
    this.allowZeroEpsilon = options.allowZeroEpsilon ?? false;
    expectEpsilon(this.name, this.epsilon, this.allowZeroEpsilon);
    this.decay = options.decay ?? this.rules.decay!;
    expectDecay(this.name, this.decay);
    this.check = options.check ?? true;
    const { start } = this.rules;
    this.debias = start === 'zero' || start === 'debiased';
    this.kernel = options.kernel ?? 'auto';
    expectOneOf(this.name, 'kernel', this.kernel, ['auto', 'composed']);
    this.scheme = options.pitfall === undefined ? CORRECT : pitfall(options.pitfall);
    expectNumber(this.name, 'initialGamma', options.initialGamma ?? 1);
    expectNumber(this.name, 'initialBeta', options.initialBeta ?? 0);
    const d = [features];
    this.gamma = (options.scale ?? true) ? this.addVariable('gamma', tf.fill(d, options.initialGamma ?? 1)) : null;
    this.beta = (options.center ?? true) ? this.addVariable('beta', tf.fill(d, options.initialBeta ?? 0)) : null;
    const fromOne = (start === 'standard' || start === 'debiased') && !this.scheme.startsFromZero;
    this.movingMean = this.addVariable('movingMean', tf.zeros(d), false);
    this.movingVariance = this.addVariable('movingVariance', fromOne ? tf.ones(d) : tf.zeros(d), false);
    this.movingWeight = start === 'standard' ? null : this.addVariable('movingWeight', tf.scalar(0), false);
    this.limit(this.movingVariance, 'a variance, none negative', (value) => value >= 0);
    if (this.movingWeight) this.limit(this.movingWeight, 'a weight from 0 to 1', (value) => value >= 0 && value <= 1);
  }

  /** What inference normalizes with: the moving averages, divided by their weight with `debias`. The caller disposes them. */
  statistics(): { mean: tf.Tensor; variance: tf.Tensor } {
    this.expectAlive();
    return tf.tidy(() => {
      const weight = this.movingWeight;
      if (!weight) return { mean: tf.clone(this.movingMean), variance: tf.clone(this.movingVariance) };
      // Before the first batch there is nothing to average: normalize with (0, 1), which changes nothing.
      const none = tf.equal(weight, 0).toFloat();
      const divisor = tf.add(weight, none);
      const variance = tf.div(this.movingVariance, divisor);
      return {
        mean: tf.div(this.movingMean, divisor),
        variance: this.rules.start === 'debiased' ? variance : tf.add(variance, none),
      };
    });
  }

  /**
   * Puts population statistics in place of the moving averages (Algorithm 2).
   * @param mean E[x], [d]
   * @param variance Var[x], [d], unbiased
   * @throws RangeError when the shapes do not fit, a value is not finite, or a variance negative; then nothing is changed
   */
  setStatistics(mean: tf.Tensor, variance: tf.Tensor): void {
    this.expectAlive();
    expectPerFeature(this.name, 'mean', mean, this.features);
    expectPerFeature(this.name, 'variance', variance, this.features);
    expectStatistics(this.name, mean, variance);
    tf.tidy(() => {
      // Copies: a variable that is assigned itself would be lost.
      this.movingMean.assign(tf.clone(mean));
      this.movingVariance.assign(tf.clone(variance));
      this.movingWeight?.assign(tf.scalar(1));
    });
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    this.expectAlive();
    expectFloatTensor(this.name, 'x', x, [2, 4]);
    expectFeatures(this.name, x, this.features);
    expectTraining(this.name, context);
    const options = { epsilon: this.epsilon, allowZeroEpsilon: this.allowZeroEpsilon, check: false };
    return tf.tidy(() => {
      if (!context.training || this.frozen) {
        const { mean, variance } = this.statistics();
        if (!context.tap) return this.scheme.infer(x, mean, variance, this.gamma, this.beta, options);
        const xHat = this.scheme.infer(x, mean, variance, null, null, options);
        context.tap(`${this.name}/xHat`, xHat);
        return scaleAndShift(xHat, this.gamma, this.beta);
      }
      expectBatch(this.name, x);
      // Looked at, the layer is computed in two steps, so that gradients with respect to xHat pass through what the tap saw.
      const [gamma, beta] = context.tap ? [null, null] : [this.gamma, this.beta];
      const { y, mean, variance } = this.rules.normalizesByMoving
        ? this.normalizeByMoving(x, gamma, beta)
        : this.normalize(x, gamma, beta);
      if (context.updateStatistics ?? true) {
        if (this.check) expectFiniteStatistics(this.name, x, variance);
        this.update(mean, variance, x);
      }
      if (!context.tap) return y;
      context.tap(`${this.name}/mean`, mean);
      context.tap(`${this.name}/variance`, variance);
      context.tap(`${this.name}/xHat`, y);
      return scaleAndShift(y, this.gamma, this.beta);
    });
  }

  private normalize(x: tf.Tensor, gamma: tf.Tensor | null, beta: tf.Tensor | null): BatchNormResult {
    const { epsilon, allowZeroEpsilon, scheme } = this;
    if (this.kernel === 'auto' && scheme === CORRECT && x.rank === 4 && fusedIsFaster(x)) {
      const g = gamma ?? tf.ones([this.features]);
      const b = beta ?? tf.zeros([this.features]);
      return fusedBatchNorm(x as tf.Tensor4D, g as tf.Tensor1D, b as tf.Tensor1D, epsilon);
    }
    return scheme.normalize(x, gamma, beta, { epsilon, allowZeroEpsilon, check: false });
  }

  /** By the moving averages with this batch in them, through which the gradient reaches the batch. */
  private normalizeByMoving(x: tf.Tensor, gamma: tf.Tensor | null, beta: tf.Tensor | null): BatchNormResult {
    const { epsilon, allowZeroEpsilon } = this;
    const { mean, variance } = batchMoments(x);
    const moved = this.moved(mean, variance, x);
    const options = { epsilon, allowZeroEpsilon, check: false };
    return { y: batchNormInference(x, moved.mean, moved.variance, gamma, beta, options), mean, variance };
  }

  /** The moving averages after a batch of these statistics, the variance biased. */
  private moved(mean: tf.Tensor, variance: tf.Tensor, x: tf.Tensor): { mean: tf.Tensor; variance: tf.Tensor } {
    const { move, unbiasedMoving } = this.scheme;
    const { unbiased, start } = this.rules;
    const mended = unbiasedMoving && (unbiased === 'images' ? x.rank === 4 : unbiased);
    const spread = mended ? unbiasedVariance(variance, valuesPerFeature(x)) : variance;
    const take = (moving: tf.Tensor, batch: tf.Tensor) =>
      start === 'firstBatch'
        ? moveFromFirst(moving, batch, this.decay, this.movingWeight!)
        : move(moving, batch, this.decay);
    return { mean: take(this.movingMean, mean), variance: take(this.movingVariance, spread) };
  }

  private update(batchMean: tf.Tensor, batchVariance: tf.Tensor, x: tf.Tensor): void {
    const { mean, variance } = this.moved(batchMean, batchVariance, x);
    this.movingMean.assign(mean);
    this.movingVariance.assign(variance);
    if (!this.movingWeight) return;
    const one = tf.scalar(1);
    this.movingWeight.assign(this.debias ? this.scheme.move(this.movingWeight, one, this.decay) : one);
  }
}

/**
 * Batch normalization as a layer: `batchNorm` in training, `batchNormInference` with its moving averages otherwise.
 * The moving averages are moved in training only, and never while the layer is frozen.
 *
 * Taps `NAME/xHat`, and in training `NAME/mean` and `NAME/variance` (biased).
 *
 * NaN and infinity are refused where they would spoil the moving averages. Elsewhere they pass through, each to its own outputs: a
 * network that has diverged can still be looked at.
 *
 * @example const bn = batchNormLayer(100, { name: 'layer1', decay: 0.99 });
 *   const y = bn.apply(x, { training: true });
 * @param features d, the size of the last axis
 * @throws RangeError when epsilon is not above 0, decay not in [0, 1], a convention is not known or stands beside a pitfall or
 *   `debias`; when applied: wrong rank, another feature count, a
 *   batch of one in training, NaN or infinity in training. Nothing is updated then. TypeError when the context does not say
 *   whether this is training
 */
export function batchNormLayer(features: number, options: BatchNormLayerOptions = {}): BatchNormLayer {
  return new BatchNormLayer(features, options);
}

/** The batch normalization layers inside a layer, from input to output, each once. */
export function batchNormLayers(layer: Layer): BatchNormLayer[] {
  expectArgument('batchNormLayers', 'layer', layer, aLayer);
  const found = allLayers(layer).filter((inner): inner is BatchNormLayer => inner instanceof BatchNormLayer);
  return [...new Set(found)];
}
