import test from 'node:test';
import assert from 'node:assert/strict';
import { convNet, gradientNorms, gradientProjection, mlp, Random, ready, tf } from 'bnlab';
import { leakFree } from '../support/tensors';

test.before(async () => {
  await ready();
});

const random = new Random(1, 'x');
const normals = (shape: number[]) =>
  tf.tensor(
    Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
    shape,
  );
const oneHot = (m: number) => tf.oneHot(tf.range(0, m, 1, 'int32').mod(tf.scalar(3, 'int32')), 3).toFloat();

test('the three shares are 1 together, and what passes is the gradient that reaches x', async () => {
  const [x, y] = [normals([20, 5]), oneHot(20)];
  for (const epsilon of [1e-8, 1]) {
    // One feature, so that the share needs no weights: |dl/dx|^2 (sigma2 + epsilon) over |dl/dxHat|^2.
    const network = mlp({ sizes: [5, 1, 3], activation: 'identity', norm: 'batch', seed: 1, normOptions: { epsilon } });
    const { layer1 } = await leakFree(() => gradientProjection({ network, x, y, training: true }));
    assert.ok(Math.abs(layer1.mean + layer1.xHat + layer1.passed - 1) < 1e-6);
    const { activations } = gradientNorms({ network, x, y, training: true });
    const weights = network.named['layer1/weights'];
    const { variance } = tf.moments(tf.matMul<tf.Tensor>(x, weights), 0);
    const scale = Number(variance.dataSync()[0]) + epsilon;
    const passed = (activations['layer1/linear'] ** 2 * scale) / activations['layer1/preActivation'] ** 2;
    assert.ok(Math.abs(layer1.passed - passed) < 1e-5, `${layer1.passed} is not ${passed}`);
  }
});

test('of the sum of the outputs it is all mean; of the sum of their squares all along xHat', () => {
  const x = normals([20, 4]);
  const y = oneHot(20);
  const network = mlp({ sizes: [4, 6, 6], activation: 'identity', norm: 'batch', seed: 2 });
  // The last layer is made the identity, so that dl/dxHat is what the loss says.
  const last = network.named['layer2/weights'];
  last.assign(tf.eye(6) as tf.Tensor);
  const shares = (loss: (out: tf.Tensor) => tf.Scalar) =>
    gradientProjection({ network, x, y, loss, training: true }).layer1;
  assert.ok(Math.abs(shares((out) => tf.sum(out)).mean - 1) < 1e-5);
  assert.ok(Math.abs(shares((out) => tf.sum(tf.square(out))).xHat - 1) < 1e-4);
});

test('maps are normalized over examples and places: a random gradient loses 2 of m directions', () => {
  const network = convNet({ image: [8, 8, 1], classes: 3, norm: 'batch', seed: 3 });
  const shares = gradientProjection({ network, x: normals([4, 8, 8, 1]), y: oneHot(4), training: true });
  for (const [name, { mean, xHat, passed }] of Object.entries(shares)) {
    assert.ok(passed > 0 && passed <= 1 && mean >= 0 && xHat >= -1e-6, name);
  }
});

test('no batch norm, inference, and a gradient of zero are refused', () => {
  const [x, y] = [normals([6, 4]), oneHot(6)];
  const plain = mlp({ sizes: [4, 5, 3], activation: 'relu', seed: 1 });
  assert.throws(() => gradientProjection({ network: plain, x, y, training: true }), /no layer that taps xHat/);
  const network = mlp({ sizes: [4, 5, 3], activation: 'relu', norm: 'batch', seed: 1 });
  assert.throws(() => gradientProjection({ network, x, y, training: false }), /training must be true, got false/);
  const loss = (out: tf.Tensor) => tf.mul(tf.sum(out), 0) as tf.Scalar;
  assert.throws(
    () => gradientProjection({ network, x, y, loss, training: true }),
    /squared gradient at layer1\/xHat is 0/,
  );
});
