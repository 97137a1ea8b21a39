import assert from 'node:assert/strict';
import test from 'node:test';
import { newtonSchulzErrors } from 'bnlab';
import { clean } from '../support/tensors';
import { closeWithin } from '../support/close';

const near = closeWithin(0, 'relative');

test(
  'newtonSchulzErrors: measured as predicted; converges below 3 unscaled, diverges above 5',
  clean(() => {
    const scaled = newtonSchulzErrors([1, 0.1, 0.01], { iterations: 12, seed: 2 });
    scaled.predicted.slice(0, 9).forEach((want, k) => near(scaled.measured[k], want, 0.01, `iteration ${k}`));
    // Before the first iteration the eigenvalues are those given, over their sum or as they are.
    const apart = (eigenvalues: number[]) =>
      Math.sqrt(eigenvalues.reduce((sum, v) => sum + (v - 1) ** 2, 0) / eigenvalues.length);
    const plain = newtonSchulzErrors([1, 0.1, 0.01], { iterations: 0, prescale: 'none' });
    for (const [errors, eigenvalues] of [
      [scaled, [1 / 1.11, 0.1 / 1.11, 0.01 / 1.11]],
      [plain, [1, 0.1, 0.01]],
    ] as const) {
      near(errors.predicted[0], apart([...eigenvalues]), 1e-9, 'predicted');
      near(errors.measured[0], apart([...eigenvalues]), 1e-4, 'measured');
    }
    assert.ok(scaled.measured[12] < 1e-4);
    assert.equal(scaled.measured.length, 13);
    const unscaled = (largest: number) =>
      newtonSchulzErrors([1, largest], { iterations: 12, prescale: 'none' }).measured[12];
    assert.ok(unscaled(2.9) < 1e-2);
    assert.equal(unscaled(5.2), Infinity);
    assert.throws(() => newtonSchulzErrors([1], { iterations: -1 }), /at least 0, got -1/);
  }),
);

test(
  'newtonSchulzErrors: the plain form multiplies rounding by (kappa + sqrt(kappa) - 2) / 2 an iteration near the root, the coupled one keeps it',
  clean(() => {
    for (const kappa of [8, 16]) {
      // Two eigenvalues: it is at the root after a few iterations, and what then grows is rounding.
      const plain = newtonSchulzErrors([1, 1 / kappa], { iterations: 40, form: 'plain', seed: 3 }).measured;
      const least = plain.indexOf(Math.min(...plain));
      const from = plain.findIndex((error, k) => k > least && error > 3e-5);
      const to = plain.findIndex((error, k) => k > from && error > 1e-2);
      assert.ok(from > 0 && to > from, `${plain}`);
      const perIteration = (plain[to] / plain[from]) ** (1 / (to - from));
      near(perIteration, (kappa + Math.sqrt(kappa) - 2) / 2, 0.15, `kappa ${kappa}`);
      const coupled = newtonSchulzErrors([1, 1 / kappa], { iterations: 40, seed: 3 }).measured;
      assert.ok(
        coupled.slice(12).every((error) => error < 1e-5),
        `${coupled}`,
      );
      // Until rounding has grown, the forms are the same.
      plain.slice(0, 5).forEach((error, k) => near(error, coupled[k], 1e-3, `iteration ${k}`));
    }
    // Below 2.43 the factor is below 1.
    const mild = newtonSchulzErrors([1, 0.5], { iterations: 40, form: 'plain' }).measured;
    assert.ok(
      mild.slice(12).every((error) => error < 1e-5),
      `${mild}`,
    );
  }),
);
