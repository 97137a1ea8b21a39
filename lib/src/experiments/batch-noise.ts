/** The noise that the statistics of a mini-batch put on a normalized value, in float64. */
import { counting, finite, listOf, needed, whole } from '../core/checks';
import { Random } from '../core/random';
import { type Definition } from './experiment';

/** A run of the experiment. */
export interface BatchNoiseSpec {
  /** Sizes m of mini-batches, 3 or more. */
  batchSizes: number[];
  /** The example's value, normalized by the population: x in units of its deviation. */
  values: number[];
  /** Mini-batches of each size. */
  draws: number;
  /** Of the draws. */
  seed: number;
}

/** Means and variances over the mini-batches. */
export interface BatchNoise {
  /** [values][sizes]: variance of xHat over mini-batches that hold the example. */
  variance: number[][];
  /** [values][sizes]: mean of xHat. */
  mean: number[][];
}

export const definition: Definition<BatchNoiseSpec, BatchNoise> = {
  name: 'batch-noise',
  version: 1,
  question: 'How much does a normalized value change because the rest of its mini-batch does?',
  whenAborted: 'throws',
  defaults: { batchSizes: [16, 64], values: [0, 1, 2], draws: 2000, seed: 1 },
  options: {
    ...{ batchSizes: needed(listOf(counting)), values: needed(listOf(finite)) },
    ...{ draws: needed(counting), seed: needed(whole) },
  },
  compute: async ({ batchSizes, values, draws, seed }) => {
    const small = batchSizes.find((m) => m < 3);
    if (small !== undefined) throw new RangeError(`batch-noise: batchSizes must be 3 or more, got ${small}.`);
    const random = new Random(seed, 'batch-noise');
    const found = batchSizes.map((m) => noise(m, values, draws, random));
    const by = (of: 'mean' | 'variance') => values.map((_, v) => found.map((size) => size[v][of]));
    return { variance: by('variance'), mean: by('mean') };
  },
};

/** The same m - 1 standard normal companions for every value. */
function noise(m: number, values: number[], draws: number, random: Random): { mean: number; variance: number }[] {
  const seen = values.map(() => ({ sum: 0, squares: 0 }));
  for (let k = 0; k < draws; k++) {
    let [sum, squares] = [0, 0];
    for (let i = 1; i < m; i++) {
      const z = random.normal();
      sum += z;
      squares += z * z;
    }
    values.forEach((x, v) => {
      const mu = (sum + x) / m;
      const xHat = (x - mu) / Math.sqrt((squares + x * x) / m - mu * mu);
      seen[v].sum += xHat / draws;
      seen[v].squares += (xHat * xHat) / draws;
    });
  }
  return seen.map(({ sum, squares }) => ({ mean: sum, variance: squares - sum * sum }));
}
