import { checkedOptions, expectOptions } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext } from '../context';
import { describe } from '../checks';
import { AffineNormLayer, NORM_LAYER_OPTIONS, NormLayerOptions } from './affine-layer';
import { standardize } from './moments';
import { checkNormalization, EPSILON_OPTIONS, EpsilonOptions, scaleAndShift } from './shared';

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

/** The layer that `instanceNormLayer` makes. */
export class InstanceNormLayer extends AffineNormLayer {
  constructor(features: number, options: NormLayerOptions = {}) {
    super(features, checkedOptions('instanceNormLayer', options, NORM_LAYER_OPTIONS), 'instanceNorm');
  }

  protected standardized(x: tf.Tensor, _context: ApplyContext, options: EpsilonOptions): tf.Tensor {
    return instanceNorm(x, null, null, options);
  }
}

/** Instance normalization as a layer, for images; see `instanceNorm`. Taps `NAME/xHat`. */
export function instanceNormLayer(features: number, options: NormLayerOptions = {}): InstanceNormLayer {
  return new InstanceNormLayer(features, options);
}
