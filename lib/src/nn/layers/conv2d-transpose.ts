import { tf } from '../../engine';
import { ApplyContext } from '../context';
import { expectFilled } from '../checks';
import { initialWeights, WeightOptions } from '../weights/initial';
import { ConvolutionLayer, KERNEL_OPTIONS } from './convolution-layer';
import { convolveTransposed } from './convolve';
import { Padding } from './padding';

/** Options of a transposed convolution. */
export interface TransposedConvolutionOptions extends WeightOptions {
  /** By how much height and width grow. Default 1. */
  stride?: number;
  /**
   * What the convolution that this one transposes would pad: `same` (the default) makes images of stride times the height and width,
   * `valid` of (height - 1) stride + size, at least stride times height; a number p of (height - 1) stride + size - 2 p, as PyTorch's padding.
   */
  pad?: Padding;
}

/** The layer that `conv2dTranspose` makes. */
export class Conv2dTransposeLayer extends ConvolutionLayer<TransposedConvolutionOptions> {
  /** W, [size, size, outputs, inputs], as of the convolution from outputs to inputs. */
  readonly weights: tf.Variable;
  /** [outputs], or null. Starts at 0. */
  readonly bias: tf.Variable | null;

  constructor(inputs: number, outputs: number, size: number, options: TransposedConvolutionOptions = {}) {
    super('conv2dTranspose', KERNEL_OPTIONS, inputs, outputs, size, options);
    // Drawn as [size, size, inputs, outputs], so that the initializer takes for fanIn what it is at stride 1.
    const drawn = initialWeights(this.name, [size, size, inputs, outputs], options);
    const turned = tf.transpose(drawn, [0, 1, 3, 2]);
    drawn.dispose();
    this.weights = this.addVariable('weights', turned);
    this.bias = this.addBias(options);
  }

  /** The images that the transposed kernel makes of `x`, and the bias; see {@link conv2dTranspose}. */
  apply(x: tf.Tensor, _context: ApplyContext): tf.Tensor {
    this.expectImages(x);
    expectFilled(this.name, 'x', x);
    return tf.tidy(() => {
      const { stride, pad } = this;
      const [batch, height, width] = x.shape;
      const full: [number, number, number, number] = [batch, this.length(height!), this.length(width!), this.outputs];
      const window = pad === 'same' ? 'same' : 'valid';
      const whole = convolveTransposed(x as tf.Tensor4D, this.weights as tf.Tensor4D, full, stride, window);
      const linear = typeof pad === 'number' && pad > 0 ? this.cropped(whole, pad) : whole;
      return this.bias ? tf.add(linear, this.bias) : linear;
    });
  }

  /** Height or width of what comes out, before pixels are taken away. */
  private length(of: number): number {
    const { stride, pad, size } = this;
    if (pad === 'same') return of * stride;
    const reached = (of - 1) * stride + size;
    return pad === 'valid' ? Math.max(reached, of * stride) : reached;
  }

  private cropped(x: tf.Tensor4D, pad: number): tf.Tensor {
    const [batch, height, width, channels] = x.shape;
    const left = [height - 2 * pad, width - 2 * pad];
    if (left[0] < 1 || left[1] < 1) {
      throw new RangeError(
        `${this.name}: pad ${pad} takes all of an image of ${height} x ${width} pixels away. Use a smaller pad.`,
      );
    }
    return tf.slice(x, [0, pad, pad, 0], [batch, left[0], left[1], channels]);
  }
}

/**
 * A transposed convolution, also called a deconvolution or a fractionally strided convolution: [batch, height, width, inputs] to
 * [batch, height', width', outputs], by the transpose of the matrix of a convolution from the outputs' images to the inputs' (Dumoulin &
 * Visin 2016, arXiv 1603.07285, section 4).
 * @example conv2dTranspose(16, 8, 4, { name: 'up', stride: 2, bias: false })
 * @param size height and width of the kernel
 * @throws RangeError when the sizes are not whole numbers from 1; when applied: wrong rank or channel count, no pixel, or a pad that takes
 *   the whole image away
 */
export function conv2dTranspose(
  inputs: number,
  outputs: number,
  size: number,
  options: TransposedConvolutionOptions = {},
): Conv2dTransposeLayer {
  return new Conv2dTransposeLayer(inputs, outputs, size, options);
}
