import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { compile, ready, tf } from 'bnlab';
import { loopGraphs } from 'bnlab/dist/src/engine/compile/graph/loops';
import type { CompileOptions, StepContext } from 'bnlab';

before(ready);

type Inputs = Record<string, tf.Tensor>;
type AnyStep = (inputs: Inputs, context: StepContext) => Record<string, tf.Tensor>;

const call = () => ({ data: { x: tf.ones([4, 3]) }, batches: Int32Array.of(0, 1, 2, 3), batchSize: 2 });

/** Runs a step in both modes, wants the same error in both, and wants nothing left behind. */
async function refuses(step: AnyStep, message: RegExp, modes: CompileOptions['mode'][] = ['graph', 'eager']) {
  for (const mode of modes) {
    const compiled = compile(step, { mode });
    const options = call();
    const tensors = tf.memory().numTensors;
    await assert.rejects(compiled.run(options), (error: Error) => {
      assert.equal(error.name, 'CompileError', `${mode}: ${error.stack}`);
      assert.match(error.message, message, mode);
      return true;
    });
    assert.equal(tf.memory().numTensors, tensors, `${mode}: tensors left behind`);
    compiled.dispose();
  }
  assert.equal(typeof tf.scalar(2).dataSync, 'function');
  assert.equal(tf.scalar(2).dataSync()[0], 2, 'reading works again outside');
  assert.ok(Math.random() < 1);
  assert.equal(tf.randomNormal([2]).shape[0], 2, 'and so does tf.randomNormal');
}

for (const [name, draw, replacement] of [
  ['randomNormal', () => tf.randomNormal([2]), /tf\.randomNormal.*context\.random\.normal/],
  ['randomUniform', () => tf.randomUniform([2]), /tf\.randomUniform.*context\.random\.uniform/],
  ['randomUniformInt', () => tf.randomUniformInt([2], 0, 3), /tf\.randomUniformInt.*context\.random\.uniform/],
  ['randomStandardNormal', () => tf.randomStandardNormal([2]), /randomStandardNormal.*context\.random\.normal/],
  ['truncatedNormal', () => tf.truncatedNormal([2]), /tf\.truncatedNormal.*context\.random\.normal/],
  ['rand', () => tf.rand([2], () => 0.5), /tf\.rand .*context\.random\.uniform/],
  ['randomGamma', () => tf.randomGamma([2], 1), /tf\.randomGamma.*passed in as data/],
  ['multinomial', () => tf.multinomial([0.5, 0.5], 3), /tf\.multinomial.*context\.random/],
  ['dropout', () => tf.dropout(tf.ones([3]), 0.5), /tf\.dropout.*context\.random\.dropout/],
] as const) {
  test(`tf.${name} inside a step names its replacement`, () =>
    refuses(() => ({ y: draw() as tf.Tensor }), replacement));
}

test('dropout hidden in a layer is found as well', () =>
  refuses(
    ({ x }) => ({ y: tf.layers.dropout({ rate: 0.5 }).apply(x, { training: true }) as tf.Tensor }),
    /context\.random\.dropout/,
  ));

test('Math.random inside a step', () =>
  refuses(({ x }) => ({ y: x.mul(Math.random()) }), /Math\.random\(\).*context\.random\.uniform/));

for (const [name, read] of [
  ['dataSync', (x: tf.Tensor) => x.dataSync()],
  ['arraySync', (x: tf.Tensor) => x.arraySync()],
  ['data', (x: tf.Tensor) => x.data()],
  ['array', (x: tf.Tensor) => x.array()],
  ['bufferSync', (x: tf.Tensor) => x.bufferSync()],
  ['buffer', (x: tf.Tensor) => x.buffer()],
  ['bytes', (x: tf.Tensor) => x.bytes()],
  ['print', (x: tf.Tensor) => x.print()],
  ['toString', (x: tf.Tensor) => `${x}`],
] as const) {
  test(`tensor.${name}() inside a step`, () =>
    refuses(
      ({ x }) => {
        void read(x.sum());
        return { x };
      },
      new RegExp(`tensor\\.${name}\\(\\).*tf\\.where`),
    ));
}

test('a branch on a value is a read', () =>
  refuses(({ x }) => ({ y: x.sum().dataSync()[0] > 0 ? x : x.neg() }), /dataSync.*frozen/));

