import { expectOptions } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext, expectContext } from '../context';
import { expectFloatTensor, NAME_OPTION } from '../checks';
import { Layer } from '../types';
import { Composite } from './composite';

/** Branches side by side on the same input, joined along the channels. */
export class Parallel extends Composite {
  constructor(name: string, layers: Layer[]) {
    super(name, layers);
    if (layers.length === 0) throw new RangeError(`${name}: wanted at least one branch, got none.`);
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectFloatTensor(this.name, 'x', x);
    expectContext(this.name, context);
    return tf.tidy(() =>
      tf.concat(
        this.layers.map((branch) => branch.apply(x, context)),
        x.rank - 1,
      ),
    );
  }
}

/**
 * Branches side by side on the same input, their outputs joined along the last axis.
 * @example parallel([conv2d(16, 8, 1, { name: 'one' }), conv2d(16, 8, 3, { name: 'three' })])
 * @throws RangeError when there is no branch, or two use one label
 */
export function parallel(branches: Layer[], options: { name?: string } = {}): Parallel {
  expectOptions('parallel', options, NAME_OPTION);
  return new Parallel(options.name ?? 'parallel', branches);
}
