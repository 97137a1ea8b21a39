/** Covariances: examples made to have a given spectrum, the spectrum and the rank of those at hand, and their distances. */
import { QrDecomposition, Matrix } from 'ml-matrix';
import { expectArgument, expectOptions, flag, needed, numbers, type Options, own, shown, whole } from '../core/checks';
import { Random } from '../core/random';
import { tf } from '../engine';
import { norm64 } from '../nn';
import { expectFinite, expectFloatTensor } from '../nn/checks';
import { singularValues } from './jacobian';

/** What {@link rowsWithSpectrum} takes besides the eigenvalues. */
export interface SpectrumOptions {
  /** Number of examples, above the number of eigenvalues: m examples span m - 1 directions. */
  m: number;
  /** Of the directions and the examples. Default 0. */
  seed?: number;
  /** Turn the axes of the covariance away from the features. Default true. */
  rotate?: boolean;
}

const SPECTRUM_OPTIONS: Options<SpectrumOptions> = { m: needed(own), seed: whole, rotate: flag };

/**
 * Random examples whose covariance has exactly these eigenvalues (to rounding in float64): normal numbers, whitened by their own
 * covariance, stretched by the roots of the eigenvalues and turned by a random rotation.
 *
 * @param eigenvalues of Cov[x] = 1/m sum (x - mu)(x - mu)^T, none negative
 * @returns m rows of d numbers, with mean zero
 * @example const X = rowsWithSpectrum([4, 1, 0.01], { m: 8, seed: 1 });
 * @throws RangeError for no eigenvalues, a negative one, or m that is not above their number
 */
export function rowsWithSpectrum(eigenvalues: readonly number[], options: SpectrumOptions): number[][] {
  expectOptions('rowsWithSpectrum', options, SPECTRUM_OPTIONS);
  expectArgument('rowsWithSpectrum', 'eigenvalues', eigenvalues, numbers);
  const { m, seed = 0, rotate = true } = options;
  const d = eigenvalues.length;
  if (d === 0 || Array.from(eigenvalues).some((value) => !(value >= 0 && Number.isFinite(value)))) {
    throw new RangeError(
      `rowsWithSpectrum: wanted eigenvalues of at least 0, got [${Array.from(eigenvalues).join(', ')}].`,
    );
  }
  if (!(Number.isInteger(m) && m > d)) {
    throw new RangeError(`rowsWithSpectrum: ${d} eigenvalues need at least ${d + 1} examples, got m = ${shown(m)}.`);
  }
  const random = new Random(seed, 'spectrum');
  const normals = (rows: number) =>
    Array.from({ length: rows }, () => Array.from({ length: d }, () => random.normal()));
  const raw = normals(m);
  const white = raw.map((row) => norm64(row, raw, 'zca', { epsilon: 0 }));
  const stretched = new Matrix(white.map((row) => row.map((v, j) => v * Math.sqrt(eigenvalues[j]))));
  const turn = rotate ? new QrDecomposition(new Matrix(normals(d))).orthogonalMatrix : Matrix.eye(d, d);
  return stretched.mmul(turn).to2DArray();
}

/**
 * Eigenvalues of the biased covariance of a mini-batch, largest first, in float64: the squared singular values of the centred
 * examples over m. The other d - min(m, d) are exactly zero and are listed as such.
 *
 * @param x [m, d], at least two examples
 * @returns d numbers
 * @example covarianceEigenvalues(x).filter((value) => value > 1e-6).length // the rank
 * @throws TypeError when x is disposed or not float32; RangeError for another rank, fewer than two examples, or NaN or infinity in x
 */
export function covarianceEigenvalues(x: tf.Tensor): number[] {
  const rows = centredRows('covarianceEigenvalues', x);
  const [m, d] = x.shape;
  const found = singularValues(rows).map((s) => s ** 2 / m);
  return [...found, ...new Array<number>(d - found.length).fill(0)];
}

/** Centred in float64, so that what is zero comes out at the rounding of the data and not of a sum. */
function centredRows(where: string, x: tf.Tensor): number[][] {
  expectFloatTensor(where, 'x', x);
  if (x.rank !== 2 || x.shape[0] < 2 || x.shape[1]! < 1) {
    throw new RangeError(`${where}: wanted at least two examples, [m, d], got [${x.shape.join(', ')}].`);
  }
  expectFinite(where, 'x', x);
  const rows = x.arraySync() as number[][];
  const mean = rows[0].map((_, j) => rows.reduce((sum, row) => sum + row[j], 0) / rows.length);
  return rows.map((row) => row.map((v, j) => v - mean[j]));
}

/**
 * Euclidean distances between examples, in float64.
 *
 * @param x [m, d]
 * @returns m rows of m numbers, symmetric, zero on the diagonal
 * @example pairwiseDistances(whiten(x, { method: 'zca' }).y)
 * @throws TypeError when x is disposed or not float32; RangeError for another rank, fewer than two examples, or NaN or infinity in x
 */
export function pairwiseDistances(x: tf.Tensor): number[][] {
  const rows = centredRows('pairwiseDistances', x);
  return rows.map((a) => rows.map((b) => Math.hypot(...a.map((v, j) => v - b[j]))));
}
