/** Small mini-batches: the rate that is chosen, what is equal, which rows a batch holds, and BN at m = 2. */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { loadDataset, ready, runExperiment, smallBatches, tf, type SmallBatchesOptions } from 'bnlab';

before(async () => void (await ready()));

const settings = {
  ...{ network: { kind: 'mlp', sizes: [784, 8, 10] }, norms: ['none'], batchSizes: [4], equal: 'steps', amount: 15 },
  ...{ classes: 0, memory: 40, learningRate: 0.1, factor: 3, tuning: [9], seeds: [1, 2] },
} as const satisfies Omit<SmallBatchesOptions, 'data'>;
const digits = () => loadDataset('digits', { digits: { train: 300, test: 100, seed: 1 } });

test('the chosen rate has a worse one on either side, and is the best of those tried', async () => {
  const kept = tf.memory().numTensors;
  const rows = await smallBatches({ ...settings, norms: ['none', 'layer'], data: await digits() });
  assert.equal(tf.memory().numTensors, kept);
  assert.deepEqual(
    rows.map(({ norm }) => norm),
    ['none', 'layer'],
  );
  for (const { tried, learningRate, accuracy } of rows) {
    const best = tried.findIndex((at) => at.learningRate === learningRate);
    assert.ok(tried.length === 8 || (best > 0 && best < tried.length - 1), JSON.stringify(tried));
    assert.equal(tried[best].accuracy, Math.max(...tried.map((at) => at.accuracy)));
    tried.slice(1).forEach((at, i) => assert.ok(Math.abs(at.learningRate / tried[i].learningRate - 3) < 1e-9));
    assert.equal(accuracy.length, 2);
  }
});

test('equal examples are as many steps as there are mini-batches in them', async () => {
  const data = await digits();
  const few = { ...settings, data, batchSizes: [5] };
  const byExamples = await smallBatches({ ...few, equal: 'examples', amount: 75 });
  assert.deepEqual(byExamples, await smallBatches({ ...few, equal: 'steps', amount: 15 }));
});

test('batches of one class: the same each time, and worse than batches of all classes', async () => {
  const data = await digits();
  const run = async (classes: number, amount: number) =>
    (await smallBatches({ ...settings, data, batchSizes: [10], classes, amount }))[0];
  const [one, all] = [await run(1, 40), await run(10, 40)];
  assert.notDeepEqual(one, all);
  assert.deepEqual(one, await run(1, 40));
  assert.ok(
    all.accuracy.every((accuracy, i) => accuracy > one.accuracy[i]),
    `${all.accuracy} and ${one.accuracy}`,
  );
});

test('BN with two examples a batch passes no gradient on: far behind what looks at single examples', async () => {
  const options = { batchSizes: [2, 32], equal: 'examples', amount: 3200, seeds: [1] } as const;
  const { rows } = await runExperiment('small-batches', { ...options, norms: ['batch', 'layer'], memory: 320 });
  const at = (norm: string, m: number) => rows.find((r) => r.norm === norm && r.batchSize === m)!.accuracy[0];
  assert.ok(at('batch', 2) < at('layer', 2) - 0.2, `${at('batch', 2)} and ${at('layer', 2)}`);
  assert.ok(at('batch', 32) > at('batch', 2) + 0.2);
});

test('what cannot be is refused before anything is trained', async () => {
  const data = await digits();
  const refused = (more: object, words: RegExp) => assert.rejects(smallBatches({ ...settings, data, ...more }), words);
  await refused({ batchSizes: [1] }, /a mini-batch of 1; wanted at least 2/);
  await refused({ classes: 11 }, /11 classes in a mini-batch; the data have 10/);
  await refused({ factor: 1 }, /factor must be above 1, got 1/);
  await refused({ seeds: [] }, /at least one size, normalization, seed and tuning seed/);
});
