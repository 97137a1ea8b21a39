/** What optimizers of graphs do to arithmetic, by the rules of real numbers, is not done to a step: it computes what it says. */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { batchNormLayer, compile, ready, tf } from 'bnlab';

before(ready);

type F = (x: tf.Tensor) => tf.Tensor;
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

/** Each function of x, and values of x at which a rewritten one gives something else. */
const cases: Record<string, [F, number[]]> = {
  'division by a constant whose reciprocal is denormal': [(x) => tf.div(x, 1e38), [1e30, 7e37]],
  'a product that overflows, divided again': [(x) => tf.div(tf.mul(x, 1e38), 1e38), [0.3, 1, 7]],
  'rounding by a large constant': [(x) => tf.sub(tf.add(x, 12582912), 12582912), [0.3, 1.7, -2.4]],
  'a large constant added and its negative': [(x) => tf.add(tf.add(x, 1e8), -1e8), [0.3, 1]],
  'a tensor made inside, added and taken away': [
    (x) => {
      const v = tf.tensor1d([1e8, 1]);
      return tf.sub(tf.add(x, v), v);
    },
    [0.3, 7],
  ],
  'two factors': [(x) => tf.mul(tf.mul(x, 1e-30), 1e30), [1e-30, 1]],
  'two divisors': [(x) => tf.div(tf.div(x, 1e30), 1e30), [1e38, 1]],
  'a quotient as divisor': [(x) => tf.div(x, tf.div(x, tf.square(x))), [1e30, 1]],
  'power of a half at -Infinity': [(x) => tf.pow(x, 0.5), [-inf, 4]],
  'zero times NaN and Infinity': [(x) => tf.mul(x, tf.zerosLike(x)), [nan, inf]],
  'Infinity minus itself': [(x) => tf.sub(x, x), [nan, inf, 1]],
  'zero over itself': [(x) => tf.div(x, x), [0, inf, 2]],
  'sign of zero': [(x) => tf.div(1, tf.add(x, 0)), [-0, 1]],
  'logarithm of a softmax that has underflowed': [(x) => tf.log(tf.softmax(x)), [0, 200]],
  'logarithm of an exponential': [(x) => tf.log(tf.exp(x)), [200, -200]],
  'exponentials multiplied': [(x) => tf.mul(tf.exp(x), tf.exp(tf.neg(x))), [200, 1]],
  'root of a square': [(x) => tf.sqrt(tf.mul(x, x)), [1e30, -3]],
  'exponential minus one': [(x) => tf.sub(tf.exp(x), 1), [1e-6, 1e-9]],
  'NaN known beforehand': [(x) => tf.exp(tf.add(x, NaN)), [1, 2]],
  'NaN chosen by a condition': [(x) => tf.exp(tf.where(tf.greater(x, 1), x, NaN)), [0, 2]],
  argMax: [(x) => tf.argMax(x), [1, 5, nan]],
  'argMax of nothing but NaN and -Infinity': [(x) => tf.argMax(x), [nan, -inf, nan]],
  argMin: [(x) => tf.argMin(x), [nan, 5, 1]],
  'argMax of ties': [(x) => tf.argMax(x), [-0, 0, 0]],
  'cast to int32': [(x) => tf.cast(x, 'int32'), [nan, 3e9, -3e9, inf, -inf, 2147483648, -2147483648, 1.9, -1.9]],
  'topk, indices': [(x) => tf.topk(x, 3).indices, [-0, 0, -0]],
  'mean of bool': [(x) => tf.mean(tf.greater(x, 1)), [0, 2, 3]],
  'mean of int32': [(x) => tf.mean(tf.cast(x, 'int32')), [0, 2, 3]],
  'mean of equals': [(x) => tf.mean(tf.equal(tf.argMax(tf.stack([x, tf.neg(x)]), 0), 0)), [1, -2, 3]],
  'exp of int32': [(x) => tf.exp(tf.cast(x, 'int32')), [0]],
  'relu6, gradient': [tf.grad((x: tf.Tensor) => tf.relu6(x)), [nan, -1, 3, 7]],
  'elu, gradient': [tf.grad((x: tf.Tensor) => tf.elu(x)), [nan, 3]],
  'selu, gradient': [tf.grad((x: tf.Tensor) => tf.selu(x)), [nan, 3]],
  'maximum pooling': [
    (x) => tf.maxPool(tf.reshape(x, [1, -1, 1, 1]) as tf.Tensor4D, [2, 1], 1, 'same'),
    [nan, nan, 1, nan],
  ],
  'relu, gradient': [tf.grad((x: tf.Tensor) => tf.relu(x)), [nan, -1, 0, 3]],
};

const show = (values: ArrayLike<number>) => Array.from(values, (v) => (Object.is(v, -0) ? '-0' : String(v))).join(' ');

for (const xla of [true, false]) {
  test(`a step computes what it says, bit for bit, with xla: ${xla}`, async () => {
    const wrong: string[] = [];
    for (const [name, [f, values]] of Object.entries(cases)) {
      const x = tf.tensor1d(values);
      const step = compile(({ x }: { x: tf.Tensor }) => ({ y: f(x) }), { xla });
      const { outputs } = await step.run({
        data: { x },
        batches: Int32Array.from(values.keys()),
        batchSize: values.length,
      });
      const [want, got] = [show(f(x).dataSync()), show(outputs.y.dataSync())];
      if (got !== want) wrong.push(`${name}: ${got}, eagerly ${want}`);
      step.dispose();
      tf.dispose([x, outputs]);
    }
    assert.deepEqual(wrong, []);
  });
}

