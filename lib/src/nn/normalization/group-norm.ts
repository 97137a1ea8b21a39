import { checkedOptions, expectOptions, Options, own } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext } from '../context';
import { describe, expectCount } from '../checks';
import { allOrNothing } from '../layers/base';
import { AffineNormLayer, NORM_LAYER_OPTIONS, NormLayerOptions } from './affine-layer';
import { standardize } from './moments';
import { checkNormalization, EPSILON_OPTIONS, EpsilonOptions, scaleAndShift } from './shared';

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

/** Options of group normalization as a layer. */
export interface GroupNormLayerOptions extends NormLayerOptions {
  /** Default: the largest of 8, 4, 2, 1 that divides the features. */
  groups?: number;
}

export const GROUP_NORM_LAYER_OPTIONS: Options<GroupNormLayerOptions> = { ...NORM_LAYER_OPTIONS, groups: own };

/** The layer that `groupNormLayer` makes. */
export class GroupNormLayer extends AffineNormLayer {
  /** Groups of channels. */
  readonly groups: number;

  constructor(features: number, options: GroupNormLayerOptions = {}) {
    super(features, checkedOptions('groupNormLayer', options, GROUP_NORM_LAYER_OPTIONS), 'groupNorm');
    this.groups = options.groups ?? [8, 4, 2, 1].find((g) => features % g === 0) ?? 1;
    expectCount(this.name, 'groups', this.groups);
    if (features % this.groups !== 0) {
      throw new RangeError(
        `${this.name}: groups must divide the number of features, got ${this.groups} for ${features}.`,
      );
    }
  }

  protected standardized(x: tf.Tensor, _context: ApplyContext, options: EpsilonOptions): tf.Tensor {
    return groupNorm(x, this.groups, null, null, options);
  }
}

/** Group normalization as a layer; see `groupNorm`. Taps `NAME/xHat`. */
export function groupNormLayer(features: number, options: GroupNormLayerOptions = {}): GroupNormLayer {
  return allOrNothing(() => new GroupNormLayer(features, options));
}
