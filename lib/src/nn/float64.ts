/**
 * The same mathematics in float64, in plain JavaScript on arrays of rows. TensorFlow.js has no float64, and some statements are
 * identities only in exact arithmetic; for those, for finite differences and for Jacobians of small sizes. Slow and plain.
 */
import { CholeskyDecomposition, EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { expectArgument, expectOptions, finiteNumbers, own, type Options, shown } from '../core/checks';
import { DEFAULT_EPSILON } from './batch-norm';
import { expectEpsilon, expectOneOf } from './checks';

/** m rows of d numbers. */
export type Rows = readonly (readonly number[])[];

/** Options of the float64 functions. */
export interface Float64Options {
  /** Default 1e-5; 0 is taken here, where exact arithmetic is the point. */
  epsilon?: number;
}

export const FLOAT64_OPTIONS: Options<Float64Options> = { epsilon: own };

/** Throws unless x is m rows of d finite numbers each. */
function expectRows(where: string, name: string, x: Rows, least = 1): { m: number; d: number } {
  const m = Array.isArray(x) ? x.length : 0;
  const d = m > 0 && Array.isArray(x[0]) ? x[0].length : 0;
  if (
    m < least ||
    d < 1 ||
    x.some((row) => row?.length !== d || !Array.isArray(row) || row.some((v) => !Number.isFinite(v)))
  ) {
    throw new RangeError(
      `${where}: ${name} must be at least ${least} rows of equally many finite numbers, got ${m} rows, the first of ${d}.`,
    );
  }
  return { m, d };
}

function expectVector(where: string, name: string, v: readonly number[], d: number): void {
  expectArgument(where, name, v, finiteNumbers);
  if (v.length !== d) {
    throw new RangeError(`${where}: ${name} must have ${d} entries, one per feature, got ${v.length}.`);
  }
}

/**
 * Mean and biased variance of each column, in two passes.
 * @param x m rows of d numbers
 * @returns d numbers each
 * @throws RangeError when x is empty, its rows differ in length, or a number is not finite
 */
export function moments64(x: Rows): { mean: number[]; variance: number[] } {
  const { m, d } = expectRows('moments64', 'x', x);
  const mean = Array.from({ length: d }, (_, j) => x.reduce((sum, row) => sum + row[j], 0) / m);
  const variance = mean.map((mu, j) => x.reduce((sum, row) => sum + (row[j] - mu) ** 2, 0) / m);
  return { mean, variance };
}

/** What `batchNorm64` returns. */
export interface BatchNorm64 {
  /** gamma xHat + beta, m rows of d. */
  y: number[][];
  /** Normalized values, m rows of d. */
  xHat: number[][];
  /** mu_B, d numbers. */
  mean: number[];
  /** Biased. */
  variance: number[];
}

/**
 * Algorithm 1 in float64; see `batchNorm`.
 * @example const { y } = batchNorm64([[1, 2], [3, 5]], { epsilon: 0 });
 * @param x m rows of d numbers, m at least 2
 * @throws RangeError when shapes do not fit, x holds NaN or infinity, or epsilon is negative
 */
export function batchNorm64(
  x: Rows,
  options: Float64Options & { gamma?: readonly number[]; beta?: readonly number[] } = {},
): BatchNorm64 {
  const where = 'batchNorm64';
  expectOptions<typeof options>(where, options, { ...FLOAT64_OPTIONS, gamma: own, beta: own });
  const { d } = expectRows(where, 'x', x, 2);
  const { epsilon = DEFAULT_EPSILON, gamma, beta } = options;
  expectEpsilon(where, epsilon, true);
  if (gamma !== undefined) expectVector(where, 'gamma', gamma, d);
  if (beta !== undefined) expectVector(where, 'beta', beta, d);
  const { mean, variance } = moments64(x);
  const xHat = x.map((row) => row.map((v, j) => (v - mean[j]) / Math.sqrt(variance[j] + epsilon)));
  const y = xHat.map((row) => row.map((v, j) => (gamma ? gamma[j] : 1) * v + (beta ? beta[j] : 0)));
  return { y, xHat, mean, variance };
}

/**
 * The gradient through Algorithm 1 in float64, compact form; see `batchNormGradientCompact`.
 * @param dy dl/dy, m rows of d numbers
 * @throws RangeError when shapes do not fit, a number is not finite, or epsilon is negative
 */
export function batchNormGradient64(
  dy: Rows,
  x: Rows,
  options: Float64Options & { gamma?: readonly number[] } = {},
): { dx: number[][]; dGamma: number[]; dBeta: number[] } {
  expectOptions<typeof options>('batchNormGradient64', options, { ...FLOAT64_OPTIONS, gamma: own });
  const { xHat, variance } = batchNorm64(x, options);
  const { m, d } = expectRows('batchNormGradient64', 'dy', dy, 2);
  if (m !== x.length || d !== x[0].length) {
    throw new RangeError(
      `batchNormGradient64: dy must be shaped like x, [${x.length}, ${x[0].length}], got [${m}, ${d}].`,
    );
  }
  const { epsilon = DEFAULT_EPSILON, gamma } = options;
  const dBeta = Array.from({ length: d }, (_, j) => dy.reduce((sum, row) => sum + row[j], 0));
  const dGamma = Array.from({ length: d }, (_, j) => dy.reduce((sum, row, i) => sum + row[j] * xHat[i][j], 0));
  const dx = dy.map((row, i) =>
    row.map(
      (v, j) =>
        ((gamma ? gamma[j] : 1) / Math.sqrt(variance[j] + epsilon)) * (v - dBeta[j] / m - (xHat[i][j] * dGamma[j]) / m),
    ),
  );
  return { dx, dGamma, dBeta };
}

/** Whitenings that are computed from a decomposition, on the host. */
export const DECOMPOSITIONS = ['zca', 'pca', 'cholesky'] as const;
/** One of {@link DECOMPOSITIONS}. */
export type Decomposition = (typeof DECOMPOSITIONS)[number];

/** A matrix A with A Sigma A^T = I, and its derivative with respect to Sigma in both directions. */
export interface InverseRoot {
  readonly matrix: Matrix;
  /** dA for a symmetric dSigma. */
  differential(dSigma: Matrix): Matrix;
  /** The adjoint: dl/dSigma, symmetric, from dl/dA. */
  gradient(dA: Matrix): Matrix;
}

const transposed = (a: Matrix) => a.transpose();
const symmetric = (a: Matrix) => Matrix.add(a, transposed(a)).mul(0.5);

/**
 * A with A Sigma A^T = I: Sigma^(-1/2) (zca), Lambda^(-1/2) U^T (pca), L^(-1) with Sigma = L L^T (cholesky).
 * @throws RangeError when Sigma is not positive definite
 */
export function inverseRoot(where: string, sigma: Matrix, method: Decomposition): InverseRoot {
  expectOneOf(where, 'method', method, DECOMPOSITIONS);
  return method === 'cholesky' ? choleskyRoot(where, sigma) : spectralRoot(where, sigma, method);
}

function singular(where: string, detail: string): RangeError {
  return new RangeError(
    `${where}: the covariance is not positive definite (${detail}), so it has no inverse root. ` +
      'm examples span at most m - 1 directions: take more examples than features, or a larger epsilon.',
  );
}

/** Eigenvalues, largest first, and the axes as columns, each with its largest entry positive. */
export function symmetricEigen(sigma: Matrix): { values: number[]; vectors: Matrix } {
  const d = sigma.rows;
  const decomposition = new EigenvalueDecomposition(sigma, { assumeSymmetric: true });
  const order = Array.from({ length: d }, (_, i) => i).sort(
    (a, b) => decomposition.realEigenvalues[b] - decomposition.realEigenvalues[a],
  );
  const vectors = Matrix.zeros(d, d);
  order.forEach((from, to) => {
    const column = decomposition.eigenvectorMatrix.getColumn(from);
    const largest = column.reduce((best, v) => (Math.abs(v) > Math.abs(best) ? v : best), 0);
    vectors.setColumn(to, largest < 0 ? column.map((v) => -v) : column);
  });
  return { values: order.map((i) => decomposition.realEigenvalues[i]), vectors };
}

function spectralRoot(where: string, sigma: Matrix, method: 'zca' | 'pca'): InverseRoot {
  const d = sigma.rows;
  const { values, vectors } = symmetricEigen(sigma);
  const smallest = values[d - 1];
  // Below d roundings of the largest, an eigenvalue is noise, whatever its sign.
  if (!(smallest > values[0] * d * Number.EPSILON)) {
    throw singular(where, `eigenvalues from ${smallest.toExponential(2)} to ${values[0].toExponential(2)}`);
  }
  const roots = values.map(Math.sqrt);
  const inU = (a: Matrix) => transposed(vectors).mmul(a).mmul(vectors);
  const outOfU = (a: Matrix) => vectors.mmul(a).mmul(transposed(vectors));
  const scaledAxes = Matrix.zeros(d, d); // Lambda^(-1/2) U^T
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) scaledAxes.set(i, j, vectors.get(j, i) / roots[i]);

  if (method === 'zca') {
    // Sigma^(-1/2) is a function of Sigma as a whole: its derivative has the divided differences of t^(-1/2) (Daleckii and
    // Krein), (f(a) - f(b))/(a - b) = -1/(sqrt(a) sqrt(b) (sqrt(a) + sqrt(b))): no division by a - b, finite at equal eigenvalues.
    const divided = (a: Matrix) => each(a, (v, i, j) => -v / (roots[i] * roots[j] * (roots[i] + roots[j])));
    const derivative = (a: Matrix) => outOfU(divided(inU(symmetric(a))));
    return { matrix: vectors.mmul(scaledAxes), differential: derivative, gradient: derivative };
  }

  const gap = (i: number, j: number) => {
    const difference = values[j] - values[i];
    if (Math.abs(difference) <= values[0] * d * Number.EPSILON) {
      throw new RangeError(
        `${where}: PCA whitening has no derivative where eigenvalues are equal: number ${i + 1} and ${j + 1} are both ` +
          `${values[i]}. Their axes may turn freely; the derivative divides by their difference. Use zca.`,
      );
    }
    return difference;
  };
  return {
    matrix: scaledAxes,
    differential(dSigma) {
      const s = inU(symmetric(dSigma));
      // dU = U (F o S), F_ij = 1/(l_j - l_i); dLambda = diag S.
      const turn = each(s, (v, i, j) => (i === j ? (-0.5 * v) / values[i] : v / gap(j, i)));
      // Row i of A is u_i / sqrt(l_i): dA = Lambda^(-1/2) (turn of U)^T, and the diagonal is the change of 1/sqrt(l_i).
      return each(turn.mmul(transposed(vectors)), (v, i) => v / roots[i]);
    },
    gradient(dA) {
      const h = dA.mmul(vectors);
      return symmetric(
        outOfU(each(h, (v, i, j) => (i === j ? (-0.5 * v) / (values[i] * roots[i]) : v / (roots[i] * gap(j, i))))),
      );
    },
  };
}

