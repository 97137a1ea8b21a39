import { expectOptions } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext, expectTraining } from '../context';
import { expectFloatTensor, expectRate, NAME_OPTION } from '../checks';
import { BaseLayer } from './base';

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
