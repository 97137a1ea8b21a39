import { expectOptions, Options, own } from '../../core/checks';
import { tf } from '../../engine';
import { describe, expectCount, expectOneOf, NAME_OPTION } from '../checks';
import { FunctionLayer } from './function-layer';
import { expectPadding, Padding, withPadding } from './padding';

/** Options of pooling. */
export interface PoolOptions {
  /** Stands in messages. */
  name?: string;
  /** Default: the size, so that windows do not overlap. */
  stride?: number;
  /** `same` (the default) lets windows reach over the border, where only what is inside counts; `valid` does not. */
  pad?: 'same' | 'valid';
}

/** Options of max pooling. */
export interface MaxPoolOptions extends Omit<PoolOptions, 'pad'> {
  /** As in {@link PoolOptions}, or a number: so many pixels on every side, up to half the size, that never are the largest. */
  pad?: Padding;
}

const POOL_OPTIONS: Options<MaxPoolOptions> = { name: own, stride: own, pad: own };

function pooling(
  what: string,
  size: number,
  options: MaxPoolOptions,
  pool: (x: tf.Tensor4D, size: number, stride: number, pad: 'same' | 'valid') => tf.Tensor,
): FunctionLayer {
  expectOptions(what, options, POOL_OPTIONS);
  const { name = what, stride = size, pad = 'same' } = options;
  expectCount(name, 'size', size);
  expectCount(name, 'stride', stride);
  expectPadding(name, pad);
  const widest = Math.floor(size / 2);
  if (typeof pad === 'number' && pad > widest) {
    throw new RangeError(
      `${name}: pad must be at most ${widest}, half the size, so that no window is empty; got ${pad}.`,
    );
  }
  const apply = (x: tf.Tensor) => {
    const { x: padded, pad: rest } = withPadding(x, pad, -Infinity);
    expectWindow(name, padded, size, rest);
    return pool(padded as tf.Tensor4D, size, stride, rest);
  };
  return new FunctionLayer(name, apply, [4]);
}

/** Throws when a window that may not reach over the border is larger than the image. */
export function expectWindow(where: string, x: tf.Tensor, size: number, pad: 'same' | 'valid'): void {
  if (pad === 'valid' && (x.shape[1]! < size || x.shape[2]! < size)) {
    throw new RangeError(
      `${where}: with pad 'valid' the image must be at least ${size} x ${size} pixels, got ${describe(x)}. Use pad 'same'.`,
    );
  }
}

/**
 * Max pooling over size x size windows: [batch, height, width, channels] to [batch, height', width', channels].
 * @example maxPool(2)
 * @throws RangeError for sizes that are not whole numbers from 1, or another pad; when applied: wrong rank, an empty image, or with
 *   `valid` an image smaller than the window
 */
export function maxPool(size: number, options: MaxPoolOptions = {}): FunctionLayer {
  return pooling('maxPool', size, options, (x, window, stride, pad) => tf.maxPool(x, window, stride, pad));
}

/**
 * Average pooling over size x size windows: [batch, height, width, channels] to [batch, height', width', channels]. At a border,
 * the average of what lies inside the image.
 * @example averagePool(3, { stride: 1 })
 * @throws as `maxPool`
 */
export function averagePool(size: number, options: PoolOptions = {}): FunctionLayer {
  expectOneOf(options?.name ?? 'averagePool', 'pad', options?.pad ?? 'same', ['same', 'valid']);
  return pooling('averagePool', size, options, (x, window, stride, pad) => tf.avgPool(x, window, stride, pad));
}

/**
 * The mean over height and width: [batch, height, width, channels] to [batch, channels].
 * @throws RangeError when applied to another rank or an empty image
 */
export function globalAveragePool(options: { name?: string } = {}): FunctionLayer {
  expectOptions('globalAveragePool', options, NAME_OPTION);
  return new FunctionLayer(options.name ?? 'globalAveragePool', (x) => tf.mean(x, [1, 2]), [4]);
}
