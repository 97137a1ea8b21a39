import test from 'node:test';
import assert from 'node:assert/strict';
import { batchDependence, Random } from 'bnlab';

const normals = (n: number, units: number) => {
  const random = new Random(7);
  return { shape: [n, units], values: Float32Array.from({ length: n * units }, () => random.normal()) };
};

test('batchDependence: the spread follows its closed form, and falls as 1/sqrt(m)', () => {
  const rows = batchDependence(normals(5000, 20), { sizes: [32, 128], draws: 400, random: new Random(1) });
  for (const { m, measured, predicted } of rows) {
    assert.ok(Math.abs(measured / predicted - 1) < 0.05, `m = ${m}: ${measured} against ${predicted}`);
  }
  assert.ok(Math.abs(rows[0].measured / rows[1].measured - 2) < 0.15);
});

test('batchDependence: the full set leaves no choice; two examples give plus or minus one', () => {
  const values = { shape: [3, 1], values: Float32Array.from([0, 1, -1]) };
  const [two, all] = batchDependence(values, { sizes: [2, 3], draws: 400, random: new Random(1) });
  assert.ok(all.measured < 1e-12 && all.predicted === 0);
  // Row 0 beside row 1 is -1, beside row 2 it is +1, one as often as the other.
  assert.ok(Math.abs(two.measured - 1) < 0.05);
});

test('batchDependence: of n examples without replacement, the prediction shrinks by (n - m) / (n - 1)', () => {
  // Half are +1 and half -1: no skewness, kurtosis 1, so that only 1/m is left.
  const values = { shape: [10, 1], values: Float32Array.from({ length: 10 }, (_, i) => (i % 2 ? 1 : -1)) };
  const [{ predicted }] = batchDependence(values, { sizes: [4], draws: 2, random: new Random(1) });
  assert.ok(Math.abs(predicted - Math.sqrt(((1 / 4) * 6) / 9)) < 1e-12, `${predicted}`);
});

test('batchDependence: skewness and kurtosis as in the closed form, at any scale', () => {
  // 0, 0, 0, 4: mean 1, variance 3, skewness 6 / 3^1.5, kurtosis 21 / 9, and xHat of a zero -1 / sqrt(3).
  const values = { shape: [4, 1], values: Float32Array.from([0, 0, 0, 4]) };
  const [{ measured, predicted }] = batchDependence(values, { sizes: [2], draws: 2000, random: new Random(1) });
  const first = 1 - 6 / 3 ** 1.5 / Math.sqrt(3) + ((1 / 3) * (21 / 9 - 1)) / 4;
  assert.ok(Math.abs(predicted - Math.sqrt((first / 2) * (2 / 3))) < 1e-12, `${predicted}`);
  // Beside another zero xHat is 0, beside the 4 it is -1, once in three draws: a variance of 2/9.
  assert.ok(Math.abs(measured - Math.sqrt(2 / 9)) < 0.02, `${measured}`);
});

test('batchDependence: the variance over draws is unbiased', () => {
  // Two draws of plus or minus one: alike, or a variance of 2.
  const values = { shape: [3, 1], values: Float32Array.from([0, 1, -1]) };
  const random = new Random(1);
  const seen = Array.from({ length: 20 }, () => batchDependence(values, { sizes: [2], draws: 2, random })[0].measured);
  assert.deepEqual([...new Set(seen.map((v) => v.toFixed(6)))].sort(), ['0.000000', Math.SQRT2.toFixed(6)]);
});

test('batchDependence: skewness enters with the sign of xHat', () => {
  const random = new Random(3);
  const values = { shape: [4000, 1], values: Float32Array.from({ length: 4000 }, () => random.normal() ** 2) };
  values.values[0] = 4;
  const [{ measured, predicted }] = batchDependence(values, { sizes: [200], draws: 600, random: new Random(1) });
  assert.ok(Math.abs(measured / predicted - 1) < 0.12, `${measured} against ${predicted}`);
});

test('batchDependence: what it cannot draw is an error', () => {
  const values = normals(10, 2);
  const random = new Random(1);
  assert.throws(() => batchDependence(values, { sizes: [11], random }), /2 to 10/);
  assert.throws(() => batchDependence(values, { sizes: [4], example: 10, random }), /row from 0 to 9/);
  assert.throws(() => batchDependence(values, { sizes: [4], draws: 1, random }), /2 draws/);
  const constant = { shape: [4, 1], values: new Float32Array(4) };
  assert.throws(() => batchDependence(constant, { sizes: [2], random }), /no unit/);
});
