import test from 'node:test';
import assert from 'node:assert/strict';
import {
  batchIndices,
  effectiveRank,
  evaluate,
  finalAccuracy,
  jacobian,
  loadDataset,
  meanSquaredError,
  mlp,
  Random,
  ready,
  saturationProbe,
  singularValues,
  softmaxCrossEntropy,
  stepsToReach,
  subset,
  Trainer,
  trainNetwork,
  tf,
  type Json,
  type Network,
  type OptimizerSettings,
  type ProbePoint,
  type TensorData,
  type TrainOptions,
  BaseLayer,
  sequential,
} from 'bnlab';
import { scheduleRates } from 'bnlab/internal';
import { given, normals } from '../probe/given';
import { clouds } from '../support/clouds';
import { leakFree } from '../support/tensors';
import { timeless } from '../support/timeless';

test.before(async () => {
  await ready();
});

const net = (seed = 2) => given(normals(new Random(seed), [3, 8, 3], 0.5), 'sigmoid');

/** Runs `body` with a fresh network and data, and fails on a leak. */
async function withToy<T>(body: (network: Network, options: Omit<TrainOptions, 'network'>) => Promise<T>): Promise<T> {
  return leakFree(async () => {
    const train = clouds(300, 1);
    const check = clouds(150, 2);
    const network = net();
    try {
      return await body(network, {
        data: { train, test: check },
        steps: 60,
        batchSize: 30,
        learningRate: 0.5,
        seed: 1,
      });
    } finally {
      network.dispose();
      tf.dispose([train, check]);
    }
  });
}

/** A history without its wall times. */

const largestDifference = (a: Network, b: Network) =>
  Math.max(...a.variables.map((v, i) => tf.tidy(() => tf.max(tf.abs(tf.sub(v, b.variables[i]))).dataSync()[0])));

test('training learns, evaluates where asked, and the history is plain JSON', async () => {
  await withToy(async (network, options) => {
    const history = await trainNetwork({ network, ...options, steps: 200, evaluate: { every: 80 }, name: 'toy' });
    assert.deepEqual(
      history.evaluations.map((e) => e.step),
      [0, 80, 160, 200],
    );
    assert.ok(finalAccuracy(history) > 0.85, `accuracy ${finalAccuracy(history)}`);
    assert.equal(history.stepsDone, 200);
    assert.equal(history.losses.steps.length, 200);
    assert.deepEqual(JSON.parse(JSON.stringify(history)), history);
    const reached = stepsToReach(history, 0.85)!;
    assert.ok([80, 160, 200].includes(reached));
    assert.equal(stepsToReach(history, 1), null);
    // What the history says of the end is what the network does.
    const test = (options.data as { test: { x: tf.Tensor; y: tf.Tensor } }).test;
    assert.deepEqual(evaluate({ network, ...test }), history.evaluations.at(-1)!.test);
    assert.equal(history.provenance.seeds.order, 1);
    assert.equal(history.provenance.settings.learningRate, 0.5);
    assert.match(history.provenance.batches, /^[0-9a-f]{16}$/);
  });
});

test('evaluation points: those given, the end, and none twice', async () => {
  await withToy(async (network, options) => {
    const at = await trainNetwork({ network, ...options, evaluate: { at: [1, 10, 10, 60] } });
    assert.deepEqual(
      at.evaluations.map((e) => e.step),
      [1, 10, 60],
    );
    const sparse = await trainNetwork({ network, ...options, evaluate: { every: 1000 } });
    assert.deepEqual(
      sparse.evaluations.map((e) => e.step),
      [0, 60],
    );
  });
});

test('the same seed gives the same run; another order gives another', async () => {
  const run = (seed: TrainOptions['seed']) =>
    withToy(async (network, options) => timeless(await trainNetwork({ network, ...options, seed })));
  const first = await run(1);
  assert.deepEqual(await run(1), first);
  const other = await run({ order: 2, noise: 1 });
  assert.notEqual(other.provenance.batches, first.provenance.batches);
  assert.notDeepEqual(other.losses, first.losses);
});

