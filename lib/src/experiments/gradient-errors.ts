/** How far the gradient of a mini-batch is from that of the whole training set, by the size of the mini-batch: drawn, not fitted. */
import { counting, expectOptions, flag, listOf, needed, type Options, own, whole } from '../core/checks';
import { Random } from '../core/random';
import { tf } from '../engine';
import type { Layer } from '../nn';
import { softmaxCrossEntropy } from '../nn/loss';
import { checked } from '../probe/gradients';
import { jointDot, lossGradients, untouched } from '../probe/model';

/** What {@link gradientErrors} takes. */
export interface GradientErrorsOptions {
  /** Left as it is. */
  network: Layer;
  /** The training set, [N, ...] float32. */
  x: tf.Tensor;
  /** One-hot labels, [N, classes]. */
  y: tf.Tensor;
  /** Sizes m of mini-batches, each at most N. */
  batchSizes: readonly number[];
  /**
   * Mini-batches of each size from 16 on, each drawn anew from all N without replacement; 16/m times as many of smaller ones, whose squares
   * scatter more.
   */
  draws: number;
  /** Of the draws. Default 1. */
  seed?: number;
  /** Statistics of each mini-batch, as in training. Default true. */
  training?: boolean;
}

const GRADIENT_ERRORS_OPTIONS: Options<GradientErrorsOptions> = {
  ...{ network: needed(own), x: needed(own), y: needed(own), batchSizes: needed(listOf(counting)) },
  ...{ draws: needed(counting), seed: whole, training: flag },
};

/** One size of mini-batch. */
export interface GradientError {
  /** m. */
  batchSize: number;
  /** Mean of |g_m - g|^2 over the draws. */
  squaredError: number;
  /** Of that mean. NaN for one draw. */
  standardError: number;
  /** |E g_m - g|^2 without its noise: |mean - g|^2 - (squaredError - |mean - g|^2)/(draws - 1); 0 on average, and so at times below it, where g_m is unbiased. */
  squaredBias: number;
}

/**
 * Draws mini-batches and compares the gradient of each, g_m, with g, the gradient of all N examples at once. Where the loss of an
 * example does not depend on the others of its mini-batch, E g_m = g and E|g_m - g|^2 = tr S / m (N - m)/(N - 1) (`gradientNoise`
 * has tr S). With batch normalization in training mode it does depend on them, and neither need be so.
 *
 * @returns one entry per size
 * @example gradientErrors({ network, x, y, batchSizes: [1, 8, 64], draws: 100 })
 * @throws RangeError for a size above N, and as `gradientNorms`
 */
export function gradientErrors(options: GradientErrorsOptions): GradientError[] {
  expectOptions('gradientErrors', options, GRADIENT_ERRORS_OPTIONS);
  const { network, x, y, batchSizes, draws, seed = 1, training = true } = options;
  checked('gradientErrors', { network, x, y, training });
  const n = x.shape[0];
  const large = batchSizes.find((m) => m > n);
  if (large !== undefined)
    throw new RangeError(`gradientErrors: a mini-batch of ${large} of ${n} examples; wanted at most ${n}.`);
  const gradientOf = (rows: Int32Array | null) =>
    tf.tidy(() => {
      const of = (all: tf.Tensor) => (rows ? tf.gather(all, tf.tensor1d(rows, 'int32')) : all);
      const { weights } = lossGradients(network, of(x), of(y), softmaxCrossEntropy, training);
      return tf.concat(weights.map((g) => tf.reshape(g, [-1])));
    });
  const found: GradientError[] = [];
  untouched(network, () => {
    const g = gradientOf(null);
    for (const m of batchSizes) {
      const random = new Random(seed, `draws of ${m}`);
      tf.tidy(() => {
        found.push(
          errorOf(m, draws * Math.max(1, Math.round(16 / m)), g, () =>
            gradientOf(random.permutation(n).subarray(0, m)),
          ),
        );
      });
    }
  });
  return found;
}

function errorOf(batchSize: number, draws: number, g: tf.Tensor, draw: () => tf.Tensor): GradientError {
  let sum = tf.zerosLike(g);
  const errors: number[] = [];
  for (let i = 0; i < draws; i++) {
    const before = sum;
    sum = tf.tidy(() => {
      const off = tf.sub(draw(), g);
      errors.push(tf.sum(tf.square(off)).dataSync()[0]);
      return tf.add(before, off);
    });
    before.dispose();
  }
  const mean = tf.div(sum, draws);
  const ofMean = jointDot([mean], [mean]);
  const squaredError = errors.reduce((a, b) => a + b, 0) / draws;
  const variance = errors.reduce((a, b) => a + (b - squaredError) ** 2, 0) / (draws - 1);
  return {
    ...{ batchSize, squaredError, standardError: Math.sqrt(variance / draws) },
    squaredBias: ofMean - (squaredError - ofMean) / (draws - 1),
  };
}
