import { layer as aLayer, expectArgument } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext, expectContext } from '../context';
import { expectOneOf } from '../checks';
import { Layer } from '../types';
import { ActivationLayer } from './activation';
import { Composite } from './composite';
import { DropoutLayer } from './dropout';

/** The layer that networks are built from: linear, normalization, nonlinearity, dropout, with its taps. */
export class Block extends Composite {
  /** The taps of the parts would repeat the block's own. */
  constructor(
    name: string,
    /** Dense layer or convolution. */
    readonly linear: Layer,
    /** The normalization; null for none. */
    readonly norm: Layer | null,
    /** The nonlinearity; `identity` for an output layer. */
    readonly activation: ActivationLayer,
    /** After the nonlinearity; null for none. */
    readonly dropout: DropoutLayer | null,
    /** Whether the normalization stands before the nonlinearity or after it. */
    readonly placement: 'before' | 'after',
  ) {
    expectArgument('Block', 'activation', activation, aLayer);
    expectOneOf('Block', 'placement', placement, ['before', 'after']);
    super(
      name,
      [linear, norm, activation, dropout].filter((layer): layer is Layer => layer !== null),
    );
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectContext(this.name, context);
    return tf.tidy(() => {
      const linear = this.linear.apply(x, context);
      context.tap?.(`${this.name}/linear`, linear);
      const entering = this.norm && this.placement === 'before' ? this.norm.apply(linear, context) : linear;
      let out = this.activation.apply(entering, context);
      if (this.norm && this.placement === 'after') out = this.norm.apply(out, context);
      return this.dropout ? this.dropout.apply(out, context) : out;
    });
  }
}
