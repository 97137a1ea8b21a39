import { Options, own } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext } from '../context';
import { expectCount } from '../checks';
import { initialWeights, WeightOptions } from '../weights/initial';
import { ConvolutionLayer, KERNEL_OPTIONS } from './convolution-layer';
import { convolveGroups } from './convolve';
import { Padding, withPadding } from './padding';
import { expectWindow } from './pooling';

/** Options of a convolution. */
export interface ConvolutionOptions extends WeightOptions {
  /** Default 1. */
  stride?: number;
  /**
   * `same` (the default) keeps height and width, divided by the stride; `valid` uses no padding; a number is that many zeros on every
   * side, as PyTorch pads. With a stride they differ: `same` puts an odd zero at the end, PyTorch's padding = 1 one at the start too.
   */
  pad?: Padding;
  /**
   * The channels are cut into so many groups, and each group of outputs sees one group of inputs alone, as in PyTorch and Keras. As many
   * groups as inputs is a depthwise convolution. Default 1.
   */
  groups?: number;
}

const CONVOLUTION_OPTIONS: Options<ConvolutionOptions> = { ...KERNEL_OPTIONS, groups: own };

/** The layer that `conv2d` makes. */
export class Conv2dLayer extends ConvolutionLayer<ConvolutionOptions> {
  /** [size, size, inputs / groups, outputs]; the first outputs are of the first group. */
  readonly weights: tf.Variable;
  /** [outputs], or null. Starts at 0. */
  readonly bias: tf.Variable | null;
  /** Groups of channels; 1 where every output sees every input. */
  readonly groups: number;

  constructor(inputs: number, outputs: number, size: number, options: ConvolutionOptions = {}) {
    super('conv2d', CONVOLUTION_OPTIONS, inputs, outputs, size, options);
    this.groups = options.groups ?? 1;
    expectCount(this.name, 'groups', this.groups);
    if (inputs % this.groups !== 0 || outputs % this.groups !== 0) {
      throw new RangeError(
        `${this.name}: groups must divide the ${inputs} inputs and the ${outputs} outputs, got ${this.groups}.`,
      );
    }
    const shape = [size, size, inputs / this.groups, outputs];
    this.weights = this.addVariable('weights', initialWeights(this.name, shape, options));
    this.bias = this.addBias(options);
  }

  /** The images that the kernel makes of `x`, and the bias; see {@link conv2d}. */
  apply(x: tf.Tensor, _context: ApplyContext): tf.Tensor {
    this.expectImages(x);
    return tf.tidy(() => {
      const { x: padded, pad } = withPadding(x, this.pad, 0);
      expectWindow(this.name, padded, this.size, pad);
      const linear = convolveGroups(padded as tf.Tensor4D, this.weights as tf.Tensor4D, this.groups, this.stride, pad);
      return this.bias ? tf.add(linear, this.bias) : linear;
    });
  }
}

/**
 * A convolution: [batch, height, width, inputs] to [batch, height', width', outputs].
 * @example conv2d(1, 16, 3, { name: 'layer1', bias: false })
 * @example conv2d(16, 16, 3, { name: 'depthwise', groups: 16 })
 * @param size height and width of the kernel
 * @throws RangeError when the sizes are not whole numbers from 1, or groups does not divide inputs and outputs; when applied: wrong rank or channel count, or with `valid` an
 *   image smaller than the kernel
 */
export function conv2d(inputs: number, outputs: number, size: number, options: ConvolutionOptions = {}): Conv2dLayer {
  return new Conv2dLayer(inputs, outputs, size, options);
}
