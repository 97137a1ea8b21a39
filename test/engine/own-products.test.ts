/**
 * Products of our own in a compiled step: by every kind of registers that this processor has, against the sums written out in
 * float64; in a step, small and large, against XLA's own.
 */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import { compile, Random, ready, tf } from 'bnlab';
import { Session } from 'bnlab/dist/src/engine/compile/graph/session';
import { productsAddon, type ProductsAddon } from 'bnlab/dist/src/engine/engines/native/products';
import { onEngine } from '../support/engines';

let addon: ProductsAddon;
before(async () => {
  await ready();
  const found = productsAddon();
  assert.ok(found, 'set-up has built the products');
  addon = found;
});

const random = new Random(7, 'products');
const between = (low: number, high: number) => low + random.integer(high - low + 1);
const uniform = (length: number) => Float32Array.from(random.uniforms(length), (x) => 2 * x - 1);

interface Case {
  sizes: [rows: number, inner: number, columns: number];
  transposed: [a: boolean, b: boolean];
  scale?: number;
  a: Float32Array;
  b: Float32Array;
  base: Float32Array;
}

const SMALL = (): Case['sizes'] => [between(1, 40), between(1, 70), between(1, 130)];
/** Those whose second matrix is laid out anew, in strips. */
const LARGE = (): Case['sizes'] => [between(32, 50), between(250, 300), between(550, 600)];
/** Those whose first matrix, where it is transposed, is laid out anew in two parts. */
const LONG = (): Case['sizes'] => [between(97, 130), between(2950, 3050), between(45, 50)];

function randomCase(special: boolean, sizesOf = SMALL): Case {
  const sizes = sizesOf();
  const [rows, inner, columns] = sizes;
  const transposed: Case['transposed'] = [sizesOf === LONG || random.integer(2) === 1, random.integer(2) === 1];
  const [a, b, base] = [uniform(rows * inner), uniform(inner * columns), uniform(rows * columns)];
  const somewhere = (values: Float32Array, value: number) => (values[random.integer(values.length)] = value);
  if (special) {
    somewhere(a, Infinity);
    somewhere(a, NaN);
    somewhere(b, 0);
    somewhere(b, -Infinity);
  }
  return { sizes, transposed, a, b, base, ...(random.integer(3) === 0 && { scale: -0.25 }) };
}

/** Each entry in float64, and the sum of the absolute values of what it is the sum of. */
function writtenOut({ sizes: [rows, inner, columns], transposed: [ta, tb], a, b, base, scale }: Case) {
  return Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    let [sum, size] = [0, 0];
    for (let k = 0; k < inner; k++) {
      const term = a[ta ? k * rows + i : i * inner + k] * b[tb ? j * inner + k : k * columns + j];
      sum += term;
      size += Math.abs(term);
    }
    return scale === undefined ? { sum, size } : { sum: base[at] + scale * sum, size: size + Math.abs(base[at]) };
  });
}

test('every kind of registers: odd sizes, transposed and not, with an update and without, NaN and infinities', () => {
  const cases = Array.from({ length: 160 }, (_, i) =>
    randomCase(i % 5 === 0, i < 150 ? SMALL : i < 156 ? LARGE : LONG),
  );
  assert.ok(addon.kinds.length > 0, 'this processor has a kind');
  for (const { name, lanes } of addon.kinds) {
    assert.ok(addon.use(name) && lanes >= 4);
    for (const one of cases) {
      const { sizes, transposed, a, b, base, scale } = one;
      const c = scale === undefined ? new Float32Array(base.length).fill(NaN) : base.slice();
      addon.product(a, b, c, ...sizes, ...transposed, scale);
      writtenOut(one).forEach(({ sum, size }, at) => {
        const right = Number.isFinite(sum) ? Math.abs(c[at] - sum) <= 1e-6 * size : Object.is(c[at], sum);
        assert.ok(right, `${name}, ${sizes} ${transposed}, scale ${scale}, entry ${at}: ${c[at]}, not ${sum}`);
      });
      const again = scale === undefined ? new Float32Array(base.length) : base.slice();
      addon.product(a, b, again, ...sizes, ...transposed, scale);
      assert.deepEqual(again, c, 'the same bits again');
    }
  }
  assert.ok(addon.use(addon.kinds[0].name));
  assert.equal(addon.use('mmx'), false);
});

