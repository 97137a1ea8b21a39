/** A small problem every run solves in a moment: three clouds in the plane. Not a test by itself. */
import { oneHotLabels, Random, tf } from 'bnlab';

/** `n` points around three centres, with a constant third coordinate: x [n, 3], y one-hot [n, 3]. */
export function clouds(n: number, seed: number): { x: tf.Tensor; y: tf.Tensor } {
  const random = new Random(seed, 'clouds');
  const labels = Array.from({ length: n }, (_, i) => i % 3);
  const rows = labels.map((l) => [
    Math.cos(2.1 * l) + random.normal(0, 0.4),
    Math.sin(2.1 * l) + random.normal(0, 0.4),
    1,
  ]);
  return { x: tf.tensor2d(rows), y: oneHotLabels(labels, 3) };
}

/** Fails when `body` leaves tensors behind. */
export async function noLeak<T>(body: () => T | Promise<T>): Promise<T> {
  const before = tf.memory().numTensors;
  const result = await body();
  const left = tf.memory().numTensors - before;
  if (left !== 0) throw new Error(`${left} tensors leaked`);
  return result;
}
