import { checkedOptions, Options, own } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext } from '../context';
import { expectCount, expectFeatures, expectFloatTensor } from '../checks';
import { initialWeights, WEIGHT_OPTIONS, WeightOptions } from '../weights/initial';
import { BaseLayer } from './base';
import { convolveGroups } from './convolve';
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
  /**
   * The channels are cut into so many groups, and each group of outputs sees one group of inputs alone, as in PyTorch and Keras. As many
   * groups as inputs is a depthwise convolution. Default 1.
   */
  groups?: number;
}

const CONVOLUTION_OPTIONS: Options<ConvolutionOptions> = { ...WEIGHT_OPTIONS, stride: own, pad: own, groups: own };

/** The layer that `conv2d` makes. */
export class Conv2dLayer extends BaseLayer {
  /** [size, size, inputs / groups, outputs]; the first outputs are of the first group. */
  readonly weights: tf.Variable;
  /** [outputs], or null. Starts at 0. */
  readonly bias: tf.Variable | null;
  /** Step of the kernel, in pixels, in both directions. */
  readonly stride: number;
  /** `same` and a number pad with zeros; `valid` does not. */
  readonly pad: Padding;
  /** Groups of channels; 1 where every output sees every input. */
  readonly groups: number;

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
    this.groups = options.groups ?? 1;
    expectCount(this.name, 'groups', this.groups);
    if (inputs % this.groups !== 0 || outputs % this.groups !== 0) {
      throw new RangeError(
        `${this.name}: groups must divide the ${inputs} inputs and the ${outputs} outputs, got ${this.groups}.`,
      );
    }
    const shape = [size, size, inputs / this.groups, outputs];
    this.weights = this.addVariable('weights', initialWeights(this.name, shape, options));
    this.bias = (options.bias ?? true) ? this.addVariable('bias', tf.zeros([outputs])) : null;
  }

  apply(x: tf.Tensor, _context: ApplyContext): tf.Tensor {
    this.expectAlive();
    expectFloatTensor(this.name, 'x', x, [4]);
    expectFeatures(this.name, x, this.inputs);
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
