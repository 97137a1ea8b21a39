import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { Random, compile, ready, tf } from 'bnlab';
import { BATCH, Model, ModelOptions, batches, model, problem, relativeDifference } from './steps';

let data: { x: tf.Tensor2D; y: tf.Tensor2D };
before(async () => {
  await ready();
  assert.equal(
    tf.getBackend(),
    'tensorflow',
    'these tests compare the graph with eager execution on the native engine',
  );
  data = problem();
});

async function train(made: Model, steps: number, options: Parameters<typeof compile>[1] = {}) {
  const step = compile(made.step, options);
  const { outputs } = await step.run({ data, batches: batches(steps), batchSize: BATCH });
  step.dispose();
  const loss = outputs.loss.dataSync() as Float32Array;
  tf.dispose(outputs);
  return loss;
}

const cases: [string, ModelOptions, boolean | 'auto'][] = [
  ['SGD', { optimizer: () => tf.train.sgd(0.5) }, 'auto'],
  ['momentum, batch norm', { optimizer: () => tf.train.momentum(0.05, 0.9), norm: true }, true],
  ['momentum, Nesterov, L2', { optimizer: () => tf.train.momentum(0.05, 0.9, true), l2: 1e-2 }, false],
  [
    'Adam, batch norm, dropout, L2',
    { optimizer: () => tf.train.adam(0.01), norm: true, dropout: 0.3, l2: 1e-3 },
    false,
  ],
  ['Adam, XLA', { optimizer: () => tf.train.adam(0.01) }, true],
  ['RMSProp', { optimizer: () => tf.train.rmsprop(0.003, 0.9, 0.5) }, false],
  ['Adagrad', { optimizer: () => tf.train.adagrad(0.05) }, false],
  ['Adamax', { optimizer: () => tf.train.adamax(0.005) }, false],
  ['convolution, batch norm, SGD', { optimizer: () => tf.train.sgd(0.3), norm: true, convolution: true }, 'auto'],
];
for (const [name, options, xla] of cases) {
  test(`200 compiled steps equal 200 eager ones: ${name}`, async () => {
    const compiled = model(options);
    const eager = model(options);
    const fast = await train(compiled, 200, { xla });
    const slow = await train(eager, 200, { mode: 'eager' });
    assert.equal(fast.length, 200);
    for (const s of [0, 1, 2, 199]) {
      assert.ok(Math.abs(fast[s] - slow[s]) < 2e-4 * (1 + slow[s]), `loss of step ${s}: ${fast[s]} and ${slow[s]}`);
    }
    assert.ok(fast[199] < 0.8 * fast[0], `it learns: ${fast[0]} to ${fast[199]}`);
    compiled.variables.forEach((variable, i) => {
      const difference = relativeDifference(eager.variables[i], variable);
      assert.ok(difference < 1e-3, `${variable.name}: relative difference ${difference}`);
    });
    compiled.dispose();
    eager.dispose();
  });
}

test('runs continue each other, whatever their lengths, and eager steps fit between them', async () => {
  const options: ModelOptions = { optimizer: () => tf.train.adam(0.01), norm: true, dropout: 0.2 };
  const [whole, parts, mixed] = [model(options), model(options), model(options)];
  const all = batches(30);
  const run = async (step: ReturnType<typeof compile>, from: number, to: number) => {
    const part = all.slice(from * BATCH, to * BATCH);
    const { outputs, steps } = await step.run({ data, batches: part, batchSize: BATCH, firstStep: from });
    tf.dispose(outputs);
    assert.equal(steps, to - from);
  };
  const one = compile(whole.step, { seed: 9 });
  await run(one, 0, 30);
  const two = compile(parts.step, { seed: 9 });
  await run(two, 0, 1);
  await run(two, 1, 8);
  await run(two, 8, 30);
  const graph = compile(mixed.step, { seed: 9 });
  const eager = compile(mixed.step, { seed: 9, mode: 'eager' });
  await run(eager, 0, 5);
  await run(graph, 5, 15);
  await run(eager, 15, 18);
  await run(graph, 18, 30);
  whole.variables.forEach((variable, i) => {
    assert.equal(relativeDifference(variable, parts.variables[i]), 0, `${variable.name}: the same bits in parts`);
    assert.ok(relativeDifference(variable, mixed.variables[i]) < 1e-3, `${variable.name}: eager and compiled in turn`);
  });
  assert.equal(one.traces.count, 1);
  assert.equal(two.traces.count, 1, 'the trace is kept from run to run');
  assert.equal(one.stepsDone, 30);
  for (const step of [one, two, graph, eager]) step.dispose();
  for (const made of [whole, parts, mixed]) made.dispose();
});

