/** Where a network trains, both ends by bisection. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import { ready, tf, usableRange, type NetworkSpec, type UsableRangeOptions } from 'bnlab';
import { clouds } from '../support/clouds';
import { leakFree } from '../support/tensors';

before(async () => void (await ready()));

const network: NetworkSpec = { kind: 'mlp', sizes: [3, 10, 10, 3], activation: 'tanh' };
const range = (options: Partial<UsableRangeOptions> = {}) =>
  leakFree(async () => {
    const data = { train: clouds(90, 1), test: clouds(60, 2) };
    const found = await usableRange({
      ...{ network, over: 'rate', data, seeds: [3], starts: [0.5, 2], steps: 20, batchSize: 30, accuracy: 0.7 },
      ...options,
    });
    tf.dispose([data.train.x, data.train.y, data.test.x, data.test.y]);
    return found;
  });

test('usableRange: each end trains and has, within the factor, a value beyond it that does not', async () => {
  for (const over of ['rate', 'scale'] as const) {
    const [{ low, high, open, runs }] = await range({ over, learningRate: 0.5, within: 1.3 });
    assert.ok(low !== null && high !== null && low < high, `${over}: ${low}, ${high}`);
    const at = (value: number) => runs.find((run) => run.value === value)!.accuracy;
    assert.ok(at(low) > 0.7 && at(high) > 0.7);
    const beyond = (from: number, up: boolean) =>
      runs.filter(({ value }) => (up ? value > from && value / from <= 1.3 : value < from && from / value <= 1.3));
    if (!open.high)
      assert.ok(
        beyond(high, true).some(({ accuracy }) => accuracy <= 0.7),
        `${over}, high`,
      );
    if (!open.low)
      assert.ok(
        beyond(low, false).some(({ accuracy }) => accuracy <= 0.7),
        `${over}, low`,
      );
    assert.ok(!open.low || over === 'scale', 'a rate near 0 does not train');
  }
});

test('usableRange: a factor of 1 is the network as it is, at the rate given', async () => {
  const rate = await range({ starts: [0.5], bounds: [0.4, 0.6] });
  const scale = await range({ over: 'scale', learningRate: 0.5, starts: [1], bounds: [0.9, 1.1] });
  assert.equal(rate[0].runs[0].accuracy, scale[0].runs[0].accuracy);
  assert.deepEqual(rate[0].open, { low: true, high: true });
});

test('usableRange: from ever smaller weights the network trains with BN, and without it does not', async () => {
  const batch: NetworkSpec = { ...network, norm: 'batch', normOptions: { epsilon: 1e-12 } };
  const small = { over: 'scale', learningRate: 1, starts: [1], bounds: [1e-5, 2] } as const;
  const [[withBN], [without]] = [await range({ ...small, network: batch }), await range(small)];
  assert.deepEqual([withBN.open.low, without.open.low], [true, false]);
});

test('usableRange: null where nothing trains, and errors say what was wanted', async () => {
  const [{ low, high, runs }] = await range({ accuracy: 0.99, starts: [1e-3] });
  assert.deepEqual([low, high, runs.length], [null, null, 1]);
  await assert.rejects(range({ over: 'scale' }), /at a rate; give learningRate/);
  await assert.rejects(range({ within: 1 }), /factor and within must be above 1/);
  await assert.rejects(range({ bounds: [2, 1] }), /bounds must be/);
  await assert.rejects(range({ seeds: [] }), /wanted seeds and starts/);
});
