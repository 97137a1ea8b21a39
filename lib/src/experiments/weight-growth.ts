/** What training does to the norm of one layer's weights, started from several scales (section 3.3). */
import {
  abortSignal,
  callback,
  counting,
  expectArgument,
  expectOptions,
  listOf,
  needed,
  network as aNetwork,
  number,
  type Options,
  own,
  positive,
  text,
  whole,
} from '../core/checks';
import { tf } from '../engine';
import { networkOf, type Network, type NetworkSpec } from '../nn';
import { stepSeries } from '../train/curves';
import { checkOptions } from '../train/resolve';
import { prepareData } from '../train/prepare';
import { Trainer } from '../train/trainer';
import { type TrainRunOptions } from '../train/options';
import { NETWORK_SPEC } from './comparison-spec';
import { DATA_SPEC, datasetOf, type DataSpec } from './data-spec';
import { type Definition, ofTraining } from './experiment';

/** What {@link weightGrowth} takes. */
export interface WeightGrowthOptions extends Pick<
  TrainRunOptions,
  'data' | 'steps' | 'batchSize' | 'learningRate' | 'onProgress' | 'signal'
> {
  /** Called once per seed. */
  build: (seed: number) => Network;
  /** Label of the weights that are scaled before training, such as `layer2/weights`. */
  weights: string;
  /** Factors on the weights that `build` gives. */
  scales: readonly number[];
  /** One run each, at every scale. */
  seeds: readonly number[];
}

const WEIGHT_GROWTH_OPTIONS: Options<WeightGrowthOptions> = {
  ...{ build: needed(callback), weights: needed(text), scales: needed(listOf(number)), seeds: needed(listOf(whole)) },
  ...{ data: needed(own), steps: needed(own), batchSize: needed(own), learningRate: needed(own) },
  ...{ onProgress: callback, signal: abortSignal },
};

/** One run. */
export interface WeightGrowth {
  /** Factor on the initial weights. */
  scale: number;
  /** Of weights and batches. */
  seed: number;
  /** ||W|| before training and after each step, [steps + 1]; NaN from where the run diverged. */
  norms: number[];
}

/**
 * Trains a network with plain gradient steps, once for each seed and each scale of one layer's weights, and keeps the norm of these
 * weights after every step. Runs of one seed differ in that scale only: other weights and batches are the same.
 *
 * With BN after them and epsilon neglected, the loss does not change along W, so the gradient is at a right angle to it
 * (Euler), and every step adds its square: ||W'||^2 = ||W||^2 + rate^2 ||g||^2, where ||g|| falls as 1 / ||W||.
 *
 * @returns one entry per seed and scale, scales varying fastest; where a signal ends it, those that had finished
 * @example await weightGrowth({ build, weights: 'layer2/weights', scales: [0.1, 1, 10], seeds: [1], data, steps: 50, batchSize: 60, learningRate: 1 })
 * @throws RangeError for a label that the network does not have, no seeds or scales, or a scale that is not above 0
 */
export async function weightGrowth(options: WeightGrowthOptions): Promise<WeightGrowth[]> {
  expectOptions('weightGrowth', options, WEIGHT_GROWTH_OPTIONS);
  const { build, weights: label, scales, seeds, data, steps, batchSize, learningRate, onProgress, signal } = options;
  if (scales.length === 0 || seeds.length === 0 || scales.some((a) => !(a > 0 && Number.isFinite(a)))) {
    throw new RangeError(`weightGrowth: wanted seeds and scales above 0, got [${seeds}] and [${scales}].`);
  }
  checkOptions({ steps, batchSize, seed: seeds[0] });
  const network = build(seeds[0]);
  expectArgument('weightGrowth', 'what build() returned', network, aNetwork);
  if (!(label in network.named)) {
    const known = Object.keys(network.named).join(', ');
    network.dispose();
    throw new RangeError(`weightGrowth: network '${network.name}' has no '${label}'. It has ${known}.`);
  }
  const trainer = new Trainer({ network, record: ({ after }) => ({ norm: tf.norm(after[label]) }) });
  const prepared = prepareData(data, 'grey', 'crossEntropy');
  const found: WeightGrowth[] = [];
  const total = seeds.length * scales.length * steps;
  try {
    for (const seed of seeds) {
      const start = build(seed);
      const initial = start.stateDict();
      start.dispose();
      for (const scale of scales) {
        if (signal?.aborted) return found;
        const values = initial[label].values.map((w) => scale * w);
        network.loadStateDict({ ...initial, [label]: { ...initial[label], values } });
        const done = found.length * steps;
        const history = await trainer.train(
          {
            ...{ data, steps, batchSize, learningRate, seed, signal, evaluate: { every: steps } },
            name: `scale ${scale}, seed ${seed}`,
            onProgress: onProgress && ((at) => onProgress({ ...at, step: done + at.step, steps: total })),
          },
          prepared,
        );
        if (history.stopped) return found;
        const before = Math.sqrt(values.reduce((sum, w) => sum + w * w, 0));
        found.push({ scale, seed, norms: [before, ...stepSeries(history, 'norm')] });
      }
    }
  } finally {
    prepared.dispose();
    trainer.dispose();
    network.dispose();
  }
  return found;
}

/** {@link WeightGrowthOptions} as data. */
export interface WeightGrowthSpec extends Pick<
  WeightGrowthOptions,
  'weights' | 'steps' | 'batchSize' | 'learningRate'
> {
  /** What is trained. */
  network: NetworkSpec;
  /** What it is trained on. */
  data: DataSpec;
  /** Factors on the initial weights. */
  scales: number[];
  /** One run each, at every scale. */
  seeds: number[];
}

export const definition: Definition<WeightGrowthSpec, { runs: WeightGrowth[] }> = {
  name: 'weight-growth',
  version: 1,
  question: 'Does batch normalization stabilize the growth of the weights, from whatever scale they start?',
  whenAborted: 'returns what finished',
  defaults: {
    network: { kind: 'mlp', sizes: [784, 100, 100, 100, 10], activation: 'relu', norm: 'batch' },
    ...{ data: { kind: 'digits', train: 5000, test: 1000 }, weights: 'layer2/weights', scales: [0.1, 1, 10] },
    ...{ seeds: [1, 2, 3], steps: 50, batchSize: 60, learningRate: 1 },
  },
  options: {
    ...{ network: needed(NETWORK_SPEC), data: needed(DATA_SPEC), weights: needed(text) },
    ...{ scales: needed(listOf(positive)), seeds: needed(listOf(whole)) },
    ...{ steps: needed(counting), batchSize: needed(counting), learningRate: needed(positive) },
  },
  compute: async ({ network, data, ...options }, control) => {
    const { signal } = control;
    const runs = await weightGrowth({
      ...options,
      ...{ data: await datasetOf(data, { signal }), build: (seed) => networkOf(network, seed) },
      ...{ signal, onProgress: ofTraining(control) },
    });
    return { runs };
  },
};
