/** How a compiled step behaves while it runs and after: interrupts, the event loop, and nothing left behind. */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import { compile, ready, tf } from 'bnlab';
import { BATCH, batches, model, problem, relativeDifference } from './steps';

let data: { x: tf.Tensor2D; y: tf.Tensor2D };
before(async () => {
  await ready();
  data = problem();
});

const binding = () => (tf.backend() as unknown as { binding: Record<string, () => number> }).binding;
const graphFolders = () => fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith(`bnlab-graph-${process.pid}-`));
const sgd = { optimizer: () => tf.train.momentum(0.02, 0.9), norm: true };

for (const mode of ['graph', 'eager'] as const) {
  test(`a stop keeps what was computed, and the rest can follow (${mode})`, async () => {
    const steps = mode === 'graph' ? 3000 : 120;
    const [stopped, whole] = [model(sgd), model(sgd)];
    const all = batches(steps);
    const step = compile(stopped.step, { mode, xla: false });
    const control = new AbortController();
    let reports = 0;
    const first = await step.run({
      data,
      batches: all,
      batchSize: BATCH,
      signal: control.signal,
      onProgress: ({ done, steps: of, seconds, outputs }) => {
        reports++;
        assert.equal(of, steps);
        assert.ok(seconds > 0);
        assert.equal(outputs.loss.shape.length, 1);
        if (done > steps / 10) control.abort();
      },
    });
    assert.equal(first.stopped, true);
    assert.ok(first.steps > 0 && first.steps < steps, `stopped after ${first.steps} of ${steps}`);
    assert.ok(reports > 0);
    assert.deepEqual(first.outputs.loss.shape, [first.steps]);
    assert.equal(step.stepsDone, first.steps);
    const rest = await step.run({ data, batches: all.slice(first.steps * BATCH), batchSize: BATCH });
    assert.equal(rest.stopped, false);
    assert.equal(first.steps + rest.steps, steps);
    const reference = compile(whole.step, { mode, xla: false });
    const { outputs } = await reference.run({ data, batches: all, batchSize: BATCH });
    const both = tf.concat([first.outputs.loss, rest.outputs.loss]);
    assert.equal(relativeDifference(outputs.loss, both), 0, 'a stopped and continued run gives the same bits');
    step.dispose();
    reference.dispose();
  });
}

test('a signal that is aborted already, and no steps at all', async () => {
  const made = model(sgd);
  const step = compile(made.step);
  const call = { data, batches: batches(4), batchSize: BATCH };
  const none = await step.run({ ...call, signal: AbortSignal.abort() });
  assert.deepEqual(none, { steps: 0, outputs: {}, stopped: true });
  tf.dispose((await step.run(call)).outputs);
  const empty = await step.run({ ...call, batches: new Int32Array(0) });
  assert.equal(empty.steps, 0);
  assert.equal(empty.stopped, false);
  assert.deepEqual(empty.outputs.loss.shape, [0]);
  step.dispose();
});

test('between chunks the event loop runs', async () => {
  const made = model(sgd);
  const step = compile(made.step, { xla: false });
  await step.run({ data, batches: batches(300), batchSize: BATCH }); // chunks have their size now
  let turns = 0;
  let next = setImmediate(function turn() {
    turns++;
    next = setImmediate(turn);
  });
  let reports = 0;
  await step.run({ data, batches: batches(6000), batchSize: BATCH, onProgress: () => reports++ });
  clearImmediate(next);
  assert.ok(turns >= reports - 1, `${turns} turns in ${reports} chunks`);
  step.dispose();
});

test('a chunk has as many steps as fit into 60 ms, by what the one before took', async (t) => {
  // By this clock every chunk takes `each` milliseconds, however many steps it has.
  let clock = 0;
  let each = 30;
  t.mock.method(performance, 'now', () => (clock += each));
  const step = compile(model(sgd).step, { xla: false });
  const sizes: number[] = [];
  let before = 0;
  await step.run({
    data,
    batches: batches(600),
    batchSize: BATCH,
    onProgress: ({ done }) => {
      sizes.push(done - before);
      before = done;
      if (sizes.length === 7) each = 240;
      if (sizes.length === 9) each = 60;
    },
  });
  // One to warm up, one to measure; then half the time lets twice as many steps in, four times the time a quarter.
  assert.deepEqual(sizes.slice(0, 12), [1, 1, 2, 4, 8, 16, 32, 64, 16, 4, 4, 4]);
  step.dispose();
});

test('an error in onProgress ends the run and keeps the state', async () => {
  const w = tf.variable(tf.scalar(0));
  const step = compile(() => {
    w.assign(w.add(1) as tf.Scalar);
    return {};
  });
  const call = { data: { x: tf.ones([2]) }, batches: new Int32Array(500), batchSize: 1 };
  const fail = () => {
    throw new Error('mine');
  };
  await assert.rejects(step.run({ ...call, onProgress: fail }), /mine/);
  assert.equal(w.dataSync()[0], step.stepsDone);
  assert.ok(step.stepsDone > 0);
  const { steps, outputs } = await step.run(call);
  assert.equal(steps, 500);
  assert.deepEqual(outputs, {}, 'a step may return nothing');
  step.dispose();
});

