import test from 'node:test';
import assert from 'node:assert/strict';
import { Random, scaledLayer } from 'bnlab';

const random = new Random(5);
const rows = (m: number, d: number) =>
  Array.from({ length: m }, () => Array.from({ length: d }, () => random.normal()));
const given = { u: rows(6, 4), weights: rows(4, 3), dy: rows(6, 3) };
const largest = (a: number[][], b: number[][]) =>
  Math.max(...a.flatMap((row, i) => row.map((v, j) => Math.abs(v - b[i][j]))));

test('scaledLayer: the three identities of section 3.3 at epsilon 0', () => {
  const one = scaledLayer({ ...given, epsilon: 0 });
  for (const a of [1e-3, 0.5, 1e3]) {
    const scaled = scaledLayer({ ...given, a, epsilon: 0 });
    assert.ok(largest(scaled.y, one.y) < 1e-12);
    assert.ok(largest(scaled.du, one.du) < 1e-12);
    assert.ok(
      largest(
        scaled.dWeights.map((row) => row.map((v) => a * v)),
        one.dWeights,
      ) < 1e-12,
    );
  }
  const negative = scaledLayer({ ...given, a: -2, epsilon: 0 });
  assert.ok(
    largest(
      negative.y.map((row) => row.map((v) => -v)),
      one.y,
    ) < 1e-12,
  );
});

test('scaledLayer: with epsilon the same layer with epsilon / a^2', () => {
  const [scaled, same] = [scaledLayer({ ...given, a: 0.1, epsilon: 1e-3 }), scaledLayer({ ...given, epsilon: 1e-1 })];
  assert.ok(largest(scaled.y, same.y) < 1e-12);
  assert.ok(largest(scaled.du, same.du) < 1e-12);
  assert.ok(
    largest(
      scaled.dWeights.map((row) => row.map((v) => 0.1 * v)),
      same.dWeights,
    ) < 1e-12,
  );
  assert.ok(largest(scaled.y, scaledLayer({ ...given, epsilon: 1e-3 }).y) > 1e-3);
});

test('scaledLayer: gradients are those of finite differences', () => {
  for (const normalize of [true, false]) {
    const options = { ...given, a: 2, epsilon: 1e-2, normalize };
    const { du, dWeights } = scaledLayer(options);
    const loss = (u: number[][], weights: number[][]) =>
      scaledLayer({ ...options, u, weights }).y.reduce(
        (sum, row, i) => sum + row.reduce((s, v, j) => s + v * given.dy[i][j], 0),
        0,
      );
    const bumped = (x: number[][], i: number, j: number, h: number) =>
      x.map((row, r) => row.map((v, c) => (r === i && c === j ? v + h : v)));
    const h = 1e-6;
    const at = (i: number, j: number) => [
      (loss(bumped(given.u, i, j, h), given.weights) - loss(bumped(given.u, i, j, -h), given.weights)) / (2 * h),
      // With respect to aW: a step of h in W is a step of a h in aW.
      (loss(given.u, bumped(given.weights, i, j, h)) - loss(given.u, bumped(given.weights, i, j, -h))) / (4 * h),
    ];
    const [input, weight] = at(1, 2);
    assert.ok(Math.abs(input - du[1][2]) < 1e-7 && Math.abs(weight - dWeights[1][2]) < 1e-7);
  }
});

test('scaledLayer: without BN the layer is linear: dl/du grows with a, dl/d(aW) does not depend on it', () => {
  const [one, ten] = [1, 10].map((a) => scaledLayer({ ...given, a, normalize: false }));
  assert.ok(
    largest(
      ten.du,
      one.du.map((row) => row.map((v) => 10 * v)),
    ) < 1e-10,
  );
  assert.deepEqual(ten.dWeights, one.dWeights);
  // By hand: y = u (aW), dl/du = dy (aW)^T, dl/d(aW) = u^T dy.
  const two = scaledLayer({ u: [[1, 2]], weights: [[3], [-5]], dy: [[7]], a: 2, normalize: false });
  assert.deepEqual(two, { y: [[-14]], du: [[42, -70]], dWeights: [[7], [14]] });
});

test('scaledLayer: shapes and scales that mean nothing are errors', () => {
  assert.throws(() => scaledLayer({ ...given, a: 0 }), /not 0/);
  assert.throws(() => scaledLayer({ ...given, dy: rows(5, 3) }), /wanted u \[m, n\]/);
});