test('the variance of a batch far from zero: layer, moments and tf.layers, in every kind of loop', async () => {
  const m = 256;
  const x = tf.tidy(() => tf.add(tf.randomNormal([m, 3], 0, 1, 'float32', 2), 10_000));
  const exact = tf.tidy(() => tf.moments(x, 0).variance.dataSync());
  const layer = batchNormLayer(3, { decay: 0 });
  const stock = tf.layers.batchNormalization({ momentum: 0 });
  stock.apply(x); // builds it
  for (const xla of [true, false]) {
    const step = compile(
      ({ x }: { x: tf.Tensor }) => {
        layer.apply(x, { training: true });
        const y = stock.apply(x, { training: true }) as tf.Tensor;
        return {
          moments: tf.moments(x, 0).variance,
          layer: layer.movingVariance.mul((m - 1) / m),
          stock: y.square().mean(0),
        };
      },
      { xla },
    );
    const { outputs } = await step.run({
      data: { x },
      batches: Int32Array.from({ length: m }, (_, i) => i),
      batchSize: m,
    });
    for (const [name, tensor] of Object.entries(outputs)) {
      tensor.dataSync().forEach((v: number, i: number) => {
        const want = name === 'stock' ? exact[i] / (exact[i] + 1e-3) : exact[i];
        assert.ok(Math.abs(v / want - 1) < 2e-3, `${name}, xla: ${xla}: variance ${v}, wanted ${want}`);
      });
    }
    step.dispose();
    tf.dispose(outputs);
  }
  tf.dispose([x, layer.variables]);
});

for (const mode of ['graph', 'eager'] as const) {
  test(`gradients gathered over micro-batches, then one update (${mode}): the step of the whole batch`, async () => {
    const x = tf.tensor2d(
      Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)),
      [12, 4],
    );
    const y = tf.tensor2d(
      Float32Array.from({ length: 12 }, (_, i) => Math.cos(i)),
      [12, 1],
    );
    const loss = (w: tf.Variable, { x, y }: Record<string, tf.Tensor>) =>
      tf.losses.meanSquaredError(y, tf.matMul(x, w as tf.Tensor as tf.Tensor2D)) as tf.Scalar;
    const start = tf.ones([4, 1]);
    const [whole, parts] = [tf.variable(start), tf.variable(start)];
    const gathered = tf.variable(tf.zeros([4, 1]), false);
    const one = compile<Record<string, tf.Tensor>>(
      (inputs) => {
        const { value, grads } = tf.variableGrads(() => loss(whole, inputs), [whole]);
        whole.assign(whole.sub(grads[whole.name].mul(0.1)));
        return { value };
      },
      { mode },
    );
    const micro = compile<Record<string, tf.Tensor>>(
      ({ last, ...inputs }) => {
        const { value, grads } = tf.variableGrads(() => loss(parts, inputs), [parts]);
        const sum = gathered.add(grads[parts.name]);
        parts.assign(parts.sub(sum.mul(0.1 / 3).mul(last)));
        gathered.assign(sum.mul(tf.sub(1, last))); // begins anew after an update
        return { value };
      },
      { mode },
    );
    const rows = Int32Array.from({ length: 48 }, (_, i) => (i * 5) % 12);
    await one.run({ data: { x, y }, batches: rows, batchSize: 12 });
    const { outputs } = await micro.run({
      data: { x, y },
      batches: rows,
      batchSize: 4,
      schedules: { last: Array.from({ length: 12 }, (_, i) => (i % 3 === 2 ? 1 : 0)) },
    });
    assert.equal(outputs.value.shape[0], 12);
    const [a, b] = [whole.dataSync(), parts.dataSync()];
    a.forEach((v, i) => assert.ok(Math.abs(v - b[i]) < 1e-6, `${v} and ${b[i]}`));
    assert.ok(Math.abs(a[0] - 1) > 1e-3, 'it has moved');
    one.dispose();
    micro.dispose();
    tf.dispose([x, y, start, whole, parts, gathered, outputs]);
  });
}

test('indices that are out of range in a later step only are refused, in every kind of loop', async () => {
  const x = tf.ones([2, 3]);
  const k = tf.tensor1d([0, 1, 7, 1], 'int32');
  const uses: Record<string, (k: tf.Tensor1D) => tf.Tensor> = {
    unsortedSegmentSum: (k) => tf.unsortedSegmentSum(x, k, 4),
    gather: (k) => tf.gather(x, k),
    gatherND: (k) => tf.gatherND(x, tf.expandDims(k, 1)),
    scatterND: (k) => tf.scatterND(tf.expandDims(k, 1), x, [4, 3]),
    tensorScatterUpdate: (k) => tf.tensorScatterUpdate(tf.zeros([4, 3]), tf.expandDims(k, 1), x),
  };
  for (const [name, use] of Object.entries(uses)) {
    for (const options of [{ xla: true }, { xla: false }, { mode: 'eager' as const }]) {
      const step = compile(({ k }: { k: tf.Tensor1D }) => ({ y: use(k) }), options);
      const run = step.run({ data: { k }, batches: Int32Array.of(0, 1, 2, 3), batchSize: 2 });
      await assert.rejects(run, Error, `${name}, ${JSON.stringify(options)}`);
      const { outputs } = await step.run({ data: { k }, batches: Int32Array.of(0, 1), batchSize: 2 });
      assert.equal(outputs.y.shape[0], 1, 'in range it runs');
      step.dispose();
      tf.dispose(outputs);
    }
  }
  tf.dispose([x, k]);
});
