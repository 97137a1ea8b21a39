import { tf } from '../engine';
import { expectFloatTensor } from './checks';

/** Whether a gradient goes through the statistics of a normalization, or takes them for constants. */
export type StatisticsGradient = 'differentiated' | 'detached';

/**
 * x, through which no gradient passes. TensorFlow.js has no such op of its own.
 * @example const mu = stopGradient(tf.mean(x, 0));
 * @returns a tensor of the same values
 * @throws TypeError when x is disposed or not float32
 */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  expectFloatTensor('stopGradient', 'x', x);
  return tf.customGrad((...args) => ({
    value: tf.clone(args[0] as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }))(x) as T;
}
