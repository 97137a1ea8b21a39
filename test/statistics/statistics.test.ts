import test from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  bootstrapInterval,
  linearFit,
  median,
  medianInterval,
  powerLaw,
  quantile,
  Random,
  relativeLinearFit,
} from 'bnlab';
import { quantileBand, quantiles } from 'bnlab/internal';
import { closeWithin } from '../support/close';

const close = closeWithin(1e-12, 'absolute');

test('median and quantile: known samples, order does not matter, input is left alone', () => {
  const xs = [9, 1, 10, 2];
  assert.equal(median(xs), 5.5);
  assert.deepEqual(xs, [9, 1, 10, 2]);
  assert.equal(median([3, 1, 2]), 2);
  // numpy.percentile([1, 2, 9, 10], [15, 50, 85]) gives these three
  assert.deepEqual(
    quantiles(xs, [0.15, 0.5, 0.85]).map((q) => Math.round(q * 1e12) / 1e12),
    [1.45, 5.5, 9.55],
  );
  assert.equal(quantile(Float32Array.from([0, 10]), 0.15), 1.5);
  assert.equal(quantile([Infinity, 1, 2], 1), Infinity);
  // Default Array.sort would order these as text.
  assert.equal(quantile([10, 9, 100], 0), 9);
});

test('quantile: monotonic in q, bounded by the extremes, equivariant to shift', () => {
  const sample = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(sample, fc.double({ min: 0, max: 1, noNaN: true }), (xs, q) => {
      const value = quantile(xs, q);
      assert.ok(value >= Math.min(...xs) - 1e-9 && value <= Math.max(...xs) + 1e-9);
      assert.ok(quantile(xs, q / 2) <= value + 1e-9);
      close(
        quantile(
          xs.map((x) => x + 3),
          q,
        ),
        value + 3,
        1e-8,
      );
    }),
    { seed: 1, numRuns: 100 },
  );
});

test('quantiles of many values: selection gives what sorting gives, ties and infinities included', () => {
  const random = new Random(5);
  const levels = [0.15, 0.5, 0.85, 0.0021, 1];
  for (const draw of [
    () => random.normal(),
    () => random.integer(3),
    () => 7,
    () => (random.uniform() < 0.3 ? Infinity : 0),
  ]) {
    for (const n of [1000, 1001, 20000]) {
      const xs = Float32Array.from({ length: n }, draw);
      const order = [...xs].sort((a, b) => a - b);
      const expected = levels.map((q) => {
        const at = q * (n - 1);
        const [low, high] = [order[Math.floor(at)], order[Math.ceil(at)]];
        return low === high ? low : low + (at % 1) * (high - low);
      });
      assert.deepEqual(quantiles(xs, levels), expected);
      assert.equal(quantile(xs, 0), order[0]);
      assert.equal(quantile(xs, 1 / (n - 1)), order[1]);
    }
  }
});

test('quantileBand: by point, over seeds', () => {
  assert.deepEqual(
    quantileBand(
      [
        [1, 5],
        [3, 7],
        [2, 6],
      ],
      0,
      1,
    ),
    { median: [2, 6], low: [1, 5], high: [3, 7] },
  );
  assert.deepEqual(quantileBand([[1], [3]]), { median: [2], low: [1.5], high: [2.5] });
});

test('linearFit: exact line; slope error against a worked example', () => {
  const line = linearFit([0, 1, 2], [1, 3, 5]);
  close(line.slope, 2);
  close(line.intercept, 1);
  close(line.slopeError, 0);
  close(line.r2, 1);
  // x = 1..4, y = 1, 3, 2, 4: Sxx 5, Sxy 4, SSR 1.8, so slope 0.8, error sqrt(1.8 / 2 / 5), r2 0.64
  const noisy = linearFit([1, 2, 3, 4], [1, 3, 2, 4]);
  close(noisy.slope, 0.8);
  close(noisy.intercept, 0.5);
  close(noisy.slopeError, Math.sqrt(0.18));
  close(noisy.r2, 0.64);
  assert.ok(Number.isNaN(linearFit([0, 1], [0, 1]).slopeError));
  // A large offset in x must not cancel.
  close(linearFit([1e8, 1e8 + 1, 1e8 + 2], [0, 1, 2]).slope, 1);
});

