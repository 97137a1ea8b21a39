/** How much the normalized value of one example depends on the other examples of its mini-batch (section 3). */
import {
  counting,
  expectOptions,
  listOf,
  needed,
  number,
  type Options,
  own,
  random as stream,
  shown,
} from '../core/checks';
import type { Random } from '../core/random';
import type { Values } from './types';
import { expectValues } from './model';

/** Spread of one example's normalized values over the mini-batches that it may fall into. */
export interface BatchDependence {
  /** Examples in a mini-batch, the one that is followed included. */
  m: number;
  /** Standard deviation of xHat over the draws, in standard deviations of the feature: root mean square over units. */
  measured: number;
  /** What theory says to first order in 1/m, see {@link batchDependence}; the same mean. */
  predicted: number;
}

/** What {@link batchDependence} takes. */
export interface BatchDependenceOptions {
  /** Row of the example that is followed; default 0. */
  example?: number;
  /** Mini-batch sizes. */
  sizes: readonly number[];
  /** Mini-batches drawn for each size; default 200. */
  draws?: number;
  /** Where the other examples come from. */
  random: Random;
}

const BATCH_DEPENDENCE_OPTIONS: Options<BatchDependenceOptions> = {
  ...{ example: own, sizes: needed(listOf(number)), draws: counting, random: needed(stream) },
};

/**
 * Draws mini-batches that all hold one example, normalizes each by its own statistics, and says how far the example's xHat
 * spreads. To first order, with the mean and the deviation of the sample both uncertain (the delta method),
 *
 *     Var[xHat] = (1 + xHat skewness + xHat^2 (kurtosis - 1) / 4) / m,
 *
 * which for a normal feature is (1 + xHat^2 / 2) / m; times (n - m) / (n - 1), because a mini-batch is drawn from n examples without
 * replacement. Units that do not vary are left out.
 *
 * @param given what is normalized, as `captureActivations` gives it: tap `.../linear`, [n, units]
 * @returns one entry for each size
 * @example batchDependence(captureActivations({ network, x, training: true, taps: ['layer1/linear'] })['layer1/linear'], {
 *   sizes: [8, 32, 128], random: new Random(1),
 * })
 * @throws RangeError for a row that is not there, sizes outside 2 to n, fewer than 2 draws, or no unit that varies
 */
export function batchDependence(given: Values, options: BatchDependenceOptions): BatchDependence[] {
  expectOptions('batchDependence', options, BATCH_DEPENDENCE_OPTIONS);
  expectValues('batchDependence', given);
  const { shape, values } = given;
  const { example = 0, sizes, draws = 200, random } = options;
  const units = shape[shape.length - 1];
  const n = values.length / units;
  if (!Number.isInteger(example) || example < 0 || example >= n) {
    throw new RangeError(`batchDependence: example must be a row from 0 to ${n - 1}, got ${shown(example)}.`);
  }
  const wrong = sizes.find((m) => !Number.isInteger(m) || m < 2 || m > n);
  if (wrong !== undefined) {
    throw new RangeError(`batchDependence: a mini-batch has 2 to ${n} examples here, got ${wrong}.`);
  }
  if (!(draws >= 2)) throw new RangeError(`batchDependence: wanted at least 2 draws, got ${draws}.`);
  const column = (j: number) => Float64Array.from({ length: n }, (_, i) => values[i * units + j]);
  const features = Array.from({ length: units }, (_, j) => column(j))
    .map((x) => ({ x, ...centralMoments(x) }))
    .filter(({ variance }) => variance > 0);
  if (features.length === 0) throw new RangeError('batchDependence: no unit varies over the examples.');
  const others = Array.from({ length: n - 1 }, (_, i) => (i < example ? i : i + 1));

  return sizes.map((m) => {
    const rows = Array.from({ length: draws }, () => [example, ...sample(others, m - 1, random)]);
    let [measured, predicted] = [0, 0];
    for (const { x, mean, variance, skewness, kurtosis } of features) {
      measured += varianceOf(rows.map((batch) => normalizedFirst(x, batch))) / features.length;
      const xHat = (x[example] - mean) / Math.sqrt(variance);
      predicted += (1 + xHat * skewness + (xHat ** 2 * (kurtosis - 1)) / 4) / m / features.length;
    }
    predicted *= (n - m) / (n - 1);
    return { m, measured: Math.sqrt(measured), predicted: Math.sqrt(predicted) };
  });
}

function centralMoments(x: Float64Array) {
  const n = x.length;
  const mean = x.reduce((a, b) => a + b, 0) / n;
  const power = (p: number) => x.reduce((sum, v) => sum + (v - mean) ** p, 0) / n;
  const variance = power(2);
  return { mean, variance, skewness: power(3) / variance ** 1.5, kurtosis: power(4) / variance ** 2 };
}

/** xHat of the first row of a batch; 0 where the batch does not vary: all of it is the mean. */
function normalizedFirst(x: Float64Array, batch: number[]): number {
  let mean = 0;
  for (const i of batch) mean += x[i] / batch.length;
  let variance = 0;
  for (const i of batch) variance += (x[i] - mean) ** 2 / batch.length;
  return variance > 0 ? (x[batch[0]] - mean) / Math.sqrt(variance) : 0;
}

function varianceOf(xs: number[]): number {
  const mean = xs.reduce((a, b) => a + b, 0) / xs.length;
  return xs.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (xs.length - 1);
}

/** `count` of the rows without replacement; the rows are left in another order (a partial shuffle, Fisher and Yates). */
function sample(rows: number[], count: number, random: Random): number[] {
  for (let i = 0; i < count; i++) {
    const j = i + random.integer(rows.length - i);
    [rows[i], rows[j]] = [rows[j], rows[i]];
  }
  return rows.slice(0, count);
}
