/** A small problem every run solves in a moment: three clouds in the plane. */
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
