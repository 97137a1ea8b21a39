/**
 * Batch normalization as pure functions: training (Algorithm 1), inference (Algorithm 2), the paper's backward
 * equations, and folding. Ioffe & Szegedy 2015, arXiv 1502.03167. The layers of `layers.ts` are thin coats over these.
 *
 * Shapes, here and everywhere: the last axis holds the features (d, or channels). A dense tensor is [m, d] and statistics are
 * over axis 0; a convolutional one is [batch, height, width, channels] and statistics are over the first three axes, so that m
 * is batch * height * width (section 3.2: "the effective mini-batch of size m' = |B| = m * p q").
 */
import { expectArgument, expectOptions, flag, having, needed, own, type Options } from '../core/checks';
import { tf } from '../engine';
import {
  describe,
  expectCount,
  expectEpsilon,
  expectFilled,
  expectFinite,
  expectFiniteStatistics,
  expectFloatTensor,
  expectPerFeature,
  expectOneOf,
  expectStatistics,
} from './checks';

/** The default epsilon: 1e-5, as in PyTorch. The paper gives no value. */
export const DEFAULT_EPSILON = 1e-5;

/** Options that every normalization takes. */
export interface EpsilonOptions {
  /** Added to the variance, inside the square root. Default 1e-5. */
  epsilon?: number;
  /** Accept epsilon = 0, for exhibits in exact arithmetic; a constant feature then gives NaN. Default false. */
  allowZeroEpsilon?: boolean;
  /**
   * Look for NaN and infinity in the input first, which reads a number from the device (at inference, the statistics too).
   * Default true; inside `compile`, where nothing can be read, nothing is checked.
   */
  check?: boolean;
}

export const EPSILON_OPTIONS: Options<EpsilonOptions> = { epsilon: own, allowZeroEpsilon: flag, check: flag };

/** Options of `batchNorm`. */
export interface BatchNormOptions extends EpsilonOptions {
  /**
   * Where the gradient comes from: `compact` is the paper's six equations in one line, fewer operations and less
   * rounding; `automatic` leaves it to TensorFlow.js, as an independent check (for sigma up to about 1e12, from where the
   * 3/2 power in the derivative of rsqrt leaves float32). Default `compact`.
   */
  gradient?: 'compact' | 'automatic';
}

export const BATCH_NORM_OPTIONS: Options<BatchNormOptions> = { ...EPSILON_OPTIONS, gradient: own };

/** What Algorithm 1 returns. */
export type BatchNormResult = {
  /** The normalized, scaled and shifted values, shaped like x. */
  y: tf.Tensor;
  /** mu_B, [d]. */
  mean: tf.Tensor;
  /** sigma2_B, [d]: biased, divided by m. */
  variance: tf.Tensor;
};

/** A normalization that takes its statistics from the batch: `batchNorm`, and the exhibits that imitate it. */
export type BatchNormFunction = (
  x: tf.Tensor,
  gamma?: tf.Tensor | null,
  beta?: tf.Tensor | null,
  options?: BatchNormOptions,
) => BatchNormResult;

const RANKS = [2, 4] as const;

/** The axes that statistics are taken over: all but the last. */
export function reducedAxes(x: tf.Tensor): number[] {
  return Array.from({ length: x.rank - 1 }, (_, i) => i);
}

/** m, the number of values per feature. */
export function valuesPerFeature(x: tf.Tensor): number {
  return x.size / x.shape[x.rank - 1];
}

/** Throws when x is a batch of one: fewer than 2 values per feature. */
export function expectBatch(where: string, x: tf.Tensor): void {
  const m = valuesPerFeature(x);
  if (m < 2) {
    throw new RangeError(
      `${where}: training needs at least 2 values per feature, got ${m} in ${describe(x)}. One value has no variance: ` +
        'its normalized form is 0 whatever it is. Use a larger batch, or inference.',
    );
  }
}

/** The checks of a training-mode normalization; returns epsilon. */
export function checkBatch(
  where: string,
  x: tf.Tensor,
  gamma: tf.Tensor | null | undefined,
  beta: tf.Tensor | null | undefined,
  options: BatchNormOptions,
): number {
  const epsilon = checkNormalization(where, x, gamma, beta, options);
  expectBatch(where, x);
  if (options.gradient !== undefined) expectOneOf(where, 'gradient', options.gradient, ['compact', 'automatic']);
  return epsilon;
}