test('compiled and eager runs agree', async () => {
  const run = (mode: 'auto' | 'eager') =>
    withToy(async (network, options) =>
      trainNetwork({ network, ...options, mode, optimizer: 'adam', learningRate: 0.01 }),
    );
  const [a, b] = [await run('auto'), await run('eager')];
  a.losses.values.forEach((loss, i) => assert.ok(Math.abs(loss! - b.losses.values[i]!) < 1e-4));
});

const settings: [string, OptimizerSettings, number, () => tf.Optimizer][] = [
  ['sgd', { kind: 'sgd' }, 0.5, () => tf.train.sgd(0.5)],
  ['momentum', { kind: 'momentum', momentum: 0.8 }, 0.1, () => tf.train.momentum(0.1, 0.8)],
  ['nesterov', { kind: 'momentum', momentum: 0.8, nesterov: true }, 0.1, () => tf.train.momentum(0.1, 0.8, true)],
  ['adam', { kind: 'adam', epsilon: 1e-7 }, 0.01, () => tf.train.adam(0.01, 0.9, 0.999, 1e-7)],
  ['adam, epsilon as large as a gradient', { kind: 'adam', epsilon: 0.05 }, 0.01, () => tf.train.adam(0.01, 0.9, 0.999, 0.05)], // prettier-ignore
];
for (const [name, optimizer, learningRate, theirs] of settings) {
  test(`${name}: 40 steps give the weights of tf.train`, async () => {
    await withToy(async (network, options) => {
      const steps = 40;
      await trainNetwork({ network, ...options, steps, optimizer, learningRate });
      const { train } = options.data as { train: { x: tf.Tensor; y: tf.Tensor } };
      const rows = batchIndices({ n: 300, batchSize: 30, steps, random: new Random(1, 'order') });
      const peer = net();
      const rule = theirs();
      for (let s = 0; s < steps; s++) {
        tf.tidy(() => {
          const index = tf.tensor1d(rows.slice(s * 30, (s + 1) * 30), 'int32');
          const [x, y] = [tf.gather(train.x, index), tf.gather(train.y, index)];
          const loss = () => tf.losses.softmaxCrossEntropy(y, peer.apply(x, { training: true })) as tf.Scalar;
          rule.minimize(loss, false, peer.trainable);
        });
      }
      const difference = largestDifference(network, peer);
      peer.dispose();
      rule.dispose();
      // TensorFlow.js forgets the rate that momentum inherits from SGD.
      (rule as unknown as { c?: tf.Tensor }).c?.dispose();
      assert.ok(difference < 2e-5, `largest difference ${difference}`);
    });
  });
}

test('adagrad: 40 steps against the rule in float64', async () => {
  // Loss mean((w x - y)^2) with x = 1, y = 0 for every example, so g = 2 w.
  const [learningRate, steps] = [0.3, 40];
  let [w, sum] = [1, 0];
  for (let s = 0; s < steps; s++) {
    const g = 2 * w;
    sum += g * g;
    w -= (learningRate * g) / (Math.sqrt(sum) + 1e-10);
  }
  await leakFree(async () => {
    const network = given([[[1]]]);
    const set = { x: tf.ones([4, 1]), y: tf.zeros([4, 1]) };
    const data = { train: set, test: set };
    const settings = {
      steps,
      batchSize: 2,
      learningRate,
      seed: 1,
      loss: 'meanSquaredError',
      optimizer: 'adagrad',
    } as const;
    await trainNetwork({ network, data, ...settings });
    const trained = network.variables[0].dataSync()[0];
    assert.ok(Math.abs(trained - w) < 1e-6, `${trained}, wanted ${w}`);
    tf.dispose([network.variables, Object.values(set)] as never);
  });
});

