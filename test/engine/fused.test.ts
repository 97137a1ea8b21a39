import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { Random, compile, ready, tf } from 'bnlab';
import { fusedBatchNorm, fusedIsFaster } from 'bnlab/internal';
import { relativeDifference } from './steps';

before(ready);

const composed = (x: tf.Tensor, gamma: tf.Tensor1D, beta: tf.Tensor1D, epsilon: number) => {
  const { mean, variance } = tf.moments(x, x.rank === 4 ? [0, 1, 2] : [0]);
  const y = x
    .sub(mean)
    .mul(tf.rsqrt(variance.add(epsilon)))
    .mul(gamma)
    .add(beta);
  return { y, mean, variance };
};

const shapes: number[][] = [
  [60, 100],
  [2, 3],
  [1, 4],
  [8, 5, 6, 7],
  [1, 3, 3, 1],
];

function operands(shape: number[]) {
  const random = new Random(7, shape.join('x'));
  const d = shape.at(-1)!;
  const size = shape.reduce((a, b) => a * b, 1);
  const x: tf.Tensor = tf.tensor(random.normals(size, 3, 2), shape);
  return {
    x: x as tf.Tensor2D,
    gamma: tf.tensor1d(random.normals(d, 1, 0.5)),
    beta: tf.tensor1d(random.normals(d)),
    weights: tf.tensor(random.normals(size), shape),
  };
}

for (const shape of shapes) {
  test(`value and gradient equal the composed form, [${shape}]`, () => {
    const { x, gamma, beta, weights } = operands(shape);
    const expected = composed(x, gamma, beta, 1e-3);
    const tensors = tf.memory().numTensors;
    const got = fusedBatchNorm(x, gamma, beta, 1e-3);
    assert.equal(tf.memory().numTensors, tensors + 3, 'nothing but the three results stays');
    assert.deepEqual(got.y.shape, shape);
    assert.deepEqual(got.mean.shape, [shape.at(-1)]);
    for (const name of ['y', 'mean', 'variance'] as const) {
      const difference = relativeDifference(expected[name], got[name]);
      assert.ok(difference < 1e-5, `${name}: ${difference} (the variance is the biased one)`);
    }
    const gradients = (form: typeof composed) =>
      tf.grads((x: tf.Tensor, g: tf.Tensor, b: tf.Tensor) =>
        form(x, g as tf.Tensor1D, b as tf.Tensor1D, 1e-3)
          .y.mul(weights)
          .sum(),
      )([x, gamma, beta]);
    const want = gradients(composed);
    const fused = gradients(fusedBatchNorm as unknown as typeof composed);
    ['x', 'gamma', 'beta'].forEach((name, i) => {
      assert.deepEqual(fused[i].shape, want[i].shape);
      // at m = 1 the gradient in x is 0, and the composed form's rounding is not
      const difference = tf.max(tf.abs(fused[i].sub(want[i]))).dataSync()[0];
      assert.ok(difference < 1e-4, `gradient in ${name}: ${difference}`);
    });
  });
}

test('inside a compiled step, with moving averages', async () => {
  const build = (form: typeof composed) => {
    const random = new Random(8);
    const filter = tf.variable(tf.tensor4d(random.normals(3 * 3 * 2 * 5), [3, 3, 2, 5]));
    const gamma = tf.variable(tf.ones([5])) as tf.Variable<tf.Rank.R1>;
    const beta = tf.variable(tf.zeros([5])) as tf.Variable<tf.Rank.R1>;
    const moving = tf.variable(tf.zeros([5]), false);
    const optimizer = tf.train.momentum(0.01, 0.9);
    const step = ({ x }: Record<string, tf.Tensor>) => ({
      loss: optimizer.minimize(
        () => {
          const { y, variance } = form(
            tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'),
            gamma,
            beta,
            1e-5,
          );
          moving.assign(moving.mul(0.9).add(variance.mul(0.1)));
          return tf.relu(y).sub(x.mean(-1, true)).square().mean() as tf.Scalar;
        },
        true,
        [filter, gamma, beta],
      )!,
    });
    return { step, variables: [filter, gamma, beta, moving] };
  };
  const x = tf.tensor4d(new Random(9).normals(20 * 6 * 6 * 2), [20, 6, 6, 2]);
  const call = { data: { x }, batches: Int32Array.from({ length: 50 * 4 }, (_, i) => (i * 7) % 20), batchSize: 4 };
  const fused = build(fusedBatchNorm as unknown as typeof composed);
  const reference = build(composed);
  const compiled = compile(fused.step);
  const eager = compile(reference.step, { mode: 'eager' });
  await compiled.run(call);
  await eager.run(call);
  fused.variables.forEach((variable, i) => {
    const difference = relativeDifference(reference.variables[i], variable);
    assert.ok(difference < 1e-3, `variable ${i}: ${difference}`);
  });
  compiled.dispose();
  eager.dispose();
});