/** The checks that every normalization shares; returns epsilon. */
export function checkNormalization(
  where: string,
  x: tf.Tensor,
  gamma: tf.Tensor | null | undefined,
  beta: tf.Tensor | null | undefined,
  options: EpsilonOptions,
  ranks: readonly number[] = RANKS,
): number {
  expectFloatTensor(where, 'x', x, ranks);
  const d = x.shape[x.rank - 1];
  expectFilled(where, 'x', x);
  if (gamma != null) expectPerFeature(where, 'gamma', gamma, d);
  if (beta != null) expectPerFeature(where, 'beta', beta, d);
  const epsilon = options.epsilon ?? DEFAULT_EPSILON;
  expectEpsilon(where, epsilon, options.allowZeroEpsilon);
  if (options.check ?? true) expectFinite(where, 'x', x);
  return epsilon;
}

/** gamma * xHat + beta, each where there is one. */
export function scaleAndShift(xHat: tf.Tensor, gamma?: tf.Tensor | null, beta?: tf.Tensor | null): tf.Tensor {
  let y = xHat;
  if (gamma != null) y = tf.mul(y, gamma);
  if (beta != null) y = tf.add(y, beta);
  return y;
}

/**
 * The mini-batch mean and biased variance over all axes but the last (Algorithm 1, lines 1 and 2), and x minus that mean.
 *
 * Two passes and a half: x is centred twice, because with a large offset the float32 mean of x is off by a share of the
 * standard deviation; the mean of the centred values is that error, and subtracting it leaves only the rounding of x itself.
 *
 * @param x float32 [m, d] or [batch, height, width, channels]
 * @returns mean [d], variance [d] (divided by m), centred like x; NaN and infinity in x pass through, each to its own feature
 * @throws TypeError when x is disposed or not float32; RangeError on a wrong rank or an empty x
 */
export function batchMoments(x: tf.Tensor): { mean: tf.Tensor; variance: tf.Tensor; centred: tf.Tensor } {
  expectFloatTensor('batchMoments', 'x', x, RANKS);
  expectFilled('batchMoments', 'x', x);
  return tf.tidy(() => {
    const axes = reducedAxes(x);
    const roughMean = tf.mean(x, axes);
    const roughlyCentred = tf.sub(x, roughMean);
    const error = tf.mean(roughlyCentred, axes);
    const centred = tf.sub(roughlyCentred, error);
    return { mean: tf.add(roughMean, error), variance: tf.mean(tf.square(centred), axes), centred };
  });
}

/**
 * Batch normalization in training, Algorithm 1:
 *
 *     mu     = 1/m sum_i x_i
 *     sigma2 = 1/m sum_i (x_i - mu)^2
 *     xHat_i = (x_i - mu) / sqrt(sigma2 + epsilon)
 *     y_i    = gamma xHat_i + beta
 *
 * The gradient flows through mu and sigma2 (section 3, the equations on page 4): `tf.grad` of y gives it in the compact
 * form, and can be differentiated again. The returned mean and variance are differentiable too.
 *
 * @example const { y, mean, variance } = batchNorm(x, tf.ones([100]), tf.zeros([100]));
 * @param x float32 [m, d], or [batch, height, width, channels] with m = batch * height * width; m at least 2.
 *   |x - mu| must stay below 1.8e19, where its square leaves float32: beyond it, an error.
 * @param gamma float32 [d]; null or left out means 1
 * @param beta float32 [d]; null or left out means 0
 * @returns y like x; mean [d]; variance [d], biased (divided by m)
 * @throws TypeError when a tensor is disposed or not float32
 * @throws RangeError on a wrong rank, a feature count that does not match, m = 1, NaN or infinity in x, epsilon not above 0
 */
export function batchNorm(
  x: tf.Tensor,
  gamma?: tf.Tensor | null,
  beta?: tf.Tensor | null,
  options: BatchNormOptions = {},
): BatchNormResult {
  expectOptions('batchNorm', options, BATCH_NORM_OPTIONS);
  const epsilon = checkBatch('batchNorm', x, gamma, beta, { ...options, check: false });
  return tf.tidy(() => {
    const { mean, variance, centred } = finiteMoments('batchNorm', x, options);
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const y =
      options.gradient === 'automatic'
        ? scaleAndShift(tf.mul(centred, inverse), gamma, beta)
        : normalizeWithCompactGradient(x, centred, inverse, gamma, beta);
    return { y, mean, variance };
  });
}

