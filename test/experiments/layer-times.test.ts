import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import { layerTimes, ready, tf } from 'bnlab';
import { leakFree } from '../support/tensors';

before(async () => void (await ready()));

test('layerTimes: every layer at every size, as often as asked, and a layer with whitening takes longer than without', async () => {
  const layers = [
    { name: 'W u', norm: 'none' as const },
    { name: 'whitening', norm: 'newton-schulz' as const, iterations: 8 },
  ];
  const times = await leakFree(() => layerTimes({ m: 16, sizes: [8, 128], layers, repeats: 5, sampleMilliseconds: 2 }));
  assert.deepEqual(
    times.map(({ name, d }) => `${name} ${d}`),
    ['W u 8', 'W u 128', 'whitening 8', 'whitening 128'],
  );
  assert.ok(times.every(({ milliseconds }) => milliseconds.length === 5 && milliseconds.every((ms) => ms > 0)));
  // 8 iterations of three products of 128 columns, beside products of 16 rows: a hundred times the operations.
  const fastest = times.map(({ milliseconds }) => Math.min(...milliseconds));
  assert.ok(fastest[3] > 2 * fastest[1], `${fastest}`);
});

test('layerTimes: nothing to time is an error, and nothing is left', async () => {
  const before = tf.memory().numTensors;
  await assert.rejects(
    layerTimes({ m: 4, sizes: [], layers: [{ name: 'W u', norm: 'none' }] }),
    /wanted sizes and layers/,
  );
  await assert.rejects(
    layerTimes({ m: 4, sizes: [2], layers: [{ name: 'zca', norm: 'zca' as 'batch' }] }),
    /norm must be .*newton-schulz/,
  );
  assert.equal(tf.memory().numTensors, before);
});
