/** What the gradients of all rooms are written with. */
import { tf } from '../tf';
import { constant } from './tape';

/** The gradient of a kernel with respect to each of its inputs, as TensorFlow.js registers it. */
export interface Rule {
  kernelName: string;
  inputsToSave?: string[];
  outputsToSave?: boolean[];
  gradFunc: (dy: any, saved: tf.Tensor[], attrs: any) => Record<string, () => tf.Tensor>; // eslint-disable-line @typescript-eslint/no-explicit-any
}

/** TensorFlow.js's own gradient, of the same inputs and attributes. */
export function own(kernelName: string): Rule['gradFunc'] {
  return tf.getGradient(kernelName).gradFunc as unknown as Rule['gradFunc'];
}

/** The gradient of what was broadcast from `shape`: the sum over the axes along which it was; `x` itself where there are none. */
export function sumTo(x: tf.Tensor, shape: number[]): tf.Tensor {
  if (tf.util.arraysEqual(x.shape, shape)) return x;
  const axes = tf.backend_util.getReductionAxes(shape, x.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(x, axes) : x, shape);
}

/** `t` where the condition holds, `e` elsewhere; all of one shape, none broadcast. */
export function select(condition: tf.Tensor, t: tf.Tensor, e: tf.Tensor): tf.Tensor {
  return tf.engine().runKernel('Select', { condition, t, e }) as tf.Tensor;
}

/** The gradient with respect to integers, conditions and whatever is constant between jumps. */
export function none(x: tf.Tensor): tf.Tensor {
  return constant(() => float(tf.zerosLike(x)));
}

export const float = (x: tf.Tensor) => tf.cast(x, 'float32');

/** 0, 1, 2, ... in the given shape. */
export function positions(shape: number[]): tf.Tensor {
  const n = tf.util.sizeFromShape(shape);
  return tf.tensor(
    Int32Array.from({ length: n }, (_, i) => i),
    shape,
    'int32',
  );
}

/** The sum of the values that have the same place among `size`; without a place out of range. */
export function gathered(values: tf.Tensor, places: tf.Tensor, shape: number[]): tf.Tensor {
  const flatPlaces = tf.reshape(places, [places.size]) as tf.Tensor1D;
  const sums = tf.unsortedSegmentSum(tf.reshape(values, [values.size]), flatPlaces, tf.util.sizeFromShape(shape));
  return tf.reshape(sums, shape);
}