/** `batchMoments`, whose d variances show NaN and infinity in x, and what is beyond float32, at the cost of one short read. */
export function finiteMoments(where: string, x: tf.Tensor, options: EpsilonOptions): ReturnType<typeof batchMoments> {
  const moments = batchMoments(x);
  if (options.check ?? true) expectFiniteStatistics(where, x, moments.variance);
  return moments;
}

/**
 * y = gamma xHat + beta whose gradient is `compactGradient`. `centred` and `inverse` come from x, so the gradient with
 * respect to x already accounts for them.
 */
function normalizeWithCompactGradient(
  x: tf.Tensor,
  centred: tf.Tensor,
  inverse: tf.Tensor,
  gamma?: tf.Tensor | null,
  beta?: tf.Tensor | null,
): tf.Tensor {
  const inputs = [x];
  if (gamma != null) inputs.push(gamma);
  if (beta != null) inputs.push(beta);
  // Out here, where TensorFlow.js records how it comes from x: a second derivative goes through what the first has saved.
  const xHat = tf.mul(centred, inverse);
  const f = tf.customGrad((...args) => {
    const save = args[args.length - 1] as tf.GradSaveFunc;
    save(gamma != null ? [xHat, inverse, gamma] : [xHat, inverse]);
    return {
      // Never xHat itself, whose own way back to x would be walked too.
      value: inputs.length > 1 ? scaleAndShift(xHat, gamma, beta) : tf.mul(centred, inverse),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const { dx, dGamma, dBeta } = compactGradient(dy, saved[0], saved[1], saved[2]);
        const gradients = [dx];
        if (gamma != null) gradients.push(dGamma);
        if (beta != null) gradients.push(dBeta);
        return gradients;
      },
    };
  });
  return f(...inputs);
}

/**
 * The compact form of the paper's backward equations:
 * dx = gamma / sqrt(sigma2 + epsilon) * (dy - mean(dy) - xHat mean(dy xHat)).
 */
function compactGradient(dy: tf.Tensor, xHat: tf.Tensor, inverse: tf.Tensor, gamma?: tf.Tensor | null) {
  const axes = reducedAxes(dy);
  const m = valuesPerFeature(dy);
  const dBeta = tf.sum(dy, axes);
  const dGamma = tf.sum(tf.mul(dy, xHat), axes);
  const scale = gamma != null ? tf.mul(gamma, inverse) : inverse;
  const centred = tf.sub(dy, tf.div(dBeta, m));
  const dx = tf.mul(scale, tf.sub(centred, tf.mul(xHat, tf.div(dGamma, m))));
  return { dx, dGamma, dBeta };
}

/** The gradient of a loss through batch normalization. */
export type BatchNormGradient = {
  /** Shaped like x. */
  dx: tf.Tensor;
  /** [d]. */
  dGamma: tf.Tensor;
  /** [d]. */
  dBeta: tf.Tensor;
};

/** The six quantities of the paper's backward pass, in its order. */
export type BatchNormGradientSteps = BatchNormGradient & {
  /** dl/dxHat, like x. */
  dXHat: tf.Tensor;
  /** dl/dsigma2, [d]. */
  dVariance: tf.Tensor;
  /** dl/dmu, [d]. */
  dMean: tf.Tensor;
};

/**
 * The paper's six backward equations (section 3, page 4), one after the other:
 *
 *     dl/dxHat_i  = dl/dy_i gamma
 *     dl/dsigma2  = sum_i dl/dxHat_i (x_i - mu) (-1/2) (sigma2 + epsilon)^(-3/2)
 *     dl/dmu      = (sum_i dl/dxHat_i -1/sqrt(sigma2 + epsilon)) + dl/dsigma2 (sum_i -2 (x_i - mu)) / m
 *     dl/dx_i     = dl/dxHat_i 1/sqrt(sigma2 + epsilon) + dl/dsigma2 2 (x_i - mu) / m + dl/dmu 1/m
 *     dl/dgamma   = sum_i dl/dy_i xHat_i
 *     dl/dbeta    = sum_i dl/dy_i
 *
 * @example const { dx, dGamma, dBeta } = batchNormGradient(dy, x, gamma);
 * @param dy dl/dy, shaped like x
 * @param x what entered `batchNorm`, float32 [m, d] or [batch, height, width, channels]
 * @param gamma float32 [d]; null or left out means 1
 * @throws as `batchNorm`; RangeError when dy is not shaped like x
 */
