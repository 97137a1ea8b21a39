import test from 'node:test';
import assert from 'node:assert/strict';
import {
  gaussianMean,
  ready,
  saturationKind,
  saturationPoint,
  SCALAR_FUNCTIONS,
  tf,
  type ActivationName,
  type ScalarName,
} from 'bnlab';
import { activationDerivative, activationFunction } from 'bnlab/internal';
import { closeWithin } from '../support/close';

const { sigmoid, tanh } = SCALAR_FUNCTIONS;
const close = closeWithin(0, 'relative');

test('derivatives are those of their functions, by central differences', () => {
  for (const [name, { f, derivative }] of Object.entries(SCALAR_FUNCTIONS)) {
    for (const x of [-7.3, -2.1, -1.5, -0.4, 0.3, 0.9, 1.5, 3.7]) {
      const h = 1e-5;
      const difference = (f(x + h) - f(x - h)) / (2 * h);
      assert.ok(Math.abs(difference - derivative(x)) < 1e-9, `${name} at ${x}: ${difference}, ${derivative(x)}`);
    }
  }
});

test('the same functions as the networks use', async () => {
  await ready();
  const x = [-20, -3, -0.5, 0.25, 2, 20];
  for (const name of ['sigmoid', 'tanh', 'relu', 'identity'] as ActivationName[]) {
    tf.tidy(() => {
      const given = tf.tensor1d(x);
      const [values, slopes] = [
        activationFunction(name)(given).dataSync(),
        activationDerivative(name)(given).dataSync(),
      ];
      x.forEach((at, i) => {
        close(values[i], SCALAR_FUNCTIONS[name].f(at), 1e-6);
        close(slopes[i], SCALAR_FUNCTIONS[name].derivative(at), 1e-6);
      });
    });
  }
});

test('tails: e^-|x| for sigmoid, 4 e^-2|x| for tanh, without cancellation', () => {
  for (const x of [40, 300]) {
    close(sigmoid.derivative(x), Math.exp(-x), 1e-12);
    close(sigmoid.derivative(-x), Math.exp(-x), 1e-12);
    close(tanh.derivative(x), 4 * Math.exp(-2 * x), 1e-12);
  }
  assert.equal(sigmoid.derivative(0), 0.25);
  assert.equal(tanh.derivative(0), 1);
});

test('saturationKind: both sides, softly or hard; bounded is another matter', () => {
  const kinds = Object.fromEntries(
    Object.entries(SCALAR_FUNCTIONS).map(([name, given]) => {
      const { left, right, saturating, bounded } = saturationKind(given);
      return [name, `${left} ${right} ${saturating} ${bounded}`];
    }),
  );
  assert.deepEqual(kinds satisfies Record<ScalarName | string, string>, {
    identity: 'none none false false',
    sigmoid: 'soft soft true true',
    tanh: 'soft soft true true',
    relu: 'hard none false false',
    leakyRelu: 'none none false false',
    softplus: 'soft none false false',
    hardTanh: 'hard hard true true',
    logarithm: 'soft soft true false',
    sine: 'none none false true',
  });
  assert.throws(() => saturationKind({ f: (x) => x, derivative: () => NaN }), /not a number at/);
});

test('saturationKind: soft below 1% of the largest slope, bounded below 2% of growth, each side by itself', () => {
  // |f'| = 10 (1 + |x|)^-q is largest at 0; its last octave begins at 256, where a share s of that is left.
  const slope = (s: number) => {
    const q = -Math.log(s) / Math.log(257);
    return saturationKind({ f: Math.atan, derivative: (x) => 10 * (1 + Math.abs(x)) ** -q }).right;
  };
  assert.deepEqual([slope(0.008), slope(0.012)], ['soft', 'none']);
  // |f| = 1 + a log2 |x|, at 512 over at 64.
  const bounded = (growth: number) => {
    const a = (growth - 1) / (9 - 6 * growth);
    const f = (x: number) => 1 + a * Math.log2(Math.max(1, Math.abs(x)));
    return saturationKind({ f, derivative: () => 1 }).bounded;
  };
  assert.deepEqual([bounded(1.019), bounded(1.021)], [true, false]);
  const left = { f: (x: number) => Math.min(0, x), derivative: (x: number) => (x < 0 ? 1 : 0) };
  assert.deepEqual(saturationKind(left), { left: 'none', right: 'hard', saturating: false, bounded: false });
});

test('saturationPoint: the derivative there is the fraction of its largest value', () => {
  for (const fraction of [0.5, 0.05, 1e-6]) {
    close(sigmoid.derivative(saturationPoint('sigmoid', fraction)), fraction / 4, 1e-9);
    close(tanh.derivative(saturationPoint('tanh', fraction)), fraction, 1e-9);
  }
  assert.equal(saturationPoint('sigmoid', 1), 0);
  for (const fraction of [0, 1.5]) assert.throws(() => saturationPoint('tanh', fraction), /fraction/);
});

test('gaussianMean: moments, jumps, and a narrow function under a wide Gaussian', () => {
  for (const deviation of [1e-3, 1, 1e4]) {
    close(
      gaussianMean((x) => x * x, deviation),
      deviation ** 2,
      1e-9,
    );
    close(
      gaussianMean((x) => (x > 0 ? 1 : 0), deviation),
      0.5,
      1e-9,
    );
    close(
      gaussianMean((x) => Math.max(0, x), deviation),
      deviation / Math.sqrt(2 * Math.PI),
      1e-9,
    );
  }
  // The integral of sigmoid'^2 is 1/6, of tanh'^2 4/3: under a Gaussian wider than both, times its density at 0.
  const density = 1 / (1e4 * Math.sqrt(2 * Math.PI));
  close(
    gaussianMean((x) => sigmoid.derivative(x) ** 2, 1e4),
    density / 6,
    1e-6,
  );
  close(
    gaussianMean((x) => tanh.derivative(x) ** 2, 1e4),
    (density * 4) / 3,
    1e-6,
  );
  assert.equal(
    gaussianMean((x) => x + 3, 0),
    3,
  );
  assert.throws(() => gaussianMean(() => 1, -1), /deviation/);
});
