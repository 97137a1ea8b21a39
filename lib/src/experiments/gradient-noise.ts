/** The noise of mini-batch gradients as training goes on: exact, and as drawn. */
import {
  abortSignal,
  callback,
  counting,
  expectOptions,
  listOf,
  needed,
  notNegative,
  type Options,
  own,
  positive,
  whole,
} from '../core/checks';
import { tf } from '../engine';
import type { Network, NetworkSpec } from '../nn';
import { expectInputs, expectTargets } from '../probe/model';
import { gradientNoise, type GradientNoise } from '../probe/gradient-noise';
import { NETWORK_SPEC } from './comparison-spec';
import { DATA_SPEC, type DataSpec } from './data-spec';
import { Descent } from './descent';
import type { Definition, PartsDone } from './experiment';
import { onTrainingSet } from './training-set';
import { gradientErrors, type GradientError } from './gradient-errors';

/** What {@link noiseInTraining} takes. */
export interface NoiseInTrainingOptions {
  /** Called once per seed. */
  build: (seed: number) => Network;
  /** The training set, [N, inputs] float32. */
  x: tf.Tensor;
  /** One-hot labels, [N, classes]. */
  y: tf.Tensor;
  /** Of weights, batches and draws. */
  seeds: readonly number[];
  /** Training losses, falling, in nats: it is looked before training and when each of them is reached. */
  losses: readonly number[];
  /** Of the training. */
  batchSize: number;
  /** Of the training: constant, of plain gradient descent. */
  learningRate: number;
  /** The training ends after so many steps, whatever was reached. */
  mostSteps: number;
  /** Mini-batches drawn of each size at each look; 0 for none. Default 0. */
  draws?: number;
  /** Sizes m of mini-batches that are drawn. Default none. */
  drawSizes?: readonly number[];
  /** Called as the run gets on. */
  onProgress?: (progress: PartsDone) => void;
  /** Aborting it ends the run, which then throws the signal's reason. */
  signal?: AbortSignal;
}

const NOISE_IN_TRAINING_OPTIONS: Options<NoiseInTrainingOptions> = {
  ...{ build: needed(callback), x: needed(own), y: needed(own), seeds: needed(listOf(whole)) },
  ...{ losses: needed(listOf(positive)), batchSize: needed(counting), learningRate: needed(positive) },
  ...{ mostSteps: needed(counting), draws: notNegative, drawSizes: listOf(counting) },
  ...{ onProgress: callback, signal: abortSignal },
};

/** One look at one run. */
export interface NoiseLook {
  /** Of the run. */
  seed: number;
  /** Steps done. */
  step: number;
  /** The loss that was to be reached; null before training. */
  reached: number | null;
  /** Training loss. */
  loss: number;
  /** Exact, over the training set, without the single norms; null of a network with a normalization, in which an example has no gradient of its own. */
  noise: Omit<GradientNoise, 'squaredNorms'> | null;
  /** What was drawn, by size. */
  errors: GradientError[];
}

/**
 * Trains one network per seed and looks at the noise of its mini-batch gradients before training and at each of several training losses.
 *
 * @returns one entry per seed and look, in order; of losses that were not reached, none
 * @example await noiseInTraining({ build, x, y, seeds: [1], losses: [1, 0.5], batchSize: 64, learningRate: 0.1, mostSteps: 2000 })
 * @throws RangeError for losses that do not fall, and as `gradientErrors`; the signal's reason, when it aborts
 */
export async function noiseInTraining(options: NoiseInTrainingOptions): Promise<NoiseLook[]> {
  expectOptions('noiseInTraining', options, NOISE_IN_TRAINING_OPTIONS);
  const { build, x, y, seeds, losses, batchSize, learningRate, mostSteps, onProgress, signal } = options;
  expectInputs('noiseInTraining', x);
  expectTargets('noiseInTraining', x, y);
  if (losses.some((loss, i) => i > 0 && loss >= losses[i - 1])) {
    throw new RangeError(`noiseInTraining: losses must fall, got [${losses}].`);
  }
  const descent = new Descent(build, { x, y });
  const looks: NoiseLook[] = [];
  const total = seeds.length * (losses.length + 1);
  const look = (seed: number, step: number, loss: number, reached: number | null) => {
    looks.push({ seed, step, reached, loss, ...noiseOf(descent.network, seed, options) });
    onProgress?.({ step: looks.length, steps: total, name: `seed ${seed}, loss ${loss.toPrecision(2)}` });
    signal?.throwIfAborted();
  };
  try {
    for (const seed of seeds) {
      let next = 0;
      for await (const { step, loss } of descent.run(seed, batchSize, learningRate)) {
        if (step === 0) look(seed, step, loss, null);
        for (; next < losses.length && loss <= losses[next]; next++) look(seed, step, loss, losses[next]);
        if (next === losses.length || step >= mostSteps || !Number.isFinite(loss)) break;
      }
    }
  } finally {
    descent.dispose();
  }
  return looks;
}

function noiseOf(
  network: Network,
  seed: number,
  { x, y, draws = 0, drawSizes = [] }: NoiseInTrainingOptions,
): Pick<NoiseLook, 'noise' | 'errors'> {
  const errors = draws === 0 ? [] : gradientErrors({ network, x, y, batchSizes: drawSizes, draws, seed });
  const normalized = Object.keys(network.named).some((label) => !/\/(weights|bias)$/.test(label));
  if (normalized) return { noise: null, errors };
  const { squaredNorms: _, ...noise } = gradientNoise({ network, x, y });
  return { noise, errors };
}

/** {@link NoiseInTrainingOptions} as data. */
export interface GradientNoiseSpec extends Pick<
  Required<NoiseInTrainingOptions>,
  'batchSize' | 'learningRate' | 'mostSteps' | 'draws'
> {
  /** What is trained. */
  network: NetworkSpec;
  /** What it is trained on: all of it is the training set whose gradient is estimated. */
  data: DataSpec;
  /** Of weights, batches and draws. */
  seeds: number[];
  /** Training losses at which it is looked, falling. */
  losses: number[];
  /** Sizes of mini-batches that are drawn. */
  drawSizes: number[];
}

export const definition: Definition<GradientNoiseSpec, { looks: NoiseLook[] }> = {
  name: 'gradient-noise',
  version: 1,
  question:
    'How far is the gradient of a mini-batch from that of the training set, by its size and as training goes on?',
  whenAborted: 'throws',
  defaults: {
    network: { kind: 'mlp', sizes: [784, 100, 10], activation: 'relu' },
    ...{ data: { kind: 'digits', train: 1024, test: 10 }, seeds: [1, 2, 3], losses: [1, 0.5], batchSize: 64 },
    ...{ learningRate: 0.1, mostSteps: 1000, draws: 20, drawSizes: [1, 8, 64, 512] },
  },
  options: {
    ...{ network: needed(NETWORK_SPEC), data: needed(DATA_SPEC), seeds: needed(listOf(whole)) },
    ...{ losses: needed(listOf(positive)), batchSize: needed(counting), learningRate: needed(positive) },
    ...{ mostSteps: needed(counting), draws: needed(counting), drawSizes: needed(listOf(counting)) },
  },
  compute: ({ network, data, ...options }, control) =>
    onTrainingSet({ network, data }, control, async (set) => ({
      looks: await noiseInTraining({ ...options, ...set }),
    })),
};
