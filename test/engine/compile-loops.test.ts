/** Which kind of loop a step runs in, and what that may not change: its results, and what is refused. */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import type * as fs from 'node:fs';
import { CompileOptions, LoopKind, compile, ready, tf } from 'bnlab';
import { Session } from 'bnlab/dist/src/engine/compile/graph/session';
import { withXlaDefaults } from 'bnlab/dist/src/engine/engines/native/load';
import { BATCH, ModelOptions, batches, model, problem, relativeDifference } from './steps';

/** The module itself, whose functions can be replaced. */
const systemFs = require('node:fs') as typeof fs;

let data: { x: tf.Tensor2D; y: tf.Tensor2D };
before(async () => {
  await ready();
  data = problem();
});

/** Losses of 30 steps, and the loop that ran them. */
async function losses(
  options: ModelOptions,
  settings: CompileOptions,
): Promise<{ loss: tf.Tensor; loops: LoopKind[] }> {
  const made = model(options);
  const step = compile(made.step, settings);
  const { outputs } = await step.run({ data, batches: batches(30), batchSize: BATCH });
  const { loops } = step;
  step.dispose();
  made.dispose();
  return { loss: outputs.loss, loops };
}

const sgd = () => tf.train.sgd(0.1);
const kinds: [string, ModelOptions, NonNullable<CompileOptions['xla']>, LoopKind][] = [
  ['dense', { optimizer: sgd, norm: true, dropout: 0.3 }, 'auto', 'xla'],
  ['dense', { optimizer: sgd, norm: true, dropout: 0.3 }, true, 'xla'],
  ['dense', { optimizer: sgd, norm: true, dropout: 0.3 }, false, 'executor'],
  ['convolutional', { optimizer: sgd, norm: true, convolution: true }, 'auto', 'executor'],
  ['convolutional', { optimizer: sgd, norm: true, convolution: true }, true, 'clusters'],
];
for (const [title, options, xla, kind] of kinds) {
  test(`a ${title} step with xla: ${xla} runs in a loop of kind '${kind}', to the same losses`, async () => {
    const { loss, loops } = await losses(options, { xla });
    assert.deepEqual(loops, [kind]);
    const eager = await losses(options, { mode: 'eager' });
    assert.deepEqual(eager.loops, []);
    assert.ok(relativeDifference(eager.loss, loss) < 1e-4);
    tf.dispose([loss, eager.loss]);
  });
}

test('a loop compiled as a whole runs in the thread that calls, any other on a pool of threads', async (t) => {
  const { mock } = t.mock.method(systemFs, 'writeFileSync');
  for (const [title, options, xla, kind] of kinds) {
    const { loss } = await losses(options, { xla });
    loss.dispose();
    const configurations = mock.calls.flatMap(({ arguments: [file, bytes] }) =>
      String(file).endsWith('session_config.pb') ? [Buffer.from(bytes as Uint8Array).toString('hex')] : [],
    );
    mock.resetCalls();
    // ConfigProto's inter_op_parallelism_threads, number 5, is -1
    assert.equal(configurations.at(-1)!.includes('28ffffffffffffffffff01'), kind === 'xla', `${title}, xla: ${xla}`);
  }
});

test('a run longer than the capacity of a loop compiled as a whole is cut into pieces that continue each other', async () => {
  const counter = tf.variable(tf.scalar(0), false);
  const step = compile<{ x: tf.Tensor }>(({ x }) => {
    counter.assign(counter.add(1));
    return { count: counter.clone(), row: x.reshape([-1]) };
  });
  const steps = 1300; // capacities end at 512 steps
  const rows = Int32Array.from({ length: steps }, (_, i) => i % 64);
  const { outputs } = await step.run({ data: { x: data.x }, batches: rows, batchSize: 1 });
  assert.deepEqual(step.loops, ['xla']);
  assert.deepEqual(
    [...outputs.count.dataSync()],
    Array.from(rows, (_, i) => i + 1),
  );
  const expected = tf.gather(data.x, tf.tensor1d(rows, 'int32'));
  assert.equal(relativeDifference(expected, outputs.row), 0);
  step.dispose();
  tf.dispose([outputs, expected, counter]);
});

test('a large matrix that is read after its new value is known: written in place, the reads see the old one', async () => {
  const size = 300; // 360 kB
  const start = tf.randomUniform([size, size], -1, 1, 'float32', 1);
  const matrix = tf.variable(start, false);
  const step = compile<{ x: tf.Tensor }>(({ x }) => {
    const old = tf.matMul(x as tf.Tensor2D, matrix as tf.Tensor2D); // read, and not needed for the new value
    matrix.assign(matrix.mul(0.5));
    return { old, now: tf.matMul(x as tf.Tensor2D, matrix as tf.Tensor2D) };
  });
  const x = tf.eye(size).mul(tf.tensor1d([1, Infinity, ...new Array<number>(size - 2).fill(1)]).expandDims(1));
  const { outputs } = await step.run({ data: { x }, batches: Int32Array.of(0, 0, 1, 0), batchSize: 1 });
  assert.deepEqual(step.loops, ['xla']);
  const row = start.slice([0, 0], [1, size]);
  for (const at of [0, 1, 3]) {
    const factor = 0.5 ** at;
    assert.deepEqual(outputs.old.slice(at, 1).dataSync(), row.mul(factor).dataSync());
    assert.deepEqual(outputs.now.slice(at, 1).dataSync(), row.mul(factor / 2).dataSync());
  }
  assert.ok(
    [...outputs.old.slice(2, 1).dataSync()].some((v) => !Number.isFinite(v)),
    'the third step sees infinity',
  );
  assert.deepEqual(matrix.dataSync(), start.mul(0.5 ** 4).dataSync());
  step.dispose();
  tf.dispose([start, matrix, x, row, outputs.old, outputs.now]);
});

