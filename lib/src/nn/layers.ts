/** Thin layers over the pure functions: dense, convolution, batch normalization, dropout, pooling. */
import {
  callback,
  checkedOptions,
  expectArgument,
  expectOptions,
  flag,
  list,
  own,
  type Options,
  shown,
  whole,
} from '../core/checks';
import { fusedBatchNorm, fusedIsFaster, Random, tf } from '../engine';
import { BaseLayer } from './base';
import {
  BatchNormResult,
  DEFAULT_EPSILON,
  expectBatch,
  scaleAndShift,
  unbiasedVariance,
  valuesPerFeature,
} from './batch-norm';
import {
  describe,
  expectCount,
  expectDecay,
  expectEpsilon,
  expectFeatures,
  expectFilled,
  expectFiniteStatistics,
  expectFloatTensor,
  expectNumber,
  expectOneOf,
  expectPerFeature,
  expectRate,
  expectStatistics,
  expectTraining,
  NAME_OPTION,
} from './checks';
import { convolve } from './convolution';
import { CORRECT, exhibit, ExhibitName, NormalizationScheme } from './exhibits';
import { expectInitializer, initializer, Initializer } from './initializers';
import { ApplyContext } from './types';

/** Options of layers with weights. */
export interface WeightOptions {
  /** Label of the variables, such as `layer1`. Default `dense` or `conv2d`; a network wants each label once. */
  name?: string;
  /** Default true; false where a normalization that removes the mean follows. */
  bias?: boolean;
  /** Default `lecun`: normal, variance 1/fanIn. */
  initializer?: Initializer;
  /** Names the random stream: the same seed and name give the same weights. Default 0. */
  seed?: number;
}

const WEIGHT_OPTIONS: Options<WeightOptions> = { name: own, bias: flag, initializer: own, seed: whole };

/** The layer that `dense` makes. */
export class DenseLayer extends BaseLayer {
  /** W, [inputs, outputs]. */
  readonly weights: tf.Variable;
  /** b, [outputs], or null. Starts at 0. */
  readonly bias: tf.Variable | null;

  constructor(
    /** Width of the input. */
    readonly inputs: number,
    /** Width of the output. */
    readonly outputs: number,
    options: WeightOptions = {},
  ) {
    super(checkedOptions('dense', options, WEIGHT_OPTIONS).name ?? 'dense');
    expectCount(this.name, 'inputs', inputs);
    expectCount(this.name, 'outputs', outputs);
    this.weights = this.addVariable('weights', initialWeights(this.name, [inputs, outputs], options));
    this.bias = (options.bias ?? true) ? this.addVariable('bias', tf.zeros([outputs])) : null;
  }

  apply(x: tf.Tensor, _context: ApplyContext): tf.Tensor {
    this.expectAlive();
    expectFloatTensor(this.name, 'x', x, [2]);
    expectFeatures(this.name, x, this.inputs);
    return tf.tidy(() => {
      const linear = tf.matMul(x, this.weights);
      return this.bias ? tf.add(linear, this.bias) : linear;
    });
  }
}

/**
 * A dense layer, W u + b: [m, inputs] to [m, outputs].
 * @example dense(784, 100, { name: 'layer1', bias: false, initializer: gaussian(0.1), seed: 1 })
 * @throws RangeError when the sizes are not whole numbers from 1; when applied: wrong rank or feature count
 */
export function dense(inputs: number, outputs: number, options: WeightOptions = {}): DenseLayer {
  return new DenseLayer(inputs, outputs, options);
}

function initialWeights(name: string, shape: number[], options: WeightOptions): tf.Tensor {
  const make = options.initializer ?? initializer('lecun');
  expectInitializer(name, make);
  return tf.tensor(make.make(shape, new Random(options.seed ?? 0).child(`${name}/weights`)), shape);
}

/** Options of a convolution. */
export interface ConvolutionOptions extends WeightOptions {
  /** Default 1. */
  stride?: number;
  /** `same` (the default) keeps height and width, divided by the stride; `valid` uses no padding. */
  pad?: 'same' | 'valid';
}

const CONVOLUTION_OPTIONS: Options<ConvolutionOptions> = { ...WEIGHT_OPTIONS, stride: own, pad: own };

/** The layer that `conv2d` makes. */
export class Conv2dLayer extends BaseLayer {
  /** [size, size, inputs, outputs]. */
  readonly weights: tf.Variable;
  /** [outputs], or null. Starts at 0. */
  readonly bias: tf.Variable | null;
  /** Step of the kernel, in pixels, in both directions. */
  readonly stride: number;
  /** `same` pads with zeros; `valid` does not. */
  readonly pad: 'same' | 'valid';

