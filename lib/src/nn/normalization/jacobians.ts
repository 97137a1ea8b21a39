/** Section 2's Norm(x, X) and its two Jacobians, in float64. */
import { Matrix } from 'ml-matrix';
import { expectOptions, shown } from '../../core/checks';
import { expectEpsilon, expectOneOf } from '../checks';
import { expectRows, expectVector, FLOAT64_OPTIONS, Float64Options, moments64, Rows } from './float64';
import { DECOMPOSITIONS, inverseRoot, transposed } from './inverse-root';
import { DEFAULT_EPSILON } from './shared';

/** The normalizations whose Jacobians `normJacobians` gives. */
export const JACOBIAN_KINDS = ['center', 'batch', ...DECOMPOSITIONS] as const;

/** One of {@link JACOBIAN_KINDS}. */
export type JacobianKind = (typeof JACOBIAN_KINDS)[number];

/** The statistics of X as one linear map: Norm(x, X) = A(X) (x - mu(X)). */
function linearMap(where: string, X: Rows, kind: JacobianKind, epsilon: number) {
  const { m, d } = expectRows(where, 'X', X, 2);
  expectOneOf(where, 'kind', kind, JACOBIAN_KINDS);
  expectEpsilon(where, epsilon, true);
  const { mean, variance } = moments64(X);
  const centred = X.map((row) => row.map((v, j) => v - mean[j]));
  if (kind === 'center') {
    return { m, d, mean, centred, matrix: Matrix.eye(d, d), change: () => Matrix.zeros(d, d) };
  }
  if (kind === 'batch') {
    const matrix = Matrix.diag(variance.map((v) => 1 / Math.sqrt(v + epsilon)));
    const change = (dSigma: Matrix) =>
      Matrix.diag(variance.map((v, j) => -0.5 * dSigma.get(j, j) * (v + epsilon) ** -1.5));
    return { m, d, mean, centred, matrix, change };
  }
  const rows = new Matrix(centred);
  const sigma = transposed(rows)
    .mmul(rows)
    .div(m)
    .add(Matrix.eye(d, d, epsilon));
  const root = inverseRoot(where, sigma, kind);
  return { m, d, mean, centred, matrix: root.matrix, change: (dSigma: Matrix) => root.differential(dSigma) };
}

/**
 * xHat = Norm(x, X) in float64, one example against the whole set X (section 2): x - E[x] (`center`), batch normalization
 * without gamma and beta (`batch`), or Cov[x]^(-1/2) (x - E[x]) and its relatives (`zca`, `pca`, `cholesky`).
 * @example norm64([1, 2], X, 'zca')
 * @param x d numbers; usually, but not necessarily, one of X's rows
 * @param X m rows of d numbers
 * @throws RangeError when shapes do not fit, or the covariance plus epsilon is not positive definite
 */
export function norm64(x: readonly number[], X: Rows, kind: JacobianKind, options: Float64Options = {}): number[] {
  expectOptions('norm64', options, FLOAT64_OPTIONS);
  const { d, mean, matrix } = linearMap('norm64', X, kind, options.epsilon ?? DEFAULT_EPSILON);
  expectVector('norm64', 'x', x, d);
  return matrix.mmul(Matrix.columnVector(x.map((v, j) => v - mean[j]))).getColumn(0);
}

/** The two Jacobians of section 2 for one example. */
export interface NormJacobians {
  /** dNorm(x, X)/dx, the set held fixed: d rows of d. */
  x: number[][];
  /** dNorm(x, X)/dX, x held fixed: d rows of m*d; column k*d + j belongs to feature j of example k. */
  X: number[][];
}

/**
 * The two Jacobians of xHat = Norm(x, X), dNorm/dx and dNorm/dX (section 2; "ignoring the latter term would lead to the
 * explosion described above"), at x = X[index], in float64 and by formula. The full derivative of that example's output
 * with respect to its own input is the first plus the block of `index` in the second.
 *
 * @example const { x, X } = normJacobians(rows, 0, 'zca');
 * @param X m rows of d numbers; small ones, the second Jacobian has m d^2 entries
 * @param index which example, from 0
 * @throws RangeError when shapes do not fit, the covariance plus epsilon is singular, or (`pca`) eigenvalues are equal
 */
export function normJacobians(X: Rows, index: number, kind: JacobianKind, options: Float64Options = {}): NormJacobians {
  const where = 'normJacobians';
  expectOptions(where, options, FLOAT64_OPTIONS);
  const { m, d, centred, matrix, change } = linearMap(where, X, kind, options.epsilon ?? DEFAULT_EPSILON);
  if (!Number.isInteger(index) || index < 0 || index >= m) {
    throw new RangeError(`${where}: index must be from 0 to ${m - 1}, got ${shown(index)}.`);
  }
  const own = Matrix.columnVector([...centred[index]]);
  const dX = Matrix.zeros(d, m * d);
  for (let k = 0; k < m; k++) {
    for (let j = 0; j < d; j++) {
      // Moving feature j of example k moves the mean by e_j/m and Sigma by (e_j c_k^T + c_k e_j^T)/m; the mean's own part of
      // the latter drops out, because the centred rows sum to zero.
      const dSigma = Matrix.zeros(d, d);
      for (let i = 0; i < d; i++) {
        dSigma.set(i, j, dSigma.get(i, j) + centred[k][i] / m);
        dSigma.set(j, i, dSigma.get(j, i) + centred[k][i] / m);
      }
      const moved = change(dSigma).mmul(own).getColumn(0);
      for (let i = 0; i < d; i++) dX.set(i, k * d + j, moved[i] - matrix.get(i, j) / m);
    }
  }
  return { x: matrix.to2DArray(), X: dX.to2DArray() };
}
