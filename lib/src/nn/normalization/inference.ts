/** Batch normalization at inference (Algorithm 2, line 11), and folded into the layer before it. */
import { expectOptions, needed, oneOf, Options, own } from '../../core/checks';
import { tf } from '../../engine';
import { expectEpsilon, expectFinite, expectFloatTensor, expectPerFeature, expectStatistics } from '../checks';
import { checkNormalization, DEFAULT_EPSILON, EPSILON_OPTIONS, EpsilonOptions, scaleAndShift } from './shared';

/** Inference with fixed statistics, as `batchNormInference` does it. */
export type InferenceFunction = (
  x: tf.Tensor,
  mean: tf.Tensor,
  variance: tf.Tensor,
  gamma?: tf.Tensor | null,
  beta?: tf.Tensor | null,
  options?: EpsilonOptions,
) => tf.Tensor;

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

/** Where a layer's weights have the outputs: which axes `foldBatchNorm` scales. */
export type FoldLayout = 'outputsLast' | 'depthwise' | 'transposed';

const FOLD_LAYOUTS: readonly FoldLayout[] = ['outputsLast', 'depthwise', 'transposed'];

/** A linear layer and the batch normalization that follows it, at inference. */
export interface FoldInput {
  /** [in, out], or of a convolution [height, width, in, out], with groups [height, width, in / groups, out]. */
  weights: tf.Tensor;
  /**
   * Other weights: `depthwise` ones as TensorFlow and Keras have them, [height, width, in, multiplier] with out = in * multiplier, and those
   * of a `transposed` convolution, [height, width, out, in]. Default `outputsLast`.
   */
  layout?: FoldLayout;
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
  ...{
    weights: needed(own),
    layout: oneOf(FOLD_LAYOUTS),
    bias: own,
    mean: needed(own),
    variance: needed(own),
    gamma: own,
    beta: own,
  },
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
  const { weights, layout = 'outputsLast', bias, mean, variance, gamma, beta } = input;
  expectFloatTensor(where, 'weights', weights, layout === 'outputsLast' ? [2, 4] : [4]);
  const [inner, last] = weights.shape.slice(-2);
  const d = { outputsLast: last, depthwise: inner * last, transposed: inner }[layout];
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
    const along = { outputsLast: [d], depthwise: [inner, last], transposed: [d, 1] }[layout];
    return { weights: tf.mul(weights, tf.reshape(scale, along)), bias: folded };
  });
}
