import test from 'node:test';
import assert from 'node:assert/strict';
import {
  activation,
  dense,
  gradientScan,
  initializer,
  mlp,
  Random,
  ready,
  sampleProbe,
  sequential,
  signalPropagation,
  softmaxCrossEntropy,
  tf,
  trainNetwork,
  type ActivationName,
} from 'bnlab';
import { clouds } from '../support/clouds';
import { leakFree } from '../support/tensors';
import { closeWithin } from '../support/close';

test.before(async () => {
  await ready();
});

const close = closeWithin(0, 'relative');

test('signalPropagation: closed forms', () => {
  const he = signalPropagation({ activation: 'relu', gain: Math.SQRT2, depth: 4, input: 3 });
  he.factor.forEach((factor) => close(factor, 1, 1e-9));
  he.variance.forEach((q) => close(q, 6, 1e-9));
  const small = signalPropagation({ activation: 'relu', gain: 0.1, depth: 3, input: 1 });
  small.factor.forEach((factor) => close(factor, 0.1 / Math.SQRT2, 1e-9));
  small.variance.forEach((q, l) => close(q, 0.01 * 0.005 ** l, 1e-9));
  const linear = signalPropagation({ activation: 'identity', gain: 3, depth: 2 });
  linear.factor.forEach((factor) => close(factor, 3, 1e-9));
  // pi / (pi - 1): Yang et al. 2019; a linear layer neither grows nor shrinks; the gain has no effect.
  const bn = (name: ActivationName, gain: number) =>
    signalPropagation({ activation: name, norm: 'batch', gain, depth: 2 }).factor;
  bn('relu', 5).forEach((factor) => close(factor ** 2, Math.PI / (Math.PI - 1), 1e-9));
  bn('identity', 5).forEach((factor) => close(factor, 1, 1e-9));
  assert.deepEqual(bn('sigmoid', 1), bn('sigmoid', 7));
  assert.deepEqual(signalPropagation({ activation: 'relu', norm: 'batch', depth: 3 }).variance, [1, 1, 1]);
  linear.variance.forEach((q, l) => close(q, 9 ** (l + 1), 1e-9)); // inputs of mean square 1 unless told
  for (const name of ['sigmoid', 'tanh'] as const) assert.ok(bn(name, 1)[0] > 1);
  for (const factor of signalPropagation({ activation: 'sigmoid', depth: 9 }).factor) assert.ok(factor < 0.25);
  assert.throws(() => signalPropagation({ activation: 'relu', depth: 0 }), /depth/);
  assert.throws(() => signalPropagation({ activation: 'relu', depth: 1, gain: -1 }), /gain/);
});

test('gradientScan: wide networks follow signalPropagation, without and with BN', async () => {
  const random = new Random(1);
  const x = tf.tensor2d(random.normals(256 * 400), [256, 400]);
  const y = tf.tensor2d(random.normals(256 * 400), [256, 400]);
  const linearLoss = (outputs: tf.Tensor, g: tf.Tensor) => tf.sum(tf.mul(outputs, g)) as tf.Scalar;
  for (const norm of ['none', 'batch'] as const) {
    const rows = await leakFree(() =>
      gradientScan({
        x,
        y,
        depths: [2, 5],
        seeds: [1, 2],
        loss: linearLoss,
        build: (depth, seed) => mlp({ sizes: Array<number>(depth + 2).fill(400), activation: 'tanh', norm, seed }),
      }),
    );
    assert.deepEqual(
      rows.map(({ depth, seed }) => `${depth} ${seed}`),
      ['2 1', '2 2', '5 1', '5 2'],
    );
    const mean = (depth: number) =>
      rows.filter((row) => row.depth === depth).reduce((sum, row) => sum + Math.log(row.input) / 2, 0);
    const { factor } = signalPropagation({ activation: 'tanh', norm, depth: 5 });
    const predicted = factor.slice(2).reduce((sum, f) => sum + Math.log(f), 0);
    assert.ok(Math.abs(mean(5) - mean(2) - predicted) < 0.06, `${norm}: ${mean(5) - mean(2)}, predicted ${predicted}`);
  }
  tf.dispose([x, y]);
});