export function batchNormGradient(
  dy: tf.Tensor,
  x: tf.Tensor,
  gamma?: tf.Tensor | null,
  options: EpsilonOptions = {},
): BatchNormGradientSteps {
  expectOptions('batchNormGradient', options, EPSILON_OPTIONS);
  const epsilon = checkGradient('batchNormGradient', dy, x, gamma, options);
  return tf.tidy(() => {
    const axes = reducedAxes(x);
    const m = valuesPerFeature(x);
    const { variance, centred } = finiteMoments('batchNormGradient', x, options);
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const xHat = tf.mul(centred, inverse);

    const dXHat = gamma != null ? tf.mul(dy, gamma) : tf.clone(dy);
    // (sigma2 + epsilon)^(-3/2) as three factors, one after the other: the power itself leaves float32 from sigma = 1e13 on.
    const projection = tf.sum(tf.mul(dXHat, centred), axes);
    const dVariance = tf.mul(-0.5, tf.mul(tf.mul(tf.mul(projection, inverse), inverse), inverse));
    const dMean = tf.add(
      tf.neg(tf.mul(tf.sum(dXHat, axes), inverse)),
      tf.mul(dVariance, tf.div(tf.sum(tf.mul(-2, centred), axes), m)),
    );
    const dx = tf.addN([
      tf.mul(dXHat, inverse),
      tf.mul(tf.mul(dVariance, 2 / m), centred),
      tf.broadcastTo(tf.div(dMean, m), x.shape),
    ]);
    const dGamma = tf.sum(tf.mul(dy, xHat), axes);
    const dBeta = tf.sum(dy, axes);
    return { dXHat, dVariance, dMean, dx, dGamma, dBeta };
  });
}

/**
 * The same gradient in one line, which is what `batchNorm` itself uses:
 *
 *     dl/dx_i = gamma / sqrt(sigma2 + epsilon) * (dl/dy_i - mean(dl/dy) - xHat_i mean(dl/dy xHat))
 *
 * It follows from the six equations because sum_i (x_i - mu) = 0. Read: the gradient loses its mean, and its projection on
 * xHat; what remains is scaled by gamma / sigma.
 *
 * @example const { dx } = batchNormGradientCompact(dy, x, gamma);
 * @param dy dl/dy, shaped like x
 * @param x what entered `batchNorm`, float32 [m, d] or [batch, height, width, channels]
 * @param gamma float32 [d]; null or left out means 1
 * @throws as `batchNorm`; RangeError when dy is not shaped like x
 */
export function batchNormGradientCompact(
  dy: tf.Tensor,
  x: tf.Tensor,
  gamma?: tf.Tensor | null,
  options: EpsilonOptions = {},
): BatchNormGradient {
  expectOptions('batchNormGradientCompact', options, EPSILON_OPTIONS);
  const epsilon = checkGradient('batchNormGradientCompact', dy, x, gamma, options);
  return tf.tidy(() => {
    const { variance, centred } = finiteMoments('batchNormGradientCompact', x, options);
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    return compactGradient(dy, tf.mul(centred, inverse), inverse, gamma);
  });
}

function checkGradient(
  where: string,
  dy: tf.Tensor,
  x: tf.Tensor,
  gamma: tf.Tensor | null | undefined,
  options: EpsilonOptions,
) {
  const epsilon = checkBatch(where, x, gamma, null, { ...options, check: false });
  expectFloatTensor(where, 'dy', dy);
  if (!tf.util.arraysEqual(dy.shape, x.shape)) {
    throw new RangeError(`${where}: dy must be shaped like x, [${x.shape.join(', ')}], got [${dy.shape.join(', ')}].`);
  }
  return epsilon;
}

/**
 * Batch normalization at inference, Algorithm 2 line 11 (and TensorFlow's and PyTorch's evaluation mode): fixed statistics,
 * so that an example's output depends on that example alone.
 *
 *     y = gamma (x - E[x]) / sqrt(Var[x] + epsilon) + beta
 *
 * @example const y = batchNormInference(x, layer.movingMean, layer.movingVariance, layer.gamma, layer.beta);
 * @param x float32 [m, d] or [batch, height, width, channels]; any m from 1
 * @param mean E[x], [d]: a moving average or a population mean
 * @param variance Var[x], [d]: unbiased, see `unbiasedVariance`
 * @param gamma float32 [d]; null or left out means 1
 * @param beta float32 [d]; null or left out means 0
 * @returns like x
 * @throws TypeError when a tensor is disposed or not float32
 * @throws RangeError on a wrong rank, a feature count that does not match, NaN or infinity in x or the statistics, a negative variance,
 *   epsilon not above 0
 */