test('two compiled steps share variables', async () => {
  const w = tf.variable(tf.scalar(1));
  const x = tf.tensor1d([1, 2, 3]);
  const grow = compile(({ x }) => {
    w.assign(w.add(x.sum()) as tf.Scalar);
    return { w };
  });
  const halve = compile(() => {
    w.assign(w.div(2) as tf.Scalar);
    return { w };
  });
  const every = { data: { x }, batches: Int32Array.of(0, 1, 2), batchSize: 1 };
  const grown = await grow.run(every);
  assert.deepEqual([...grown.outputs.w.dataSync()], [2, 4, 7], 'an output that is a variable has its value at the end');
  const halved = await halve.run(every);
  assert.deepEqual([...halved.outputs.w.dataSync()], [3.5, 1.75, 0.875]);
  w.assign(tf.scalar(10));
  const again = await grow.run(every);
  assert.deepEqual([...again.outputs.w.dataSync()], [11, 13, 16], 'and eager assignments are seen');
  const both = await Promise.all([grow.run(every), halve.run(every)]);
  assert.deepEqual(
    both.map(({ steps }) => steps),
    [3, 3],
    'two different steps may run at once',
  );
  grow.dispose();
  halve.dispose();
});

test('variables and tensors that share data are told apart', async () => {
  const start = tf.tensor1d([1, 2]);
  const a = tf.variable(start);
  const b = tf.variable(start);
  const step = compile(({ x }) => {
    a.assign(a.add(x.sum()) as tf.Tensor1D);
    b.assign(b.sub(a) as tf.Tensor1D);
    return { moved: a.sub(start), b: b.clone(), twice: a.mul(2) };
  });
  const { outputs } = await step.run({ data: { x: tf.tensor1d([1, 10]) }, batches: Int32Array.of(0, 1), batchSize: 1 });
  assert.deepEqual(
    outputs.moved.arraySync(),
    [
      [1, 1],
      [11, 11],
    ],
    'the tensor from outside stays what it was',
  );
  assert.deepEqual(
    outputs.b.arraySync(),
    [
      [-1, -1],
      [-13, -14],
    ],
    'a variable read after it was assigned has the new value',
  );
  assert.deepEqual(outputs.twice.arraySync(), [
    [4, 6],
    [24, 26],
  ]);
  assert.deepEqual([...start.dataSync()], [1, 2]);
  step.dispose();
});

test('variables that are only read are read at each call; a schedule arrives step by step', async () => {
  const scale = tf.variable(tf.scalar(2), false);
  const step = compile(({ x, rate }, { step }) => ({ y: x.sum().mul(scale).mul(rate), number: step }));
  const call = {
    data: {
      x: tf.tensor2d([
        [1, 2],
        [3, 4],
      ]),
    },
    batches: Int32Array.of(0, 1, 0, 1, 1, 1),
    batchSize: 2,
    schedules: { rate: [1, 10, 100] },
  };
  let { outputs } = await step.run(call);
  assert.deepEqual([...outputs.y.dataSync()], [20, 200, 2800]);
  assert.deepEqual([...outputs.number.dataSync()], [0, 1, 2]);
  assert.equal(outputs.number.dtype, 'int32');
  scale.assign(tf.scalar(3));
  ({ outputs } = await step.run({ ...call, schedules: { rate: Float32Array.of(1, 2, 3) } }));
  assert.deepEqual([...outputs.y.dataSync()], [30, 60, 126]);
  assert.deepEqual([...outputs.number.dataSync()], [3, 4, 5], 'steps are counted over all runs');
  assert.equal(step.traces.count, 1);
  step.dispose();
});

test('a tensor from outside is a constant of the trace, until it is disposed', async () => {
  const w = tf.variable(tf.scalar(0));
  const optimizer = tf.train.sgd(1);
  const large = tf.range(0, 10000);
  const step = compile(({ x }) => ({
    loss: optimizer.minimize(() => x.mean().mul(w).add(large.sum().mul(0)) as tf.Scalar, true, [w])!,
  }));
  const call = { data: { x: tf.ones([3]) }, batches: Int32Array.of(0, 1, 2), batchSize: 1 };
  await step.run(call);
  assert.equal(w.dataSync()[0], -3);
  // setLearningRate disposes the scalar that holds the rate: the step must not go on with the old one
  (optimizer as unknown as { setLearningRate(rate: number): void }).setLearningRate(10);
  await step.run(call);
  assert.equal(w.dataSync()[0], -33);
  assert.equal(step.traces.count, 2);
  step.dispose();
  assert.equal(large.sum().dataSync()[0], 49995000);
});

