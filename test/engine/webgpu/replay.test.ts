/** Steps recorded once and replayed on WebGPU: bit-equal to eager; with fused shaders, equal to rounding and in few dispatches. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { onEngine, runScript } from '../../support/engines';
import { noDawn, noSoftwareGpu } from '../../support/webgpu';
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

/** On Dawn's null backend, which takes commands, checks them and computes nothing. */
async function onNullBackend<T>(body: string): Promise<T> {
  const { stdout } = await runScript(
    `require('ts-node/register/transpile-only');
     const { compile, ready, tf } = require('bnlab');
     const folder = 'bnlab/dist/src/engine/engines/';
     const { loadWebgpu } = require(folder + 'webgpu/node/load');
     const { webgpuPaths } = require(folder + 'webgpu/node/paths');
     const { webgpu } = require(folder + 'webgpu/node/webgpu');
     const { registerEngines } = require(folder + 'registry');
     void (async () => {
       await ready();
       await loadWebgpu(webgpuPaths(), { software: true, options: ['backend=null'] });
       registerEngines([webgpu]);
       const returned = await (async () => { ${body} })();
       console.log('\\n' + JSON.stringify(returned));
     })();`,
    { BNLAB_ENGINE: 'js' },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
}

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

test('10,000 steps: nothing grows, neither tensors nor buffers', { skip: noDawn }, async () => {
  const [before, after] = await onNullBackend<Record<string, number>[]>(`
    const w = tf.variable(tf.ones([3, 2]));
    const x = tf.ones([4, 3]);
    const step = compile(({ x, rate }) => {
      const y = tf.matMul(x, w);
      w.assign(w.sub(tf.sum(y).mul(rate)));
      return { loss: tf.mean(y) };
    });
    const run = async (steps) => {
      const schedules = { rate: new Float32Array(steps).fill(0.1) };
      const { outputs } = await step.run({ data: { x }, batches: new Int32Array(2 * steps), batchSize: 2, schedules });
      tf.dispose(outputs);
      const one = tf.add(1, 1); // what was disposed is let go of when the next commands are handed over
      await one.data();
      one.dispose();
    };
    const { device } = tf.backend();
    const own = device.createBuffer.bind(device);
    let made = 0;
    device.createBuffer = (descriptor) => (made++, own(descriptor));
    const seen = () => ({ tensors: tf.memory().numTensors, bytes: tf.memory().numBytesInGPU, variables: Object.keys(tf.engine().registeredVariables).length });
    await run(1000);
    const first = seen();
    const buffers = made;
    await run(10000);
    return [{ ...first, more: 0 }, { ...seen(), more: Math.max(0, made - buffers - 40) }];`);
  assert.deepEqual(after, before);
});

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
