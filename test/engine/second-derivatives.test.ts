/** Gradients of gradients, which TensorFlow.js itself gets wrong wherever a gradient starts from a saved output. */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { ready, softmaxCrossEntropy, tf } from 'bnlab';
import { withSecondDerivatives } from 'bnlab/dist/engine';

before(async () => void (await ready()));

const x = [-1.3, -0.2, 0.4, 2.1];
const weights = [0.7, -1.1, 0.3, 0.9];
/** d/dx of sum_i w_i (d/dx_i of sum_j c_j f(x)_j), the c_j all different so that a softmax has a gradient. */
const twice = (f: (x: tf.Tensor) => tf.Tensor) =>
  tf.tidy(() => {
    const once = tf.grad((u: tf.Tensor) => tf.sum(tf.mul(f(u), [1, 2, 4, 8])));
    const slope = (u: tf.Tensor) => tf.sum(tf.mul(once(u), weights));
    const ahead = (j: number, h: number) => slope(tf.tensor1d(x.map((v, i) => (i === j ? v + h : v)))).dataSync()[0];
    return {
      got: Array.from(tf.grad(slope)(tf.tensor1d(x)).dataSync()),
      want: x.map((_, j) => (ahead(j, 1e-2) - ahead(j, -1e-2)) / 2e-2),
    };
  });
const apart = ({ got, want }: { got: number[]; want: number[] }) =>
  Math.max(...got.map((v, i) => Math.abs(v - want[i]) / Math.max(...want.map(Math.abs))));

const operations: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  tanh: (u) => tf.tanh(u),
  sigmoid: (u) => tf.sigmoid(u),
  exp: (u) => tf.exp(u),
  softmax: (u) => tf.softmax(u),
  square: (u) => tf.square(u),
};

for (const [name, f] of Object.entries(operations)) {
  test(`the second derivative of ${name} is that of differences`, () => {
    const difference = withSecondDerivatives(() => apart(twice(f)));
    assert.ok(difference < 2e-3, `${difference}`);
  });
}

test('without the mend that of tanh is wrong, and says nothing: is it still needed?', () => {
  assert.ok(apart(twice((u) => tf.mul(u, tf.tanh(u)))) > 0.1);
});

test('TensorFlow.js has its own gradients back, also after an error, and warns of nothing', (t) => {
  const warn = t.mock.method(console, 'warn', () => undefined);
  const names = ['Tanh', 'Sigmoid', 'Exp', 'Softmax'];
  const own = names.map((name) => tf.getGradient(name));
  assert.equal(
    withSecondDerivatives(() => names.filter((name, i) => tf.getGradient(name) !== own[i]).length),
    names.length,
  );
  assert.throws(
    () =>
      withSecondDerivatives(() => {
        throw new Error('from inside');
      }),
    /from inside/,
  );
  names.forEach((name, i) => assert.equal(tf.getGradient(name), own[i]));
  assert.equal(warn.mock.callCount(), 0);
});

test('cross entropy from logits: the Hessian is (diag p - p p^T) / m', () => {
  tf.tidy(() => {
    const [z, y] = [tf.tensor2d([[1, -0.5, 0.2]]), tf.tensor2d([[0, 1, 0]])];
    const p = Array.from(tf.softmax(z).dataSync());
    const once = tf.grad((u: tf.Tensor) => softmaxCrossEntropy(u, y));
    [0, 1, 2].forEach((i) => {
      const pick = tf.tensor2d([[0, 1, 2].map((j) => (i === j ? 1 : 0))]);
      const row = withSecondDerivatives(() =>
        tf
          .grad((u: tf.Tensor) => tf.sum(tf.mul(once(u), pick)))(z)
          .dataSync(),
      );
      row.forEach((v, j) => assert.ok(Math.abs(v - ((i === j ? p[i] : 0) - p[i] * p[j])) < 1e-6));
    });
  });
});
