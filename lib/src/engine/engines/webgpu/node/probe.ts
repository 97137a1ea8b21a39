/**
 * The check of the WebGPU engine, run by `checkWebgpu` in a process of its own: load, compute something whose answer is known (a gradient
 * step, and that NaN stays), say as JSON what computed.
 */
import { tf } from '../../../tf';
import { mendKernels } from '../kernels';
import { loadWebgpu } from './load';
import { webgpuPaths } from './paths';

async function main(): Promise<void> {
  const paths = webgpuPaths();
  if (!paths) throw new Error('Dawn is not installed');
  const { adapter, ownDriver } = await loadWebgpu(paths, { software: process.argv[2] === 'any' });
  mendKernels();
  // loss = sum((x w)^2) with x = [[1, 2], [3, 4]], w = [1, 1]: x w = [3, 7], loss = 58, dloss/dw = 2 x'(x w) = [48, 68]
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const { value, grad } = tf.valueAndGrad((w) => tf.sum(tf.square(tf.matMul(x, w as typeof x))))(tf.ones([2, 1]));
  const got = [value.dataSync()[0], ...grad.dataSync()];
  const wanted = [58, 48, 68];
  if (got.some((number, i) => !(Math.abs(number - wanted[i]) < 1e-3))) {
    throw new Error(`it computes wrongly: a gradient that is ${wanted.join(', ')} came out as ${got.join(', ')}`);
  }
  const lost = (['exp', 'log', 'sigmoid', 'softmax', 'relu', 'max'] as const).filter(
    (name) => !Number.isNaN((tf[name] as (x: tf.Tensor) => tf.Tensor)(tf.tensor1d([NaN, 1])).dataSync()[0]),
  );
  if (lost.length > 0) throw new Error(`it loses NaN in ${lost.join(', ')}`);
  process.stdout.write(JSON.stringify({ adapter, ownDriver }));
}

main().catch((error: unknown) => {
  process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
