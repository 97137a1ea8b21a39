/** Batch normalization as a layer: moving averages, gamma and beta over the pure functions. */
import { layer as aLayer, checkedOptions, expectArgument, flag } from '../../core/checks';
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
import { BATCH_NORM_LAYER_OPTIONS, type BatchNormLayerOptions } from './batch-norm-options';
import { Convention, ConventionName, conventionOf } from './conventions';
import { batchNormInference } from './inference';
import { batchMoments, unbiasedVariance } from './moments';
import { countOf, expectCounted, expectMask, maskedBatchNorm, unbiasedOf, zeroOutside } from './masked';
import { moveFromFirst } from './moving';
import { CORRECT, pitfall, NormalizationScheme } from './pitfalls';
import { expectBatch, scaleAndShift, valuesPerFeature } from './shared';

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
  /**
   * True: the layer normalizes by its moving averages in training too, and they stand still, while gamma and beta learn, as is usual
   * where a trained network goes on with few or other examples. `frozen` holds gamma and beta as well.
   */
  frozenStatistics = false;
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

  /**
   * Gamma and beta stand still, while the moving averages go on; `frozen` holds them as well. The counterpart of `frozenStatistics`; with
   * both, the layer is frozen.
   */
  get frozenParameters(): boolean {
    return this.held;
  }

  /** Freezes or thaws gamma and beta. */
  set frozenParameters(value: boolean) {
    expectArgument(this.name, 'frozenParameters', value, flag);
    this.held = value;
    this.hold();
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    this.expectAlive();
    const mask = context?.mask;
    expectFloatTensor(this.name, 'x', x, mask === undefined ? [2, 4] : [2, 3, 4]);
    expectFeatures(this.name, x, this.features);
    expectTraining(this.name, context);
    expectArgument(this.name, 'frozenStatistics', this.frozenStatistics, flag);
    if (mask !== undefined) this.expectMaskable(mask, x);
    return tf.tidy(() => {
      if (x.rank === 3) return this.applyInRows(x, mask!, context);
      const inTraining = context.training && !this.frozen && !this.frozenStatistics;
      const y = inTraining ? this.applyInTraining(x, context) : this.applyByMoving(x, context);
      return mask === undefined ? y : zeroOutside(y, mask);
    });
  }

  private expectMaskable(mask: tf.Tensor, x: tf.Tensor): void {
    expectMask(this.name, mask, x);
    if (this.scheme === CORRECT && !this.rules.normalizesByMoving) return;
    const what = this.scheme === CORRECT ? `the convention '${this.convention}'` : 'a pitfall';
    throw new RangeError(`${this.name}: ${what} takes no mask. Take out the rows that do not count.`);
  }

  /** A sequence [batch, length, d] as rows. */
  private applyInRows(x: tf.Tensor, mask: tf.Tensor, context: ApplyContext): tf.Tensor {
    const rows = tf.reshape(x, [-1, this.features]);
    return tf.reshape(this.apply(rows, { ...context, mask: tf.reshape(mask, [-1]) }), x.shape);
  }

  private applyByMoving(x: tf.Tensor, { tap }: ApplyContext): tf.Tensor {
    const options = { epsilon: this.epsilon, allowZeroEpsilon: this.allowZeroEpsilon, check: false };
    const { mean, variance } = this.statistics();
    if (!tap) return this.scheme.infer(x, mean, variance, this.gamma, this.beta, options);
    const xHat = this.scheme.infer(x, mean, variance, null, null, options);
    tap(`${this.name}/xHat`, xHat);
    return scaleAndShift(xHat, this.gamma, this.beta);
  }

  private applyInTraining(x: tf.Tensor, { tap, mask, updateStatistics = true }: ApplyContext): tf.Tensor {
    if (mask === undefined) expectBatch(this.name, x);
    else if (this.check) expectCounted(this.name, mask);
    // Looked at, the layer is computed in two steps, so that gradients with respect to xHat pass through what the tap saw.
    const [gamma, beta] = tap ? [null, null] : [this.gamma, this.beta];
    const { y, mean, variance } = this.rules.normalizesByMoving
      ? this.normalizeByMoving(x, gamma, beta)
      : this.normalize(x, gamma, beta, mask);
    if (updateStatistics) {
      if (this.check) expectFiniteStatistics(this.name, mask === undefined ? x : zeroOutside(x, mask), variance);
      this.update(mean, variance, x, mask === undefined ? valuesPerFeature(x) : countOf(mask));
    }
    if (!tap) return y;
    tap(`${this.name}/mean`, mean);
    tap(`${this.name}/variance`, variance);
    tap(`${this.name}/xHat`, y);
    return scaleAndShift(y, this.gamma, this.beta);
  }

  private normalize(
    x: tf.Tensor,
    gamma: tf.Tensor | null,
    beta: tf.Tensor | null,
    mask: tf.Tensor | undefined,
  ): BatchNormResult {
    const { epsilon, allowZeroEpsilon, scheme } = this;
    if (mask !== undefined) return maskedBatchNorm(x, mask, gamma, beta, { epsilon, allowZeroEpsilon, check: false });
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
    const moved = this.moved(mean, variance, x, valuesPerFeature(x));
    const options = { epsilon, allowZeroEpsilon, check: false };
    return { y: batchNormInference(x, moved.mean, moved.variance, gamma, beta, options), mean, variance };
  }

  /** The moving averages after a batch of these statistics, the variance biased and of m values per feature. */
  private moved(
    mean: tf.Tensor,
    variance: tf.Tensor,
    x: tf.Tensor,
    m: number | tf.Tensor,
  ): { mean: tf.Tensor; variance: tf.Tensor } {
    const { move, unbiasedMoving } = this.scheme;
    const { unbiased, start } = this.rules;
    const mended = unbiasedMoving && (unbiased === 'images' ? x.rank === 4 : unbiased);
    const spread = !mended ? variance : typeof m === 'number' ? unbiasedVariance(variance, m) : unbiasedOf(variance, m);
    const take = (moving: tf.Tensor, batch: tf.Tensor) =>
      start === 'firstBatch'
        ? moveFromFirst(moving, batch, this.decay, this.movingWeight!)
        : move(moving, batch, this.decay);
    return { mean: take(this.movingMean, mean), variance: take(this.movingVariance, spread) };
  }

  private update(batchMean: tf.Tensor, batchVariance: tf.Tensor, x: tf.Tensor, m: number | tf.Tensor): void {
    const { mean, variance } = this.moved(batchMean, batchVariance, x, m);
    // Fewer than two positions that count say nothing of a variance.
    const put = (moving: tf.Variable, value: tf.Tensor) =>
      moving.assign(typeof m === 'number' ? value : tf.where(tf.greaterEqual(m, 2), value, moving));
    put(this.movingMean, mean);
    put(this.movingVariance, variance);
    if (!this.movingWeight) return;
    const one = tf.scalar(1);
    put(this.movingWeight, this.debias ? this.scheme.move(this.movingWeight, one, this.decay) : one);
  }
}

/**
 * Batch normalization as a layer: `batchNorm` in training, `batchNormInference` with its moving averages otherwise.
 * The moving averages are moved in training only, and never while the layer is frozen.
 *
 * With a `mask` in the context, [m], [batch, length] or [batch, height, width], only the positions that count are looked at, and what
 * comes out elsewhere is 0: see `maskedBatchNorm`. Of x [batch, length, d] taps see [batch * length, d]. A mini-batch in which fewer than
 * two positions count is an error; inside `compile`, where nothing can be read, it leaves the moving averages as they are.
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