export function batchNormInference(
  x: tf.Tensor,
  mean: tf.Tensor,
  variance: tf.Tensor,
  gamma?: tf.Tensor | null,
  beta?: tf.Tensor | null,
  options: EpsilonOptions = {},
): tf.Tensor {
  const where = 'batchNormInference';
  expectOptions(where, options, EPSILON_OPTIONS);
  const epsilon = checkNormalization(where, x, gamma, beta, options);
  const d = x.shape[x.rank - 1];
  expectPerFeature(where, 'mean', mean, d);
  expectPerFeature(where, 'variance', variance, d);
  if (options.check ?? true) expectStatistics(where, mean, variance);
  return tf.tidy(() => {
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    // Centre first: multiplying out gamma/sqrt(Var + epsilon) * x cancels when the offset is large.
    return scaleAndShift(tf.mul(tf.sub(x, mean), inverse), gamma, beta);
  });
}

/**
 * The unbiased estimate of the population's variance from a biased mini-batch one: m/(m-1) sigma2_B (section 3.1,
 * Algorithm 2 line 10).
 * @param variance biased variance, [d] or any shape
 * @param m values per feature that it was computed from, at least 2
 * @returns like variance
 * @throws TypeError when variance is disposed or not float32; RangeError when m is not a whole number from 2
 */
export function unbiasedVariance(variance: tf.Tensor, m: number): tf.Tensor {
  expectFloatTensor('unbiasedVariance', 'variance', variance);
  expectCount('unbiasedVariance', 'm', m, 2);
  return tf.mul(variance, m / (m - 1));
}

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

/** A linear layer and the batch normalization that follows it, at inference. */
export interface FoldInput {
  /** [in, out], or [height, width, in, out] of a convolution. */
  weights: tf.Tensor;
  /** [out]; left out means 0. */
  bias?: tf.Tensor | null;
  /** E[x] of the layer's output, [out]. */
  mean: tf.Tensor;
  /** Var[x] of the layer's output, [out]. */
  variance: tf.Tensor;
  /** [out]; left out means 1. */
  gamma?: tf.Tensor | null;
  /** [out]; left out means 0. */
  beta?: tf.Tensor | null;
}

const FOLD_INPUT: Options<FoldInput> = {
  ...{ weights: needed(own), bias: own, mean: needed(own), variance: needed(own), gamma: own, beta: own },
};

/**
 * Folds an inference-mode batch normalization into the dense or convolutional layer before it. Section 3.1 composes the fixed
 * normalization with gamma and beta, "to yield a single linear transform"; this composes that with W u + b as well:
 *
 *     W' = W gamma / sqrt(Var + epsilon)
 *     b' = (b - E) gamma / sqrt(Var + epsilon) + beta
 *
 * @example const { weights, bias } = foldBatchNorm({ weights: w, mean, variance, gamma, beta });
 * @returns weights like those given, bias [out]; the layer with them gives BN(W u + b), to rounding
 * @throws TypeError, RangeError when a tensor does not fit, weights or statistics hold NaN or infinity, a variance is negative, or
 *   epsilon is not above 0
 */
export function foldBatchNorm(input: FoldInput, options: EpsilonOptions = {}): { weights: tf.Tensor; bias: tf.Tensor } {
  const where = 'foldBatchNorm';
  expectOptions(`${where}: the layer`, input, FOLD_INPUT);
  expectOptions(where, options, EPSILON_OPTIONS);
  const { weights, bias, mean, variance, gamma, beta } = input;
  expectFloatTensor(where, 'weights', weights, [2, 4]);
  const d = weights.shape[weights.rank - 1];
  for (const [name, v] of Object.entries({ bias, mean, variance, gamma, beta })) {
    if (v != null || name === 'mean' || name === 'variance') expectPerFeature(where, name, v, d);
  }
  const epsilon = options.epsilon ?? DEFAULT_EPSILON;
  expectEpsilon(where, epsilon, options.allowZeroEpsilon);
  if (options.check ?? true) {
    expectFinite(where, 'weights', weights);
    expectStatistics(where, mean, variance);
  }
  return tf.tidy(() => {
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const scale = gamma != null ? tf.mul(gamma, inverse) : inverse;
    const shifted = bias != null ? tf.sub(bias, mean) : tf.neg(mean);
    const folded = scaleAndShift(tf.mul(shifted, scale), null, beta);
    return { weights: tf.mul(weights, scale), bias: folded };
  });
}
