/** Steps recorded once and replayed on WebGPU: bit-equal to eager; with fused shaders, equal to rounding and in few dispatches. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { onEngine } from '../../support/engines';
import { noDawn, noSoftwareGpu, onNullBackend } from '../../support/webgpu';
import type { Growth } from './growth';
import { MODELS, RULES, type ruled, type trained } from './replayed';

const replayed = (what: string) =>
  `require('ts-node/register/transpile-only'); return require('./test/engine/webgpu/replayed').${what}()`;

test(
  'every optimizer, dropout, convolutions: replayed bit-equal to eager, fused equal to rounding',
  { skip: noSoftwareGpu },
  async () => {
    const results = await onEngine<Awaited<ReturnType<typeof trained>>>('webgpu', replayed('trained'));
    for (const name of Object.keys(MODELS)) {
      const { eager, replay, fused } = results[name];
      assert.deepEqual([eager.mode, replay.mode, fused.mode], ['eager', 'graph', 'graph']);
      assert.deepEqual([replay.left, fused.left], [eager.left, eager.left], `${name}: tensors are left behind`);
      assert.ok(eager.losses.at(-1)! < eager.losses[0], `${name} does not learn`);
      assert.deepEqual(replay.losses, eager.losses, name);
      assert.deepEqual(replay.weights, eager.weights, name);
      const near = (got: number[], wanted: number[]) =>
        got.forEach((v, i) =>
          assert.ok(
            Math.abs(v - wanted[i]) <= 2e-5 * Math.max(1, Math.abs(wanted[i])),
            `${name}: ${v}, eagerly ${wanted[i]}`,
          ),
        );
      near(fused.losses, eager.losses);
      fused.weights.forEach((weights, i) => near(weights, eager.weights[i]));
      assert.ok(
        fused.dispatches! < replay.dispatches! / 1.5,
        `${name}: ${fused.dispatches} of ${replay.dispatches} dispatches`,
      );
    }
  },
);

test(
  'each rule of fusion alone: the values of eager, NaN and infinities among them, in so many dispatches',
  { skip: noSoftwareGpu },
  async () => {
    const results = await onEngine<Awaited<ReturnType<typeof ruled>>>('webgpu', replayed('ruled'));
    for (const [name, { dispatches }] of Object.entries(RULES)) {
      const { eager, fused, dispatches: taken } = results[name];
      assert.equal(fused.length, eager.length, name);
      eager.forEach((wanted, i) => {
        const [a, b] = [Number(fused[i]), Number(wanted)];
        const isNear = fused[i] === wanted || Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b));
        assert.ok(isNear, `${name}, element ${i}: ${fused[i]}, eagerly ${wanted}`);
      });
      assert.equal(taken, dispatches, `${name}: dispatches`);
    }
  },
);

test(
  "the paper's step with batch norm takes at most 45 dispatches, whatever the device binds",
  { skip: noDawn },
  async () => {
    const timed = await onNullBackend<{ dispatches: number; limit: number }>(`
    const { BENCHES, timeSteps } = require('./test/device/replay');
    const { dispatches } = await timeSteps(BENCHES.find(({ name }) => name === 'dense with BN'), 'fused', 4);
    return { dispatches, limit: tf.backend().device.limits.maxStorageBuffersPerShaderStage };`);
    assert.ok(timed.dispatches <= 45, `${timed.dispatches} dispatches`);
    assert.equal(timed.limit, 8, 'the fewest that a device may bind');
  },
);

test(
  '10,000 steps with batch norm and Adam: neither tensors, buffers nor the heap of JavaScript grow',
  { skip: noDawn },
  async () => {
    const [first, , last] = await onNullBackend<Growth[]>(
      `return require('./test/engine/webgpu/growth').grown(3, 5000);`,
    );
    assert.equal(last.steps - first.steps, 10_000);
    const counted = ({ tensors, variables, device, buffers }: Growth) => ({ tensors, variables, device, buffers });
    assert.deepEqual(counted(last), counted(first));
    const more = last.heap - first.heap;
    assert.ok(more < 2 ** 20, `${more} bytes more of JavaScript's heap`); // a hundred bytes a step, less than any object's
  },
);

test(
  'an index that points nowhere inside a step is an error, and so is a lost device',
  { skip: noSoftwareGpu },
  async () => {
    const said = await onEngine<string[]>(
      'webgpu',
      `const { compile } = require('bnlab');
     const said = [];
     const table = tf.tensor1d([1, 2, 3]);
     const step = compile(({ i }) => ({ y: tf.gather(table, i) }));
     const run = async (batches) => {
       try {
         const { outputs } = await step.run({ data: { i: tf.tensor1d([0, 2, 7], 'int32') }, batches: Int32Array.from(batches), batchSize: 1 });
         said.push(Array.from(await outputs.y.data()).join());
       } catch (error) { said.push(error.name + ': ' + error.message); }
     };
     await run([0, 1]);
     await run([1, 2]);
     await run([1]);
     tf.backend().device.destroy();
     await run([0]);
     return said;`,
    );
    assert.deepEqual([said[0], said[2]], ['1,3', '3']);
    assert.match(said[1], /^EngineError: GatherV2: an index is not in \[0, 2\]/);
    assert.match(said[3], /^EngineError: The GPU is lost/);
  },
);

test(
  'a step for which there is no memory, or whose shader does not compile, is an error, and what is left computes on',
  { skip: noDawn },
  async () => {
    const said = await onNullBackend<string[]>(`
    const said = [];
    const attempt = async (what) => {
      try { said.push(await what()); } catch (error) { said.push(error.name + ': ' + error.message); }
    };
    const device = () => tf.memory().numBytesInGPU;
    const x = tf.ones([4, 2]);
    const run = async (step) => {
      const { outputs } = await step.run({ data: { x }, batches: Int32Array.of(0, 1), batchSize: 1 });
      const { shape } = outputs.y;
      tf.dispose(outputs);
      return String(shape);
    };
    const small = compile(({ x }) => ({ y: tf.sum(x) }));
    await attempt(() => run(small));
    const before = device();
    // the null backend has half a GiB
    const large = compile(({ x }) => {
      const parts = Array.from({ length: 24 }, (_, i) => tf.reverse(tf.tile(x, [2 ** 22, 1]).add(i)));
      return { y: tf.sum(parts.reduce((sum, part) => tf.add(sum, part))) };
    });
    await attempt(() => run(large));
    large.dispose();
    said.push(device() - before);
    await attempt(() => run(small));
    const bad = { variableNames: ['A'], outputShape: [1, 2], shaderKey: 'bad', workgroupSize: [64, 1, 1], dispatchLayout: { x: [0] },
      dispatch: [1, 1, 1], size: true, getUserCode: () => 'fn main(index : i32) { nonsense(; }' };
    const wrong = compile(({ x }) =>
      ({ y: tf.engine().makeTensorFromTensorInfo(tf.backend().runWebGPUProgram(bad, [x], 'float32')) }));
    await attempt(() => run(wrong));
    await attempt(() => run(small));
    return said;`);
    assert.equal(said[0], '2');
    assert.match(said[1], /^EngineError: The GPU has no memory for a tensor of \d+ MiB/);
    assert.deepEqual(said.slice(2, 4), [0, '2']);
    for (const line of said.slice(4)) assert.match(line, /^EngineError: The GPU refused a command/);
  },
);