test('what a step may return', async () => {
  await refuses((({ x }: Inputs) => x) as never, /named tensors.*bare tensor/);
  await refuses((() => undefined) as never, /named tensors.*undefined/);
  await refuses((({ x }: Inputs) => [x]) as never, /named tensors.*array/);
  await refuses((() => ({ loss: 1 })) as never, /'loss'.*number 1.*tf\.scalar/);
  await refuses((async ({ x }: Inputs) => ({ x })) as never, /promise/);
  await refuses(({ x }) => {
    const y = x.mul(2);
    y.dispose();
    return { y };
  }, /'y'.*disposed inside/);
});

test('work that would be done after the step has ended is refused, and its failure ends no process', async (t) => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  const later = async () => {
    await Promise.resolve();
    throw new Error('later');
  };
  await refuses(
    (async ({ x }: Inputs) => ({ x: tf.tensor((await x.array()) as number[]) })) as never,
    /promise.*after run/,
  );
  await refuses((() => later()) as never, /promise/);
  await refuses((() => ({ loss: later() })) as never, /'loss'.*promise.*trainOnBatch.*optimizer\.minimize/);
  await refuses(({ x }) => {
    void later().catch(() => undefined);
    x.mul(2);
    return {};
  }, /returns no tensor and changes no variable.*trainOnBatch/);
  const inner = compile(({ x }) => ({ y: x }));
  await refuses(({ x }) => {
    void inner.run({ data: { x }, batches: Int32Array.of(0), batchSize: 1 });
    return { x };
  }, /run\(\) inside a step/);
  await new Promise(setImmediate);
  assert.deepEqual(unhandled, []);
});

test('a tensor from outside that has been disposed', async () => {
  const gone = tf.scalar(3);
  const step = compile<{ x: tf.Tensor }>(({ x }) => ({ y: x.mul(gone) }));
  tf.dispose((await step.run(call())).outputs);
  gone.dispose();
  await assert.rejects(step.run(call()), /Multiply inside a compiled step takes a tensor from outside.*disposed/);
  step.dispose();
});

test('a tensor kept beyond the step', () => refuses(({ x }) => ({ y: tf.keep(x.mul(2)) }), /tf\.keep.*tf\.Variable/));

test('a variable created at every call', async () => {
  const made: tf.Variable[] = [];
  await assert.rejects(
    compile(({ x }) => {
      const w = tf.variable(tf.zeros([3]));
      made.push(w);
      return { y: x.add(w) };
    }).run(call()),
    /creates a variable at every call.*outside the step/s,
  );
  tf.dispose(made);
});

test('a variable whose shape or type the step changes, or that it disposes', async () => {
  const w = tf.variable(tf.zeros([3]), true, 'w-errors');
  const assign = (value: () => tf.Tensor) => {
    return compile(() => {
      w.assign(value() as tf.Tensor1D);
      return { w };
    }).run(call());
  };
  await assert.rejects(
    assign(() => tf.ones([4])),
    /shape of the new value \(4\)/,
  );
  await assert.rejects(
    assign(() => tf.ones([3], 'int32')),
    /dtype of the new value \(int32\)/,
  );
  assert.deepEqual([...w.dataSync()], [0, 0, 0], 'a failed step changes nothing');
  const step = compile(({ x }) => {
    w.assign(w.add(x.sum()) as tf.Tensor1D);
    return { w };
  });
  await step.run(call());
  w.dispose();
  await assert.rejects(step.run(call()), /variable 'w-errors'.*disposed/);
  const v = tf.variable(tf.zeros([3]), true, 'v-errors');
  await assert.rejects(
    compile(({ x }) => {
      v.dispose();
      return { x };
    }).run(call()),
    /disposes the variable 'v-errors'/,
  );
});

test('operations that a graph cannot repeat are named', async () => {
  await refuses(({ x }) => ({ y: tf.unique(x.flatten() as tf.Tensor1D).values }), /Unique.*depends on values/, [
    'graph',
  ]);
  await refuses(
    ({ x }) => ({
      y: tf.image.nonMaxSuppression(
        tf.concat([x, x.slice([0, 0], [2, 1])], 1) as tf.Tensor2D,
        x.sum(1) as tf.Tensor1D,
        1,
      ),
    }),
    /NonMaxSuppression.*depends on values/,
    ['graph'],
  );
  await refuses(
    ({ x }) => ({
      y: x.add(
        tf
          .tensor(['a'])
          .equal(tf.tensor(['b']))
          .cast('float32'),
      ),
    }),
    /string/,
    ['graph'],
  );
  await refuses(() => ({ y: tf.tensor(['a']) }), /'y'.*string/);
});

