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
