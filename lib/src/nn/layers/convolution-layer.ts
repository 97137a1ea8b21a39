/** What a convolution and its transpose have in common. */
import { checkedOptions, type Options, own } from '../../core/checks';
import { tf } from '../../engine';
import { expectCount, expectFeatures, expectFloatTensor } from '../checks';
import { WEIGHT_OPTIONS, type WeightOptions } from '../weights/initial';
import { BaseLayer } from './base';
import { expectPadding, type Padding } from './padding';

/** Options of both; what a stride and a padding are to each, its own options say. */
interface KernelOptions extends WeightOptions {
  stride?: number;
  pad?: Padding;
}

/** Names that both take. */
export const KERNEL_OPTIONS: Options<KernelOptions> = { ...WEIGHT_OPTIONS, stride: own, pad: own };

/** A layer whose weights are a kernel over pixels. */
export abstract class ConvolutionLayer<O extends KernelOptions> extends BaseLayer {
  /** W; which axis is which, the layer says. */
  abstract readonly weights: tf.Variable;
  /** [outputs], or null. Starts at 0. */
  abstract readonly bias: tf.Variable | null;
  /** Step of the kernel, in pixels, in both directions; of a transposed convolution over what comes out. */
  readonly stride: number;
  /** `same` and a number pad with zeros, `valid` does not; of a transposed convolution what the one that it transposes would do. */
  readonly pad: Padding;

  /**
   * @param kind name of the function that makes the layer, and of the layer unless told
   * @param known the options of that function
   */
  protected constructor(
    kind: string,
    known: Options<O>,
    /** Channels of the input. */
    readonly inputs: number,
    /** Channels of the output. */
    readonly outputs: number,
    /** Height and width of the kernel, in pixels. */
    readonly size: number,
    options: O,
  ) {
    super(checkedOptions(kind, options, known).name ?? kind);
    expectCount(this.name, 'inputs', inputs);
    expectCount(this.name, 'outputs', outputs);
    expectCount(this.name, 'size', size);
    this.stride = options.stride ?? 1;
    expectCount(this.name, 'stride', this.stride);
    this.pad = options.pad ?? 'same';
    expectPadding(this.name, this.pad);
  }

  /** The bias that is asked for; behind the weights in every list of variables, so made after them. */
  protected addBias({ bias = true }: WeightOptions): tf.Variable | null {
    return bias ? this.addVariable('bias', tf.zeros([this.outputs])) : null;
  }

  /** @throws RangeError for what is no batch of images of so many channels; Error when the layer is disposed */
  protected expectImages(x: tf.Tensor): void {
    this.expectAlive();
    expectFloatTensor(this.name, 'x', x, [4]);
    expectFeatures(this.name, x, this.inputs);
  }
}
