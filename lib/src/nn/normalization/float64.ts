/** The same mathematics in float64, in plain JavaScript on arrays of rows. TensorFlow.js has no float64, and some statements are
 * identities only in exact arithmetic; for those, for finite differences and for Jacobians of small sizes. Slow and plain.
 */
import { expectArgument, expectOptions, finiteNumbers, Options, own } from '../../core/checks';
import { expectEpsilon } from '../checks';
import { DEFAULT_EPSILON } from './shared';

/** m rows of d numbers. */
export type Rows = readonly (readonly number[])[];

/** Options of the float64 functions. */
export interface Float64Options {
  /** Default 1e-5; 0 is taken here, where exact arithmetic is the point. */
  epsilon?: number;
}

export const FLOAT64_OPTIONS: Options<Float64Options> = { epsilon: own };

/** Throws unless x is m rows of d finite numbers each. */
export function expectRows(where: string, name: string, x: Rows, least = 1): { m: number; d: number } {
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

export function expectVector(where: string, name: string, v: readonly number[], d: number): void {
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
