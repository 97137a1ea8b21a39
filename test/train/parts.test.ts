import test from 'node:test';
import assert from 'node:assert/strict';
import {
  batchNormLayer,
  meanSquaredError,
  oneHotLabels,
  ready,
  sequential,
  setPopulationStatistics,
  softmaxCrossEntropy,
  tf,
} from 'bnlab';
import { scheduleRates } from 'bnlab/internal';
import { leakFree } from '../support/tensors';

test.before(async () => {
  await ready();
});

const rounded = (values: ArrayLike<number>, digits = 6) => Array.from(values, (v) => Number(v.toFixed(digits)));

test('softmaxCrossEntropy: closed forms, also where exponentials overflow', async () => {
  await leakFree(() => {
    const value = (z: number[][], y: number[][]) =>
      tf.tidy(() => softmaxCrossEntropy(tf.tensor2d(z), tf.tensor2d(y)).dataSync()[0]);
    assert.ok(Math.abs(value([[3, 3, 3, 3]], [[0, 1, 0, 0]]) - Math.log(4)) < 1e-6);
    // -log(1 / (1 + e^-2)) for a difference of 2 between two logits, however large both are.
    const expected = Math.log(1 + Math.exp(-2));
    for (const offset of [0, 100, -100, 4096]) {
      assert.ok(Math.abs(value([[2 + offset, offset]], [[1, 0]]) - expected) < 1e-6, `offset ${offset}`);
    }
    assert.equal(value([[1e4, 0]], [[0, 1]]), 1e4);
    assert.equal(value([[1e4, 0]], [[1, 0]]), 0);
    // Mean over the batch, and soft labels: H(p) for matching p.
    assert.ok(
      Math.abs(
        value(
          [
            [0, 0],
            [0, 0],
          ],
          [
            [0.5, 0.5],
            [1, 0],
          ],
        ) - Math.log(2),
      ) < 1e-6,
    );
  });
});

test('softmaxCrossEntropy: gradient is (softmax - y) / m, as tf.losses has it', async () => {
  await leakFree(() =>
    tf.tidy(() => {
      const z = tf.tensor2d([
        [1, -2, 0.5],
        [3, 3, -1],
      ]);
      const y = tf.tensor2d([
        [0, 0, 1],
        [1, 0, 0],
      ]);
      const mine = tf.grad((t) => softmaxCrossEntropy(t, y))(z);
      const closed = tf.div(tf.sub(tf.softmax(z), y), 2);
      const theirs = tf.grad((t) => tf.losses.softmaxCrossEntropy(y, t) as tf.Scalar)(z);
      assert.deepEqual(rounded(mine.dataSync()), rounded(closed.dataSync()));
      assert.deepEqual(rounded(mine.dataSync()), rounded(theirs.dataSync()));
      const weighted = tf.grad((t) => tf.mul(3, softmaxCrossEntropy(t, y)) as tf.Scalar)(z);
      assert.deepEqual(rounded(weighted.dataSync(), 5), rounded(tf.mul(3, closed).dataSync(), 5));
    }),
  );
});

test('meanSquaredError: mean over every element', () => {
  tf.tidy(() => {
    assert.equal(
      meanSquaredError(
        tf.tensor2d([
          [1, 2],
          [3, 4],
        ]),
        tf.tensor2d([
          [0, 0],
          [0, 0],
        ]),
      ).dataSync()[0],
      7.5,
    );
  });
});

test('losses refuse shapes that do not match', () => {
  tf.tidy(() => {
    assert.throws(() => softmaxCrossEntropy(tf.zeros([2, 3]), tf.zeros([2])), /one-hot/);
    assert.throws(() => meanSquaredError(tf.zeros([2, 3]), tf.zeros([3, 2])), /\[2,3\].*\[3,2\]/);
    const outOfRange = tf.oneHot(tf.tensor1d([0, 5], 'int32'), 3);
    assert.throws(
      () => softmaxCrossEntropy(tf.zeros([2, 3]), outOfRange),
      /y: a row does not sum to 1.*label out of range/,
    );
  });
});

