/**
 * Batch normalization of images by the addon: by every kind of registers that this processor has and any number of threads, against the
 * equations in float64 and against TensorFlow's own kernels; with a ReLU behind it; and in steps, eager and compiled.
 */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import { Random, ready, tf } from 'bnlab';
import { nativeBackend, type OpAttribute } from 'bnlab/dist/src/engine/engines/native/addon';
import { normsAddon } from 'bnlab/dist/src/engine/engines/native/norms';
import type { OwnAddon } from 'bnlab/dist/src/engine/engines/native/own';
import { productsAddon } from 'bnlab/dist/src/engine/engines/native/products';
import { onEngine } from '../support/engines';

let addon: OwnAddon;
before(async () => {
  await ready();
  const found = normsAddon();
  assert.ok(found, 'set-up has built it');
  addon = found;
});

const EPSILON = 1e-5;
const random = new Random(7, 'norms');
const between = (low: number, high: number) => low + random.integer(high - low + 1);

interface Batch {
  shape: number[];
  relu: boolean;
  x: Float32Array;
  dy: Float32Array;
  gamma: Float32Array;
  beta: Float32Array;
}

function batchOf(shape: number[], relu: boolean): Batch {
  const [size, channels] = [shape.reduce((a, b) => a * b, 1), shape[shape.length - 1]];
  const normals = (count: number, mean: number, deviation: number) =>
    Float32Array.from(random.normals(count, mean, deviation));
  const x = normals(size, between(-3, 3), 2);
  return { shape, relu, x, dy: normals(size, 0.1, 1), gamma: normals(channels, 1, 0.5), beta: normals(channels, 0, 1) };
}

const FORWARD = ['y', 'mean', 'variance', 'inverse'] as const;
const BACKWARD = ['dx', 'dGamma', 'dBeta'] as const;
type Results = Record<(typeof FORWARD | typeof BACKWARD)[number], Float32Array>;

/** What two operations give, the second fed by the first. */
function run(
  { shape, x, dy, gamma, beta }: Batch,
  names: [string, string],
  given: { forward: OpAttribute[]; backward: OpAttribute[]; counts: [number, number] },
  kept: (first: tf.Tensor[], inputs: tf.Tensor[]) => tf.Tensor[],
  more: tf.Tensor[] = [],
): tf.Tensor[][] {
  const backend = nativeBackend()!;
  const inputs = [tf.tensor(x, shape), tf.tensor1d(gamma), tf.tensor1d(beta)];
  const first = backend.executeMultipleOutputs(names[0], given.forward, [...inputs, ...more], given.counts[0]);
  const second = backend.executeMultipleOutputs(
    names[1],
    given.backward,
    [tf.tensor(dy, shape), ...kept(first, inputs)],
    given.counts[1],
  );
  return [first, second];
}

function own(batch: Batch, threads: number): Results {
  const { binding } = nativeBackend()!;
  const attributes = [
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: EPSILON },
    { name: 'relu', type: binding.TF_ATTR_BOOL, value: batch.relu },
    { name: 'threads', type: binding.TF_ATTR_INT, value: threads },
  ];
  return tf.tidy(() => {
    const given = { forward: attributes, backward: attributes, counts: [4, 3] as [number, number] };
    const kept = (first: tf.Tensor[], inputs: tf.Tensor[]) => [...inputs, first[1], first[3]];
    const all = run(batch, ['BnlabBatchNorm', 'BnlabBatchNormGrad'], given, kept);
    const values = all.flat().map((tensor) => tensor.dataSync() as Float32Array);
    return Object.fromEntries([...FORWARD, ...BACKWARD].map((name, i) => [name, values[i].slice()])) as Results;
  });
}

