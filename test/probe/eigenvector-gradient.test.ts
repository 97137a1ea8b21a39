import assert from 'node:assert/strict';
import test from 'node:test';
import { Matrix } from 'ml-matrix';
import { norm64, Random, rowsWithSpectrum, zcaGradients } from 'bnlab';
import { closeWithin } from '../support/close';

const near = closeWithin(0, 'relative');
const random = new Random(5, 'zca-gradients');
const dA = Array.from({ length: 3 }, () => [random.normal(), random.normal(), random.normal()]);
const covariance = (spectrum: number[], seed = 1) => {
  const x = new Matrix(rowsWithSpectrum(spectrum, { m: 5, seed }));
  return x
    .transpose()
    .mmul(x)
    .mul(1 / 5)
    .to2DArray();
};
const size = (a: number[][]) => Math.hypot(...a.flat());
const off = (a: number[][], b: number[][]) => size(a.map((row, i) => row.map((v, j) => v - b[i][j]))) / size(b);

/** Sigma^(-1/2) by the library's ZCA of examples with that covariance: no formula of this file's. */
const loss = (sigma: number[][]) => {
  const lower = cholesky(sigma);
  // Six examples at +- the columns of sqrt(3) L have mean 0 and covariance L L^T.
  const columns = [0, 1, 2].map((j) => lower.map((row) => Math.sqrt(3) * row[j]));
  const rows = [...columns, ...columns.map((column) => column.map((v) => -v))];
  const rootOf = (i: number) =>
    norm64(
      [0, 1, 2].map((j) => (i === j ? 1 : 0)),
      rows,
      'zca',
      { epsilon: 0 },
    );
  return [0, 1, 2].reduce((sum, i) => sum + rootOf(i).reduce((part, v, j) => part + v * dA[j][i], 0), 0);
};
function cholesky(a: number[][]): number[][] {
  const l = a.map((row) => row.map(() => 0));
  a.forEach((row, i) =>
    row.slice(0, i + 1).forEach((v, j) => {
      const rest = v - l[i].reduce((sum, w, k) => sum + (k < j ? w * l[j][k] : 0), 0);
      l[i][j] = i === j ? Math.sqrt(rest) : rest / l[j][j];
    }),
  );
  return l;
}

test('zcaGradients: both are the derivative where eigenvalues differ; the formula also where they are equal', () => {
  for (const spectrum of [
    [2, 1, 0.3],
    [1, 1, 0.4],
  ]) {
    const sigma = covariance(spectrum);
    const { formula, throughEigenvectors } = zcaGradients(sigma, dA);
    const h = 1e-5;
    for (const [i, j] of [
      [0, 0],
      [0, 1],
      [1, 2],
    ]) {
      const moved = (t: number) =>
        loss(sigma.map((row, a) => row.map((v, b) => v + ((a === i && b === j) || (a === j && b === i) ? t : 0))));
      const slope = (moved(h) - moved(-h)) / (2 * h);
      near((i === j ? 1 : 2) * formula[i][j], slope, 1e-6, `${spectrum}: ${i}, ${j}`);
    }
    if (spectrum[0] === 2) assert.ok(off(throughEigenvectors, formula) < 1e-12);
  }
});

test('zcaGradients: through eigenvectors the error is rounding over the gap, and equal eigenvalues give NaN', () => {
  const errors = [1e-2, 1e-4, 1e-6].map((gap) => {
    const { formula, throughEigenvectors } = zcaGradients(
      [
        [1 + gap, 0, 0],
        [0, 1, 0],
        [0, 0, 0.4],
      ],
      dA,
      {
        precision: 'float32',
      },
    );
    return off(throughEigenvectors, formula);
  });
  assert.ok(errors[0] < 1e-4 && errors[1] > 10 * errors[0] && errors[2] > 10 * errors[1], `${errors}`);
  const identity = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  const { formula, throughEigenvectors } = zcaGradients(identity, dA);
  assert.ok(throughEigenvectors.flat().some(Number.isNaN));
  // At the identity A = I - dSigma / 2 + ...
  formula.forEach((row, i) => row.forEach((v, j) => near(v, -(dA[i][j] + dA[j][i]) / 4, 1e-12, `${i}, ${j}`)));
});

test('zcaGradients: what does not fit is an error', () => {
  assert.throws(
    () =>
      zcaGradients(
        [
          [1, 0],
          [0, 1],
        ],
        [[1]],
      ),
    /wanted two matrices/,
  );
  assert.throws(
    () =>
      zcaGradients(
        [
          [1, 0],
          [0, -1],
        ],
        [
          [1, 0],
          [0, 1],
        ],
      ),
    /smallest eigenvalue is -1/,
  );
});
