import test from 'node:test';
import assert from 'node:assert/strict';
import { bestTrackingRate, trackingError, trackOptimum } from 'bnlab';

const problems = [
  { noise: 1, drift: 0.01 },
  { noise: 2, drift: 1 },
  { noise: 0.5, drift: 0.3 },
];

test('trackOptimum: the mean squared error is that of the closed form, within its own sampling error', () => {
  const [steps, rates] = [40000, [0.05, 0.2, 0.7, 1.5]];
  for (const problem of problems) {
    const runs = trackOptimum({ ...problem, rates, seeds: [1, 2, 3, 4], steps });
    rates.forEach((eta, i) => {
      const mean = runs.reduce((sum, row) => sum + row[i] / runs.length, 0);
      // e is an AR(1) with coefficient a = 1 - eta: its squares have n (1 - a^2) / (1 + a^2) independent values.
      const independent = (runs.length * steps * (1 - (1 - eta) ** 2)) / (1 + (1 - eta) ** 2);
      const error = Math.abs(mean / trackingError(problem, eta) - 1);
      assert.ok(error < 5 * Math.sqrt(2 / independent), `${eta}: ${error}`);
    });
  }
});

test('trackingError: an optimum that stays, one without lag, and the sum of two terms at small rates', () => {
  assert.equal(trackingError({ noise: 3, drift: 0 }, 1), 9);
  assert.equal(trackingError({ noise: 1, drift: 4 }, 1), 5); // at rate 1 the last gradient is all that is known
  const small = 1e-3;
  const sum = (small * 4) / 2 + 1e-6 / (2 * small);
  assert.ok(Math.abs(trackingError({ noise: 2, drift: 1e-6 }, small) / sum - 1) < small);
});

test('bestTrackingRate: no rate beside it is better; the gain of the stationary Kalman filter; sqrt(q)/s where that is small', () => {
  for (const problem of problems) {
    const best = bestTrackingRate(problem);
    const least = trackingError(problem, best);
    for (const factor of [0.99, 1.01]) assert.ok(trackingError(problem, best * factor) > least);
    let [variance, gain] = [1, 0]; // Riccati: predict, then weigh the new observation
    for (let t = 0; t < 500; t++) {
      const predicted = variance + problem.drift;
      gain = predicted / (predicted + problem.noise ** 2);
      variance = (1 - gain) * predicted;
    }
    assert.ok(Math.abs(gain - best) < 1e-12);
  }
  assert.ok(Math.abs(bestTrackingRate({ noise: 2, drift: 1e-8 }) / 5e-5 - 1) < 1e-4);
  assert.equal(bestTrackingRate({ noise: 1, drift: 0 }), 0);
});

test('a rate at which the descent does not converge is an error', () => {
  for (const rate of [0, 2, -1, NaN]) {
    assert.throws(() => trackingError(problems[0], rate), /rate must be above 0 and below 2.*got/);
  }
  const run = { ...problems[0], seeds: [1], steps: 10 };
  assert.throws(() => trackOptimum({ ...run, rates: [0.1, 2] }), /below 2, where the descent converges; got 2/);
  assert.throws(() => trackingError({ noise: 0, drift: 1 }, 0.1), /noise must be a finite number above 0, got 0/);
});
