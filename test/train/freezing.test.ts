/** Freezing and thawing between runs: what is frozen stays, what is not trains, and a graph does what eager execution does. */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import {
  Network,
  OptimizerName,
  Random,
  StepContext,
  Trainer,
  activation,
  batchNormLayer,
  compile,
  dense,
  dropout,
  ready,
  sequential,
  tf,
} from 'bnlab';

before(ready);

const build = () => {
  const layers = {
    // two layers of one shape: gradients that change places fit; no bias before the norm, whose gradient is rounding alone
    first: dense(4, 4, { name: 'first', bias: false, seed: 1 }),
    norm: batchNormLayer(4, { name: 'norm' }),
    second: dense(4, 4, { name: 'second', seed: 2 }),
    drop: dropout(0.5),
    last: dense(4, 2, { name: 'last', seed: 3 }),
  };
  const { first, norm, second, drop, last } = layers;
  return { ...layers, network: sequential([first, norm, activation('tanh'), second, drop, last]) };
};

const data = () => {
  const random = new Random(4);
  const set = {
    x: tf.tensor2d(random.normals(64 * 4), [64, 4]),
    y: tf
      .oneHot(
        tf.tensor1d(
          Int32Array.from({ length: 64 }, () => random.integer(2)),
          'int32',
        ),
        2,
      )
      .cast('float32'),
  };
  return { train: set, test: set };
};

const weights = (network: Network) =>
  Object.fromEntries(Object.entries(network.named).map(([label, v]) => [label, [...v.dataSync()]]));

type Layers = ReturnType<typeof build>;
/** What is done to the layers between runs, each with its batch size. */
const stories: Record<string, { batchSize: number; change: (layers: Layers) => void }[]> = {
  'the first layer frozen, then thawed': [
    { batchSize: 8, change: () => undefined },
    { batchSize: 8, change: ({ first }) => (first.frozen = true) },
    { batchSize: 16, change: () => undefined },
    { batchSize: 8, change: ({ first }) => (first.frozen = false) },
  ],
  'frozen from the beginning, thawed after the first run': [
    { batchSize: 8, change: ({ first, last }) => (first.frozen = last.frozen = true) },
    { batchSize: 8, change: ({ first }) => (first.frozen = false) },
    { batchSize: 16, change: ({ last }) => (last.frozen = false) },
  ],
  'batch normalization frozen: at inference, statistics and all': [
    { batchSize: 8, change: () => undefined },
    { batchSize: 8, change: ({ norm }) => (norm.frozen = true) },
  ],
  'gamma alone, by the flag of its variable': [
    { batchSize: 8, change: () => undefined },
    { batchSize: 8, change: ({ norm }) => (norm.gamma!.trainable = false) },
    { batchSize: 8, change: ({ norm }) => (norm.gamma!.trainable = true) },
  ],
  'the statistics of batch normalization frozen, gamma and beta not': [
    { batchSize: 8, change: () => undefined },
    { batchSize: 8, change: ({ norm }) => (norm.frozenStatistics = true) },
    { batchSize: 8, change: ({ norm }) => (norm.frozenStatistics = false) },
  ],
  'gamma and beta frozen, the statistics not': [
    { batchSize: 8, change: ({ norm }) => (norm.frozenParameters = true) },
    { batchSize: 8, change: ({ norm }) => (norm.frozen = true) },
    { batchSize: 8, change: ({ norm }) => (norm.frozen = false) },
    { batchSize: 8, change: ({ norm }) => (norm.frozenParameters = false) },
  ],
  'a layer without variables': [
    { batchSize: 8, change: () => undefined },
    { batchSize: 8, change: ({ drop }) => (drop.frozen = true) },
    { batchSize: 8, change: ({ drop }) => void ((drop.frozen = false), ((drop as { rate: number }).rate = 0.2)) },
  ],
  'a layer put in the place of another': [
    { batchSize: 8, change: () => undefined },
    { batchSize: 8, change: ({ network }) => (network.layers[2] = activation('relu')) },
  ],
};

