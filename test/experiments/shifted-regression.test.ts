import test from 'node:test';
import assert from 'node:assert/strict';
import { Random, shiftedRegression } from 'bnlab';

const near = (got: number, want: number, within: number) =>
  assert.ok(Math.abs(got - want) < within, `got ${got}, wanted ${want}`);
const seeds = [1];

test('shiftedRegression: the limits of a line are Stein’s, at both ends and between', () => {
  const powers = [0, 0.3, 1];
  const { limits } = shiftedRegression({ powers, examples: 10, seeds });
  powers.forEach((power, i) => {
    const [a, b] = [(1 - power) / 0.25, power / 0.09]; // precisions of N(0.5, 0.5^2) and N(0, 0.3^2)
    const [mu, variance] = [(a * 0.5) / (a + b), 1 / (a + b)];
    near(limits[i].coefficients[1], -1 + 3 * (mu * mu + variance), 1e-12);
    near(limits[i].coefficients[0], -2 * mu ** 3, 1e-12);
  });
  // -x + x^3 less its best line under N(0, s^2), a Hermite polynomial: 6 s^6
  near(limits[2].testError, 6 * 0.3 ** 6, 1e-12);
  near(limits[0].testError, 6 * 0.3 ** 6 + 0.25 ** 2 + (0.5 + 0.73) ** 2 * 0.09, 1e-12);
});

test('shiftedRegression: the fits of many examples are near their limits, and so are the shares', () => {
  const { fits, limits } = shiftedRegression({ powers: [0, 0.5, 1], examples: 200000, seeds });
  fits[0].forEach((fit, i) => {
    fit.coefficients.forEach((c, k) => near(c, limits[i].coefficients[k], 0.02));
    near(fit.testError, limits[i].testError, 0.01);
    near(fit.share, limits[i].share, 0.01);
  });
});

test('shiftedRegression: least squares by hand, and the error on examples drawn from the test distribution', () => {
  const { fits } = shiftedRegression({ powers: [0], examples: 2, noise: 0, seeds: [7] });
  const random = new Random(7, 'shifted-regression');
  const [p, q] = [0, 0].map(() => random.normal(0.5, 0.5));
  const f = (x: number) => x ** 3 - x;
  const slope = (f(q) - f(p)) / (q - p); // through both points
  const [c0, c1] = fits[0][0].coefficients;
  near(c1, slope, 1e-9);
  near(c0, f(p) - slope * p, 1e-9);
  const drawn = new Random(1, 'asked');
  const n = 200000;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const x = drawn.normal(0, 0.3);
    sum += (f(x) - c0 - c1 * x) ** 2;
  }
  near(sum / n, fits[0][0].testError, 0.02 * fits[0][0].testError);
});

test('shiftedRegression: where the model is right the limit is the function, whatever the weights', () => {
  const { limits } = shiftedRegression({ powers: [0, 1], degree: 3, examples: 10, seeds });
  for (const { coefficients, testError } of limits) {
    [0, -1, 0, 1].forEach((c, k) => near(coefficients[k], c, 1e-9));
    near(testError, 0, 1e-12);
  }
});

test('shiftedRegression: a test distribution twice as wide leaves no effective examples in the limit', () => {
  const wide = { mean: 0, deviation: 1 };
  const { limits } = shiftedRegression({ powers: [1], test: wide, examples: 10, seeds });
  assert.equal(limits[0].share, 0);
  assert.throws(
    () => shiftedRegression({ powers: [2], test: wide, examples: 10, seeds }),
    /with power 2 the weighted density has no finite integral/,
  );
  assert.throws(() => shiftedRegression({ powers: [0], examples: 1, seeds }), /1 examples do not determine 2/);
});