/** A network whose weights are changed in several ways, given as the body of a program; its losses and weights. */
const training = `
  const { compile } = require('bnlab');
  const { productsAddon } = require('bnlab/dist/src/engine/engines/native/products');
  const made = (shape, seed) => tf.variable(tf.randomUniform(shape, -0.3, 0.3, 'float32', seed));
  const [d, width] = given;
  const weights = [made([d, width], 1), made([width, width], 2), made([width, 3], 3)];
  const square = made([width, width], 4);
  const [other, turned, rows] = [made([d, d], 6), made([d, d], 7), made([9, d], 8)];
  const x = tf.randomUniform([64, d], -1, 1, 'float32', 5);
  const optimizer = tf.train.sgd(0.05);
  const step = compile(({ x }) => {
    const loss = optimizer.minimize(() => {
      const h = weights.reduce((h, w) => tf.sigmoid(tf.matMul(h, w)), x);
      return tf.mean(tf.square(h));
    }, true, weights);
    // the new value is a product of the old one with itself
    square.assign(tf.add(square, tf.mul(tf.scalar(-0.01), tf.matMul(square, square, true))));
    other.assign(tf.sub(other, tf.mul(tf.matMul(x, x, true), tf.scalar(0.01))));
    turned.assign(tf.sub(tf.mul(tf.matMul(x, x, true), tf.scalar(0.01)), turned));
    rows.assign(tf.add(rows, tf.mul(tf.scalar(0.01), tf.matMul(tf.ones([1, 8]), x))));
    return { loss, trace: tf.sum(tf.mul(square, tf.eye(width))) };
  });
  const batches = Int32Array.from({ length: 40 * 8 }, (_, i) => (i * 7) % 64);
  const { outputs } = await step.run({ data: { x }, batches, batchSize: 8 });
  const values = [...Object.values(outputs), ...weights, square, other, turned, rows].flatMap((tensor) => Array.from(tensor.dataSync()));
  return { values, loops: step.loops, calls: productsAddon()?.calls() ?? 0 };`;

interface Trained {
  values: number[];
  loops: string[];
  calls: number;
}
const trained = (products: string, sizes: [number, number]) =>
  onEngine<Trained>('native', training, sizes, { BNLAB_PRODUCTS: products });

test('a step with products of our own changes the weights as one with those of XLA does, and repeats itself to the bit', async () => {
  const sizes: [number, number] = [67, 41];
  const plain = await trained('xla', sizes);
  assert.deepEqual([plain.calls, plain.loops], [0, ['xla']]);
  for (const { name } of addon.kinds) {
    const own = await trained(name, sizes);
    assert.deepEqual(own.loops, ['xla']);
    // forward 3, in the weights 3, in the inputs 2, of matrices with themselves 3, one row: for each of 40 steps
    assert.equal(own.calls, 12 * 40, name);
    own.values.forEach((value, i) => {
      const wanted = plain.values[i];
      assert.ok(Math.abs(value - wanted) <= 1e-6 * Math.max(1, Math.abs(wanted)), `${name}: ${value}, not ${wanted}`);
    });
    assert.deepEqual((await trained(name, sizes)).values, own.values, name);
  }
});

/** A network that is large enough for all threads. */
const largeTraining = `
  const { compile } = require('bnlab');
  const { productsAddon } = require('bnlab/dist/src/engine/engines/native/products');
  const [batch] = given;
  const weights = [[301, 517], [517, 403], [403, 7]].map((shape, i) => tf.variable(tf.randomNormal(shape, 0, 0.05, 'float32', i + 1)));
  const x = tf.randomUniform([2 * batch, 301], -1, 1, 'float32', 5);
  const optimizer = tf.train.sgd(0.05);
  const step = compile(({ x }) => ({
    loss: optimizer.minimize(() => tf.mean(tf.square(weights.reduce((h, w) => tf.sigmoid(tf.matMul(h, w)), x))), true, weights),
  }));
  const batches = Int32Array.from({ length: 3 * batch }, (_, i) => (i * 7) % (2 * batch));
  const { outputs } = await step.run({ data: { x }, batches, batchSize: batch });
  const values = [outputs.loss, ...weights].flatMap((tensor) => Array.from(tensor.dataSync()));
  return { values, loops: step.loops, calls: productsAddon()?.calls() ?? 0 };`;