/** TensorFlow's own, with its Relu and the gradient that TensorFlow.js gives that. */
function tensorflows(batch: Batch): Omit<Results, 'inverse'> {
  const { binding } = nativeBackend()!;
  const attributes = [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'U', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: EPSILON },
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: true },
  ];
  const factor = { name: 'exponential_avg_factor', type: binding.TF_ATTR_FLOAT, value: 1 };
  return tf.tidy(() => {
    const none = tf.tensor1d([], 'float32');
    const names: [string, string] = ['FusedBatchNormV3', 'FusedBatchNormGradV3'];
    const kept = ([, , , ...reserved]: tf.Tensor[], [x, gamma]: tf.Tensor[]) => [x, gamma, ...reserved];
    const given = { forward: [...attributes, factor], backward: attributes, counts: [6, 5] as [number, number] };
    const [[y]] = run(batch, names, given, kept, [none, none]);
    const active = batch.relu ? tf.relu(y) : y;
    const dy = batch.relu
      ? tf.grad((z: tf.Tensor) => tf.relu(z))(y, tf.tensor(batch.dy, batch.shape))
      : tf.tensor(batch.dy, batch.shape);
    const again = { ...batch, dy: dy.dataSync() as Float32Array };
    const [[, mean, variance], [dx, dGamma, dBeta]] = run(again, names, given, kept, [none, none]);
    const values = Object.entries({ y: active, mean, variance, dx, dGamma, dBeta });
    return Object.fromEntries(values.map(([name, tensor]) => [name, tensor.dataSync().slice()])) as never;
  });
}

/** A number in float64, and the sum of the absolute values of what it is the sum of. */
type Exact = { value: number; size: number };

/** Algorithm 1 and the gradients of page 4, in the compact form. `y` says where the ReLU lets a gradient pass. */
function writtenOut({ shape, relu, x, dy, gamma, beta }: Batch, y: Float32Array) {
  const channels = shape[shape.length - 1];
  const m = x.length / channels;
  const zeros = () => new Float64Array(channels);
  const [mean, variance, sum, product, sizes, sizeOfProducts, means] = Array.from({ length: 7 }, zeros);
  const g = Array.from(dy, (value, i) => (relu && !(y[i] > 0) ? 0 : value));
  x.forEach((value, i) => (mean[i % channels] += value / m));
  x.forEach((value, i) => (variance[i % channels] += (value - mean[i % channels]) ** 2 / m));
  x.forEach((value, i) => (means[i % channels] += Math.abs(value) / m));
  const inverse = variance.map((value) => 1 / Math.sqrt(value + EPSILON));
  x.forEach((value, i) => {
    const c = i % channels;
    sum[c] += g[i];
    sizes[c] += Math.abs(g[i]);
    product[c] += g[i] * (value - mean[c]) * inverse[c];
    sizeOfProducts[c] += Math.abs(g[i]) * (Math.abs(value) + means[c]) * inverse[c];
  });
  const each = (f: (i: number, c: number) => Exact) => Array.from(x, (_, i) => f(i, i % channels));
  const perChannel = (f: (c: number) => Exact) => Array.from(mean, (_, c) => f(c));
  return {
    y: each((i, c) => {
      const z = gamma[c] * inverse[c] * (x[i] - mean[c]) + beta[c];
      const size = Math.abs(gamma[c]) * inverse[c] * (Math.abs(x[i]) + means[c]) + Math.abs(beta[c]);
      return { value: relu ? Math.max(0, z) : z, size };
    }),
    mean: perChannel((c) => ({ value: mean[c], size: means[c] })),
    variance: perChannel((c) => ({ value: (variance[c] * m) / Math.max(m - 1, 1), size: variance[c] * 2 })),
    dx: each((i, c) => {
      const scale = gamma[c] * inverse[c];
      const xHat = (x[i] - mean[c]) * inverse[c];
      const size =
        Math.abs(g[i]) +
        sizes[c] / m +
        ((Math.abs(x[i]) + means[c]) * inverse[c] * (Math.abs(product[c]) + sizeOfProducts[c])) / m;
      return { value: scale * (g[i] - sum[c] / m - (xHat * product[c]) / m), size: Math.abs(scale) * size };
    }),
    dGamma: perChannel((c) => ({ value: product[c], size: sizeOfProducts[c] })),
    dBeta: perChannel((c) => ({ value: sum[c], size: sizes[c] })),
  };
}

