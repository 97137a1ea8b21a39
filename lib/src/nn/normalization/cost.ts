import { expectOptions, needed, own } from '../../core/checks';
import { expectCount, expectOneOf } from '../checks';
import { WhiteningMethod, WHITENINGS } from './whitening';

/** What a normalization costs for one mini-batch, forward, in floating-point operations. */
export interface NormalizationCost {
  /** Mean, centring, and variance or covariance. */
  statistics: number;
  /** The inverse square root, or the inverse root of the covariance. */
  root: number;
  /** Applying it. */
  apply: number;
  /** The sum of the three. */
  total: number;
  /** The same as formulas in m, d and T (iterations). */
  formulas: { statistics: string; root: string; apply: string };
}

const ROOTS: Record<WhiteningMethod, { formula: string; count: (d: number, iterations: number) => number }> = {
  // Golub & Van Loan, Matrix Computations, 4th ed., 8.3: the symmetric QR algorithm with eigenvectors takes about 9 d^3.
  zca: { formula: '9 d^3 + 2 d^3', count: (d) => 11 * d ** 3 },
  pca: { formula: '9 d^3 + d^2', count: (d) => 9 * d ** 3 + d ** 2 },
  // 4.2: Cholesky d^3/3; 3.1: the triangular inverse d^3/3.
  cholesky: { formula: '(2/3) d^3', count: (d) => (2 / 3) * d ** 3 },
  'newton-schulz': {
    formula: 'T (6 d^3 + 3 d^2) - 2 d^3',
    count: (d, t) => Math.max(0, t * (6 * d ** 3 + 3 * d ** 2) - 2 * d ** 3),
  },
};

/**
 * Floating-point operations of one forward pass, additions and multiplications counted alike: batch normalization is O(m d),
 * whitening O(m d^2) for the covariance and O(d^3) for its root.
 *
 * @example normalizationCost('zca', { m: 60, d: 100 }).total / normalizationCost('batch', { m: 60, d: 100 }).total
 * @param kind `batch`, or a whitening
 * @param sizes m examples (values per feature), d features, iterations of Newton-Schulz (default 5)
 * @throws RangeError for a kind that is not known, or sizes that are not whole numbers from 1
 */
export function normalizationCost(
  kind: 'batch' | WhiteningMethod,
  sizes: { m: number; d: number; iterations?: number },
): NormalizationCost {
  const where = 'normalizationCost';
  expectOneOf(where, 'kind', kind, ['batch', ...WHITENINGS]);
  expectOptions<typeof sizes>(where, sizes, { m: needed(own), d: needed(own), iterations: own });
  const { m, d, iterations = 5 } = sizes;
  expectCount(where, 'm', m);
  expectCount(where, 'd', d);
  expectCount(where, 'iterations', iterations, 0);
  // Mean m d, centring m d, then squares and their sum 2 m d, or the product 2 m d^2.
  const [statistics, root, apply, formulas] =
    kind === 'batch'
      ? ([4 * m * d, 3 * d, m * d, { statistics: '4 m d', root: '3 d', apply: 'm d' }] as const)
      : ([
          2 * m * d + 2 * m * d ** 2,
          ROOTS[kind].count(d, iterations),
          2 * m * d ** 2,
          { statistics: '2 m d + 2 m d^2', root: ROOTS[kind].formula, apply: '2 m d^2' },
        ] as const);
  return { statistics, root, apply, total: statistics + root + apply, formulas };
}
