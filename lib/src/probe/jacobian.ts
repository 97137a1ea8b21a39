/** Jacobians of layers and networks, their singular values, and ranks. */
import { SingularValueDecomposition } from 'ml-matrix';
import {
  expectArgument,
  expectOptions,
  flag,
  needed,
  numbers,
  type Options,
  own,
  rowsOfNumbers,
  shown,
} from '../core/checks';
import { tf } from '../engine';
import type { Layer } from '../nn';
import { expectInputs, expectNetwork, fixedNoise, untouched } from './model';

/** What to differentiate, where. */
export interface JacobianOptions {
  /** A layer or network, or any function of a batch: [m, d] to [m, k]. */
  of: Layer | ((x: tf.Tensor) => tf.Tensor);
  /** The point: a batch [m, d] (further axes count as part of d). */
  x: tf.Tensor;
  /** For a layer: training mode (mini-batch statistics) or inference. Of no effect on a function. */
  training: boolean;
  /**
   * Index of an example: its own block, dy_e / dx_e, [k, d]. `'all'`: the whole batch's, [m k, m d], which in training mode has blocks
   * off the diagonal because the statistics join the examples. Default 0.
   */
  example?: number | 'all';
}

const JACOBIAN_OPTIONS: Options<JacobianOptions> = {
  ...{ of: needed(own), x: needed(own), training: needed(flag), example: own },
};

/**
 * The Jacobian dy/dx, row by row from vector-Jacobian products (float32 products, exact up to rounding).
 *
 * @returns rows of the matrix: outputs by inputs. Cost: one forward and one backward pass per row.
 * @example jacobian({ of: network, x, training: true, example: 3 }) // [k][d]
 * @throws TypeError when x is disposed or not float32; RangeError for an empty batch, NaN or infinity in it, an example that is not there, or an output whose first axis is not the batch
 */
export function jacobian(options: JacobianOptions): number[][] {
  expectOptions('jacobian', options, JACOBIAN_OPTIONS);
  const { of, x, training, example = 0 } = options;
  if (typeof of !== 'function') expectNetwork('jacobian', of);
  expectInputs('jacobian', x);
  const m = x.shape[0];
  if (example !== 'all' && !(Number.isInteger(example) && example >= 0 && example < m)) {
    throw new RangeError(
      `jacobian: example must be a whole number from 0 to ${m - 1} or 'all', got ${shown(example)}.`,
    );
  }
  if (typeof of === 'function') return rowsOf(of, x, example);
  const forward = (u: tf.Tensor) => of.apply(u, { training, updateStatistics: false, random: fixedNoise() });
  return untouched(of, () => rowsOf(forward, x, example));
}

function rowsOf(f: (u: tf.Tensor) => tf.Tensor, x: tf.Tensor, example: number | 'all'): number[][] {
  const m = x.shape[0];
  const shape = tf.tidy(() => {
    const outputs = f(x);
    if (!(outputs instanceof tf.Tensor)) {
      throw new TypeError(`jacobian: the function must return a tensor, got ${shown(outputs)}.`);
    }
    return outputs.shape;
  });
  if (shape[0] !== m) {
    throw new RangeError(`jacobian: the output has shape [${shape}] for ${m} examples; wanted [${m}, ...].`);
  }
  const k = tf.util.sizeFromShape(shape) / m;
  const d = x.size / m;
  const size = m * k;
  const pullBack = tf.grad((u: tf.Tensor) => f(u));
  const outputs =
    example === 'all'
      ? Array.from({ length: size }, (_, r) => r)
      : Array.from({ length: k }, (_, j) => example * k + j);
  return outputs.map((output) => {
    const row = tf.tidy(() => {
      const seed = new Float32Array(size);
      seed[output] = 1;
      const dx = pullBack(x, tf.tensor(seed, shape));
      return example === 'all' ? tf.reshape(dx, [m * d]) : tf.reshape(tf.slice(dx, example, 1), [d]);
    });
    const values = Array.from(row.dataSync());
    row.dispose();
    return values;
  });
}

