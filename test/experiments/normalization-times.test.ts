import assert from 'node:assert/strict';
import test from 'node:test';
import { layerTimes, normalizationTimes, scalingOf } from 'bnlab';
import { clean } from '../support/tensors';

test(
  'normalizationTimes and layerTimes: the parts asked for, positive, too long ones left out',
  clean(() => {
    const [covariance, zca] = normalizationTimes({
      m: 8,
      sizes: { zca: [2, 4, 60], covariance: [4, 8] },
      repeats: 2,
      sampleMilliseconds: 0.1,
      longest: Infinity,
    });
    assert.deepEqual([covariance.part, covariance.d, zca.part, zca.d], ['covariance', [4, 8], 'zca', [2, 4, 60]]);
    assert.ok([...covariance.milliseconds, ...zca.milliseconds].flat().every((ms) => ms > 0));
    assert.deepEqual(normalizationTimes({ m: 8, sizes: { batch: [4, 8] }, longest: 0 }), []);
    const layer = layerTimes({ m: 8, inputs: 3, d: 4, norms: ['batch', 'cholesky'], repeats: 3 });
    assert.deepEqual(Object.keys(layer), ['layer', 'batch', 'cholesky']);
    assert.equal(layer.cholesky.length, 3);
  }),
);

test('scalingOf: fits the largest sizes beyond the fixed cost, and at least three', () => {
  const d = [1, 2, 4, 8, 16, 32, 64, 128];
  const row = (scale: number) => d.map((size) => scale * (1 + 0.05 * size ** 2));
  const { from: first, exponents, law } = scalingOf({ part: 'covariance', d, milliseconds: [row(1), row(2), row(3)] });
  assert.equal(first, 16);
  for (const exponent of [...exponents, law.exponent]) assert.ok(Math.abs(exponent - 2) < 0.06, `${exponent}`);
  const disturbed = row(1).map((ms, i) => (i % 2 === 0 ? 7 * ms : ms)); // other work adds, and never takes away
  assert.deepEqual(scalingOf({ part: 'covariance', d, milliseconds: [disturbed, row(1)] }).law, law);
  assert.equal(scalingOf({ part: 'zca', d, milliseconds: [d.map((size) => size ** 3)] }).from, 16);
  assert.equal(scalingOf({ part: 'zca', d: [1, 2, 4, 8], milliseconds: [[1, 1, 1, 1]] }).from, 2);
  // 18 is below ten times the fastest, 21 is not; 64 is within a factor of 8 of 512, 60 is not; three sizes are enough.
  const from = (sizes: number[], times: number[]) => scalingOf({ part: 'zca', d: sizes, milliseconds: [times] }).from;
  assert.equal(from([16, 64, 96, 128, 256, 512], [2, 18, 21, 50, 160, 1280]), 96);
  assert.equal(from([1, 60, 64, 128, 256, 512], [1, 100, 120, 400, 1600, 6400]), 64);
  assert.equal(from([10, 20, 40], [1, 4, 16]), 10);
  assert.throws(() => scalingOf({ part: 'zca', d: [1, 2], milliseconds: [[1, 1]] }), /zca has 2 sizes/);
});