test('weight decay: both kinds against the rule written out, one weight, two steps', async () => {
  // Loss mean((w x - y)^2) with x = 1, y = 0 for every example, so g = 2 w.
  const rate = 0.1;
  const lambda = 0.3;
  const expected = (kind: 'l2' | 'decoupled') => {
    let [w, v] = [1, 0];
    for (let s = 0; s < 2; s++) {
      const g = 2 * w + (kind === 'l2' ? lambda * w : 0);
      v = 0.9 * v + g;
      w = (kind === 'decoupled' ? w * (1 - rate * lambda) : w) - rate * v;
    }
    return w;
  };
  for (const kind of ['l2', 'decoupled'] as const) {
    await leakFree(async () => {
      const network = given([[[1]]]);
      const set = { x: tf.ones([4, 1]), y: tf.zeros([4, 1]) };
      const common = { network, data: { train: set, test: set }, steps: 2, batchSize: 2, learningRate: rate, seed: 1 };
      const history = await trainNetwork({
        ...common,
        loss: 'meanSquaredError',
        optimizer: 'momentum',
        weightDecay: { kind, rate: lambda },
      });
      assert.ok(Math.abs(network.variables[0].dataSync()[0] - expected(kind)) < 1e-6, kind);
      assert.deepEqual(history.provenance.settings.weightDecay, { kind, rate: lambda, on: 'weights' });
      assert.equal(history.evaluations[0].test.accuracy, null);
      tf.dispose([network.variables, Object.values(set)] as never);
    });
  }
});

test('schedule reaches the compiled step: a rate of zero changes nothing', async () => {
  await withToy(async (network, options) => {
    const peer = net();
    const values = Array.from({ length: 60 }, (_, i) => (i < 20 ? 1 : 0));
    await trainNetwork({ network, ...options, schedule: { kind: 'table', values } });
    const rows = batchIndices({ n: 300, batchSize: 30, steps: 60, random: new Random(1, 'order') });
    await trainNetwork({ network: peer, ...options, steps: 20, rows: rows.slice(0, 600) });
    assert.ok(largestDifference(network, peer) < 1e-6);
    peer.dispose();
  });
});

test('divergence is reported and ends the run', async () => {
  await withToy(async (network, options) => {
    const data = options.data as { train: { x: tf.Tensor; y: tf.Tensor } };
    const linear = given(normals(new Random(2), [3, 8, 3], 0.5));
    const history = await trainNetwork({
      network: linear,
      ...options,
      loss: 'meanSquaredError',
      steps: 2000,
      learningRate: 5,
    });
    linear.dispose();
    assert.ok(history.diverged, 'did not diverge');
    assert.ok(history.stepsDone < 2000);
    assert.ok(history.diverged.step < history.stepsDone);
    assert.ok(history.losses.steps.every((step) => step <= history.diverged!.step));
    assert.match(history.diverged.reason, /bound of 1000|NaN|infinite/);
    assert.deepEqual(JSON.parse(JSON.stringify(history)), history);
    // Outputs that are no numbers are no right answers.
    tf.tidy(() => network.variables.forEach((v) => v.assign(tf.fill(v.shape, NaN))));
    assert.equal(evaluate({ network, ...data.train }).accuracy, 0);
    assert.equal(evaluate({ network, ...data.train }).loss, null);
  });
});

test('a probe that throws ends a run, but not where the network has diverged', async () => {
  await withToy(async (healthy, options) => {
    const network = mlp({ sizes: [3, 8, 3], activation: 'relu', seed: 1 });
    const probes = {
      rank: ({ network: of, batch }: ProbePoint) =>
        effectiveRank(singularValues(jacobian({ of, x: batch.x, training: true }))),
      saturated: saturationProbe({ activation: 'relu', training: true }),
    };
    const history = await trainNetwork({ network, ...options, learningRate: 1e30, evaluate: { every: 10 }, probes });
    network.dispose();
    assert.equal(history.diverged?.reason, 'loss is NaN');
    const { rank, saturated } = history.evaluations.at(-1)!.probes;
    assert.equal(rank, null);
    // NaN is below no limit: nothing must be called unsaturated.
    assert.deepEqual(saturated, { 'layer1/preActivation': { share: null, stuckUnits: null } });
    const broken = () => {
      throw new Error('mine');
    };
    await assert.rejects(trainNetwork({ ...options, network: healthy, probes: { broken } }), /mine/);
  });
});