/**
 * Singular values of a matrix, largest first, in float64 (ml-matrix).
 *
 * @param matrix rows of equal length
 * @example singularValues(jacobian({ of: layer, x, training: true }))
 * @throws RangeError for an empty matrix, rows of different lengths, or an entry that is not finite
 */
export function singularValues(matrix: ArrayLike<number>[]): number[] {
  expectArgument('singularValues', 'matrix', matrix, rowsOfNumbers);
  const columns = matrix[0]?.length ?? 0;
  if (columns === 0)
    throw new RangeError('singularValues: the matrix is empty; wanted at least one row and one column.');
  const rows = matrix.map((row, i) => {
    if (row.length !== columns) {
      throw new RangeError(
        `singularValues: row ${i} has ${row.length} entries and row 0 has ${columns}; wanted as many.`,
      );
    }
    const values = Array.from(row);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new RangeError(`singularValues: entry [${i}, ${bad}] is ${values[bad]}; wanted finite numbers.`);
    return values;
  });
  const decomposition = new SingularValueDecomposition(rows, {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
    autoTranspose: true,
  });
  return decomposition.diagonal.slice(0, Math.min(rows.length, columns)).sort((a, b) => b - a);
}

/**
 * Effective rank (Roy & Vetterli 2007): exp of the entropy of the singular values as shares of their sum. r equal values give r, one
 * dominant value nearly 1; 0 for the zero matrix.
 *
 * @param values singular values, none negative
 * @example effectiveRank([1, 1, 1, 0]) // 3
 * @throws RangeError for no values, or one that is negative or not finite
 */
export function effectiveRank(values: number[]): number {
  expectSome('effectiveRank', values);
  const total = values.reduce((sum, s) => sum + checkedValue('effectiveRank', s), 0);
  if (total === 0) return 0;
  const entropy = values.reduce((sum, s) => (s === 0 ? sum : sum - (s / total) * Math.log(s / total)), 0);
  return Math.exp(entropy);
}

/**
 * Stable rank: |A|_F^2 / |A|_2^2 = sum s^2 / max s^2. At most the rank; moved little by small singular values. 0 for the zero matrix.
 *
 * @param values singular values, none negative
 * @example stableRank([2, 2, 0]) // 2
 * @throws RangeError for no values, or one that is negative or not finite
 */
export function stableRank(values: number[]): number {
  expectSome('stableRank', values);
  const largest = values.reduce((max, s) => Math.max(max, checkedValue('stableRank', s)), 0);
  return largest === 0 ? 0 : values.reduce((sum, s) => sum + (s / largest) ** 2, 0);
}

/**
 * Number of singular values above `tolerance` times the largest.
 *
 * @param values singular values, none negative
 * @param tolerance default 1e-5, a little above what float32 rounding leaves of a zero
 * @example numericalRank([2, 1, 1e-7]) // 2
 * @throws RangeError for no values, one that is negative or not finite, or a negative tolerance
 */
export function numericalRank(values: number[], tolerance = 1e-5): number {
  expectSome('numericalRank', values);
  if (typeof tolerance !== 'number' || !(tolerance >= 0))
    throw new RangeError(`numericalRank: tolerance must be zero or above, got ${shown(tolerance)}.`);
  const largest = values.reduce((max, s) => Math.max(max, checkedValue('numericalRank', s)), 0);
  return values.filter((s) => s > tolerance * largest).length;
}

function expectSome(caller: string, values: number[]): void {
  expectArgument(caller, 'values', values, numbers);
  if (values.length === 0) throw new RangeError(`${caller}: wanted at least one singular value, got none.`);
}

function checkedValue(caller: string, s: number): number {
  if (s >= 0 && Number.isFinite(s)) return s;
  throw new RangeError(`${caller}: wanted singular values, finite and none negative, got ${s}.`);
}
