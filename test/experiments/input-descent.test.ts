/** Gradient descent on a quadratic, against its closed form in the eigenbasis of H, in float64. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { datasetOf, inputDescent, ready, tf, toTensors } from 'bnlab';
import type { RunPoint } from 'bnlab/internal';
import { readPoints } from 'bnlab/dist/src/experiments/readings';

before(async () => void (await ready()));

const data = { kind: 'digits', train: 60, test: 10 } as const;

/** H = E[x x^T] and E[x y^T] of raw pixels at half their size, with a constant 1, and E[|y|^2] / 2. */
async function quadratic(): Promise<{ h: Matrix; cross: Matrix; atZero: number }> {
  const { train } = await datasetOf(data);
  const { x, y } = toTensors(train);
  const [pixels, labels] = [x.arraySync() as number[][], y.arraySync() as number[][]];
  tf.dispose([x, y]);
  const rows = pixels.map((row) => {
    const small = Array.from({ length: 196 }, (_, k) => {
      const at = 2 * 28 * Math.floor(k / 14) + 2 * (k % 14);
      return (row[at] + row[at + 1] + row[at + 28] + row[at + 29]) / 4;
    });
    return [...small, 1];
  });
  const [X, Y] = [new Matrix(rows), new Matrix(labels)];
  const m = rows.length;
  return { h: X.transpose().mmul(X).div(m), cross: X.transpose().mmul(Y).div(m), atZero: 0.5 };
}

test('the loss after the steps is that of the closed form, and 2 / lambda_max is where the descent turns', async () => {
  const { h, cross, atZero } = await quadratic();
  const { realEigenvalues: values, eigenvectorMatrix: u } = new EigenvalueDecomposition(h, { assumeSymmetric: true });
  const largest = Math.max(...values);
  const b = u.transpose().mmul(cross); // E[x y^T] in the eigenbasis
  const closed = (rate: number, steps: number) =>
    values.reduce((loss, lambda, i) => {
      // w_t = (1 - (1 - rate lambda)^t) b / lambda, in the direction of an eigenvector
      const sum = lambda < 1e-12 * largest ? steps * rate : (1 - (1 - rate * lambda) ** steps) / lambda;
      const square = b.getRow(i).reduce((all, v) => all + v * v, 0);
      return loss + square * (0.5 * lambda * sum * sum - sum);
    }, atZero);
  const rates = [0.2, 0.9, 1.02].map((share) => (2 * share) / largest);
  const { kinds } = await inputDescent().run({ data, kinds: ['raw'], steps: 60, learningRates: rates });
  assert.ok(Math.abs(kinds[0].limit / (2 / largest) - 1) < 1e-4, `${kinds[0].limit}`);
  kinds[0].loss.forEach((loss, i) => {
    const want = closed(rates[i], 60);
    assert.ok(Math.abs(loss - want) < 1e-3 * Math.max(1, Math.abs(want)), `rate ${rates[i]}: ${loss}, ${want}`);
  });
  assert.ok(kinds[0].loss[2] > kinds[0].loss[1], 'beyond the limit it rises');
});

test('an offset moves raw inputs alone, whitening levels the eigenvalues, and each rate is reported as a point', async () => {
  const points: RunPoint[] = [];
  const run = (offset: number) =>
    inputDescent().run({ data, offset, steps: 5, learningRates: [0.01, 0.1] }, { onPoint: (p) => points.push(p) });
  const [without, moved] = [await run(0), await run(2)];
  const [raw, ...others] = without.kinds.map(({ limit }, i) => moved.kinds[i].limit / limit);
  assert.ok(raw < 0.1, `raw: ${raw}`);
  for (const ratio of others) assert.ok(Math.abs(ratio - 1) < 0.01, `${ratio}`);
  const [top] = without.kinds[3].eigenvalues;
  assert.ok(Math.abs(top - 1) < 0.01, `whitened: lambda_max is ${top}`);
  const curves = readPoints(points.slice(0, 8), 'reached');
  assert.deepEqual(curves.map(({ side, steps }) => [side, steps]), without.kinds.map(({ kind }) => [kind, [0.01, 0.1]])); // prettier-ignore
  assert.deepEqual(curves.map(({ limit }) => limit), without.kinds.map(({ limit }) => limit)); // prettier-ignore
  assert.deepEqual(curves.map(({ values }) => values), without.kinds.map(({ loss }) => loss)); // prettier-ignore
});