for (const mode of ['graph', 'eager'] as const) {
  test(`a run keeps what it works with, whatever becomes of the caller's (${mode})`, async () => {
    const x = tf.tensor1d([1, 2]);
    const step = compile<{ x: tf.Tensor }>(({ x }) => ({ sum: x.sum() }), { mode, xla: false });
    const rows = new Int32Array(2000).fill(1);
    const tensors = tf.memory().numTensors;
    const { outputs } = await step.run({
      data: { x },
      batches: rows,
      batchSize: 1,
      onProgress: ({ outputs }) => {
        x.dispose();
        rows.fill(99);
        tf.dispose(outputs);
      },
    });
    assert.deepEqual([...new Set(outputs.sum.dataSync())], [2]);
    assert.deepEqual(outputs.sum.shape, [2000]);
    tf.dispose(outputs);
    assert.equal(tf.memory().numTensors, tensors - 1, 'only x is gone');
    step.dispose();
  });
}

test('an eager step that throws leaves no tensor behind, and the steps before it count', async () => {
  const w = tf.variable(tf.scalar(0));
  let calls = 0;
  const step = compile<{ x: tf.Tensor }>(
    ({ x }) => {
      if (++calls === 4) throw new Error('mine');
      w.assign(w.add(1));
      return { y: x.mul(w) };
    },
    { mode: 'eager' },
  );
  const call = { data: { x: tf.ones([2]) }, batches: new Int32Array(9), batchSize: 1 };
  const tensors = tf.memory().numTensors;
  await assert.rejects(step.run(call), /mine/);
  assert.equal(tf.memory().numTensors, tensors);
  assert.equal(step.stepsDone, 3);
  assert.equal(w.dataSync()[0], 3);
});

test('a chunk of long steps is short from the first on', async () => {
  const step = compile<{ x: tf.Tensor }>(({ x }) => ({ y: tf.matMul(x, x, true).sum() }), { xla: false });
  const x = tf.ones([1200, 1200]);
  const rows = Int32Array.from({ length: 6 * 1200 }, (_, i) => i % 1200);
  const chunks: number[] = [];
  await step.run({ data: { x }, batches: rows, batchSize: 1200, onProgress: ({ done }) => chunks.push(done) });
  assert.deepEqual(chunks.slice(0, 2), [1, 2], 'one step warms up, one step is measured');
  step.dispose();
  x.dispose();
});

test('nothing grows: tensors, TensorFlow handles, sessions, files, memory', async () => {
  const made = model({ ...sgd, dropout: 0.2 });
  const step = compile(made.step, { xla: false });
  const call = { data, batches: batches(400), batchSize: BATCH };
  const once = async () => tf.dispose((await step.run(call)).outputs);
  await once();
  const sessions = binding().getNumOfSavedModels();
  const before = { tensors: tf.memory().numTensors, bytes: tf.memory().numBytes, handles: binding().getNumOfTensors() };
  await once();
  const resident = process.memoryUsage().rss;
  for (let i = 0; i < 25; i++) await once();
  assert.deepEqual(
    { tensors: tf.memory().numTensors, bytes: tf.memory().numBytes, handles: binding().getNumOfTensors() },
    before,
    'after 10,000 steps',
  );
  const grown = (process.memoryUsage().rss - resident) / 2 ** 20;
  assert.ok(grown < 60, `resident memory grew by ${grown.toFixed(1)} MiB in 10,000 steps`);
  assert.equal(binding().getNumOfSavedModels(), sessions);
  assert.deepEqual(graphFolders(), [], 'no folder stays in the temporary folder');
  step.dispose();
  step.dispose();
  assert.equal(binding().getNumOfSavedModels(), sessions - 1, 'dispose frees the session');
});

test('tracing, failing and disposing leave nothing behind', async () => {
  const made = model(sgd);
  const warm = compile(made.step, { xla: false });
  await warm.run({ data, batches: batches(1), batchSize: BATCH }).then(({ outputs }) => tf.dispose(outputs));
  warm.dispose();
  const before = {
    tensors: tf.memory().numTensors,
    handles: binding().getNumOfTensors(),
    sessions: binding().getNumOfSavedModels(),
  };
  for (let i = 0; i < 5; i++) {
    const step = compile(made.step, { xla: false });
    tf.dispose((await step.run({ data, batches: batches(2), batchSize: BATCH })).outputs);
    tf.dispose((await step.run({ data, batches: batches(2, 3, 5), batchSize: 5 })).outputs);
    step.dispose();
    const failing = compile((inputs, context) => {
      const { loss } = made.step(inputs, context);
      loss.dataSync();
      return { loss };
    });
    await assert.rejects(failing.run({ data, batches: batches(2), batchSize: BATCH }), /dataSync/);
    failing.dispose();
    const interrupted = compile(({ x }) => ({
      loss: tf.grad((v: tf.Tensor) => {
        const w = v.square().exp();
        w.dataSync();
        return w.sum();
      })(x),
    }));
    await assert.rejects(interrupted.run({ data, batches: batches(2), batchSize: BATCH }), /dataSync/);
    interrupted.dispose();
  }
  assert.deepEqual(
    {
      tensors: tf.memory().numTensors,
      handles: binding().getNumOfTensors(),
      sessions: binding().getNumOfSavedModels(),
    },
    before,
  );
  assert.deepEqual(graphFolders(), []);
});

test('random numbers of a long run are made in pieces', async () => {
  const step = compile((_, { random }) => ({ mean: random.uniform([1000, 1000]).mean() }), { xla: false });
  const { outputs } = await step.run({ data: { x: tf.zeros([1]) }, batches: new Int32Array(40), batchSize: 1 });
  const means = [...outputs.mean.dataSync()];
  assert.equal(new Set(means).size, 40);
  assert.ok(means.every((mean) => Math.abs(mean - 0.5) < 0.003));
  step.dispose();
});
