import { checkedOptions } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext } from '../context';
import { expectCount, expectFeatures, expectFloatTensor } from '../checks';
import { initialWeights, WEIGHT_OPTIONS, WeightOptions } from '../weights/initial';
import { BaseLayer } from './base';

/** The layer that `dense` makes. */
export class DenseLayer extends BaseLayer {
  /** W, [inputs, outputs]. */
  readonly weights: tf.Variable;
  /** b, [outputs], or null. Starts at 0. */
  readonly bias: tf.Variable | null;

  constructor(
    /** Width of the input. */
    readonly inputs: number,
    /** Width of the output. */
    readonly outputs: number,
    options: WeightOptions = {},
  ) {
    super(checkedOptions('dense', options, WEIGHT_OPTIONS).name ?? 'dense');
    expectCount(this.name, 'inputs', inputs);
    expectCount(this.name, 'outputs', outputs);
    this.weights = this.addVariable('weights', initialWeights(this.name, [inputs, outputs], options));
    this.bias = (options.bias ?? true) ? this.addVariable('bias', tf.zeros([outputs])) : null;
  }

  apply(x: tf.Tensor, _context: ApplyContext): tf.Tensor {
    this.expectAlive();
    expectFloatTensor(this.name, 'x', x, [2]);
    expectFeatures(this.name, x, this.inputs);
    return tf.tidy(() => {
      const linear = tf.matMul(x, this.weights);
      return this.bias ? tf.add(linear, this.bias) : linear;
    });
  }
}

/**
 * A dense layer, W u + b: [m, inputs] to [m, outputs].
 * @example dense(784, 100, { name: 'layer1', bias: false, initializer: gaussian(0.1), seed: 1 })
 * @throws RangeError when the sizes are not whole numbers from 1; when applied: wrong rank or feature count
 */
export function dense(inputs: number, outputs: number, options: WeightOptions = {}): DenseLayer {
  return new DenseLayer(inputs, outputs, options);
}
