/**
 * The check of the native engine, run by `checkNative` in a process of its own: load, compute something whose answer is
 * known (a gradient step, so that kernels of both directions run), say so as JSON.
 */
import { loadNative } from './load';
import { tf } from '../../tf';

const { tensorflow, gpu, cudaBuild } = loadNative();
// loss = sum((x w)^2) with x = [[1, 2], [3, 4]], w = [1, 1]: x w = [3, 7], loss = 58, dloss/dw = 2 x'(x w) = [48, 68]
const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
const { value, grad } = tf.valueAndGrad((w) => tf.sum(tf.square(tf.matMul(x, w as typeof x))))(tf.ones([2, 1]));
const got = [value.dataSync()[0], ...grad.dataSync()];
const wanted = [58, 48, 68];
if (got.some((number, i) => !(Math.abs(number - wanted[i]) < 1e-3))) {
  throw new Error(`a gradient that is ${wanted.join(', ')} came out as ${got.join(', ')}`);
}
process.stdout.write(JSON.stringify({ tensorflow, gpu, cudaBuild }));
