import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { mlp, ready, tf, weightGrowth } from 'bnlab';
import { clouds } from '../support/clouds';
import { leakFree } from '../support/tensors';

before(async () => void (await ready()));

const sizes = [3, 10, 10, 3];
const run = (norm: 'none' | 'batch', scales: number[], learningRate: number, steps = 1) =>
  leakFree(async () => {
    const data = { train: clouds(90, 1), test: clouds(30, 2) };
    const found = await weightGrowth({
      build: (seed) => mlp({ sizes, activation: 'tanh', norm, seed }),
      weights: 'layer2/weights',
      scales,
      seeds: [1, 2],
      data,
      steps,
      batchSize: 30,
      learningRate,
    });
    tf.dispose([data.train.x, data.train.y, data.test.x, data.test.y]);
    return found;
  });

test('weightGrowth: starts are scaled copies, and one step with BN adds a square that falls as 1/a^2', async () => {
  const found = await run('batch', [1, 2, 4], 0.5);
  assert.deepEqual(
    found.map(({ seed, scale }) => [seed, scale]),
    [
      [1, 1],
      [1, 2],
      [1, 4],
      [2, 1],
      [2, 2],
      [2, 4],
    ],
  );
  for (const seed of [1, 2]) {
    const runs = found.filter((r) => r.seed === seed);
    runs.forEach(({ scale, norms }) => assert.ok(Math.abs(norms[0] - scale * runs[0].norms[0]) < 1e-5));
    const added = runs.map(({ norms }) => norms[1] ** 2 - norms[0] ** 2);
    assert.ok(Math.abs(added[0] / added[1] - 4) < 0.1, `${added}`);
    assert.ok(Math.abs(added[1] / added[2] - 4) < 0.4, `${added}`);
  }
});

test('weightGrowth: without BN the squared norm may shrink, and a run that diverges ends in NaN', async () => {
  const calm = await run('none', [1, 2], 0.5);
  const added = calm.map(({ norms }) => (norms[1] ** 2 - norms[0] ** 2) * norms[0] ** 2);
  assert.ok(Math.abs(added[0] / added[1] - 1) > 0.2, 'no law of squares without BN');
  const wild = await run('none', [1], 1e30);
  const wilder = await run('none', [1], 1e30, 600);
  assert.ok(wilder.every(({ norms }) => norms.length === 601 && norms.slice(1).every(Number.isNaN)));
  assert.ok(wild.every(({ norms }) => norms.length === 2 && norms[0] > 0 && Number.isNaN(norms[1])));
});

test('weightGrowth: what it cannot do is an error', async () => {
  const build = (seed: number) => mlp({ sizes, norm: 'batch', seed });
  const data = { train: clouds(9, 1), test: clouds(9, 2) };
  const options = { build, data, scales: [1], seeds: [1], steps: 1, batchSize: 3, learningRate: 0.1 };
  await assert.rejects(
    weightGrowth({ ...options, weights: 'layer9/weights' }),
    /no 'layer9\/weights'.*layer2\/weights/,
  );
  await assert.rejects(weightGrowth({ ...options, weights: 'layer2/weights', scales: [0] }), /above 0/);
  await assert.rejects(weightGrowth({ ...options, weights: 'layer2/weights', seeds: [] }), /wanted seeds/);
  tf.dispose([data.train.x, data.train.y, data.test.x, data.test.y]);
});
