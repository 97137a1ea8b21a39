import test from 'node:test';
import assert from 'node:assert/strict';
import { inputHessian, Random, ready, tf } from 'bnlab';

test.before(async () => {
  await ready();
});

const close = (actual: number, expected: number, within = 1e-5) =>
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected} within ${within}`);

test('two points, by hand: with a bias there is one eigenvalue more, that of the constant input', () => {
  const x = tf.tensor2d([
    [0.4, 0.8],
    [-0.4, -0.8],
  ]);
  assert.deepEqual(
    inputHessian(x, { bias: false }).eigenvalues.map((v) => Number(v.toFixed(6))),
    [0.8, 0],
  );
  const { matrix, eigenvalues } = inputHessian(x);
  [1, 0.8, 0].forEach((want, i) => close(eigenvalues[i], want));
  close(matrix[2][2], 1);
  close(matrix[0][2], 0);
});

test('it is the Hessian: gradient descent shrinks below 2/lambda_max and grows above', () => {
  const random = new Random(1, 'inputs');
  const x = tf.tensor2d(Array.from({ length: 50 }, () => [random.normal(), 3 * random.normal() + 1]));
  const { matrix, eigenvalues } = inputHessian(x);
  const after = (eta: number) => {
    let w = [1, 1, 1];
    for (let t = 0; t < 200; t++) w = w.map((v, i) => v - eta * matrix[i].reduce((sum, h, j) => sum + h * w[j], 0));
    return Math.hypot(...w);
  };
  assert.ok(after(1.95 / eigenvalues[0]) < 1.8);
  assert.ok(after(2.05 / eigenvalues[0]) > 100);
});

test('the sum of the eigenvalues is the mean squared length of the inputs', () => {
  const x = tf.randomNormal([30, 12], 0, 1, 'float32', 5);
  const { eigenvalues } = inputHessian(x, { bias: false });
  close(
    eigenvalues.reduce((a, b) => a + b, 0),
    Number(tf.mean(tf.sum(tf.square(x), 1)).dataSync()[0]),
    1e-3,
  );
});

test('what is no matrix of inputs is refused', () => {
  assert.throws(() => inputHessian(tf.ones([2, 3, 4])), /x must be \[m, d\], got \[2, 3, 4\]/);
  assert.throws(() => inputHessian(tf.tensor2d([[NaN, 1]])), RangeError);
});
