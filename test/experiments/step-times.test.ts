import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { mlp, ready, stepTimes, tf } from 'bnlab';
import { clouds } from '../support/clouds';
import { leakFree, untouchedBy } from '../support/tensors';

before(async () => void (await ready()));

test('stepTimes: each mode, size and repeat; more examples take longer; the network is left as it was', async () => {
  await leakFree(async () => {
    const { x, y } = clouds(6000, 1);
    const network = mlp({ sizes: [3, 60, 3], activation: 'tanh', seed: 1 });
    const repeats = { repeats: 3, sampleMilliseconds: 1 };
    const times = await untouchedBy(network, () => stepTimes({ network, x, y, batchSizes: [1, 6000], ...repeats }));
    for (const mode of ['compiled', 'eager'] as const) {
      const [one, many] = times[mode]!;
      assert.ok(one.length === 3 && many.length === 3 && Math.min(...one) > 0);
      assert.ok(Math.min(...many) > Math.min(...one), `${mode}: ${one}; ${many}`);
    }
    const alone = await stepTimes({ network, x, y, batchSizes: [2], modes: ['eager'], ...repeats });
    assert.deepEqual(Object.keys(alone), ['eager']);
    await assert.rejects(stepTimes({ network, x, y, batchSizes: [6001] }), /a mini-batch of 6001 of 6000 examples/);
    const signal = AbortSignal.abort();
    await assert.rejects(stepTimes({ network, x, y, batchSizes: [2], modes: ['eager'], signal }), {
      name: 'AbortError',
    });
    tf.dispose([x, y]);
    network.dispose();
  });
});
