/** Jacobians between normalized vectors: closed forms, and differentiation of the layer itself. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import {
  captureActivations,
  distanceFromOne,
  jacobian,
  layerJacobians,
  mlp,
  normalizedJacobian,
  Random,
  ready,
  singularValues,
  tf,
} from 'bnlab';
import { leakFree } from '../support/tensors';

before(async () => void (await ready()));

const square = (n: number, seed: number) => {
  const random = new Random(seed, 'square');
  return Array.from({ length: n }, () => Array.from(random.normals(n, 0, 1 / Math.sqrt(n))));
};

/** Of the density sqrt(4 - s^2)/pi on [0, 2]. */
const quarterCircle = (s: number) => ((s * Math.sqrt(4 - s * s)) / 2 + 2 * Math.asin(s / 2)) / Math.PI;

test('normalizedJacobian: the quarter circle for batch, ones for whitening, whatever the scales of the units', () => {
  const W = square(150, 1).map((row, k) => row.map((w) => w * (1 + (k % 5))));
  const batch = singularValues(normalizedJacobian(W, 'batch')).reverse();
  const distance = Math.max(...batch.map((s, i) => Math.abs(quarterCircle(Math.min(s, 2)) - (i + 0.5) / batch.length)));
  assert.ok(distance < 0.03, `${distance}`);
  assert.ok(Math.abs(distanceFromOne(batch) - Math.sqrt(2 - 16 / (3 * Math.PI))) < 0.02);
  assert.ok(distanceFromOne(singularValues(normalizedJacobian(W, 'whitening'))) < 1e-9);
  assert.ok(distanceFromOne(singularValues(normalizedJacobian(W, 'none'))) > 0.7, 'their spread is that of the units');
});

test('layerJacobians: what differentiation of the layer gives, with the statistics held constant', async () => {
  await leakFree(() => {
    for (const norm of ['batch', 'none'] as const) {
      const network = mlp({ sizes: [4, 6, 5, 3], activation: 'sigmoid', norm, seed: 2 });
      const { named } = network;
      if (norm === 'batch') tf.tidy(() => named['layer1/gamma'].assign(tf.tensor1d([1, 2, -1, 0.5, 1, 3])));
      const x = tf.tensor2d(new Random(1, 'x').normals(40), [10, 4]);
      const found = layerJacobians({ network, x, from: 'layer1', to: 'layer2', activation: 'sigmoid', examples: 2 });
      const at = norm === 'batch' ? 'layer1/xHat' : 'layer1/preActivation';
      const seen = captureActivations({ network, x, training: true, taps: [at, 'layer2/linear'] });
      const lower = tf.tensor2d(seen[at].values as Float32Array, [10, 6]);
      const upper = tf.tensor2d(seen['layer2/linear'].values as Float32Array, [10, 5]);
      const deviation = tf.tidy(() => tf.sqrt(tf.add(tf.moments(upper, 0).variance, 1e-5)));
      const layer = (u: tf.Tensor) => {
        const into = norm === 'batch' ? tf.add(tf.mul(u, named['layer1/gamma']), named['layer1/beta']) : u;
        const z = tf.matMul(tf.sigmoid(into) as tf.Tensor2D, named['layer2/weights'] as tf.Tensor2D);
        return norm === 'batch' ? tf.div(z, deviation) : z;
      };
      for (const example of [0, 1]) {
        const wanted = jacobian({ of: layer, x: lower, training: false, example });
        wanted.forEach((row, k) => row.forEach((v, j) => assert.ok(Math.abs(v - found[example][k][j]) < 1e-5)));
      }
      tf.dispose([x, lower, upper, deviation]);
      network.dispose();
    }
  });
});

test('layerJacobians, normalizedJacobian: errors say what was wanted', () => {
  const network = mlp({ sizes: [4, 6, 3], seed: 1 });
  const x = tf.ones([2, 4]);
  const look = { network, x, from: 'layer1', to: 'layer9', activation: 'relu' as const };
  assert.throws(
    () => layerJacobians(look),
    /wanted two of layer1\/weights, layer2\/weights, got 'layer1' and 'layer9'/,
  );
  assert.throws(() => layerJacobians({ ...look, examples: 3 }), /3 examples of a batch of 2/);
  assert.throws(() => normalizedJacobian([[0, 0]], 'batch'), /unit 0 has no weights/);
  assert.throws(() => distanceFromOne([]), /at least one number/);
  tf.dispose(x);
  network.dispose();
});