test('an attribute that cannot be written into a graph is named with its operation', () => {
  const { binding } = tf.backend() as unknown as { binding: never };
  const traced = {
    ops: [{ op: 'Odd', attributes: [{ name: 'strange', type: 99, value: { a: 1 } }], inputs: [], outputs: [1] }],
    info: new Map([[1, { shape: [], dtype: 1 }]]),
    sources: new Map(),
    draws: [],
    changed: [],
    outputs: [{ name: 'y', value: 1, shape: [], dtype: 'float32' as const }],
    release: () => undefined,
  };
  assert.throws(
    () => loopGraphs(traced, { binding, data: new Map([['x', undefined]]), xla: false })[0](),
    /TensorFlow's Odd has the attribute 'strange' = \{"a":1\}.*mode: 'eager'/,
  );
});

test('an operation that TensorFlow refuses in a graph is named', async () => {
  const backend = tf.backend() as unknown as {
    executeMultipleOutputs(op: string, attributes: object[], inputs: tf.Tensor[], n: number): tf.Tensor[];
  };
  // eager execution finds the type by itself, a graph wants it spelled out
  await refuses(
    ({ x }) => ({ y: backend.executeMultipleOutputs('Neg', [], [x], 1)[0] }),
    /did not accept.*step\/Neg_0.*operation Neg/s,
    ['graph'],
  );
});

test('data, batches and schedules that do not fit', async () => {
  const step = compile(({ x }) => ({ y: x.sum() }));
  const { data, batches, batchSize } = call();
  const rejects = (options: object, message: RegExp) =>
    assert.rejects(step.run({ data, batches, batchSize, ...options } as never), message);
  await rejects({ data: {} }, /no tensor/);
  await rejects({ data: { x: tf.scalar(1) } }, /scalar.*first axis/);
  await rejects({ data: { x: 1 } }, /data\.x is not a tensor/);
  await rejects({ data: { x: data.x, y: tf.ones([3]) } }, /data\.y has 3 examples and data\.x 4/);
  await rejects({ data: { x: tf.tensor(['a']) } }, /string/);
  await rejects({ batches: Int32Array.of(0, 4) }, /batch 0 asks for row 4.*rows 0 to 3/);
  await rejects({ batches: Int32Array.of(0, 1, -1, 2) }, /batch 1 asks for row -1/);
  await rejects({ batches: Int32Array.of(0, 1, 2) }, /3 indices are no whole number of batches of 2/);
  await rejects({ batchSize: undefined }, /needs batchSize/);
  await rejects({ batches: [0, 1] }, /Int32Array/);
  await rejects({ batches: tf.tensor2d([[0, 1]]) }, /int32 of rank 2/);
  await rejects({ batches: tf.tensor2d([[0, 1]], [1, 2], 'int32'), batchSize: 3 }, /contradicts/);
  await rejects({ schedules: { rate: [1] } }, /'rate' has 1 values for 2 steps/);
  await rejects({ schedules: { rate: 0.1 } }, /'rate' must list one number per step, got 0\.1/);
  await rejects({ schedules: { rate: ['a', 'b'] } }, /'rate' must list numbers, got "a" for step 0/);
  await rejects({ schedules: { rate: [1, undefined] } }, /'rate' must list numbers, got undefined for step 1/);
  await rejects({ schedules: { rate: [1, null] } }, /'rate' must list numbers, got null for step 1/);
  await rejects({ schedules: { rate: { 0: 1, 1: 2 } } }, /'rate' must list one number per step, got an object/);
  await rejects({ schedules: { rate: 'ab' } }, /'rate' must list one number per step, got 'ab'/);
  await rejects({ onProgress: 'x' }, /onProgress must be a function, got 'x'/);
  await rejects({ signal: {} }, /signal must be an AbortSignal, got an empty object/);
  await rejects({ seed: 'x' }, /seed must be a whole number, got 'x'/);
  await rejects({ schedules: { x: [1, 2] } }, /'x' is the name of a schedule and of data/);
  await rejects({ firstStep: -1 }, /firstStep/);
  const x = tf.ones([4, 3]);
  x.dispose();
  await rejects({ data: { x } }, /data\.x has been disposed/);
  assert.equal((await step.run(call())).steps, 2, 'and it still runs');
  step.dispose();
  await assert.rejects(step.run(call()), /disposed; compile it again/);
});