test('provenance tells data sets of one name apart, and subsets from the whole', async () => {
  await withToy(async (network, options) => {
    const of = async (data: TrainOptions['data']) => {
      const { provenance } = await trainNetwork({ network, ...options, data, steps: 1 });
      return (provenance.data as { digest: string }).digest;
    };
    const { train, test: check } = options.data as TensorData;
    const turned = tf.reverse(train.x, 0);
    assert.equal(await of({ train, test: check }), await of({ train, test: check }));
    assert.notEqual(await of({ train, test: check }), await of({ train: { x: turned, y: train.y }, test: check }));
    turned.dispose();
  });
  const whole = await loadDataset('digits', { digits: { train: 200, test: 100 } });
  const network = mlp({ sizes: [784, 3, 10], seed: 1 });
  const digests: Json[] = [];
  for (const train of [whole.train, subset(whole.train, 100, new Random(1)), subset(whole.train, 100, new Random(2))]) {
    const data = { ...whole, train };
    const history = await trainNetwork({ network, data, steps: 1, batchSize: 10, learningRate: 0.1, seed: 1 });
    digests.push((history.provenance.data as { digest: string }).digest);
  }
  network.dispose();
  assert.equal(new Set(digests).size, 3);
});

test('a loss given as its function is treated as by its name', async () => {
  await withToy(async (network, options) => {
    const { train, test: check } = options.data as TensorData;
    const by = (loss: TrainOptions['loss']) => evaluate({ network, ...check, loss });
    assert.deepEqual(by(meanSquaredError), by('meanSquaredError'));
    assert.equal(by(meanSquaredError).accuracy, null);
    assert.deepEqual(by(softmaxCrossEntropy), by('crossEntropy'));
    const zeros = tf.zeros([300, 3]);
    const before = network.stateDict();
    const data = { train: { x: train.x, y: zeros }, test: check };
    await assert.rejects(
      trainNetwork({ network, ...options, data, loss: softmaxCrossEntropy, evaluate: { at: [60] } }),
      /data.train.y/,
    );
    assert.deepEqual(network.stateDict(), before);
    zeros.dispose();
  });
});

test('a run in two parts has the weights of one', async () => {
  await withToy(async (network, options) => {
    const schedule = { kind: 'cosine', warmUp: 4 } as const;
    await trainNetwork({ network, ...options, schedule });
    const batches = batchIndices({ n: 300, batchSize: 30, steps: 60, random: new Random(1, 'order') });
    const values = Array.from(scheduleRates(1, 60, schedule));
    const parts = net();
    for (const [from, to] of [
      [0, 25],
      [25, 60],
    ]) {
      const table = { kind: 'table', values: values.slice(from, to) } as const;
      const rows = batches.slice(from * 30, to * 30);
      await trainNetwork({ ...options, network: parts, steps: to - from, rows, schedule: table });
    }
    assert.ok(largestDifference(network, parts) < 1e-6);
    parts.dispose();
  });
});

test('a stop keeps what was computed', async () => {
  await withToy(async (network, options) => {
    const stop = new AbortController();
    const seen: number[] = [];
    const history = await trainNetwork({
      network,
      ...options,
      steps: 100000,
      evaluate: { every: 100000 },
      signal: stop.signal,
      onProgress: ({ step, secondsLeft }) => {
        seen.push(step);
        if (step > 50) stop.abort();
        if (step > 0) assert.ok(secondsLeft > 0);
      },
    });
    assert.equal(history.stopped, 'signal');
    assert.ok(history.stepsDone > 50 && history.stepsDone < 100000, `${history.stepsDone} steps`);
    assert.equal(history.evaluations.at(-1)!.step, history.stepsDone);
    assert.equal(history.losses.steps.at(-1), history.stepsDone);
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
    const late = await trainNetwork({ network, ...options, signal: AbortSignal.abort() });
    assert.equal(late.stepsDone, 0);
    assert.deepEqual(
      late.evaluations.map(({ step }) => step),
      [0],
      'looked at once',
    );
    const short = await trainNetwork({ network, ...options, steps: 1000, budget: { seconds: 0 } });
    assert.equal(short.stopped, 'seconds');
    assert.ok(short.stepsDone > 0 && short.stepsDone < 1000);
    assert.equal((await trainNetwork({ network, ...options, steps: 1000, budget: { bytes: 1 } })).stopped, 'bytes');
  });
});

