/** Against TensorFlow.js's own layer: the same where it is right, and where it is not. Fails when TensorFlow.js mends it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { batchNormLayer, Random, tf } from 'bnlab';
import { assertSame, clean, values } from '../support/tensors';
import { batch } from './arbitraries';

/** tf.layers: `momentum` is decay, epsilon 1e-3 by default; weights gamma, beta, moving mean, moving variance. */
function theirs(options: object, shape: number[]): tf.layers.Layer {
  const layer = tf.layers.batchNormalization({ epsilon: 1e-5, momentum: 0.9, ...options });
  layer.build([null, ...shape.slice(1)]);
  return layer;
}

const weights = (layer: tf.layers.Layer): tf.Tensor[] => layer.weights.map((w) => w.read());
/** A layer that stands in no model cannot be disposed; its variables can. */
const free = (layer: tf.layers.Layer) => layer.weights.forEach((w) => w.dispose());
const run = (layer: tf.layers.Layer, x: tf.Tensor, training: boolean) => layer.call(x, { training }) as tf.Tensor;

for (const shape of [
  [8, 3],
  [2, 3, 4, 3],
]) {
  test(
    `rank ${shape.length}: the same forward pass, gradient, moving mean, and inference with equal statistics`,
    clean(() => {
      const layer = theirs({}, shape);
      const ours = batchNormLayer(3);
      tf.tidy(() => {
        const { x, dy } = batch(shape, 1);
        assertSame(ours.apply(x, { training: true }), run(layer, x, true), 'training', 1e-5);
        const gradient = (f: (a: tf.Tensor) => tf.Tensor) => tf.grad(f)(x, dy);
        assertSame(
          gradient((a) => ours.apply(a, { training: true, updateStatistics: false })),
          gradient((a) => run(layer, a, true)),
          'gradient',
          1e-4,
        );
        const [gamma, beta] = weights(layer);
        assert.deepEqual(values(gamma), values(ours.gamma as tf.Tensor));
        assert.deepEqual(values(beta), values(ours.beta as tf.Tensor));
      });
      tf.tidy(() => {
        const fresh = theirs({}, shape);
        const { x } = batch(shape, 2);
        run(fresh, x, true);
        const again = batchNormLayer(3);
        again.apply(x, { training: true });
        const [, , mean, variance] = weights(fresh);
        assertSame(again.movingMean, mean, 'moving mean', 1e-5);
        again.setStatistics(mean, variance);
        assertSame(again.apply(x, { training: false }), run(fresh, x, false), 'inference', 1e-5);
        again.dispose();
        free(fresh);
      });
      free(layer);
      ours.dispose();
    }),
  );
}

test(
  'theirs keeps a biased moving variance: at m = 2 half of the population’s, where ours is right on average',
  clean(() => {
    const layer = theirs({ momentum: 0 }, [2, 1]);
    const ours = batchNormLayer(1, { decay: 0 });
    tf.tidy(() => {
      const random = new Random(4);
      const [them, us]: number[][] = [[], []];
      for (let step = 0; step < 600; step++) {
        const x = tf.tensor2d(random.normals(2), [2, 1]); // population variance 1
        run(layer, x, true);
        ours.apply(x, { training: true });
        them.push(values(weights(layer)[3])[0]);
        us.push(values(ours.movingVariance)[0]);
      }
      us.forEach((v, i) => assert.ok(Math.abs(v - 2 * them[i]) <= 1e-5 * (1 + v), 'ours is m/(m-1) = 2 times theirs'));
      const mean = us.reduce((a, b) => a + b, 0) / us.length;
      // One such estimate has variance 2; 600 of them average to 1 with a standard error of sqrt(2/600).
      assert.ok(Math.abs(mean - 1) < 4 * Math.sqrt(2 / 600), `${mean}`);
    });
    free(layer);
    ours.dispose();
  }),
);

for (const [what, options] of [
  ['center off', { center: false }],
  ['scale off', { scale: false }],
] as [string, { center?: boolean; scale?: boolean }][]) {
  test(
    `theirs crashes in training with ${what}; ours trains`,
    clean(() => {
      const layer = theirs(options, [8, 3]);
      const ours = batchNormLayer(3, options);
      tf.tidy(() => {
        const { x } = batch([8, 3], 1);
        assert.throws(() => run(layer, x, true), /null|undefined/);
        const { grads } = tf.variableGrads(
          () => tf.sum(ours.apply(x, { training: true })) as tf.Scalar,
          ours.trainable,
        );
        assert.equal(Object.keys(grads).length, 1);
      });
      free(layer);
      ours.dispose();
    }),
  );
}

test(
  'theirs moves its statistics although it is not trainable; ours, frozen, does not',
  clean(() => {
    const layer = theirs({}, [8, 3]);
    const ours = batchNormLayer(3);
    tf.tidy(() => {
      const { x } = batch([8, 3], 1);
      layer.trainable = false;
      ours.frozen = true;
      const before = [weights(layer)[2], ours.movingMean].map(values);
      run(layer, x, true);
      ours.apply(x, { training: true });
      assert.notDeepEqual(values(weights(layer)[2]), before[0]);
      assert.deepEqual(values(ours.movingMean), before[1]);
    });
    free(layer);
    ours.dispose();
  }),
);

test(
  'with a large offset theirs loses digits that ours keeps',
  clean(() => {
    const layer = theirs({}, [60, 1]);
    const ours = batchNormLayer(1);
    tf.tidy(() => {
      const grid = tf.div(tf.round(tf.mul(tf.tensor2d(new Random(2).normals(60), [60, 1]), 8)), 8);
      const far = tf.add(grid, 1e6); // exact in float32
      const wanted = values(ours.apply(grid, { training: true }));
      const off = (y: tf.Tensor) => Math.max(...values(y).map((v, i) => Math.abs(v - wanted[i])));
      assert.ok(off(ours.apply(far, { training: true })) < 1e-5);
      assert.ok(off(run(layer, far, true)) > 1e-3);
    });
    free(layer);
    ours.dispose();
  }),
);
