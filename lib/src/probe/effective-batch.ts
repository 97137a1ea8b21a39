/** How many independent values a mini-batch's statistics are worth, and by how much a batch is divided too little. */
import { counting, expectOptions, listOf, needed, type Options, own, text, whole } from '../core/checks';
import { Random } from '../core/random';
import { tf } from '../engine';
import type { Layer } from '../nn';
import { captureActivations } from './activations';
import { expectInputs, expectNetwork } from './model';
import type { Values } from './types';

/** What {@link effectiveBatch} takes. */
export interface EffectiveBatchOptions {
  /** Left as it is. */
  network: Layer;
  /** The population, [N, ...] float32. */
  x: tf.Tensor;
  /** What enters a normalization: a tap such as `layer2/linear`, [N, d] or [N, height, width, channels]. */
  tap: string;
  /** Sizes m of mini-batches, from 2 to N. */
  batchSizes: readonly number[];
  /** Mini-batches of each size, drawn from all N without replacement within one. */
  draws: number;
  /** Of the draws. Default 1. */
  seed?: number;
}

const EFFECTIVE_BATCH_OPTIONS: Options<EffectiveBatchOptions> = {
  ...{ network: needed(own), x: needed(own), tap: needed(text), batchSizes: needed(listOf(counting)) },
  ...{ draws: needed(counting), seed: whole },
};

/** One size of mini-batch. */
export interface EffectiveBatch {
  /** m. */
  batchSize: number;
  /**
   * m sigma^2 / tau^2, tau^2 the variance of the mean of one example's pixels, both summed over the features: the number of independent
   * values whose mean is as uncertain as mu_B. For a dense layer it is m.
   */
  effective: number;
  /** E[sigma / sigma_B], by what a batch is multiplied too much: the mean over the features and draws. Features that do not vary are left out. */
  inverse: number;
}

/**
 * The statistics of mini-batches beside those of the population, at what enters a normalization. A convolution's are taken over the
 * m examples and all pixels of a channel; neighbouring pixels are alike, so they are worth fewer than m height width values. With tau^2
 * the variance of the mean of one example's pixels, and N large,
 *
 *     Var[mu_B] = tau^2 / m = sigma^2 / m_e,     E[sigma_B^2] = sigma^2 (1 - 1 / m_e),     m_e = m sigma^2 / tau^2,
 *
 * and for a dense layer, whose features are normal, E[sigma / sigma_B] = sqrt(m / 2) Gamma((m - 2) / 2) / Gamma((m - 1) / 2): infinite at m = 2.
 * The first is computed, the last is drawn.
 *
 * Epsilon is left out. The network runs in training mode over the whole population.
 *
 * @returns one entry per size
 * @example effectiveBatch({ network, x, tap: 'layer2/linear', batchSizes: [2, 8, 32], draws: 500 })
 * @throws RangeError for a size below 2 or above N, and as `captureActivations`
 */
export function effectiveBatch(options: EffectiveBatchOptions): EffectiveBatch[] {
  expectOptions('effectiveBatch', options, EFFECTIVE_BATCH_OPTIONS);
  const { network, x, tap, batchSizes, draws, seed = 1 } = options;
  expectNetwork('effectiveBatch', network);
  expectInputs('effectiveBatch', x);
  const n = x.shape[0];
  const wrong = batchSizes.find((m) => m < 2 || m > n);
  if (wrong !== undefined)
    throw new RangeError(`effectiveBatch: a mini-batch of ${wrong}; wanted from 2 to ${n} examples.`);
  const values = captureActivations({ network, x, training: true, taps: [tap] })[tap];
  const sums = sumsOf(values);
  const all = momentsOf(
    sums,
    Int32Array.from({ length: n }, (_, i) => i),
  );
  const varies = all.map((variance) => variance > 0);
  const worth = total(all) / total(variancesOfMeans(sums));
  return batchSizes.map((batchSize) => {
    const random = new Random(seed, `statistics of ${batchSize}`);
    let [inverse, counted] = [0, 0];
    for (let draw = 0; draw < draws; draw++) {
      momentsOf(sums, random.permutation(n).subarray(0, batchSize)).forEach((variance, k) => {
        if (!varies[k] || variance <= 0) return;
        inverse += Math.sqrt(all[k] / variance);
        counted++;
      });
    }
    return { batchSize, effective: batchSize * worth, inverse: inverse / counted };
  });
}

const total = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0);

/** Of each example and feature: the sum over its pixels of the value (less the feature's mean, so that nothing cancels) and of its square. */
interface Sums {
  first: Float64Array;
  second: Float64Array;
  features: number;
  pixels: number;
}

function sumsOf({ shape, values }: Values): Sums {
  const [n, features] = [shape[0], shape[shape.length - 1]];
  const pixels = values.length / n / features;
  const mean = new Float64Array(features);
  values.forEach((v, i) => (mean[i % features] += v / (n * pixels)));
  const [first, second] = [new Float64Array(n * features), new Float64Array(n * features)];
  values.forEach((v, i) => {
    const feature = i % features;
    const at = Math.floor(i / (pixels * features)) * features + feature;
    first[at] += v - mean[feature];
    second[at] += (v - mean[feature]) ** 2;
  });
  return { first, second, features, pixels };
}

/** Biased variance of each feature over the rows and their pixels. */
function momentsOf({ first, second, features, pixels }: Sums, rows: Int32Array): number[] {
  const count = rows.length * pixels;
  return Array.from({ length: features }, (_, k) => {
    let [sum, squares] = [0, 0];
    for (const row of rows) {
      sum += first[row * features + k];
      squares += second[row * features + k];
    }
    return squares / count - (sum / count) ** 2;
  });
}

/** Of each feature: the biased variance over the examples of the mean of one example's pixels. */
function variancesOfMeans({ first, features, pixels }: Sums): number[] {
  const n = first.length / features;
  return Array.from({ length: features }, (_, k) => {
    let squares = 0; // the sums of a feature are centred
    for (let i = 0; i < n; i++) squares += (first[i * features + k] / pixels) ** 2;
    return squares / n;
  });
}
