/** The gap at equal training loss. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { gapAtLoss, type History } from 'bnlab';

const score = (loss: number, accuracy: number) => ({ loss, accuracy });
const history = (looks: { step: number; train?: [number, number]; test: [number, number] }[]): History =>
  ({
    ...{ kind: 'history', version: 1, name: 'made up', diverged: null },
    evaluations: looks.map(({ step, train, test: of }) => ({
      ...{ step, probes: {}, test: score(...of) },
      ...(train ? { train: score(...train) } : {}),
    })),
  }) as unknown as History;

test('gapAtLoss: between two looks, by the logarithm of the training loss', () => {
  const run = history([
    { step: 0, train: [4, 0.1], test: [4, 0.1] },
    { step: 10, train: [1, 0.7], test: [2, 0.5] },
    { step: 20, train: [0.01, 1], test: [3, 0.6] },
  ]);
  const at = gapAtLoss(run, { loss: 0.1 })!;
  assert.ok(Math.abs(at.step - 15) < 1e-9 && Math.abs(at.loss - 1.995) < 1e-9);
  assert.ok(Math.abs(at.accuracy - 0.3) < 1e-9 && Math.abs(at.test - 0.55) < 1e-9);
  assert.equal(gapAtLoss(run, { loss: 1 })!.step, 10);
  assert.equal(gapAtLoss(run, { loss: 5 })!.step, 0);
  assert.equal(gapAtLoss(run, { loss: 0.001 }), null);
});

test('gapAtLoss: a run that is as far on both sets has no gap, and one without scores of the training set is refused', () => {
  const same = history([
    { step: 0, train: [2, 0.1], test: [2, 0.1] },
    { step: 4, train: [0.5, 0.9], test: [0.5, 0.9] },
  ]);
  const { loss, accuracy } = gapAtLoss(same, { loss: 0.9 })!;
  assert.ok(Math.abs(accuracy) < 1e-12 && Math.abs(loss) < 1e-12, `${loss}`);
  assert.throws(() => gapAtLoss(history([{ step: 0, test: [2, 0.1] }]), { loss: 1 }), /no scores of the training set/);
});