test('outputs of every type and shape, data of rank 1 to 4, several outputs of one operation', async () => {
  const images = tf.tensor4d(
    Float32Array.from({ length: 4 * 2 * 2 * 3 }, (_, i) => i),
    [4, 2, 2, 3],
  );
  const labels = tf.tensor1d(Int32Array.of(3, 1, 0, 2), 'int32');
  const flags = tf.tensor2d(
    [
      [1, 0],
      [1, 1],
      [0, 0],
      [0, 1],
    ],
    [4, 2],
    'bool',
  );
  const step = ({ images, labels, flags }: Record<string, tf.Tensor>) => {
    const { values, indices } = tf.topk(images.reshape([2, 12]), 3);
    const [left, right] = tf.split(images, 2, 1);
    return {
      images, // an input
      left: left.add(right),
      labels: labels.mul(2),
      above: images.greater(20),
      any: tf.any(flags, 1),
      values,
      indices,
      constant: tf.tensor([1, 2]),
      oneHot: tf.oneHot(labels.cast('int32') as tf.Tensor1D, 4),
      empty: images.slice([0, 0, 0, 0], [0, 2, 2, 3]),
    };
  };
  const call = {
    data: { images, labels, flags },
    batches: tf.tensor2d(
      [
        [0, 1],
        [3, 3],
        [2, 0],
      ],
      [3, 2],
      'int32',
    ),
  };
  const graph = compile(step, { xla: false });
  const withXla = compile(step, { xla: true });
  const eager = compile(step, { mode: 'eager' });
  const expected = await eager.run(call);
  for (const compiled of [graph, withXla]) {
    const got = await compiled.run(call);
    assert.deepEqual(Object.keys(got.outputs), Object.keys(expected.outputs));
    for (const [name, tensor] of Object.entries(expected.outputs)) {
      assert.deepEqual(got.outputs[name as 'left'].shape, tensor.shape, name);
      assert.equal(got.outputs[name as 'left'].dtype, tensor.dtype, name);
      assert.deepEqual(got.outputs[name as 'left'].dataSync(), tensor.dataSync(), name);
    }
    compiled.dispose();
  }
  assert.deepEqual(expected.outputs.left.shape, [3, 2, 1, 2, 3]);
});

test('random numbers differ from step to step, repeat with the seed, and are the same in every mode', async () => {
  const step = ({ x }: Record<string, tf.Tensor>, { random }: { random: import('bnlab').StepRandom }) => {
    void random.normal([7]); // drawn and not used: it must not shift the others
    return {
      uniform: random.uniform([2, 3], -1, 1),
      normal: random.normal([5], 10, 2),
      kept: random.bernoulli(0.7, [50]),
      dropped: random.dropout(x, 0.5),
    };
  };
  const call = { data: { x: tf.ones([4, 8]) }, batches: Int32Array.of(0, 1, 2, 3, 0, 1, 2, 3), batchSize: 2 };
  const read = async (options: Parameters<typeof compile>[1]) => {
    const compiled = compile(step, options);
    const { outputs } = await compiled.run(call);
    compiled.dispose();
    return Object.fromEntries(
      Object.entries(outputs).map(([name, tensor]) => [name, tensor.arraySync() as number[][]]),
    );
  };
  const graph = await read({ seed: 4 });
  assert.deepEqual(await read({ seed: 4 }), graph);
  assert.deepEqual(await read({ seed: 4, mode: 'eager' }), graph);
  assert.notDeepEqual((await read({ seed: 5 })).uniform, graph.uniform);
  for (const [name, steps] of Object.entries(graph)) {
    assert.equal(new Set(steps.map((values) => JSON.stringify(values))).size, 4, `${name} differs from step to step`);
  }
  assert.ok(graph.kept.flat().every((k) => k === 0 || k === 1));
  assert.ok(
    graph.dropped.flat(2).every((v) => v === 0 || v === 2),
    'kept elements are divided by 1 - rate',
  );
  const expected = new Random(4, 'step/2/1').uniforms(6, -1, 1);
  assert.deepEqual(graph.uniform[2].flat(), [...expected], 'draw 1 of step 2 is the stream step/2/1');
});