test('linearFit: points far from zero, tiny ones, and constants that no binary number is', () => {
  const noise = [0.3, -0.2, 0.4, -0.5, 0.1];
  const line = (offset: number, unit: number) =>
    linearFit(
      noise.map((_, i) => offset + unit * i),
      noise.map((e, i) => 2 * i + e),
    );
  const near = line(0, 1);
  const far = line(2 ** 40, 1);
  assert.ok(Math.abs(far.slope - near.slope) < 1e-12, `${far.slope}`);
  assert.ok(Math.abs(far.slopeError - near.slopeError) < 1e-12 && Math.abs(far.r2 - near.r2) < 1e-12);
  const tiny = line(0, 1e-200);
  assert.ok(Math.abs(tiny.slope * 1e-200 - near.slope) < 1e-12 && Math.abs(tiny.r2 - near.r2) < 1e-12);
  // Three times 0.1, and the mean of it, differ in their last bit.
  assert.deepEqual(linearFit([0, 1, 2], [0.1, 0.1, 0.1]), { slope: 0, intercept: 0.1, slopeError: 0, r2: 1 });
  assert.throws(() => linearFit([0.1, 0.1, 0.1], [1, 2, 3]), /all 3 values of x are 0.1/);
});

test('linearFit: the stated error of the slope is the spread of slopes under noise', () => {
  const random = new Random(3);
  const x = Array.from({ length: 20 }, (_, i) => i);
  const runs = Array.from({ length: 400 }, () =>
    linearFit(
      x,
      x.map((v) => 2 * v + random.normal()),
    ),
  );
  const mean = runs.reduce((s, r) => s + r.slope, 0) / runs.length;
  const spread = Math.sqrt(runs.reduce((s, r) => s + (r.slope - mean) ** 2, 0) / runs.length);
  const stated = median(runs.map((r) => r.slopeError));
  assert.ok(Math.abs(mean - 2) < 0.01, `mean slope ${mean}`);
  assert.ok(stated / spread > 0.88 && stated / spread < 1.12, `stated ${stated}, spread ${spread}`);
});

test('relativeLinearFit: a line through points exactly, whatever their size, and by shares where they do not lie on one', () => {
  const m = [1, 4, 16, 64, 256, 1024];
  const exact = relativeLinearFit(m, m.map((v) => 3e-3 + 5e-6 * v)); // prettier-ignore
  close(exact.intercept, 3e-3);
  close(exact.slope, 5e-6);
  assert.ok(exact.largestError < 1e-12);
  // S = Smin (1 + B/m) over 1/m is (S/Smin - 1)(E/Emin - 1) = 1 with E = m S.
  const [sMin, b] = [70, 40];
  const fit = relativeLinearFit(m.map((v) => 1 / v), m.map((v) => sMin * (1 + b / v))); // prettier-ignore
  for (const v of m) {
    const s = sMin * (1 + b / v);
    close((s / fit.intercept - 1) * ((v * s) / fit.slope - 1), 1);
  }
  // Two points above x = 0 and 1, one of them twice: minimizes 2 shares against each other, not distances.
  const through = relativeLinearFit([0, 0, 1], [1, 3, 100]);
  close(through.intercept, (1 / 1 + 1 / 3) / (1 / 1 + 1 / 9)); // sum(w y)/sum(w), w = 1/y^2
  close(through.intercept + through.slope, 100);
  close(
    through.largestError,
    1 - through.intercept / 3 > through.intercept - 1 ? 1 - through.intercept / 3 : through.intercept - 1,
  );
  assert.throws(() => relativeLinearFit([1, 2], [1, 0]), /y\[1\] is 0/);
  assert.throws(() => relativeLinearFit([1, 1], [1, 2]), /all 2 values of x are 1/);
});

test('powerLaw: error of a mean falls as n^-1/2', () => {
  const exact = powerLaw([1, 4, 16], [8, 4, 2]);
  close(exact.exponent, -0.5);
  close(exact.factor, 8, 1e-10);
  close(exact.exponentError, 0, 1e-10);
});

