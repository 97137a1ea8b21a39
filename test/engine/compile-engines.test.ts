/** The same call on every engine: the same numbers. */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { compile, ready, tf } from 'bnlab';
import '@tensorflow/tfjs-backend-wasm';
import { BATCH, batches, model, problem } from './steps';

before(ready);

async function train(engine: string) {
  assert.ok(await tf.setBackend(engine), `${engine} starts`);
  await tf.ready();
  const data = problem();
  const made = model({ optimizer: () => tf.train.momentum(0.05, 0.9), norm: true, dropout: 0.2, l2: 1e-3 });
  const step = compile(made.step, { seed: 6 });
  const schedule = { ignored: new Float32Array(40) };
  const { outputs, steps } = await step.run({ data, batches: batches(40), batchSize: BATCH, schedules: schedule });
  assert.equal(steps, 40);
  const result = { mode: step.mode, loss: [...outputs.loss.dataSync()], traces: step.traces.count };
  step.dispose();
  tf.dispose([outputs, data]);
  made.dispose();
  return result;
}

test('native, wasm and JavaScript train alike', async () => {
  const native = await train('tensorflow');
  assert.equal(native.mode, 'graph');
  assert.equal(native.traces, 1);
  for (const [engine, mode, traces] of [
    ['wasm', 'graph', 1],
    ['cpu', 'eager', 0],
  ] as const) {
    const other = await train(engine);
    assert.equal(other.mode, mode);
    assert.equal(other.traces, traces);
    other.loss.forEach((loss, s) => {
      const difference = Math.abs(loss - native.loss[s]);
      assert.ok(difference < 2e-4 * (1 + loss), `${engine}, step ${s}: ${loss} and ${native.loss[s]}`);
    });
  }
});

test("{ mode: 'graph' } without the native engine says what to do", async () => {
  await tf.setBackend('cpu');
  try {
    const step = compile(({ x }) => ({ x }), { mode: 'graph' });
    await assert.rejects(
      step.run({ data: { x: tf.ones([2]) }, batches: Int32Array.of(0), batchSize: 1 }),
      /needs the native engine.*'cpu'.*Leave mode out/s,
    );
  } finally {
    await tf.setBackend('tensorflow');
  }
});
