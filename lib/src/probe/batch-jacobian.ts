/** Where a normalization loses its derivative: the size of dNorm(x, X)/dX, section 2's second Jacobian. */
import { expectArgument, expectOptions, rowsOfNumbers } from '../core/checks';
import { FLOAT64_OPTIONS } from '../nn/normalization/float64';
import { normJacobians, type Float64Options, type JacobianKind, type Rows } from '../nn';

/**
 * Frobenius norm of dNorm(x, X)/dX over all examples x of X: how much the normalized set moves, at most, for a small movement of
 * the set's statistics. In float64 and by formula. It grows without bound where the derivative ends:
 *
 * - `pca` as 1/|l_i - l_j| at two equal eigenvalues of Cov[x], where `normJacobians` refuses;
 * - `zca`, `cholesky` and `pca` as 1/sqrt(l) where an eigenvalue l goes to zero;
 * - `batch` as 1/sigma where the variance of a single feature goes to zero;
 * - with epsilon above zero only the first remains.
 *
 * @param X m rows of d numbers; small ones
 * @example batchJacobianNorm(rowsWithSpectrum([1 + gap, 1, 0.5], { m: 8 }), 'pca', { epsilon: 0 })
 * @throws as `normJacobians`
 */
export function batchJacobianNorm(X: Rows, kind: JacobianKind, options: Float64Options = {}): number {
  expectOptions('batchJacobianNorm', options, FLOAT64_OPTIONS);
  expectArgument('batchJacobianNorm', 'X', X, rowsOfNumbers);
  if (X.length < 2) throw new RangeError(`batchJacobianNorm: wanted at least 2 rows, got ${X.length}.`);
  let sum = 0;
  for (let i = 0; i < X.length; i++) {
    for (const row of normJacobians(X, i, kind, options).X) for (const v of row) sum += v * v;
  }
  return Math.sqrt(sum);
}