test('one trainer, many runs: as if each had its own', async () => {
  await withToy(async (network, options) => {
    const start = network.stateDict();
    const peer = net();
    const common = { ...options, steps: 30 };
    const trainer = new Trainer({ network, optimizer: 'momentum' });
    await trainer.train({ ...common, learningRate: 0.3, seed: 5 });
    network.loadStateDict(start);
    const reused = await trainer.train({ ...common, seed: 2 });
    const first = trainer.train({ ...common, seed: 2 });
    await assert.rejects(trainer.train({ ...common, seed: 2 }), /under way/);
    await first;
    trainer.dispose();
    const fresh = await trainNetwork({ network: peer, optimizer: 'momentum', ...common, seed: 2, name: 'given' });
    assert.deepEqual(timeless(reused), timeless(fresh));
    peer.dispose();
  });
});

test('probes: taps of the test set, memory, fixed batch; record: every step', async () => {
  await withToy(async (network, options) => {
    const history = await trainNetwork({
      network,
      ...options,
      evaluate: { every: 30, batchSize: 40, train: 90, trainingMode: true },
      probes: {
        shapes: {
          taps: ['layer1/activation'],
          measure: ({ taps, batch, memory }) => {
            memory.calls = ((memory.calls as number) ?? 0) + 1;
            return {
              tap: taps['layer1/activation'].shape,
              batch: batch.x.shape,
              calls: memory.calls as number,
              gap: NaN,
            };
          },
        },
        plain: ({ step, learningRate }) => [step, learningRate],
      },
      record: ({ loss, gradients, before, after }) => ({
        twice: tf.mul(2, loss),
        // SGD: after - before = -rate * gradient
        residual: tf.max(
          tf.abs(
            tf.add(tf.sub(after['layer1/weights'], before['layer1/weights']), tf.mul(0.5, gradients['layer1/weights'])),
          ),
        ),
      }),
    });
    assert.deepEqual(history.evaluations[2].probes, {
      shapes: { tap: [150, 8], batch: [30, 3], calls: 3, gap: null },
      plain: [60, 0.5],
    });
    assert.equal(history.evaluations[0].train!.n, 90);
    assert.equal(history.evaluations[0].testTrainingMode!.n, 150);
    assert.equal(history.perStep.twice.length, 60);
    history.perStep.twice.forEach((v, i) => assert.ok(Math.abs((v as number) - 2 * history.losses.values[i]!) < 1e-6));
    assert.ok(history.perStep.residual.every((v) => (v as number) < 1e-6));
    await assert.rejects(
      trainNetwork({ network, ...options, probes: { p: { taps: ['layer9/activation'], measure: () => null } } }),
      /no tap 'layer9\/activation'. Taps: layer1\/linear, layer1\/activation, layer2\/linear/,
    );
    await assert.rejects(
      trainNetwork({ network, ...options, probes: { p: () => network.variables[0] as never } }),
      /returned a tensor/,
    );
  });
});

test('evaluate: batches do not change the result', async () => {
  await withToy(async (network, { data }) => {
    const set = (data as { test: { x: tf.Tensor; y: tf.Tensor } }).test;
    const whole = evaluate({ network, ...set });
    const parts = evaluate({ network, ...set, batchSize: 7 });
    assert.equal(parts.accuracy, whole.accuracy);
    assert.ok(Math.abs(parts.loss! - whole.loss!) < 1e-6);
    assert.throws(() => evaluate({ network, ...set, training: true }), /batchSize/);
    assert.throws(() => evaluate({ network, ...set, batchSize: 151 }), /from 1 to the 150/);
  });
});

test('evaluate in training mode: every mini-batch sees the network as it was, whatever a layer does, and nothing is left changed', () => {
  /** Adds its own variable, and then moves it although it is told not to. */
  class Restless extends BaseLayer {
    readonly offset = this.addVariable('offset', tf.tensor1d([0, 0, 0]), false);
    apply(x: tf.Tensor): tf.Tensor {
      const y = tf.tidy(() => tf.add(x, this.offset));
      this.offset.assign(tf.tidy(() => tf.add(this.offset, [3, 0, 0])));
      return y;
    }
  }
  const network = sequential([new Restless('restless')]);
  const x = tf.tensor2d([
    [0, 1, 0],
    [0, 1, 0],
    [0, 1, 0],
    [0, 1, 0],
  ]);
  const y = tf.tensor2d([
    [0, 1, 0],
    [0, 1, 0],
    [0, 1, 0],
    [0, 1, 0],
  ]);
  const before = network.stateDict();
  // Were the second mini-batch to see what the first one left, it would answer with class 0.
  assert.equal(evaluate({ network, x, y, training: true, batchSize: 2 }).accuracy, 1);
  assert.deepEqual(network.stateDict(), before);
  tf.dispose([x, y]);
  network.dispose();
});