test('the variance of numbers far from zero survives in every kind of loop', async () => {
  const [gamma, beta] = [tf.ones([3]), tf.zeros([3])] as tf.Tensor1D[];
  for (const shape of [
    [64, 3],
    [16, 2, 2, 3],
  ]) {
    const x: tf.Tensor = tf.tensor(new Random(4).normals(64 * 3, 3000, 1), shape);
    const expected = tf.moments(x, shape.length === 4 ? [0, 1, 2] : [0]).variance;
    for (const xla of [false, true]) {
      const step = compile(
        ({ x }) => {
          const { y, variance } = fusedBatchNorm(x as tf.Tensor2D, gamma, beta, 1e-5);
          return { variance, spread: y.square().mean() };
        },
        { xla },
      );
      const batches = Int32Array.from({ length: shape[0] }, (_, i) => i);
      const { outputs } = await step.run({ data: { x }, batches, batchSize: shape[0] });
      const where = `[${shape}] in a loop of kind ${step.loops}`;
      assert.ok(relativeDifference(expected, outputs.variance.squeeze()) < 1e-3, where);
      assert.ok(Math.abs(outputs.spread.dataSync()[0] - 1) < 1e-3, where);
      step.dispose();
    }
  }
});

test('mean and variance carry no gradient', () => {
  const { x, gamma, beta } = operands([6, 3]);
  const through = tf.grad((v: tf.Tensor) => {
    const { y, mean, variance } = fusedBatchNorm(v as tf.Tensor2D, gamma, beta, 1e-3);
    return y.sum().add(mean.sum()).add(variance.sum());
  })(x);
  const onlyY = tf.grad((v: tf.Tensor) => fusedBatchNorm(v as tf.Tensor2D, gamma, beta, 1e-3).y.sum())(x);
  assert.deepEqual(through.dataSync(), onlyY.dataSync());
});

test('what does not fit is said', () => {
  const { x, gamma, beta } = operands([6, 3]);
  assert.throws(() => fusedBatchNorm(tf.ones([2, 3, 3]) as never, gamma, beta, 1e-3), /rank 2 or 4.*2,3,3/);
  assert.throws(() => fusedBatchNorm(x, tf.ones([4]), beta, 1e-3), /gamma of shape \[3\], got \[4\]/);
  assert.throws(() => fusedBatchNorm(x, gamma, tf.ones([1, 3]) as never, 1e-3), /beta of shape \[3\], got \[1,3\]/);
  assert.throws(
    () => fusedBatchNorm(x, gamma, beta, undefined as never),
    /epsilon must be a finite number of at least 0, got undefined/,
  );
  assert.throws(() => fusedBatchNorm(x.toInt(), gamma, beta, 1e-3), /float32, got int32/);
});

test('on another engine it says so, and is not recommended', async () => {
  assert.equal(fusedIsFaster(tf.ones([2, 2, 2, 3])), true);
  assert.equal(fusedIsFaster(tf.ones([2, 3], 'int32')), false);
  await tf.setBackend('cpu');
  try {
    const { x, gamma, beta } = operands([6, 3]);
    assert.equal(fusedIsFaster(x), false);
    assert.equal(fusedIsFaster(tf.ones([2, 2, 2, 3])), false);
    assert.throws(() => fusedBatchNorm(x, gamma, beta, 1e-3), /native engine.*'cpu'/);
  } finally {
    await tf.setBackend('tensorflow');
  }
});