test('an option of run that is misspelt is refused, with the one that was meant', async () => {
  let calls = 0;
  for (const mode of ['graph', 'eager'] as const) {
    const step = compile(
      ({ x }: Inputs) => {
        calls++;
        return { y: x.sum() };
      },
      { mode },
    );
    const tensors = tf.memory().numTensors;
    const given = call();
    const rejects = (change: object, name: string, message: RegExp) =>
      assert.rejects(step.run({ ...given, ...change } as never), (error: Error) => {
        assert.deepEqual([error.name, message.test(error.message)], [name, true], `${mode}: ${error.stack}`);
        return true;
      });
    const rates = { rate: [1, 2] };
    await rejects({ shedules: rates }, 'RangeError', /^run: no option 'shedules'\. Did you mean 'schedules'\?/);
    await rejects({ schedule: rates }, 'RangeError', /no option 'schedule'\. Did you mean 'schedules'\?/);
    await rejects({ batchsize: 2 }, 'RangeError', /no option 'batchsize'\. Did you mean 'batchSize'\?/);
    await rejects({ onprogress: () => undefined }, 'RangeError', /Did you mean 'onProgress'\?/);
    await rejects({ mode: 'eager' }, 'RangeError', /no option 'mode'.*Known: data, batches, batchSize, schedules,/);
    await rejects({ schedules: 5 }, 'TypeError', /schedules must be lists of numbers by name, got 5/);
    await rejects({ schedules: null }, 'TypeError', /schedules must be lists of numbers by name, got null/);
    await rejects({ data: given.data.x }, 'TypeError', /data must be named tensors .*got a tensor, float32 \[4, 3\]/);
    await rejects({ data: undefined }, 'TypeError', /data must be named tensors such as \{ x, y \}, got undefined/);
    for (const none of [undefined, null, 5, [], 'data'])
      await assert.rejects(
        step.run(none as never),
        /run: the options must be an object such as \{ data: \.\.\. \}, got /,
      );
    assert.equal(calls, 0, 'the step was not called');
    assert.equal(step.stepsDone, 0);
    // what is left out in words is left out
    const all = {
      schedules: undefined,
      onProgress: undefined,
      signal: undefined,
      seed: undefined,
      firstStep: undefined,
    };
    const { outputs, steps } = await step.run({ ...given, ...all });
    assert.equal(steps, 2);
    tf.dispose([outputs.y, given.data.x]);
    assert.equal(tf.memory().numTensors, tensors, mode);
    step.dispose();
    calls = 0;
  }
});

test('batches, options and a signal of another realm, such as a notebook may have, are as good', async () => {
  for (const mode of ['graph', 'eager'] as const) {
    const step = compile(({ x, rate }: Inputs) => ({ y: x.sum().mul(rate) }), { mode });
    const foreign = runInNewContext(
      '({ batches: Int32Array.of(3, 2, 1, 0), schedules: { rate: Float32Array.of(1, 2) } })',
    ) as {
      batches: Int32Array;
      schedules: Record<string, Float32Array>;
    };
    assert.ok(!(foreign.batches instanceof Int32Array));
    const data = { x: tf.tensor1d([1, 2, 3, 4]) };
    const given = runInNewContext('({ ...given })', { given: { ...foreign, data, batchSize: 2 } }) as never;
    const { outputs } = await step.run(given);
    assert.deepEqual([...outputs.y.dataSync()], [7, 6], mode);
    tf.dispose([outputs.y, data.x]);
    step.dispose();
  }
});

test('one run at a time', async () => {
  const step = compile(({ x }) => ({ y: x.sum() }));
  const first = step.run(call());
  await assert.rejects(step.run(call()), /running already/);
  assert.throws(() => step.dispose(), /running/);
  assert.equal((await first).steps, 2);
  assert.equal((await step.run(call())).steps, 2);
  step.dispose();
});

test('an input that nobody gives is named, and what is given', async () => {
  await refuses(
    ({ x, rate }) => ({ y: x.mul(rate) }),
    /got 'null'.*asked for 'rate'.*was given 'x'.*data, or to schedules/,
  );
  interface Inputs {
    x: tf.Tensor;
    rate?: tf.Tensor;
  }
  // One that the step can do without is no error.
  const lenient = compile(({ x, rate }: Inputs & { x: tf.Tensor }) => ({ y: x.mul(rate ?? 2) }) as { y: tf.Tensor });
  const { outputs } = await lenient.run(call());
  assert.deepEqual(Array.from(outputs.y.dataSync()), new Array(12).fill(2));
  tf.dispose(outputs);
  lenient.dispose();
});

