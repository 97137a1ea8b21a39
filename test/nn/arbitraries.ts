/** Inputs that fast-check chooses: shapes and seeds; the values follow from the seed, so that a failure names a small input. */
import fc from 'fast-check';
import { Random, tf } from 'bnlab';

/** Few runs each, always the same ones: many properties share a minute. */
export const RUNS = { numRuns: 25, seed: 20150211 };

/** [m, d] or [batch, height, width, channels], with at least 2 values per feature. */
export const batchShape: fc.Arbitrary<number[]> = fc.oneof(
  fc.tuple(fc.integer({ min: 2, max: 17 }), fc.integer({ min: 1, max: 7 })),
  fc.tuple(...[4, 4, 4, 5].map((max) => fc.integer({ min: 1, max }))).filter(([n, h, w]) => n * h * w >= 2),
);

/** Random tensors that fit together: x with features of different scale and offset, none of them nearly constant. */
export function batch(
  shape: number[],
  seed: number,
): { x: tf.Tensor; gamma: tf.Tensor; beta: tf.Tensor; dy: tf.Tensor } {
  const random = new Random(seed);
  const d = shape[shape.length - 1];
  const size = shape.reduce((a, b) => a * b, 1);
  const scales = random.normals(d).map((v) => Math.exp(v));
  const offsets = random.normals(d, 0, 3);
  // Alternating signs keep two equal values of a feature, whose variance would be nothing but epsilon, out of small batches.
  const values = Array.from({ length: size }, (_, i) => {
    const sign = Math.floor(i / d) % 2 ? -1 : 1;
    return offsets[i % d] + scales[i % d] * sign * (0.3 + Math.abs(random.normal()));
  });
  const gamma = random.normals(d).map((v) => (v < 0 ? v - 0.2 : v + 0.2));
  return {
    x: tf.tensor(values, shape),
    gamma: tf.tensor1d(gamma),
    beta: tf.tensor1d(random.normals(d)),
    dy: tf.tensor(random.normals(size), shape),
  };
}