test('oneHotLabels: rows, and labels out of range', async () => {
  const y = oneHotLabels([2, 0], 3);
  assert.deepEqual(y.arraySync(), [
    [0, 0, 1],
    [1, 0, 0],
  ]);
  y.dispose();
  await leakFree(() => {
    assert.throws(() => oneHotLabels([0, 10], 10), /label 1 is 10; wanted a whole number from 0 to 9/);
    assert.throws(() => oneHotLabels([-1], 10), /label 0 is -1/);
    assert.throws(() => oneHotLabels([0.5], 10), /label 0 is 0.5/);
  });
});

test('schedules: value by value', () => {
  const rates = (steps: number, schedule?: Parameters<typeof scheduleRates>[2]) =>
    rounded(scheduleRates(0.8, steps, schedule));
  assert.deepEqual(rates(3), [0.8, 0.8, 0.8]);
  assert.deepEqual(rates(5, { kind: 'step', every: 2, factor: 0.5 }), [0.8, 0.8, 0.4, 0.4, 0.2]);
  assert.deepEqual(rates(3, { kind: 'exponential', every: 2, factor: 0.25 }), [0.8, 0.4, 0.2]);
  assert.deepEqual(rates(4, { kind: 'cosine' }), [0.8, 0.682843, 0.4, 0.117157]);
  assert.deepEqual(rates(4, { kind: 'cosine', final: 1 }), [0.8, 0.8, 0.8, 0.8]);
  // The cosine runs over the steps that the warm-up leaves.
  assert.deepEqual(rates(6, { kind: 'cosine', warmUp: 2 }), [0.4, 0.8, 0.8, 0.682843, 0.4, 0.117157]);
  assert.deepEqual(rates(4, { kind: 'constant', warmUp: 4 }), [0.2, 0.4, 0.6, 0.8]);
  assert.deepEqual(rates(4, { kind: 'step', every: 1, factor: 0.5, warmUp: 2 }), [0.4, 0.8, 0.8, 0.4]);
  assert.deepEqual(rates(2, { kind: 'table', values: [1, 0.5] }), [0.8, 0.4]);
});

test('schedules refuse what makes no sense', () => {
  assert.throws(() => scheduleRates(0, 3), /learningRate: wanted a number above zero, got 0/);
  assert.throws(() => scheduleRates(NaN, 3), /learningRate/);
  assert.throws(() => scheduleRates(1, 0), /steps/);
  assert.throws(() => scheduleRates(1, 3, { kind: 'step', every: 0, factor: 1 }), /every and factor/);
  assert.throws(() => scheduleRates(1, 3, { kind: 'cosine', final: 2 }), /final/);
  assert.throws(() => scheduleRates(1, 3, { kind: 'table', values: [1] }), /at least 3 factors/);
  assert.throws(() => scheduleRates(1, 3, { kind: 'constant', warmUp: -1 }), /warmUp/);
  assert.throws(() => scheduleRates(1, 3, { kind: 'linear' } as never), /'linear' is not known/);
});

test('setPopulationStatistics: in images every pixel is a value', () => {
  const layer = batchNormLayer(1);
  const x = tf.tensor4d([1, 2, 4, 9, 3, 5], [3, 1, 2, 1]);
  // One batch of everything: mean 4, biased variance 40/6, m = 6.
  assert.throws(
    () => setPopulationStatistics(sequential([layer]), x, { batchSize: 4 }),
    /^RangeError: batchSize: 4 is more than the 3/,
  );
  assert.throws(
    () => setPopulationStatistics(sequential([layer]), x, { batchSize: 3, batchCount: 0 }),
    /^RangeError: setPopulationStatistics: batchCount must be a whole number, at least 1, got 0/,
  );
  setPopulationStatistics(sequential([layer]), x, { batchSize: 3, batchCount: 1 });
  assert.ok(Math.abs(layer.movingMean.dataSync()[0] - 4) < 1e-6);
  assert.ok(Math.abs(layer.movingVariance.dataSync()[0] - 8) < 1e-5);
  layer.dispose();
  x.dispose();
});
