import { checkedOptions, Options, own } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext } from '../context';
import { expectCount, expectFeatures, expectFloatTensor } from '../checks';
import { initialWeights, WEIGHT_OPTIONS, WeightOptions } from '../weights/initial';
import { BaseLayer } from './base';
import { convolve } from './convolve';
import { expectPadding, Padding, withPadding } from './padding';
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
}

const CONVOLUTION_OPTIONS: Options<ConvolutionOptions> = { ...WEIGHT_OPTIONS, stride: own, pad: own };

/** The layer that `conv2d` makes. */
export class Conv2dLayer extends BaseLayer {
  /** [size, size, inputs, outputs]. */
  readonly weights: tf.Variable;
  /** [outputs], or null. Starts at 0. */
  readonly bias: tf.Variable | null;
  /** Step of the kernel, in pixels, in both directions. */
  readonly stride: number;
  /** `same` and a number pad with zeros; `valid` does not. */
  readonly pad: Padding;

  constructor(
    /** Channels of the input. */
    readonly inputs: number,
    /** Channels of the output. */
    readonly outputs: number,
    /** Height and width of the kernel, in pixels. */
    readonly size: number,
    options: ConvolutionOptions = {},
  ) {
    super(checkedOptions('conv2d', options, CONVOLUTION_OPTIONS).name ?? 'conv2d');
    expectCount(this.name, 'inputs', inputs);
    expectCount(this.name, 'outputs', outputs);
    expectCount(this.name, 'size', size);
    this.stride = options.stride ?? 1;
    expectCount(this.name, 'stride', this.stride);
    this.pad = options.pad ?? 'same';
    expectPadding(this.name, this.pad);
    this.weights = this.addVariable('weights', initialWeights(this.name, [size, size, inputs, outputs], options));
    this.bias = (options.bias ?? true) ? this.addVariable('bias', tf.zeros([outputs])) : null;
  }

  apply(x: tf.Tensor, _context: ApplyContext): tf.Tensor {
    this.expectAlive();
    expectFloatTensor(this.name, 'x', x, [4]);
    expectFeatures(this.name, x, this.inputs);
    return tf.tidy(() => {
      const { x: padded, pad } = withPadding(x, this.pad, 0);
      expectWindow(this.name, padded, this.size, pad);
      const linear = convolve(padded as tf.Tensor4D, this.weights as tf.Tensor4D, this.stride, pad);
      return this.bias ? tf.add(linear, this.bias) : linear;
    });
  }
}

/**
 * A convolution: [batch, height, width, inputs] to [batch, height', width', outputs].
 * @example conv2d(1, 16, 3, { name: 'layer1', bias: false })
 * @param size height and width of the kernel
 * @throws RangeError when the sizes are not whole numbers from 1; when applied: wrong rank or channel count, or with `valid` an
 *   image smaller than the kernel
 */
export function conv2d(inputs: number, outputs: number, size: number, options: ConvolutionOptions = {}): Conv2dLayer {
  return new Conv2dLayer(inputs, outputs, size, options);
}