test('bootstrapInterval: repeats with its seed, holds its estimate, covers the mean about as often as it says', () => {
  const random = new Random(11);
  const mean = (xs: number[]) => xs.reduce((s, x) => s + x, 0) / xs.length;
  let covered = 0;
  const trials = 300;
  for (let trial = 0; trial < trials; trial++) {
    const xs = Array.from({ length: 40 }, () => random.normal(5, 2));
    const interval = bootstrapInterval(xs, { statistic: mean, level: 0.9, seed: trial, resamples: 300 });
    assert.equal(interval.estimate, mean(xs));
    if (interval.low <= 5 && 5 <= interval.high) covered++;
  }
  // 0.9 of 300 has a standard deviation of 0.017; the percentile interval is a little narrow at n = 40.
  assert.ok(covered / trials > 0.83 && covered / trials < 0.95, `coverage ${covered / trials}`);
  const xs = [1, 4, 2, 8, 5];
  assert.deepEqual(bootstrapInterval(xs, { seed: 2 }), bootstrapInterval(xs, { seed: 2 }));
  assert.notDeepEqual(
    bootstrapInterval(xs, { seed: 2, statistic: mean }),
    bootstrapInterval(xs, { seed: 3, statistic: mean }),
  );
  assert.deepEqual(bootstrapInterval([7, 7]), { estimate: 7, low: 7, high: 7 });
});

test('bad input is refused with what was given', () => {
  assert.throws(() => median([]), /at least one value/);
  assert.throws(() => median([1, NaN]), /value 1 of 2 is not a number/);
  assert.throws(() => quantile([1], 85), /between 0 and 1, got 85/);
  assert.throws(() => quantileBand([]), /at least one series/);
  assert.throws(() => quantileBand([[1], [1, 2]]), /series 1 has 2/);
  assert.throws(() => quantileBand([[1]], 0.9, 0.1), /low \(0\.9\)/);
  assert.throws(() => bootstrapInterval([]), /at least one value/);
  assert.throws(() => bootstrapInterval([1, Infinity]), /xs\[1\] is Infinity/);
  assert.throws(() => bootstrapInterval([1], { level: 95 }), /level/);
  assert.throws(() => bootstrapInterval([1], { resamples: 10 }), /resamples/);
  assert.throws(() => linearFit([1], [1]), /two points/);
  assert.throws(() => linearFit([1, 2], [1]), /same length, got 2 and 1/);
  assert.throws(() => linearFit([3, 3], [1, 2]), /all 2 values of x are 3/);
  assert.throws(() => powerLaw([1, 2], [0, 1]), /y\[0\] is 0/);
});

test('medianInterval: the values themselves where they are few, a bootstrap where they are many', () => {
  assert.deepEqual(medianInterval([3, 1, 2]), { median: 2, low: 1, high: 3, n: 3, ends: 'extremes' });
  assert.deepEqual(medianInterval([7]), { median: 7, low: 7, high: 7, n: 1, ends: 'extremes' });
  const nine = [9, 1, 5, 2, 4, 8, 3, 7, 6];
  assert.deepEqual(medianInterval(nine), { median: 5, low: 1, high: 9, n: 9, ends: 'extremes' });
  const ten = medianInterval([...nine, 100]);
  const { low, high } = bootstrapInterval([...nine, 100], { level: 0.95, seed: 0 });
  assert.deepEqual(ten, { median: 5.5, low, high, n: 10, ends: 'bootstrap' });
  assert.ok(low > 1 && high < 100);
  // What the doc comment says of five values: the resampled median is the smallest with probability P(at least 3 of 5 draws are it).
  const p = 0.2;
  const atLeastThree = 10 * p ** 3 * 0.8 ** 2 + 5 * p ** 4 * 0.8 + p ** 5;
  assert.equal(atLeastThree.toFixed(3), '0.058');
  assert.throws(() => medianInterval([]), /at least one value/);
  assert.throws(() => medianInterval([1, NaN]), /xs\[1\] is NaN/);
});
