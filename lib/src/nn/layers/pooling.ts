import { expectOptions, Options, own } from '../../core/checks';
import { tf } from '../../engine';
import { describe, expectCount, expectOneOf, NAME_OPTION } from '../checks';
import { FunctionLayer } from './function-layer';

/** Options of pooling. */
export interface PoolOptions {
  /** Stands in messages. */
  name?: string;
  /** Default: the size, so that windows do not overlap. */
  stride?: number;
  /** `same` (the default) lets windows reach over the border, where only what is inside counts; `valid` does not. */
  pad?: 'same' | 'valid';
}

const POOL_OPTIONS: Options<PoolOptions> = { name: own, stride: own, pad: own };

function pooling(
  what: string,
  size: number,
  options: PoolOptions,
  pool: (x: tf.Tensor4D, size: number, stride: number, pad: 'same' | 'valid') => tf.Tensor,
): FunctionLayer {
  expectOptions(what, options, POOL_OPTIONS);
  const { name = what, stride = size, pad = 'same' } = options;
  expectCount(name, 'size', size);
  expectCount(name, 'stride', stride);
  expectOneOf(name, 'pad', pad, ['same', 'valid']);
  const apply = (x: tf.Tensor) => {
    expectWindow(name, x, size, pad);
    return pool(x as tf.Tensor4D, size, stride, pad);
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
export function maxPool(size: number, options: PoolOptions = {}): FunctionLayer {
  return pooling('maxPool', size, options, (x, window, stride, pad) => tf.maxPool(x, window, stride, pad));
}

/**
 * Average pooling over size x size windows: [batch, height, width, channels] to [batch, height', width', channels]. At a border,
 * the average of what lies inside the image.
 * @example averagePool(3, { stride: 1 })
 * @throws as `maxPool`
 */
export function averagePool(size: number, options: PoolOptions = {}): FunctionLayer {
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