function choleskyRoot(where: string, sigma: Matrix): InverseRoot {
  const decomposition = new CholeskyDecomposition(sigma);
  const lower = decomposition.lowerTriangularMatrix;
  const d = sigma.rows;
  const diagonal = lower.diagonal();
  if (
    !decomposition.isPositiveDefinite() ||
    !(Math.min(...diagonal) ** 2 > Math.max(...diagonal) ** 2 * d * Number.EPSILON)
  ) {
    throw singular(where, 'a pivot of its Cholesky factor is zero or negative');
  }
  const matrix = Matrix.zeros(d, d); // L^(-1), by forward substitution
  for (let column = 0; column < d; column++) {
    for (let i = column; i < d; i++) {
      let sum = i === column ? 1 : 0;
      for (let k = column; k < i; k++) sum -= lower.get(i, k) * matrix.get(k, column);
      matrix.set(i, column, sum / lower.get(i, i));
    }
  }
  // Phi keeps the lower triangle and halves the diagonal: dL = L Phi(L^(-1) dSigma L^(-T)).
  const phi = (a: Matrix) => each(a, (v, i, j) => (i > j ? v : i === j ? v / 2 : 0));
  return {
    matrix,
    differential: (dSigma) =>
      phi(matrix.mmul(symmetric(dSigma)).mmul(transposed(matrix)))
        .mmul(matrix)
        .mul(-1),
    gradient: (dA) =>
      symmetric(
        transposed(matrix)
          .mmul(phi(dA.mmul(transposed(matrix))))
          .mmul(matrix)
          .mul(-1),
      ),
  };
}

function each(a: Matrix, f: (value: number, i: number, j: number) => number): Matrix {
  const out = Matrix.zeros(a.rows, a.columns);
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.columns; j++) out.set(i, j, f(a.get(i, j), i, j));
  return out;
}

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
