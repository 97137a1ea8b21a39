/** Inverse roots of a covariance matrix by decomposition, in float64, with their gradients. */
import { CholeskyDecomposition, EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { expectOneOf } from '../checks';

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

export const transposed = (a: Matrix) => a.transpose();

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
