/** How much a normalization of the same examples changes because the mini-batch around them did. */
import { counting, expectOptions, needed, notNegative, numbers, oneOf, type Options, own } from '../core/checks';
import { tf } from '../engine';
import { batchMoments, whiten, WHITENINGS, type NewtonSchulzOptions, type WhiteningMethod } from '../nn';
import { expectFloatTensor } from '../nn/checks';

/** What {@link batchToBatch} takes. */
export interface BatchToBatchOptions extends NewtonSchulzOptions {
  /** The examples that batches are drawn from, float32 [n, d]. */
  x: tf.Tensor;
  /** Row numbers of the batches, one after the other: `batchIndices` makes them. */
  batches: Int32Array;
  /** m, examples in a batch. */
  batchSize: number;
  /** The same examples, normalized by every batch in turn, float32 [p, d]. */
  looked: tf.Tensor;
  /** A whitening, or batch normalization. */
  method: 'batch' | WhiteningMethod;
  /** Default 1e-5. */
  epsilon?: number;
}

/** What {@link batchToBatch} returns. */
export interface BatchToBatch {
  /** The first looked-at example as each batch normalizes it: [batches][d]. */
  outputs: number[][];
  /**
   * From each batch to the next, over the looked-at examples: root mean square change over root mean square value. 0 where nothing
   * changes, about sqrt(2) where the outputs have nothing to do with each other.
   */
  change: number[];
  /** From each batch to the next: the share of the d outputs that resemble another output of the next batch more than their own. */
  swapped: number[];
}

const BATCH_TO_BATCH_OPTIONS: Options<BatchToBatchOptions> = {
  ...{ x: needed(own), batches: needed(numbers), batchSize: needed(counting), looked: needed(own) },
  ...{ method: needed(oneOf(['batch', ...WHITENINGS])), epsilon: notNegative, iterations: own },
  ...{ prescale: own, form: own },
};

/**
 * Normalizes the same examples by one mini-batch after another. The methods differ by a rotation of the output; only a rotation that
 * hardly depends on the batch leaves an output its meaning. PCA's depends on the order of the eigenvalues and on the signs of the
 * axes ("stochastic axis swapping", Huang et al. 2018).
 *
 * Two outputs resemble each other by the size of their correlation over the looked-at examples.
 *
 * @example batchToBatch({ x, batches, batchSize: 128, looked, method: 'pca' }).swapped
 * @throws RangeError for fewer than two batches, batches that do not divide, or as `whiten`
 */
export function batchToBatch(options: BatchToBatchOptions): BatchToBatch {
  expectOptions('batchToBatch', options, BATCH_TO_BATCH_OPTIONS);
  const { x, batches, batchSize, looked } = options;
  expectFloatTensor('batchToBatch', 'x', x, [2]);
  expectFloatTensor('batchToBatch', 'looked', looked, [2]);
  if (x.shape[1] !== looked.shape[1] || looked.shape[0] === 0) {
    throw new RangeError(
      `batchToBatch: x has shape [${x.shape}] and looked [${looked.shape}]; wanted [n, d] and [p, d].`,
    );
  }
  const count = batches.length / batchSize;
  if (!(Number.isInteger(count) && count >= 2)) {
    throw new RangeError(
      `batchToBatch: wanted at least two whole batches of ${batchSize}, got ${batches.length} row numbers.`,
    );
  }
  const bad = Array.from(batches).find((row) => !Number.isInteger(row) || row < 0 || row >= x.shape[0]);
  if (bad !== undefined) {
    throw new RangeError(`batchToBatch: batches hold the row number ${bad}; wanted 0 to ${x.shape[0] - 1}.`);
  }
  const normalized = Array.from({ length: count }, (_, b) =>
    tf.tidy(() => {
      const rows = tf.tensor1d(batches.slice(b * batchSize, (b + 1) * batchSize), 'int32');
      const { mean, matrix } = linearMap(tf.gather(x, rows), options);
      return tf.matMul(tf.sub(looked, mean), matrix, false, true).arraySync() as number[][];
    }),
  );
  const steps = normalized.slice(1).map((after, b) => ({ before: normalized[b], after }));
  return {
    outputs: normalized.map((rows) => rows[0]),
    change: steps.map(({ before, after }) => {
      const moved = total(before, (v, i, j) => (v - after[i][j]) ** 2);
      return Math.sqrt(moved / total(before, (v) => v ** 2));
    }),
    swapped: steps.map(({ before, after }) => swappedShare(before, after)),
  };
}

/** mean [d] and A [d, d] of y = A (x - mean). */
function linearMap(batch: tf.Tensor, options: BatchToBatchOptions): { mean: tf.Tensor; matrix: tf.Tensor } {
  const { method, epsilon = 1e-5, iterations, prescale, form } = options;
  if (method !== 'batch') return whiten(batch, { method, epsilon, iterations, prescale, form });
  const { mean, variance } = batchMoments(batch);
  return { mean, matrix: tf.diag(tf.rsqrt(tf.add(variance, epsilon))) };
}

function total(rows: number[][], f: (v: number, i: number, j: number) => number): number {
  return rows.reduce((sum, row, i) => sum + row.reduce((part, v, j) => part + f(v, i, j), 0), 0);
}

function swappedShare(before: number[][], after: number[][]): number {
  const [a, b] = [columns(before), columns(after)];
  const swaps = a.filter((column, j) => {
    const resemblance = b.map((other) => Math.abs(column.reduce((sum, v, i) => sum + v * other[i], 0)));
    return resemblance.indexOf(Math.max(...resemblance)) !== j;
  });
  return swaps.length / a.length;
}

/** Columns, centred and of length one. */
function columns(rows: number[][]): number[][] {
  return rows[0].map((_, j) => {
    const mean = rows.reduce((sum, row) => sum + row[j], 0) / rows.length;
    const centred = rows.map((row) => row[j] - mean);
    const length = Math.hypot(...centred);
    return centred.map((v) => (length > 0 ? v / length : 0));
  });
}