test('new shapes and types trace anew, known ones do not', async () => {
  const step = compile(({ x }) => ({ sum: x.sum() }));
  const x = tf.tensor2d([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  const sum = async (data: tf.Tensor, indices: number[], batchSize: number) => {
    const { outputs } = await step.run({ data: { x: data }, batches: Int32Array.from(indices), batchSize });
    return [...outputs.sum.dataSync()];
  };
  assert.deepEqual(await sum(x, [0, 1, 2], 1), [3, 7, 11]);
  assert.deepEqual(await sum(x, [0, 1, 2], 3), [21]);
  assert.deepEqual(await sum(x.slice([0, 0], [2, 2]), [1], 1), [7], 'the number of examples is free');
  assert.equal(step.traces.count, 2);
  assert.deepEqual(await sum(x.cast('int32'), [2], 1), [11]);
  assert.deepEqual(await sum(x.reshape([6]), [5], 1), [6]);
  assert.equal(step.traces.count, 4);
  assert.ok(step.traces.milliseconds > 0);
  step.dispose();
});

test('tf.layers models train inside a step as they do outside', async () => {
  const build = () =>
    tf.sequential({
      layers: [
        tf.layers.dense({
          units: 9,
          inputShape: [36],
          useBias: false,
          kernelInitializer: tf.initializers.glorotNormal({ seed: 3 }),
        }),
        tf.layers.batchNormalization(),
        tf.layers.activation({ activation: 'tanh' }),
        tf.layers.dense({ units: 4, kernelInitializer: tf.initializers.glorotNormal({ seed: 4 }) }),
      ],
    });
  const [a, b] = [build(), build()];
  const step = (network: tf.Sequential) => {
    const optimizer = tf.train.adam(0.02);
    return ({ x, y }: Record<string, tf.Tensor>) => ({
      loss: optimizer.minimize(
        () => tf.losses.softmaxCrossEntropy(y, network.apply(x, { training: true }) as tf.Tensor) as tf.Scalar,
        true,
      )!,
    });
  };
  const call = { data, batches: batches(50), batchSize: BATCH };
  const compiled = compile(step(a));
  const eager = compile(step(b), { mode: 'eager' });
  tf.dispose((await compiled.run(call)).outputs);
  tf.dispose((await eager.run(call)).outputs);
  a.getWeights().forEach((weight, i) => {
    const difference = relativeDifference(b.getWeights()[i], weight);
    assert.ok(difference < 1e-3, `${a.weights[i].originalName}: ${difference}`);
  });
  assert.ok(tf.max(tf.abs(a.getWeights()[5])).dataSync()[0] > 1e-3, 'the moving mean has moved');
  compiled.dispose();
  eager.dispose();
});

test('gradients of custom functions and gradients of gradients', async () => {
  const twice = tf.customGrad((x, save) => {
    (save as (t: tf.Tensor[]) => void)([x as tf.Tensor]);
    return { value: (x as tf.Tensor).square(), gradFunc: (dy, [saved]) => dy.mul(saved.mul(7)) };
  });
  const step = ({ x }: Record<string, tf.Tensor>) => {
    const cube = (v: tf.Tensor) => v.pow(tf.scalar(3, 'int32')).sum() as tf.Scalar;
    return { custom: tf.grad((v) => twice(v).sum())(x), second: tf.grad((v) => tf.grad(cube)(v).sum())(x) };
  };
  const compiled = compile(step);
  const { outputs } = await compiled.run({
    data: {
      x: tf.tensor2d([
        [1, 2],
        [3, 4],
      ]),
    },
    batches: Int32Array.of(1, 0),
    batchSize: 1,
  });
  assert.deepEqual(outputs.custom.arraySync(), [[[21, 28]], [[7, 14]]]);
  const second = outputs.second.dataSync();
  [18, 24, 6, 12].forEach((value, i) => assert.ok(Math.abs(second[i] - value) < 1e-4, `6x: ${second}`));
  compiled.dispose();
});

test('NaN and infinity pass through as numbers', async () => {
  const w = tf.variable(tf.scalar(1));
  const step = compile(({ x }) => {
    w.assign(w.div(x.sum()) as tf.Scalar);
    return { w: w.mul(1) };
  });
  const { outputs } = await step.run({
    data: { x: tf.tensor1d([2, 0]) },
    batches: Int32Array.of(0, 1, 1),
    batchSize: 1,
  });
  assert.deepEqual([...outputs.w.dataSync()], [0.5, Infinity, Infinity]);
  w.assign(tf.scalar(NaN));
  const again = await step.run({ data: { x: tf.tensor1d([2, 0]) }, batches: Int32Array.of(0), batchSize: 1 });
  assert.ok(Number.isNaN(again.outputs.w.dataSync()[0]));
  step.dispose();
});
