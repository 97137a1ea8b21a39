import { callback, expectArgument, list } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext } from '../context';
import { expectFilled, expectFloatTensor } from '../checks';
import { BaseLayer } from './base';

/** A layer without variables, made of a function. */
export class FunctionLayer extends BaseLayer {
  /**
   * @param name stands in messages
   * @param f the output for a batch
   * @param ranks the ranks of a batch that it takes, such as [2] or [2, 4]; any unless told
   */
  constructor(
    name: string,
    private readonly f: (x: tf.Tensor, context: ApplyContext) => tf.Tensor,
    private readonly ranks?: readonly number[],
  ) {
    super(name);
    expectArgument(name, 'f', f, callback);
    if (ranks !== undefined) expectArgument(name, 'ranks', ranks, list);
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectFloatTensor(this.name, 'x', x, this.ranks);
    expectFilled(this.name, 'x', x);
    return tf.tidy(() => this.f(x, context));
  }
}
