/** Ghost batch normalization, and normalization by a fixed batch. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import {
  activation,
  batchNorm,
  dense,
  ghostBatchNormLayer,
  Random,
  ready,
  referenceBatchNormLayer,
  sequential,
  tf,
  Trainer,
  withReference,
} from 'bnlab';
import { leakFree } from '../support/tensors';

before(async () => void (await ready()));

const rows = (n: number, d: number, seed: number) => tf.tensor2d(new Random(seed, 'rows').normals(n * d), [n, d]);
const training = { training: true } as const;
const close = (a: tf.Tensor, b: tf.Tensor, tolerance = 1e-5) => {
  const [x, y] = [a.dataSync(), b.dataSync()];
  assert.equal(x.length, y.length);
  x.forEach((v, i) => assert.ok(Math.abs(v - y[i]) < tolerance, `${v}, ${y[i]}`));
};

test('ghostBatchNormLayer: each group is normalized by itself, gradient included; the moving averages take the mean', async () => {
  await leakFree(() => {
    const layer = ghostBatchNormLayer(3, { size: 4, decay: 0 });
    tf.tidy(() => {
      const [x, dy] = [rows(8, 3, 1), rows(8, 3, 2)];
      const part = (of: tf.Tensor, g: number) => tf.slice(of, [4 * g, 0], [4, 3]);
      const each = [0, 1].map((g) => batchNorm(part(x, g), null, null));
      close(layer.apply(x, training), tf.concat(each.map(({ y }) => y), 0)); // prettier-ignore
      close(layer.movingMean, tf.div(tf.add(each[0].mean, each[1].mean), 2));
      close(layer.movingVariance, tf.mul(tf.div(tf.add(each[0].variance, each[1].variance), 2), 4 / 3));
      const still = { ...training, updateStatistics: false };
      const found = tf.grad((u: tf.Tensor) => layer.apply(u, still))(x, dy);
      const wanted = [0, 1].map((g) => tf.grad((u: tf.Tensor) => batchNorm(u, null, null).y)(part(x, g), part(dy, g)));
      close(found, tf.concat(wanted, 0));
    });
    layer.dispose();
  });
});

test('withReference: in training an answer does not depend on the rest of the mini-batch; at inference it is the network', async () => {
  await leakFree(() => {
    const fixed = rows(6, 3, 3);
    const inner = sequential([
      dense(3, 4, { name: 'a', seed: 1, bias: false }),
      referenceBatchNormLayer(4, { reference: 6, name: 'a', decay: 0 }),
      activation('relu', { name: 'a' }),
      dense(4, 2, { name: 'b', seed: 2 }),
    ]);
    const network = withReference(inner, fixed);
    tf.tidy(() => {
      const x = rows(5, 3, 4);
      const all = network.apply(x, training);
      assert.deepEqual(all.shape, [5, 2]);
      close(tf.slice(all, [2, 0], [1, 2]), network.apply(tf.slice(x, [2, 0], [1, 3]), training));
      close(network.apply(x, { training: false }), inner.apply(x, { training: false }));
      const z = batchNorm(tf.matMul(fixed as tf.Tensor2D, inner.named['a/weights'] as tf.Tensor2D), null, null);
      close(inner.named['a/movingMean'], z.mean);
      const loss = () => tf.sum(tf.square(network.apply(x, training))) as tf.Scalar;
      const { grads } = tf.variableGrads(loss, [inner.named['a/weights']]);
      const [gradient] = Object.values(grads);
      const along = tf.sum(tf.mul(gradient, inner.named['a/weights'])).dataSync()[0];
      const size = tf.norm(gradient).dataSync()[0];
      assert.ok(size > 0.01 && Math.abs(along) < 1e-3 * size, 'the gradient goes through the statistics: none along W');
    });
    network.dispose();
    fixed.dispose();
  });
});

test('both train as graphs to what they train to step by step', async () => {
  const data = { train: { x: rows(40, 3, 5), y: rows(40, 2, 6) }, test: { x: rows(8, 3, 7), y: rows(8, 2, 8) } };
  const fixed = rows(6, 3, 9);
  const build = (kind: 'ghost' | 'reference') => {
    const norm =
      kind === 'ghost'
        ? ghostBatchNormLayer(4, { size: 4, name: 'a' })
        : referenceBatchNormLayer(4, { reference: 6, name: 'a' });
    const inner = sequential([dense(3, 4, { name: 'a', seed: 1 }), norm, dense(4, 2, { name: 'b', seed: 2 })]);
    return kind === 'ghost' ? inner : withReference(inner, fixed);
  };
  for (const kind of ['ghost', 'reference'] as const) {
    const ends: number[] = [];
    for (const mode of ['auto', 'eager'] as const) {
      const network = build(kind);
      const trainer = new Trainer({ network, loss: 'meanSquaredError', mode });
      const history = await trainer.train({ data, steps: 12, batchSize: 8, learningRate: 0.1, seed: 1 });
      ends.push(history.evaluations.at(-1)!.test.loss!);
      trainer.dispose();
      network.dispose();
    }
    assert.ok(Math.abs(ends[0] - ends[1]) < 1e-5, `${kind}: ${ends}`);
  }
  tf.dispose([data.train.x, data.train.y, data.test.x, data.test.y, fixed]);
});

test('errors say what was wanted', () => {
  const ghost = ghostBatchNormLayer(2, { size: 4 });
  const fixed = referenceBatchNormLayer(2, { reference: 4 });
  const x = rows(3, 2, 1);
  assert.throws(() => ghost.apply(x, training), /3 rows are no whole number of groups of 4/);
  assert.throws(() => fixed.apply(x, training), /3 rows, fewer than the 4 of the fixed batch/);
  assert.throws(() => ghostBatchNormLayer(2, { size: 1 }), /size must be at least 2/);
  assert.throws(() => referenceBatchNormLayer(2, { reference: 1 }), /reference must be at least 2/);
  assert.throws(() => withReference(ghost, tf.zeros([1, 2])), /at least 2 rows/);
  tf.dispose(x);
  ghost.dispose();
  fixed.dispose();
});
