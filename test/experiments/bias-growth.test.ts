import test from 'node:test';
import assert from 'node:assert/strict';
import { dense, ready, softmaxCrossEntropy, tf, trainShifted } from 'bnlab';
import { shiftThenNormalize } from 'bnlab/internal';
import type { ShiftedOptions } from 'bnlab';
import { clouds } from '../support/clouds';
import { leakFree } from '../support/tensors';

test.before(async () => {
  await ready();
});

const run = (options: Partial<ShiftedOptions>) =>
  leakFree(async () => {
    const { x, y } = clouds(60, 1);
    try {
      return await trainShifted({ x, y, units: 8, steps: 40, learningRate: 1, seed: 3, ...options });
    } finally {
      tf.dispose([x, y]);
    }
  });
/** The loss of the first step, with the layer below standardized: Algorithm 1 without gamma and beta, epsilon 0. */
const firstLoss = async () => {
  const { x, y } = clouds(60, 1);
  const below = dense(3, 8, { name: 'layer1', bias: false, seed: 3 });
  const above = dense(8, 3, { name: 'layer2', seed: 3 });
  const loss = tf.tidy(() => {
    const u = below.apply(x, { training: true });
    const { mean, variance } = tf.moments(u, 0);
    const standard = tf.div(tf.sub(u, mean), tf.sqrt(variance));
    return softmaxCrossEntropy(above.apply(tf.sigmoid(standard), { training: true }), y).dataSync()[0];
  });
  tf.dispose([x, y]);
  below.dispose();
  above.dispose();
  return loss;
};
const spread = (values: number[]) => Math.max(...values) - Math.min(...values);

test('statistics outside the gradient, all else frozen: b grows by the same amount every step, the loss stays', async () => {
  const { b, loss, gradient } = await run({});
  assert.equal(b.length, 41);
  assert.equal(loss.length, 40);
  assert.ok(gradient[0] > 1e-3, `no force on b: ${gradient[0]}`);
  b.forEach((norm, t) => assert.ok(Math.abs(norm - t * gradient[0]) < 1e-4 * b[40], `step ${t}: ${norm}`));
  assert.ok(spread(loss) < 1e-5, `the loss moved by ${spread(loss)}`);
  assert.ok(Math.abs(loss[0] - (await firstLoss())) < 1e-5);
});

test('through the statistics: no force on b and g, which stay', async () => {
  for (const options of [{}, { normalize: 'both', scale: true }] as const) {
    const { b, g, loss } = await run({ ...options, statistics: 'differentiated' });
    assert.ok(b[40] < 1e-5, `b grew to ${b[40]}`);
    assert.ok((g ?? [[1]]).at(-1)!.every((v) => Math.abs(v - 1) < 1e-5));
    assert.ok(spread(loss) < 1e-5);
  }
});

test('scaling as well: g^2 moves by -2 rate c t, with output and loss unchanged until a g is spent', async () => {
  const rate = 0.01;
  const { g, firstGradientOfG, loss } = await run({ normalize: 'both', scale: true, learningRate: rate });
  assert.deepEqual(g![0], new Array(8).fill(1));
  const wide = await run({ normalize: 'both', scale: true, units: undefined, steps: 1 });
  assert.equal(wide.g![1].length, 100, 'units unless told');
  const c = firstGradientOfG!;
  assert.ok(c.some((v) => v > 0) && c.some((v) => v < 0));
  c.forEach((v, k) => assert.ok(Math.abs(g![40][k] ** 2 - (1 - 2 * rate * v * 40)) < 1e-3));
  assert.ok(spread(loss) < 1e-5);
});

test('everything trained: the loss falls, and b is driven all the same', async () => {
  const { b, loss, g } = await run({ trains: 'all', batchSize: 20, steps: 120 });
  assert.equal(g, null);
  assert.ok(
    loss.slice(-10).every((l) => l < 0.6 * loss[0]),
    `from ${loss[0]} to ${loss.at(-1)}`,
  );
  assert.ok(b[120] > 1e-2);
});