test('what XLA cannot compile, which shows when it first runs, falls back to a loop that can run it', async (t) => {
  const { run } = Session.prototype;
  t.mock.method(Session.prototype, 'run', function (this: Session, ...given: Parameters<typeof run>) {
    const [, , outputNames] = given;
    if (outputNames.startsWith('launch:')) throw new Error('XLA compilation failed');
    return run.apply(this, given);
  });
  const { loss, loops } = await losses({ optimizer: sgd, norm: true }, {});
  assert.deepEqual(loops, ['clusters']);
  const eager = await losses({ optimizer: sgd, norm: true }, { mode: 'eager' });
  assert.ok(relativeDifference(eager.loss, loss) < 1e-4);
  tf.dispose([loss, eager.loss]);
});

test("XLA's settings: ours where the user has none, and the user's word stands", () => {
  const order = '--xla_cpu_enable_concurrency_optimized_scheduler';
  const rest =
    '--xla_cpu_enable_fast_min_max=false --xla_cpu_copy_insertion_use_region_analysis=true --xla_cpu_prefer_vector_width=512 --xla_disable_hlo_passes=algsimp';
  assert.equal(withXlaDefaults(), `${order}=false ${rest}`);
  assert.equal(withXlaDefaults('--xla_dump_to=x'), `--xla_dump_to=x ${order}=false ${rest}`);
  assert.equal(withXlaDefaults(`${order}=true`), `${order}=true ${rest}`);
  assert.doesNotMatch(withXlaDefaults('', { gpu: true }), /algsimp/);
});

test('a variable that is given what no step changes ends the loop as any other', async () => {
  const source = tf.variable(tf.fill([80, 80], 3), false); // only read
  const outside = tf.fill([80, 80], 5); // larger than what is written into the graph
  const [a, b, c] = [0, 1, 2].map(() => tf.variable(tf.zeros([80, 80]), false));
  for (const xla of [true, false]) {
    const step = compile<{ x: tf.Tensor }>(
      ({ x }) => {
        const before = a.sum();
        a.assign(source);
        b.assign(outside);
        c.assign(source.mul(outside));
        return { before, x: x.mean() };
      },
      { xla },
    );
    const { outputs, steps } = await step.run({ data, batches: batches(5), batchSize: BATCH });
    assert.equal(steps, 5);
    assert.deepEqual([...outputs.before.dataSync()], [0, 19200, 19200, 19200, 19200]);
    assert.deepEqual(
      [a, b, c].map((v) => v.mean().dataSync()[0]),
      [3, 5, 15],
    );
    a.assign(tf.zeros([80, 80]));
    step.dispose();
    tf.dispose(outputs);
  }
  tf.dispose([source, outside, a, b, c]);
});

test('XLA keeps NaN where it takes the larger or the smaller of two', async () => {
  const x = tf.tensor2d([
    [NaN, 1, 2],
    [3, 4, NaN],
  ]);
  const step = compile(({ x }) => ({
    clip: x.clipByValue(-1, 1),
    relu6: x.relu6(),
    maximum: x.maximum(0),
    reversed: tf.maximum(0, x),
    minimum: x.minimum(0),
    max: x.max(1, true),
    min: x.min(1, true),
  }));
  const { outputs } = await step.run({ data: { x }, batches: Int32Array.of(0, 1), batchSize: 1 });
  assert.deepEqual(step.loops, ['xla']);
  for (const [name, tensor] of Object.entries(outputs)) {
    const [first, second] = tensor.arraySync() as number[][][];
    assert.ok(Number.isNaN(first[0][0]), `${name} of NaN is ${first[0][0]}`);
    assert.ok(Number.isNaN(second[0].at(-1)), `${name} of NaN is ${second[0].at(-1)}`);
  }
  step.dispose();
  tf.dispose([x, outputs]);
});

test('a division by the integer 0 is an error in every kind of loop', async () => {
  const d = tf.tensor1d([2, 0], 'int32');
  const call = { data: { d }, batches: Int32Array.of(0, 1), batchSize: 1 };
  for (const divide of [tf.floorDiv, tf.mod]) {
    for (const xla of [true, false]) {
      const step = compile<{ d: tf.Tensor }>(({ d }) => ({ y: divide(tf.scalar(5, 'int32'), d) }), { xla });
      await assert.rejects(step.run(call), /division by zero/i);
      step.dispose();
    }
  }
  const three = compile<{ d: tf.Tensor }>(({ d }) => ({ y: tf.mod(d, tf.scalar(3, 'int32')) }));
  const { outputs } = await three.run(call);
  assert.deepEqual(three.loops, ['xla'], 'a divisor that is a constant keeps XLA');
  assert.deepEqual([...outputs.y.dataSync()], [2, 0]);
  three.dispose();
  tf.dispose([d, outputs]);
});
