/** The noise of mini-batch statistics: Var[xHat] = (1 + xHat^2/2)/m to first order. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { runExperiment } from 'bnlab';

test('batch-noise: the closed form at large m, and what the example does to its own statistics at small m', async () => {
  const values = [0, 1, 2];
  const { variance, mean } = await runExperiment('batch-noise', { batchSizes: [4, 256], values, draws: 20000 });
  values.forEach((x, v) => {
    const ratio = (variance[v][1]! * 256) / (1 + x ** 2 / 2);
    assert.ok(Math.abs(ratio - 1) < 0.06, `at ${x}: ${ratio}`);
    assert.ok(Math.abs(mean[v][1]! - x) < 0.03);
  });
  assert.ok(mean[2][0]! < 1.7, 'in a batch of 4 no value can be far out: |xHat| is at most sqrt(m - 1)');
  await assert.rejects(runExperiment('batch-noise', { batchSizes: [2] }), /must be 3 or more, got 2/);
});