test('odd sizes by every kind of registers and number of threads: the equations in float64, and everywhere the same bits', () => {
  const shapes = Array.from({ length: 40 }, () => [between(1, 4), between(1, 9), between(1, 9), between(1, 70)]);
  // several parts of work, more channels than a block has rows
  const batches = [...shapes, [3, 40, 41, 33], [40, 5], [2, 1, 1, 3000]].map((shape, i) => batchOf(shape, i % 2 === 0));
  assert.ok(addon.kinds.length > 0, 'this processor has a kind');
  assert.deepEqual(addon.kinds, productsAddon()?.kinds, 'the registers of one processor');
  for (const batch of batches) {
    assert.ok(addon.use(addon.kinds[0].name));
    const found = own(batch, 2);
    for (const [name, exact] of Object.entries(writtenOut(batch, found.y))) {
      exact.forEach(({ value, size }, i) => {
        const got = found[name as 'y'][i];
        assert.ok(Math.abs(got - value) <= 1e-6 * size, `[${batch.shape}], ${name}, entry ${i}: ${got}, not ${value}`);
      });
    }
    for (const { name: kind } of addon.kinds) {
      assert.ok(addon.use(kind));
      for (const threads of [1, 3]) assert.deepEqual(own(batch, threads), found, `${kind}, ${threads} threads`);
    }
  }
  assert.ok(addon.use(addon.kinds[0].name));
  assert.equal(addon.use('mmx'), false);
});

test('numbers far from zero, and a first row far from the others, keep their variance', () => {
  const batch = batchOf([50, 10, 10, 9], false);
  batch.x.forEach((value, i) => (batch.x[i] = value / 2 + (i % 9 === 0 ? 3000 : 0)));
  for (let row = 0; row < 5000; row += 79) batch.x[row * 9 + 4] = 1e4;
  const { variance, mean } = own(batch, 2);
  const exact = writtenOut(batch, batch.x);
  exact.variance.forEach(({ value }, c) => assert.ok(Math.abs(variance[c] / value - 1) < 1e-5, `channel ${c}`));
  exact.mean.forEach(({ value, size }, c) => assert.ok(Math.abs(mean[c] - value) <= 1e-6 * size, `channel ${c}`));
});

test('NaN and infinities go where those of TensorFlow’s own kernels go', () => {
  const kindOf = (value: number) => (Number.isFinite(value) ? 'finite' : String(value));
  for (const relu of [false, true]) {
    for (const [where, value] of [
      ['x', NaN],
      ['x', Infinity],
      ['x', -Infinity],
      ['dy', NaN],
      ['gamma', NaN],
      ['gamma', Infinity],
      ['beta', NaN],
      ['beta', Infinity],
      ['beta', -Infinity],
    ] as const) {
      const batch = batchOf([4, 5, 5, 19], relu);
      batch[where][where === 'x' || where === 'dy' ? 19 * 33 + 7 : 7] = value;
      const [ours, theirs] = [own(batch, 2), tensorflows(batch)];
      for (const [name, wanted] of Object.entries(theirs)) {
        const got = Array.from(ours[name as 'y'], kindOf);
        assert.deepEqual(got, Array.from(wanted, kindOf), `${value} in ${where}, ${name}, ReLU: ${relu}`);
      }
    }
  }
});

test('what does not fit is an error of the operation, and nothing is computed', () => {
  const batch = batchOf([2, 3, 3, 5], false);
  assert.throws(() => own({ ...batch, gamma: batch.gamma.slice(1) }, 1), /one value for each channel/);
  assert.throws(() => own({ ...batch, shape: [0, 3, 3, 5], x: new Float32Array(0) }, 1), /at least one row/);
});

