/** The paper's backward equations, and their compact form. */
import { expectOptions } from '../../core/checks';
import { tf } from '../../engine';
import { expectFloatTensor } from '../checks';
import { finiteMoments } from './moments';
import { checkBatch, EPSILON_OPTIONS, EpsilonOptions, reducedAxes, valuesPerFeature } from './shared';

/**
 * The compact form of the paper's backward equations:
 * dx = gamma / sqrt(sigma2 + epsilon) * (dy - mean(dy) - xHat mean(dy xHat)).
 */
export function compactGradient(dy: tf.Tensor, xHat: tf.Tensor, inverse: tf.Tensor, gamma?: tf.Tensor | null) {
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