test('gradientScan: one linear layer by hand, and how each norm scales with the input', async () => {
  const x = tf.tensor2d([
    [3, 4],
    [1, -2],
  ]);
  const y = tf.tensor2d([
    [1, 0],
    [0, 2],
  ]);
  const build = (_: number, seed: number) =>
    sequential([dense(2, 2, { bias: false, seed, initializer: initializer('identity') }), activation('identity')]);
  const loss = (outputs: tf.Tensor, g: tf.Tensor) => tf.sum(tf.mul(outputs, g)) as tf.Scalar;
  const rows = await leakFree(() => gradientScan({ x, y, build, depths: [1], seeds: [1], scales: [1, 10], loss }));
  // dl/du = y W^T = y; dl/dW = u^T y = [[3, 2], [4, -4]].
  close(rows[0].input, Math.sqrt(5), 1e-6);
  close(rows[0].weights, Math.sqrt(9 + 4 + 16 + 16), 1e-6);
  close(rows[1].input, Math.sqrt(5), 1e-6);
  close(rows[1].weights, 10 * Math.sqrt(45), 1e-6);
  assert.throws(() => gradientScan({ x, y, build, depths: [], seeds: [1] }), /depths is empty/);
  tf.dispose([x, y]);
});

test('gradientScan: with BN the scale of the inputs leaves dl/dW alone and divides dl/du (section 3.3)', () => {
  const random = new Random(2);
  const x = tf.tensor2d(random.normals(60 * 20), [60, 20]);
  const y = tf
    .oneHot(
      tf.tensor1d(
        Array.from({ length: 60 }, (_, i) => i % 3),
        'int32',
      ),
      3,
    )
    .toFloat();
  const build = (depth: number, seed: number) =>
    mlp({ sizes: [20, ...Array<number>(depth).fill(30), 3], activation: 'sigmoid', norm: 'batch', seed });
  const [one, hundred] = gradientScan({
    x,
    y,
    build,
    depths: [2],
    seeds: [1],
    scales: [1, 100],
    loss: softmaxCrossEntropy,
  });
  close(hundred.weights, one.weights, 1e-3);
  close(hundred.input, one.input / 100, 1e-3);
  tf.dispose([x, y]);
});

test('sampleProbe: the same values of the tap at every point, drawn once', async () => {
  const data = { train: clouds(60, 1), test: clouds(30, 2) };
  const network = mlp({ sizes: [3, 5, 3], activation: 'sigmoid', seed: 1 });
  const probes = {
    few: sampleProbe({ tap: 'layer1/preActivation', count: 7 }),
    all: sampleProbe({ tap: 'layer1/preActivation', count: 1e6 }),
  };
  const common = { network, data, steps: 4, batchSize: 10, seed: 1, evaluate: { at: [0, 4] }, probes };
  const still = await trainNetwork({ ...common, learningRate: 1e-12 });
  const [first, last] = still.evaluations.map((e) => e.probes.few!);
  assert.equal(first.length, 7);
  assert.deepEqual(first, last);
  const every = still.evaluations[0].probes.all!.map((value) => value ?? NaN);
  const expected = tf.tidy(() => {
    const [weights, bias] = network.trainable;
    return Array.from(tf.add(tf.matMul(data.test.x as tf.Tensor2D, weights as tf.Tensor2D), bias).dataSync());
  });
  assert.equal(every.length, expected.length);
  every.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-4 * (1 + Math.abs(expected[i]))));
  assert.ok(
    every.every((value) => value === Number(value.toPrecision(5))) && every.some((v) => v !== Number(v.toPrecision(4))),
  );
  first.forEach((value) => assert.ok(every.includes(value ?? NaN)));
  const many = tf.range(0, 2500);
  const drawn = (options: { count?: number; seed?: number }) => {
    const at = { taps: { many }, memory: {} } as unknown as Parameters<ReturnType<typeof sampleProbe>['measure']>[0];
    return sampleProbe({ tap: 'many', ...options }).measure(at) as number[];
  };
  assert.equal(drawn({}).length, 2000);
  assert.equal(drawn({ count: 1 }).length, 1);
  assert.deepEqual(drawn({}), drawn({ seed: 0 }));
  many.dispose();
  assert.throws(() => sampleProbe({ tap: 'layer1/preActivation', count: 0 }), /count/);
  network.dispose();
  tf.dispose([data.train.x, data.train.y, data.test.x, data.test.y]);
});