  constructor(
    /** Channels of the input. */
    readonly inputs: number,
    /** Channels of the output. */
    readonly outputs: number,
    /** Height and width of the kernel, in pixels. */
    readonly size: number,
    options: ConvolutionOptions = {},
  ) {
    super(checkedOptions('conv2d', options, CONVOLUTION_OPTIONS).name ?? 'conv2d');
    expectCount(this.name, 'inputs', inputs);
    expectCount(this.name, 'outputs', outputs);
    expectCount(this.name, 'size', size);
    this.stride = options.stride ?? 1;
    expectCount(this.name, 'stride', this.stride);
    this.pad = options.pad ?? 'same';
    expectOneOf(this.name, 'pad', this.pad, ['same', 'valid']);
    this.weights = this.addVariable('weights', initialWeights(this.name, [size, size, inputs, outputs], options));
    this.bias = (options.bias ?? true) ? this.addVariable('bias', tf.zeros([outputs])) : null;
  }

  apply(x: tf.Tensor, _context: ApplyContext): tf.Tensor {
    this.expectAlive();
    expectFloatTensor(this.name, 'x', x, [4]);
    expectFeatures(this.name, x, this.inputs);
    return tf.tidy(() => {
      expectWindow(this.name, x, this.size, this.pad);
      const linear = convolve(x as tf.Tensor4D, this.weights as tf.Tensor4D, this.stride, this.pad);
      return this.bias ? tf.add(linear, this.bias) : linear;
    });
  }
}

/**
 * A convolution: [batch, height, width, inputs] to [batch, height', width', outputs].
 * @example conv2d(1, 16, 3, { name: 'layer1', bias: false })
 * @param size height and width of the kernel
 * @throws RangeError when the sizes are not whole numbers from 1; when applied: wrong rank or channel count, or with `valid` an
 *   image smaller than the kernel
 */
export function conv2d(inputs: number, outputs: number, size: number, options: ConvolutionOptions = {}): Conv2dLayer {
  return new Conv2dLayer(inputs, outputs, size, options);
}

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
  exhibit?: ExhibitName;
  /**
   * What computes in training: `auto` takes TensorFlow's fused kernel for images where it is faster; `composed` is always
   * `batchNorm`. They differ by rounding: the kernel's mean carries an error that grows with |mu|/sigma (about 1e-6 of it),
   * `batchNorm` has none. Default `auto`.
   */
  kernel?: 'auto' | 'composed';
}

const BATCH_NORM_LAYER_OPTIONS: Options<BatchNormLayerOptions> = {
  ...{ name: own, epsilon: own, allowZeroEpsilon: flag, decay: own, center: flag, scale: flag, debias: flag },
  ...{ initialGamma: own, initialBeta: own, check: flag, exhibit: own, kernel: own },
};

