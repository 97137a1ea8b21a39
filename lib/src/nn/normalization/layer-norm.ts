import { checkedOptions, expectOptions } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext } from '../context';
import { AffineNormLayer, NORM_LAYER_OPTIONS, NormLayerOptions } from './affine-layer';
import { standardize } from './moments';
import { checkNormalization, EPSILON_OPTIONS, EpsilonOptions, scaleAndShift } from './shared';

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

/** The layer that `layerNormLayer` makes. */
export class LayerNormLayer extends AffineNormLayer {
  constructor(features: number, options: NormLayerOptions = {}) {
    super(features, checkedOptions('layerNormLayer', options, NORM_LAYER_OPTIONS), 'layerNorm');
  }

  protected standardized(x: tf.Tensor, _context: ApplyContext, options: EpsilonOptions): tf.Tensor {
    return layerNorm(x, null, null, options);
  }
}

/** Layer normalization as a layer; see `layerNorm`. Taps `NAME/xHat`. */
export function layerNormLayer(features: number, options: NormLayerOptions = {}): LayerNormLayer {
  return new LayerNormLayer(features, options);
}
