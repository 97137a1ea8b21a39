import test from 'node:test';
import assert from 'node:assert/strict';
import { chainGradient, chainOnBatch, chainOrders } from 'bnlab';
import { closeWithin } from '../support/close';

const close = closeWithin(1e-12, 'mixed');
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

test('chainGradient: products of the others, also where a weight is zero', () => {
  assert.deepEqual(chainGradient([2, 3, 5], 7), [105, 70, 42]);
  assert.deepEqual(chainGradient([2, 0, 5]), [0, 10, 0]);
});

test('chainOrders: by hand, and its sum is the output after the step', () => {
  const terms = chainOrders({ w: [2, 3], epsilon: 0.1 });
  [6, -1.3, 0.06].forEach((want, k) => close(terms[k], want));
  const w = [0.3, -1.4, 2.2, 0.9, -0.7];
  const [epsilon, x] = [0.17, 1.3];
  const g = chainGradient(w, x);
  close(
    sum(chainOrders({ w, epsilon, x })),
    w.reduce((y, v, i) => y * (v - epsilon * g[i]), x),
  );
  close(chainOrders({ w, epsilon, x })[1], -epsilon * sum(g.map((v) => v * v)));
});

test('chainOrders: the closed form for equal weights', () => {
  const binomial = (l: number, k: number): number => (k === 0 ? 1 : (binomial(l, k - 1) * (l - k + 1)) / k);
  for (const [l, w, epsilon] of [
    [4, 0.5, 0.3],
    [9, 1.2, 0.01],
    [12, 1, 0.1],
  ]) {
    const terms = chainOrders({ w: Array<number>(l).fill(w), epsilon });
    terms.forEach((term, k) => close(term / w ** l, binomial(l, k) * (-epsilon * w ** (l - 2)) ** k, 1e-9));
  }
});

test('chainOrders: Goodfellow’s second-order term is one of the pairs', () => {
  const w = [1.1, 0.7, 1.6, 2];
  const g = chainGradient(w);
  let pairs = 0;
  for (let i = 0; i < 4; i++) {
    for (let j = i + 1; j < 4; j++) {
      pairs += 0.01 * g[i] * g[j] * w.reduce((p, v, k) => (k === i || k === j ? p : p * v), 1);
    }
  }
  close(chainOrders({ w, epsilon: 0.1 })[2], pairs);
});

test('chainOnBatch: the gradient against finite differences, with and without normalization', () => {
  const x = [-1.2, 0.4, 2, 0.1, -0.6];
  const w = [0.5, -1.5, 2, 0.8];
  for (const normalized of [false, true]) {
    const { gradient } = chainOnBatch({ w, x, normalized });
    gradient.forEach((derivative, i) => {
      const at = (h: number) => chainOnBatch({ w: w.map((v, j) => (j === i ? v + h : v)), x, normalized }).cost;
      close(derivative, (at(1e-5) - at(-1e-5)) / 2e-5, 1e-8);
    });
  }
});

test('chainOnBatch: with normalization the lower weights count by their signs only', () => {
  const x = [-1, 1, -1, 1];
  const { cost, gradient } = chainOnBatch({ w: [7, -0.01, 4], x, normalized: true });
  close(cost, -4);
  [0, 0, -1].forEach((want, i) => close(gradient[i], want));
  close(chainOnBatch({ w: [7, -0.01, 4], x }).cost, -0.28);
  assert.deepEqual(chainOnBatch({ w: [2, -3], x: [-1, 1], normalized: true }).cost, -3, 'two values are a batch');
});

test('chains: what cannot be computed is refused', () => {
  assert.throws(() => chainGradient([]), /chainGradient: w is empty/);
  assert.throws(() => chainOrders({ w: [1, NaN], epsilon: 1 }), /finite numbers, got NaN/);
  assert.throws(() => chainOrders({ w: [1], epsilon: Infinity }), /got Infinity/);
  assert.throws(() => chainOnBatch({ w: [1], x: [1] }), /at least two/);
});