test('large steps: products in parts, on as many threads as there are, the same bits on each number of them', async () => {
  const large = (products: string, batch: number, threads: number) =>
    onEngine<Trained>('native', largeTraining, [batch], {
      BNLAB_PRODUCTS: products,
      TF_NUM_INTRAOP_THREADS: `${threads}`,
    });
  const plain = await large('xla', 203, 2);
  for (const { name, lanes } of addon.kinds) {
    const own = await large(name, 203, 3);
    // registers of fewer values are left to XLA
    assert.deepEqual([own.calls, own.loops], [lanes >= 16 ? 8 * 3 : 0, ['xla']], name);
    own.values.forEach((value, i) => {
      const wanted = plain.values[i];
      assert.ok(Math.abs(value - wanted) <= 1e-6 * Math.max(1, Math.abs(wanted)), `${name}: ${value}, not ${wanted}`);
    });
    if (own.calls > 0) assert.deepEqual((await large(name, 203, 1)).values, own.values, name);
  }
  // the gradients in the weights sum over the batch
  const { calls } = await large(addon.kinds[0].name, 520, 2);
  assert.equal(calls, addon.kinds[0].lanes >= 16 ? 5 * 3 : 0);
});

test('a name that is no kind of registers is refused', async () => {
  await assert.rejects(trained('mmx', [5, 5]), /BNLAB_PRODUCTS='mmx': this machine has 'xla', /);
});

test('where TensorFlow refuses them, the step runs with the products of XLA', async (t) => {
  const { run } = Session.prototype;
  let refused = 0;
  t.mock.method(Session.prototype, 'run', function (this: Session, ...given: Parameters<typeof run>) {
    if (refused++ === 0) throw new Error('XLA compilation failed');
    return run.apply(this, given);
  });
  const [w, x] = [tf.variable(tf.ones([5, 7])), tf.ones([4, 5])];
  const step = compile<{ x: tf.Tensor }>(({ x }) => ({ y: tf.matMul(x, w) }));
  const before = addon.calls();
  const { outputs } = await step.run({ data: { x }, batches: Int32Array.of(0, 1, 2, 3), batchSize: 2 });
  assert.deepEqual([...outputs.y.dataSync()], Array<number>(2 * 2 * 7).fill(5));
  assert.deepEqual([step.loops, addon.calls() - before, refused > 1], [['xla'], 0, true]);
  step.dispose();
  tf.dispose([w, x, outputs.y]);
});

test('large weights that are read by others are updated after them', async () => {
  const made = () => [1, 2].map((seed) => tf.variable(tf.randomUniform([260, 260], -0.1, 0.1, 'float32', seed)));
  const x = tf.randomUniform([6, 260], -1, 1, 'float32', 3);
  const results: number[][] = [];
  for (const mode of ['eager', 'graph'] as const) {
    const weights = made();
    const optimizer = tf.train.sgd(0.1);
    const step = compile<{ x: tf.Tensor }>(
      ({ x }) => ({
        loss: optimizer.minimize(
          () => tf.mean(tf.square(weights.reduce((h, w) => tf.sigmoid(tf.matMul(h, w)), x))) as tf.Scalar,
          true,
          weights,
        )!,
      }),
      { mode },
    );
    const before = addon.calls();
    const { outputs } = await step.run({ data: { x }, batches: Int32Array.of(0, 1, 2, 3, 4, 5, 1, 0), batchSize: 2 });
    assert.equal(addon.calls() - before, mode === 'graph' ? 5 * 4 : 0);
    results.push([outputs.loss, ...weights].flatMap((tensor) => Array.from(tensor.dataSync())));
    step.dispose();
    tf.dispose([outputs, weights]);
  }
  x.dispose();
  results[0].forEach((value, i) => assert.ok(Math.abs(value - results[1][i]) < 1e-6, `entry ${i}`));
});
