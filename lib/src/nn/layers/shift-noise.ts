import { expectOptions, notNegative, type Options } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext, expectTraining } from '../context';
import type { Layer } from '../types';
import { expectFloatTensor, NAME_OPTION } from '../checks';
import { BaseLayer } from './base';

/** Options of {@link shiftNoise}. */
export interface ShiftNoiseOptions {
  /** Each unit's distribution moves by this much, up or down. Default 0.5. */
  shift?: number;
  /** And is 1 + scale times as wide, or divided by it. Default 0.5. */
  scale?: number;
  /** Stands in messages; default `shiftNoise`. */
  name?: string;
}

const SHIFT_NOISE_OPTIONS: Options<ShiftNoiseOptions> = { ...NAME_OPTION, shift: notNegative, scale: notNegative };

class ShiftNoiseLayer extends BaseLayer {
  private readonly shift: number;
  private readonly scale: number;

  constructor(options: ShiftNoiseOptions = {}) {
    expectOptions('shiftNoise', options, SHIFT_NOISE_OPTIONS);
    super(options.name ?? 'shiftNoise');
    this.shift = options.shift ?? 0.5;
    this.scale = options.scale ?? 0.5;
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectFloatTensor(this.name, 'x', x);
    expectTraining(this.name, context);
    if (!context.training || this.frozen) return tf.clone(x);
    const random = context.random;
    if (!random) {
      throw new TypeError(
        `${this.name}: noise in training needs random numbers. Pass the step's: apply(x, { training: true, random: context.random }).`,
      );
    }
    return tf.tidy(() => {
      const units = [x.shape[x.rank - 1]];
      const signs = () => tf.sub(tf.mul(random.bernoulli(0.5, units), 2), 1); // [d], -1 or 1
      const factor = tf.exp(tf.mul(signs(), Math.log(1 + this.scale)));
      return tf.add(tf.mul(x, factor), tf.mul(signs(), this.shift));
    });
  }
}

/**
 * A covariate shift made by hand: in training each unit's values are moved by +-shift and stretched by (1 + scale)^(+-1), the signs drawn
 * anew for each unit and mini-batch and the same for all its examples. So the distribution of what comes next changes at every step, and
 * by how much is known: after batch normalization, in standard deviations. At inference nothing happens. In the spirit of Santurkar et al.
 * 2018, section 2.1, who draw noise for each value from a distribution that changes with each step.
 *
 * @example sequential([dense(784, 100), batchNormLayer(100), shiftNoise({ shift: 0.5 }), activation('relu'), dense(100, 10)])
 * @throws RangeError for a negative shift or scale; when applied in training: TypeError without `context.random`
 */
export function shiftNoise(options: ShiftNoiseOptions = {}): Layer {
  return new ShiftNoiseLayer(options);
}