/** The layer that `batchNormLayer` makes. */
export class BatchNormLayer extends BaseLayer {
  /** Added to the variance, inside the root. */
  readonly epsilon: number;
  /** Weight of the past in the moving averages. */
  readonly decay: number;
  /** Whether `statistics` divides by the weight gathered. */
  readonly debias: boolean;
  /** [d], or null without `scale`. */
  readonly gamma: tf.Variable | null;
  /** [d], or null without `center`. */
  readonly beta: tf.Variable | null;
  /** Exponential moving average of the batch means, [d]; see `statistics` for what inference uses. */
  readonly movingMean: tf.Variable;
  /** Exponential moving average of the unbiased batch variances, [d]. */
  readonly movingVariance: tf.Variable;
  /** With `debias`: the weight gathered so far, 1 - decay^t. */
  readonly movingWeight: tf.Variable | null;
  /** The functions it is made of: the right ones, or those of an exhibit. */
  readonly scheme: NormalizationScheme;
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
    this.epsilon = options.epsilon ?? DEFAULT_EPSILON;
    this.allowZeroEpsilon = options.allowZeroEpsilon ?? false;
    expectEpsilon(this.name, this.epsilon, this.allowZeroEpsilon);
    this.decay = options.decay ?? 0.9;
    expectDecay(this.name, this.decay);
    this.check = options.check ?? true;
    this.debias = options.debias ?? false;
    this.kernel = options.kernel ?? 'auto';
    expectOneOf(this.name, 'kernel', this.kernel, ['auto', 'composed']);
    this.scheme = options.exhibit === undefined ? CORRECT : exhibit(options.exhibit);
    expectNumber(this.name, 'initialGamma', options.initialGamma ?? 1);
    expectNumber(this.name, 'initialBeta', options.initialBeta ?? 0);
    const d = [features];
    this.gamma = (options.scale ?? true) ? this.addVariable('gamma', tf.fill(d, options.initialGamma ?? 1)) : null;
    this.beta = (options.center ?? true) ? this.addVariable('beta', tf.fill(d, options.initialBeta ?? 0)) : null;
    const fromZero = this.debias || this.scheme.startsFromZero;
    this.movingMean = this.addVariable('movingMean', tf.zeros(d), false);
    this.movingVariance = this.addVariable('movingVariance', fromZero ? tf.zeros(d) : tf.ones(d), false);
    this.movingWeight = this.debias ? this.addVariable('movingWeight', tf.scalar(0), false) : null;
    this.limit(this.movingVariance, 'a variance, none negative', (value) => value >= 0);
    if (this.movingWeight) this.limit(this.movingWeight, 'a weight from 0 to 1', (value) => value >= 0 && value <= 1);
  }

  /** What inference normalizes with: the moving averages, corrected for their start with `debias`. The caller disposes them. */
  statistics(): { mean: tf.Tensor; variance: tf.Tensor } {
    this.expectAlive();
    return tf.tidy(() => {
      const weight = this.movingWeight;
      if (!weight) return { mean: tf.clone(this.movingMean), variance: tf.clone(this.movingVariance) };
      // Before the first batch there is nothing to average: normalize with (0, 1), which changes nothing.
      const none = tf.equal(weight, 0).toFloat();
      const divisor = tf.add(weight, none);
      return {
        mean: tf.div(this.movingMean, divisor),
        variance: tf.add(tf.div(this.movingVariance, divisor), none),
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
      const { y, mean, variance } = context.tap
        ? this.normalize(x, null, null)
        : this.normalize(x, this.gamma, this.beta);
      if (context.updateStatistics ?? true) {
        if (this.check) expectFiniteStatistics(this.name, x, variance);
        this.update(mean, variance, valuesPerFeature(x));
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

  private update(mean: tf.Tensor, variance: tf.Tensor, m: number): void {
    const { move, unbiasedMoving } = this.scheme;
    const spread = unbiasedMoving ? unbiasedVariance(variance, m) : variance;
    const newMean = move(this.movingMean, mean, this.decay);
    const newVariance = move(this.movingVariance, spread, this.decay);
    this.movingMean.assign(newMean);
    this.movingVariance.assign(newVariance);
    if (this.movingWeight) this.movingWeight.assign(move(this.movingWeight, tf.scalar(1), this.decay));
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
 * @throws RangeError when epsilon is not above 0, decay not in [0, 1]; when applied: wrong rank, another feature count, a
 *   batch of one in training, NaN or infinity in training. Nothing is updated then. TypeError when the context does not say
 *   whether this is training
 */
export function batchNormLayer(features: number, options: BatchNormLayerOptions = {}): BatchNormLayer {
  return new BatchNormLayer(features, options);
}

/** The layer that `dropout` makes. */
export class DropoutLayer extends BaseLayer {
  constructor(
    /** Share of the values set to 0. */
    readonly rate: number,
    name: string,
  ) {
    super(name);
    expectRate(name, rate);
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectFloatTensor(this.name, 'x', x);
    expectTraining(this.name, context);
    if (!context.training || this.frozen || this.rate === 0) return tf.clone(x);
    const random = context.random;
    if (!random) {
      throw new TypeError(
        `${this.name}: dropout in training needs random numbers. Pass the step's: apply(x, { training: true, random: context.random }).`,
      );
    }
    const keep = 1 - this.rate;
    return tf.tidy(() => tf.mul(x, tf.div(random.bernoulli(keep, x.shape), keep)));
  }
}

/**
 * Dropout (Srivastava et al. 2014), inverted: in training each value is kept with probability 1 - rate and divided by it;
 * at inference nothing happens.
 * @example dropout(0.5)
 * @param rate share of the values set to 0, in [0, 1)
 * @param options.name stands in messages; default `dropout`
 * @throws RangeError for another rate; when applied in training: TypeError without `context.random`
 */
export function dropout(rate: number, options: { name?: string } = {}): DropoutLayer {
  expectOptions('dropout', options, NAME_OPTION);
  return new DropoutLayer(rate, options.name ?? 'dropout');
}

/** A layer without variables, made of a function. */
export class FunctionLayer extends BaseLayer {
  /**
   * @param name stands in messages
   * @param f the output for a batch
   * @param ranks the ranks of a batch that it takes, such as [2] or [2, 4]; any unless told
   */
  constructor(
    name: string,
    private readonly f: (x: tf.Tensor, context: ApplyContext) => tf.Tensor,
    private readonly ranks?: readonly number[],
  ) {
    super(name);
    expectArgument(name, 'f', f, callback);
    if (ranks !== undefined) expectArgument(name, 'ranks', ranks, list);
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectFloatTensor(this.name, 'x', x, this.ranks);
    expectFilled(this.name, 'x', x);
    return tf.tidy(() => this.f(x, context));
  }
}

/** Options of pooling. */
export interface PoolOptions {
  /** Stands in messages. */
  name?: string;
  /** Default: the size, so that windows do not overlap. */
  stride?: number;
  /** `same` (the default) lets windows reach over the border, where only what is inside counts; `valid` does not. */
  pad?: 'same' | 'valid';
}

const POOL_OPTIONS: Options<PoolOptions> = { name: own, stride: own, pad: own };

function pooling(
  what: string,
  size: number,
  options: PoolOptions,
  pool: (x: tf.Tensor4D, size: number, stride: number, pad: 'same' | 'valid') => tf.Tensor,
): FunctionLayer {
  expectOptions(what, options, POOL_OPTIONS);
  const { name = what, stride = size, pad = 'same' } = options;
  expectCount(name, 'size', size);
  expectCount(name, 'stride', stride);
  expectOneOf(name, 'pad', pad, ['same', 'valid']);
  const apply = (x: tf.Tensor) => {
    expectWindow(name, x, size, pad);
    return pool(x as tf.Tensor4D, size, stride, pad);
  };
  return new FunctionLayer(name, apply, [4]);
}

/** Throws when a window that may not reach over the border is larger than the image. */
function expectWindow(where: string, x: tf.Tensor, size: number, pad: 'same' | 'valid'): void {
  if (pad === 'valid' && (x.shape[1]! < size || x.shape[2]! < size)) {
    throw new RangeError(
      `${where}: with pad 'valid' the image must be at least ${size} x ${size} pixels, got ${describe(x)}. Use pad 'same'.`,
    );
  }
}

/**
 * Max pooling over size x size windows: [batch, height, width, channels] to [batch, height', width', channels].
 * @example maxPool(2)
 * @throws RangeError for sizes that are not whole numbers from 1, or another pad; when applied: wrong rank, an empty image, or with
 *   `valid` an image smaller than the window
 */
export function maxPool(size: number, options: PoolOptions = {}): FunctionLayer {
  return pooling('maxPool', size, options, (x, window, stride, pad) => tf.maxPool(x, window, stride, pad));
}

/**
 * Average pooling over size x size windows: [batch, height, width, channels] to [batch, height', width', channels]. At a border,
 * the average of what lies inside the image.
 * @example averagePool(3, { stride: 1 })
 * @throws as `maxPool`
 */
export function averagePool(size: number, options: PoolOptions = {}): FunctionLayer {
  return pooling('averagePool', size, options, (x, window, stride, pad) => tf.avgPool(x, window, stride, pad));
}

/**
 * The mean over height and width: [batch, height, width, channels] to [batch, channels].
 * @throws RangeError when applied to another rank or an empty image
 */
export function globalAveragePool(options: { name?: string } = {}): FunctionLayer {
  expectOptions('globalAveragePool', options, NAME_OPTION);
  return new FunctionLayer(options.name ?? 'globalAveragePool', (x) => tf.mean(x, [1, 2]), [4]);
}

/**
 * [batch, ...] to [batch, rest].
 * @throws RangeError when applied to a scalar or an empty tensor
 */
export function flatten(options: { name?: string } = {}): FunctionLayer {
  expectOptions('flatten', options, NAME_OPTION);
  const name = options.name ?? 'flatten';
  return new FunctionLayer(name, (x) => {
    if (x.rank === 0) throw new RangeError(`${name}: wanted x of shape [batch, ...], got a scalar.`);
    return tf.reshape(x, [x.shape[0], x.size / x.shape[0]]);
  });
}

/**
 * [batch, height * width * channels] to [batch, height, width, channels], so that a convolution can follow flat images. Images pass
 * as they are.
 * @example toImage([28, 28, 1])
 * @throws RangeError when the shape is not three whole numbers from 1; when applied: another number of values, or images of another
 *   shape
 */
export function toImage(shape: [number, number, number], options: { name?: string } = {}): FunctionLayer {
  expectOptions('toImage', options, NAME_OPTION);
  const name = options.name ?? 'toImage';
  if (!Array.isArray(shape) || shape.length !== 3) {
    throw new RangeError(`${name}: shape must be [height, width, channels], got ${shown(shape)}.`);
  }
  shape.forEach((n, i) => expectCount(name, `shape[${i}]`, n));
  const size = shape[0] * shape[1] * shape[2];
  return new FunctionLayer(
    name,
    (x) => {
      if (x.size !== x.shape[0] * size || (x.rank === 4 && !tf.util.arraysEqual(x.shape.slice(1), shape))) {
        throw new RangeError(
          `${name}: wanted ${size} values per example for [${shape.join(', ')}], got ${describe(x)}.`,
        );
      }
      return tf.reshape(x, [x.shape[0], ...shape]);
    },
    [2, 4],
  );
}