Object.entries(stories).forEach(([title, story], i) => {
  const optimizer: OptimizerName = i % 2 === 0 ? 'adam' : 'sgd';
  test(`a Trainer's runs, ${title} (${optimizer}): graph and eager agree, what is frozen keeps its bits`, async () => {
    const sides = [];
    for (const mode of ['graph', 'eager'] as const) {
      const layers = build();
      const trainer = new Trainer({ network: layers.network, optimizer, mode });
      const after = [];
      for (const [seed, { batchSize, change }] of story.entries()) {
        change(layers);
        const was = weights(layers.network);
        const training = new Set(layers.network.trainable);
        const { norm } = layers;
        const stands = norm.frozen || norm.frozenStatistics;
        await trainer.train({ data: data(), steps: 5, batchSize, learningRate: 0.1, seed, evaluate: { at: [] } });
        const is = weights(layers.network);
        for (const [label, variable] of Object.entries(layers.network.named)) {
          if (label.includes('moving')) {
            if (stands) assert.deepEqual(is[label], was[label], `${mode}, run ${seed}: ${label} stands still`);
            else assert.notDeepEqual(is[label], was[label], `${mode}, run ${seed}: ${label} moves`);
          } else if (training.has(variable))
            assert.notDeepEqual(is[label], was[label], `${mode}, run ${seed}: ${label} trains`);
          else assert.deepEqual(is[label], was[label], `${mode}, run ${seed}: ${label} is frozen`);
        }
        after.push(is);
      }
      sides.push(after);
      trainer.dispose();
      layers.network.dispose();
    }
    const [graph, eager] = sides;
    graph.forEach((values, run) => {
      for (const [label, numbers] of Object.entries(values)) {
        numbers.forEach((v, i) => {
          assert.ok(
            Math.abs(v - eager[run][label][i]) < 1e-3,
            `run ${run}, ${label}: ${v}, eagerly ${eager[run][label][i]}`,
          );
        });
      }
    });
  });
});

test('a run with everything frozen is refused before anything happens', async () => {
  const { network, first, norm, second, last } = build();
  const trainer = new Trainer({ network });
  for (const layer of [first, norm, second, last]) layer.frozen = true;
  const run = trainer.train({ data: data(), steps: 2, batchSize: 8, learningRate: 0.1, seed: 1 });
  await assert.rejects(run, /no trainable variable.*frozen/);
  trainer.dispose();
  network.dispose();
});

test("a compiled step of one's own sees what was frozen, and a variable that took another's place; the same work is not traced twice", async () => {
  const x = tf.tensor2d(new Random(5).normals(32), [8, 4]);
  const call = { data: { x }, batches: Int32Array.from({ length: 24 }, (_, i) => i % 8), batchSize: 4 };
  const sides: number[][] = [];
  for (const mode of ['graph', 'eager'] as const) {
    const { network, first, drop } = build();
    const sgd = tf.train.sgd(0.1);
    let shift = tf.variable(tf.scalar(1));
    const step = compile(
      ({ x }: { x: tf.Tensor }, { random }: StepContext) => ({
        loss: sgd.minimize(
          () => network.apply(x, { training: true, random }).mul(shift).square().mean() as tf.Scalar,
          true,
        )!,
      }),
      { mode },
    );
    const values: number[] = [];
    const run = async () => {
      const { outputs } = await step.run(call);
      values.push(...outputs.loss.dataSync());
      tf.dispose(outputs);
    };
    await run();
    const frozen = first.weights.dataSync();
    first.frozen = true;
    await run();
    assert.deepEqual(first.weights.dataSync(), frozen, mode);
    drop.frozen = true;
    await run();
    const old = shift;
    shift = tf.variable(tf.scalar(3));
    const kept = old.dataSync()[0];
    await run();
    assert.equal(old.dataSync()[0], kept, `${mode}: the variable that is out of the closure stays`);
    assert.notEqual(shift.dataSync()[0], 3, `${mode}: the new one trains`);
    if (mode === 'graph') {
      assert.equal(step.traces.count, 4);
      const unrelated = [tf.variable(tf.scalar(0)), dense(2, 2, { name: 'unrelated' })] as const;
      await run();
      assert.equal(step.traces.count, 4, 'what the step does not use makes no new graph');
      unrelated[0].dispose();
      unrelated[1].dispose();
    } else await run();
    sides.push(values);
    step.dispose();
    network.dispose();
    tf.dispose([old, shift]);
  }
  sides[0].forEach((v, i) =>
    assert.ok(Math.abs(v - sides[1][i]) < 1e-4 * (1 + v), `step ${i}: ${v}, eagerly ${sides[1][i]}`),
  );
});