test('an error that has nothing to do with an absent input is the error itself, of its own class', async () => {
  class Mine extends RangeError {}
  for (const mode of ['graph', 'eager'] as const) {
    const step = compile(
      ({ x, rate }: { x: tf.Tensor; rate?: tf.Tensor }) => {
        if (rate === undefined) throw new Mine('the picture is too large');
        return { x };
      },
      { mode },
    );
    await assert.rejects(
      step.run(call()),
      (error: Error) => error instanceof Mine && error.message === 'the picture is too large',
    );
    step.dispose();
  }
});

test('an error caught inside a gradient leaves nothing behind, in a step and outside; what the caller keeps stays', async () => {
  const failing = (x: tf.Tensor): tf.Tensor => {
    const h = tf.exp(tf.square(x)); // both save something for the way back
    throw new RangeError(`a layer does not fit ${h.shape}`);
  };
  const backwards = tf.customGrad((x, save) => {
    (save as (tensors: tf.Tensor[]) => void)([x as tf.Tensor]);
    return {
      value: (x as tf.Tensor).clone(),
      gradFunc: () => {
        throw new RangeError('no way back');
      },
    };
  });
  const attempts: ((x: tf.Tensor) => unknown)[] = [
    (x) => tf.grad(failing)(x),
    (x) => tf.grads((a: tf.Tensor, b: tf.Tensor) => failing(tf.mul(a, b)))([x, x]),
    (x) => tf.grad((v) => backwards(tf.exp(v)))(x),
    (x) => tf.grad((v) => tf.mul(tf.grad(failing)(v), tf.exp(v)))(x),
    (x) => tf.grad(() => tf.tidy(() => tf.exp(tf.square(tf.ones([2])))))(x), // does not depend on x
  ];
  const x = tf.ones([3]);
  const tensors = tf.memory().numTensors;
  for (const attempt of attempts) {
    assert.throws(() => tf.tidy(() => void attempt(x)), Error);
    assert.equal(tf.memory().numTensors, tensors, String(attempt));
  }
  let mine: tf.Tensor | undefined;
  const keeping = (v: tf.Tensor): tf.Tensor => {
    mine = tf.keep(tf.mul(v, 2));
    return failing(v);
  };
  assert.throws(() => tf.grad(keeping)(x), /a layer does not fit/);
  assert.deepEqual([...mine!.dataSync()], [2, 2, 2]);
  mine!.dispose();
  assert.equal(tf.memory().numTensors, tensors);
  // the right gradients afterwards, and in a step that goes on after such an error
  assert.deepEqual(
    [
      ...tf
        .grad((v: tf.Tensor) => tf.square(v))(x)
        .dataSync(),
    ],
    [2, 2, 2],
  );
  for (const mode of ['graph', 'eager'] as const) {
    const step = compile(
      ({ x }: Inputs) => {
        try {
          attempts[0](x);
        } catch {
          // goes another way
        }
        return { y: tf.grad((v: tf.Tensor) => tf.square(v))(x) };
      },
      { mode },
    );
    const { outputs } = await step.run(call());
    assert.deepEqual([...outputs.y.dataSync()], new Array(12).fill(2), mode);
    step.dispose();
    tf.dispose(outputs);
  }
});

test('compile wants a function, and settings that it knows', () => {
  assert.throws(() => compile(undefined as never), /compile: the step must be a function, got undefined/);
  const step = ({ x }: Inputs) => ({ x });
  assert.throws(
    () => compile(step, { mode: 'grpah' as never }),
    /mode must be 'auto', 'graph' or 'eager', got 'grpah'/,
  );
  assert.throws(() => compile(step, { xla: 'on' as never }), /xla must be 'auto', true or false, got 'on'/);
  const misspelt = (options: object, message: RegExp) => assert.throws(() => compile(step, options), message);
  misspelt({ xIa: true }, /RangeError: compile: no option 'xIa'\. Did you mean 'xla'\? Known: mode, xla, seed\./);
  misspelt({ mod: 'eager' }, /no option 'mod'\. Did you mean 'mode'\?/);
  misspelt({ sede: 1 }, /no option 'sede'\. Did you mean 'seed'\?/);
  misspelt({ jit: true }, /no option 'jit'\./);
  misspelt({ seed: '1' }, /TypeError: compile: seed must be a whole number, got '1'/);
  misspelt({ seed: 0.5 }, /RangeError: compile: seed must be a whole number, got 0\.5/);
  for (const none of [null, true, 'eager', []])
    assert.throws(() => compile(step, none as never), /compile: the options must be an object such as \{ mode: /);
  assert.equal(compile(step, { mode: undefined, xla: undefined, seed: undefined }).stepsDone, 0);
});
