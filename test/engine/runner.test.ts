/** The seat of a runner: compile with one that an engine brings. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import { compile, type NamedTensors, ready, tf } from 'bnlab';
import type { Call } from 'bnlab/dist/src/engine/compile/call';
import type { Chunk, Runner, RunnerOf } from 'bnlab/dist/src/engine/compile/runner';
import { engineInUse, registeredEngines, registerEngines } from 'bnlab/dist/src/engine/engines/registry';

before(ready);

/** Runs two steps a chunk, later: what it gives are the numbers of the steps. */
class LaterRunner implements Runner {
  readonly mode = 'graph';
  readonly traces = { count: 3, milliseconds: 4 };
  readonly loops = [];
  readonly oneThread = false;
  disposed = 0;

  async chunk(call: Call, from: number, count: (steps: number) => void): Promise<Chunk> {
    await new Promise((resolve) => setImmediate(resolve));
    const steps = Math.min(2, call.steps - from);
    count(steps);
    const numbers = Int32Array.from({ length: steps }, (_, i) => call.firstStep + from + i);
    return { steps, tensors: { number: tf.tensor1d(numbers) } };
  }

  toString(): string {
    return 'later';
  }

  dispose(): void {
    this.disposed++;
  }
}

/** With the engine in use bringing `runnerOf`. */
async function withRunner(runnerOf: RunnerOf, body: () => Promise<void>): Promise<void> {
  const before = registeredEngines();
  registerEngines([{ ...engineInUse(), runnerOf }, ...before]);
  try {
    await body();
  } finally {
    registerEngines(before);
  }
}

const call = (steps: number) => ({
  data: { x: tf.ones([4, 3]) },
  batches: new Int32Array(2 * steps),
  batchSize: 2,
});

test('a runner that an engine brings: chunks that come later, joined; progress, stop, listing and release', async () => {
  const made: LaterRunner[] = [];
  const runnerOf: RunnerOf = () => {
    made.push(new LaterRunner());
    return made[made.length - 1];
  };
  await withRunner(runnerOf, async () => {
    const step = compile<NamedTensors, NamedTensors>(({ x }) => ({ x }));
    const seen: number[] = [];
    const { outputs, steps } = await step.run({ ...call(5), onProgress: ({ done }) => seen.push(done) });
    assert.deepEqual([...outputs.number.dataSync()], [0, 1, 2, 3, 4]);
    assert.deepEqual([steps, step.stepsDone, seen], [5, 5, [2, 4, 5]]);

    const stop = new AbortController();
    const stopped = await step.run({ ...call(6), signal: stop.signal, onProgress: () => stop.abort() });
    assert.deepEqual([stopped.steps, stopped.stopped, step.stepsDone], [2, true, 7]);
    assert.deepEqual([String(step), step.mode, step.traces.count], ['later', 'graph', 3]);

    const eager = compile<NamedTensors, NamedTensors>(({ x }) => ({ x }), { mode: 'eager' });
    assert.equal((await eager.run(call(1))).outputs.x.shape.length, 3);
    assert.equal(made.length, 1, 'one runner for a step, none for an eager one');
    step.dispose();
    assert.equal(made[0].disposed, 1);
  });
});