test('shiftThenNormalize with gamma and beta: dl/db = gamma dl/dbeta outside the gradient, 0 through it', () => {
  const u = tf.tensor2d([
    [1, 10],
    [3, 30],
    [8, 20],
  ]);
  const weight = tf.tensor2d([
    [1, 2],
    [-4, 0],
    [1, 5],
  ]);
  for (const statistics of ['detached', 'differentiated'] as const) {
    const layer = shiftThenNormalize(2, { statistics, affine: true });
    layer.named['shift/gamma'].assign(tf.tensor1d([3, -2]));
    const loss = () => tf.sum(tf.mul(layer.apply(u, { training: true }), weight)) as tf.Scalar;
    const { grads } = tf.variableGrads(loss, layer.trainable);
    const of = (label: string) => [...grads[layer.named[label].name].dataSync()];
    assert.deepEqual(of('shift/beta'), [-2, 7]);
    assert.deepEqual(
      of('shift/b').map((v) => Math.round(v) + 0),
      statistics === 'detached' ? [-6, -14] : [0, 0],
    );
    layer.dispose();
  }
  tf.dispose([u, weight]);
});

test('shiftThenNormalize: one forward pass for both gradients, the values of Algorithm 1', () => {
  const u = tf.tensor2d([
    [1, 10],
    [3, 30],
    [8, 20],
  ]);
  for (const normalize of ['center', 'both'] as const) {
    const outputs = (['detached', 'differentiated'] as const).map((statistics) => {
      const layer = shiftThenNormalize(2, { normalize, statistics, affine: true });
      const y = layer.apply(u, { training: true });
      const values = y.arraySync() as number[][];
      layer.dispose();
      y.dispose();
      return values;
    });
    assert.deepEqual(
      outputs[0].map((row) => row.map(Math.fround)),
      outputs[1].map((row) => row.map(Math.fround)),
    );
    const deviation = normalize === 'center' ? 1 : Math.sqrt((9 + 1 + 16) / 3);
    outputs[0].forEach(([v], i) => assert.ok(Math.abs(v - [-3, -1, 4][i] / deviation) < 1e-6));
  }
  u.dispose();
});

test('shiftThenNormalize: outside the gradient 1/sigma is a constant, through it g has no effect', () => {
  const u = tf.tensor2d([[1], [3], [8]]);
  const weight = tf.tensor2d([[1], [-4], [2]]);
  const sigma = Math.sqrt((9 + 1 + 16) / 3);
  for (const statistics of ['detached', 'differentiated'] as const) {
    const layer = shiftThenNormalize(1, { statistics, normalize: 'both', scale: true });
    const loss = () => tf.sum(tf.mul(layer.apply(u, { training: true }), weight)) as tf.Scalar;
    const { grads } = tf.variableGrads(loss, layer.trainable);
    const of = (label: string) => grads[layer.named[label].name].dataSync()[0];
    // dl/dg = sum dy u / sigma, dl/db = sum dy / sigma.
    const [dg, db] = statistics === 'detached' ? [(1 - 12 + 16) / sigma, -1 / sigma] : [0, 0];
    assert.ok(Math.abs(of('shift/g') - dg) < 1e-5, `${statistics}: dl/dg ${of('shift/g')}, wanted ${dg}`);
    assert.ok(Math.abs(of('shift/b') - db) < 1e-5, `${statistics}: dl/db ${of('shift/b')}, wanted ${db}`);
    layer.dispose();
  }
  tf.dispose([u, weight]);
});

test('shiftThenNormalize: another width is refused', () => {
  const layer = shiftThenNormalize(3);
  const u = tf.zeros([4, 2]);
  assert.throws(() => layer.apply(u, { training: true }), /u.*\[4, 2\]|\[4, 2\].*u/);
  layer.dispose();
  u.dispose();
});