test('bad settings are refused before anything changes', async () => {
  await withToy(async (network, options) => {
    const before = network.stateDict();
    const refused = (change: Partial<TrainOptions>, message: RegExp) =>
      assert.rejects(async () => trainNetwork({ network, ...options, ...change }), message);
    const { train, test: check } = options.data as { train: { x: tf.Tensor; y: tf.Tensor }; test: never };
    await refused({ steps: 0 }, /steps: wanted a whole number of at least 1, got 0/);
    await refused({ steps: 1.5 }, /steps/);
    await refused({ batchSize: 0 }, /batchSize/);
    await refused({ batchSize: 301 }, /301 is more than the 300/);
    await refused({ evaluate: { every: 0 } }, /evaluate\.every: .* got 0/);
    await refused({ evaluate: { every: 2.5 } }, /evaluate\.every/);
    await refused({ evaluate: { every: 1, at: [1] } }, /both/);
    await refused({ evaluate: { at: [61] } }, /from 0 to 60/);
    await refused({ learningRate: -1 }, /learningRate/);
    await refused({ seed: 0.5 }, /seed/);
    await refused({ optimizer: 'rmsprop' as never }, /'rmsprop' is not known/);
    await refused({ optimizer: { kind: 'momentum', momentum: 1 } }, /momentum must be in \[0, 1\)/);
    await refused({ loss: 'hinge' as never }, /'hinge' is not known/);
    await refused({ weightDecay: -1 }, /weightDecay/);
    await refused({ divergenceBound: 0 }, /divergenceBound/);
    await refused({ rows: new Int32Array(3) }, /1800 row numbers, got 3/);
    await refused({ rows: new Int32Array(1800).fill(300) }, /row 300; wanted 0 to 299/);
    const [empty, zeros, whole, labels] = [
      tf.zeros([0, 3]),
      tf.zeros([300, 3]),
      tf.zeros([300, 3], 'int32'),
      tf.zeros([300]),
    ];
    await refused({ data: { train: { x: empty, y: empty }, test: check } }, /at least one example/);
    await refused({ data: { train: { x: train.x, y: zeros }, test: check } }, /label out of range/);
    await refused(
      { data: { train: { x: whole, y: train.y }, test: check } },
      /data.train: x must be float32, got int32/,
    );
    await refused({ data: { train: { x: train.x, y: labels }, test: check } }, /one-hot/);
    await refused({ data: { train: { x: train.x, y: empty }, test: check } }, /300 examples but y has 0/);
    empty.dispose();
    await refused({ data: { train: { x: empty, y: train.y }, test: check } }, /disposed/);
    tf.dispose([zeros, whole, labels]);
    assert.deepEqual(network.stateDict(), before);
  });
});

test('an error inside the step is that error alone, of its own class, and leaves nothing behind', async () => {
  await withToy(async (network, options) => {
    for (const mode of ['graph', 'eager'] as const) {
      for (const [what, class_, message] of [
        [
          { loss: (logits: undefined) => (logits as unknown as { no: { such: 1 } }).no.such },
          TypeError,
          /^Cannot read properties of undefined \(reading 'such'\)$/,
        ],
        [
          { record: () => ({ norm: tf.matMul(tf.ones([2, 3]), tf.ones([2, 3])) }) },
          Error,
          /^Invalid TF_Status: 3\s+Message: Matrix size-incompatible/,
        ],
        [
          {
            loss: () => {
              throw new RangeError('mine');
            },
          },
          RangeError,
          /^mine$/,
        ],
      ] as unknown as [Partial<TrainOptions>, ErrorConstructor, RegExp][]) {
        const run = trainNetwork({ network, ...options, ...what, mode, evaluate: { at: [] } });
        await assert.rejects(run, (error: Error) => {
          assert.equal(error.constructor, class_);
          assert.match(error.message, message);
          return true;
        });
      }
    }
  });
});