/** A convolutional network, trained eagerly or compiled; losses, weights and the graph. */
const training = `
  const { batchNormLayer, compile } = require('bnlab');
  const { normsAddon } = require('bnlab/dist/src/engine/engines/native/norms');
  const { mode, tapped } = given;
  const filters = [[3, 3, 2, 9], [3, 3, 9, 16]].map((shape, i) => tf.variable(tf.randomNormal(shape, 0, 0.3, 'float32', i + 1)));
  const layers = [9, 16].map((d) => batchNormLayer(d, { check: false }));
  const trained = [...filters, ...layers.flatMap((layer) => layer.trainable)];
  const seen = layers.map(() => tf.variable(tf.scalar(0), false));
  const optimizer = tf.train.sgd(0.1);
  const step = compile(({ x }) => {
    const loss = optimizer.minimize(() => {
      let h = x;
      layers.forEach((layer, i) => {
        const y = layer.apply(tf.conv2d(h, filters[i], 1, 'same'), { training: true });
        if (tapped) seen[i].assign(tf.mean(y));
        h = tf.relu(y);
      });
      return tf.mean(tf.square(tf.sub(tf.mean(h, [1, 2]), 0.3)));
    }, true, trained);
    return { loss };
  }, { mode });
  const x = tf.randomNormal([24, 6, 7, 2], 0, 1, 'float32', 9);
  const batches = Int32Array.from({ length: 10 * 8 }, (_, i) => (i * 7) % 24);
  const { outputs } = await step.run({ data: { x }, batches, batchSize: 8 });
  const all = [...Object.values(outputs), ...trained, ...seen, ...layers.flatMap((layer) => [layer.movingMean, layer.movingVariance])];
  const ops = [...String(step).matchAll(/= (\\w*(?:Norm|Relu|Select)\\w*)\\(/g)].map(([, op]) => op);
  return { values: all.flatMap((tensor) => Array.from(tensor.dataSync())), ops, calls: normsAddon()?.calls() ?? 0 };`;

interface Trained {
  values: number[];
  ops: string[];
  calls: number;
}
const trained = (norms: string, given: { mode?: string; tapped?: boolean }) =>
  onEngine<Trained>('native', training, given, { BNLAB_NORMS: norms });

const close = (a: number[], b: number[], what: string) =>
  a.forEach((value, i) =>
    assert.ok(Math.abs(value - b[i]) <= 1e-4 * Math.max(1, Math.abs(b[i])), `${what}, ${i}: ${value}, not ${b[i]}`),
  );

test('in a compiled step the ReLU is part of it, on both ways; it trains as TensorFlow’s own does', async () => {
  const plain = await trained('tensorflow', {});
  assert.equal(plain.calls, 0);
  assert.ok(plain.ops.includes('FusedBatchNormGradV3') && plain.ops.includes('Relu'), String(plain.ops));
  const fused = await trained(addon.kinds[0].name, {});
  assert.deepEqual(fused.ops.sort(), [...Array(2).fill('BnlabBatchNorm'), ...Array(2).fill('BnlabBatchNormGrad')]);
  close(fused.values, plain.values, 'compiled');
  const eager = await trained(addon.kinds[0].name, { mode: 'eager' });
  assert.equal(eager.calls, 4 * 10);
  close(eager.values, plain.values, 'eager');
});

test('where somebody else reads y, the ReLU stays behind it, and the values are the same', async () => {
  const [tapped, eager] = await Promise.all([
    trained(addon.kinds[0].name, { tapped: true }),
    trained(addon.kinds[0].name, { tapped: true, mode: 'eager' }),
  ]);
  assert.equal(tapped.ops.filter((op) => op === 'Relu').length, 2, String(tapped.ops));
  assert.equal(tapped.ops.filter((op) => op === 'Select').length, 0, 'the gradient passes it on its way');
  close(tapped.values, eager.values, 'y is read');
});

test('a name that is no kind of registers is refused', async () => {
  await assert.rejects(trained('mmx', {}), /BNLAB_NORMS='mmx': this machine has 'tensorflow', /);
});
