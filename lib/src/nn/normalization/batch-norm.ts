/** Batch normalization in training, Algorithm 1 of Ioffe & Szegedy 2015 (arXiv 1502.03167), as a pure function. */
import { expectOptions } from '../../core/checks';
import { tf } from '../../engine';
import { compactGradient } from './backward';
import { finiteMoments } from './moments';
import { BATCH_NORM_OPTIONS, BatchNormOptions, checkBatch, scaleAndShift } from './shared';

/** What Algorithm 1 returns. */
export type BatchNormResult = {
  /** The normalized, scaled and shifted values, shaped like x. */
  y: tf.Tensor;
  /** mu_B, [d]. */
  mean: tf.Tensor;
  /** sigma2_B, [d]: biased, divided by m. */
  variance: tf.Tensor;
};

/** A normalization that takes its statistics from the batch: `batchNorm`, and the pitfalls that imitate it. */
export type BatchNormFunction = (
  x: tf.Tensor,
  gamma?: tf.Tensor | null,
  beta?: tf.Tensor | null,
  options?: BatchNormOptions,
) => BatchNormResult;

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
