import { expectOptions, shown } from '../../core/checks';
import { tf } from '../../engine';
import { describe, expectCount, NAME_OPTION } from '../checks';
import { FunctionLayer } from './function-layer';

/**
 * [batch, ...] to [batch, rest].
 * @throws RangeError when applied to a scalar or an empty tensor
 */
export function flatten(options: { name?: string } = {}): FunctionLayer {
  expectOptions('flatten', options, NAME_OPTION);
  const name = options.name ?? 'flatten';
  return new FunctionLayer(name, (x) => {
    if (x.rank === 0) throw new RangeError(`${name}: wanted x of shape [batch, ...], got a scalar.`);
    return tf.reshape(x, [x.shape[0], x.size / x.shape[0]]);
  });
}

/**
 * [batch, height * width * channels] to [batch, height, width, channels], so that a convolution can follow flat images. Images pass
 * as they are.
 * @example toImage([28, 28, 1])
 * @throws RangeError when the shape is not three whole numbers from 1; when applied: another number of values, or images of another
 *   shape
 */
export function toImage(shape: [number, number, number], options: { name?: string } = {}): FunctionLayer {
  expectOptions('toImage', options, NAME_OPTION);
  const name = options.name ?? 'toImage';
  if (!Array.isArray(shape) || shape.length !== 3) {
    throw new RangeError(`${name}: shape must be [height, width, channels], got ${shown(shape)}.`);
  }
  shape.forEach((n, i) => expectCount(name, `shape[${i}]`, n));
  const size = shape[0] * shape[1] * shape[2];
  return new FunctionLayer(
    name,
    (x) => {
      if (x.size !== x.shape[0] * size || (x.rank === 4 && !tf.util.arraysEqual(x.shape.slice(1), shape))) {
        throw new RangeError(
          `${name}: wanted ${size} values per example for [${shape.join(', ')}], got ${describe(x)}.`,
        );
      }
      return tf.reshape(x, [x.shape[0], ...shape]);
    },
    [2, 4],
  );
}
