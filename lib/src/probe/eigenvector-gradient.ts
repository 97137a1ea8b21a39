/** The gradient of Sigma^(-1/2), by the formula for the matrix as a whole and through eigenvectors, as automatic differentiation has it. */
import { Matrix } from 'ml-matrix';
import { expectArguments, expectOptions, oneOf, type Options, rowsOfNumbers } from '../core/checks';
import { symmetricEigen } from '../nn/normalization/inverse-root';

/** What {@link zcaGradients} takes besides the matrices. */
export interface ZcaGradientOptions {
  /** What the steps through eigenvectors are rounded to, the eigenvalues included. Default `float64`. */
  precision?: 'float32' | 'float64';
}

const ZCA_GRADIENT_OPTIONS: Options<ZcaGradientOptions> = { precision: oneOf(['float32', 'float64']) };

/** dl/dSigma, symmetric, [d][d], twice. */
export interface ZcaGradients {
  /** From divided differences: -1/(sqrt(a) sqrt(b) (sqrt(a) + sqrt(b))), finite at equal eigenvalues; float64. */
  formula: number[][];
  /** Through eigenvectors: NaN where eigenvalues are equal. */
  throughEigenvectors: number[][];
}

/**
 * dl/dSigma of l(A), A = Sigma^(-1/2), from dl/dA. With Sigma = U Lambda U^T and C = U^T sym(dl/dA) U:
 *
 *     formula:               U (D * C) U^T,  D_ij = -1 / (sqrt(l_i l_j) (sqrt(l_i) + sqrt(l_j)))
 *     through eigenvectors:  U (F * (U^T dl/dU) + diag(dl/dl)) U^T,  F_ij = 1 / (l_j - l_i)
 *
 * The second is reverse-mode differentiation of U Lambda^(-1/2) U^T with the rule for eigenvectors (Giles 2008, section 3.1). In exact
 * arithmetic the two agree at distinct eigenvalues; in rounded arithmetic the second divides a rounded difference by the gap.
 *
 * @param sigma symmetric, positive definite, [d][d]
 * @param dA dl/dA, [d][d]
 * @example zcaGradients([[1, 0], [0, 1]], [[0, 1], [1, 0]]).throughEigenvectors // NaN off the diagonal
 * @throws RangeError for matrices that do not fit, or eigenvalues that are not above 0
 */
export function zcaGradients(
  sigma: readonly (readonly number[])[],
  dA: readonly (readonly number[])[],
  options: ZcaGradientOptions = {},
): ZcaGradients {
  expectArguments('zcaGradients', { sigma: [sigma, rowsOfNumbers], dA: [dA, rowsOfNumbers] });
  expectOptions('zcaGradients', options, ZCA_GRADIENT_OPTIONS);
  const d = sigma.length;
  if (d === 0 || [...sigma, ...dA].some((row) => row.length !== d) || dA.length !== d) {
    throw new RangeError(
      `zcaGradients: wanted two matrices [d][d], got ${d} rows of ${sigma[0]?.length}, and ${dA.length} rows.`,
    );
  }
  const { values, vectors } = symmetricEigen(new Matrix(sigma.map((row) => [...row])));
  if (!(values[d - 1] > 0))
    throw new RangeError(`zcaGradients: the smallest eigenvalue is ${values[d - 1]}, wanted above 0.`);
  const outer = new Matrix(dA.map((row) => [...row]));
  const symmetric = Matrix.add(outer, outer.transpose()).mul(0.5);
  const roots = values.map(Math.sqrt);
  const turned = vectors.transpose().mmul(symmetric).mmul(vectors);
  const formula = entries(d, (i, j) => -turned.get(i, j) / (roots[i] * roots[j] * (roots[i] + roots[j])));
  const outOf = (u: Matrix, a: Matrix) => u.mmul(a).mmul(u.transpose());
  return {
    formula: outOf(vectors, formula).to2DArray(),
    throughEigenvectors: automatic(values, vectors, symmetric, options.precision ?? 'float64').to2DArray(),
  };
}

/** Reverse mode, operation by operation: A = (U S) U^T with S = Lambda^(-1/2), then the rule for eigenvectors. */
function automatic(values: number[], vectors: Matrix, dA: Matrix, precision: 'float32' | 'float64'): Matrix {
  const rounded = (a: Matrix) => (precision === 'float64' ? a : entries(a.rows, (i, j) => Math.fround(a.get(i, j))));
  const round = precision === 'float64' ? (v: number) => v : Math.fround;
  const d = values.length;
  const u = rounded(vectors);
  const l = values.map(round);
  const s = l.map((v) => round(1 / Math.sqrt(v)));
  const c = rounded(dA.mmul(u)); // dl/dU = 2 dA U S
  const dU = rounded(entries(d, (i, j) => 2 * c.get(i, j) * s[j]));
  const dS = rounded(u.transpose().mmul(c)).diagonal();
  const turn = rounded(u.transpose().mmul(dU));
  const inside = entries(d, (i, j) =>
    round(i === j ? -0.5 * dS[i] * round(s[i] / l[i]) : turn.get(i, j) * round(1 / round(l[j] - l[i]))),
  );
  const found = rounded(rounded(u.mmul(inside)).mmul(u.transpose()));
  return Matrix.add(found, found.transpose()).mul(0.5);
}

function entries(d: number, of: (i: number, j: number) => number): Matrix {
  return new Matrix(Array.from({ length: d }, (_, i) => Array.from({ length: d }, (_, j) => of(i, j))));
}
