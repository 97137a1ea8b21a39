/** Steps that plain gradient descent needs to a training loss, by the size of its mini-batches, each size at the best of its own rates. */
import {
  abortSignal,
  callback,
  counting,
  expectOptions,
  listOf,
  needed,
  type Options,
  own,
  positive,
  whole,
} from '../core/checks';
import { tf } from '../engine';
import type { Network, NetworkSpec } from '../nn';
import { expectInputs, expectTargets } from '../probe/model';
import { median } from '../statistics';
import { NETWORK_SPEC } from './comparison-spec';
import { DATA_SPEC, type DataSpec } from './data-spec';
import { Descent } from './descent';
import type { Definition, PartsDone } from './experiment';
import { onTrainingSet } from './training-set';

/** What {@link stepsToLosses} takes. */
export interface StepsToLossesOptions {
  /** Called once per seed. */
  build: (seed: number) => Network;
  /** The training set, [n, inputs] float32. */
  x: tf.Tensor;
  /** One-hot labels, [n, classes]. */
  y: tf.Tensor;
  /** Of weights and batches. */
  seeds: readonly number[];
  /** m, rising. */
  batchSizes: readonly number[];
  /** Training losses to be reached, falling, in nats. */
  losses: readonly number[];
  /** The rate that is tried first, at the smallest mini-batch. */
  learningRate: number;
  /** Rates differ by this factor. Default 2. */
  factor?: number;
  /** The loss is that of so many examples, the first of the training set. Default all. */
  lookAt?: number;
  /** A run that has seen so many examples without reaching the lowest loss ends. Default 100 times the training set. */
  mostExamples?: number;
  /** Called as the run gets on. */
  onProgress?: (progress: PartsDone) => void;
  /** Aborting it ends the run, which then throws the signal's reason. */
  signal?: AbortSignal;
}

const STEPS_TO_LOSSES_OPTIONS: Options<StepsToLossesOptions> = {
  ...{ build: needed(callback), x: needed(own), y: needed(own), seeds: needed(listOf(whole)) },
  ...{ batchSizes: needed(listOf(counting)), losses: needed(listOf(positive)), learningRate: needed(positive) },
  ...{ factor: positive, lookAt: counting, mostExamples: counting, onProgress: callback, signal: abortSignal },
};

/** All seeds at one size of mini-batch and one rate. */
export interface StepsAtRate {
  /** m. */
  batchSize: number;
  /** Constant rate of plain gradient descent. */
  learningRate: number;
  /** Steps to each loss, [losses][seeds]; a share of a step where the loss was passed between two looks. Infinity: not reached. */
  steps: number[][];
}

/** One size of mini-batch on its way to one loss, at the rate with the smallest median of steps of those at which every seed got there. */
export interface StepsToLoss {
  /** m. */
  batchSize: number;
  /** The training loss to be reached. */
  loss: number;
  /** The best of the rates that were tried. */
  learningRate: number;
  /** Steps by seed. */
  steps: number[];
}

/** Steps and the rates behind them. */
export interface StepsToLosses {
  /** One per size and loss; of a loss that no rate reached with every seed, none. */
  best: StepsToLoss[];
  /** Everything that was run, by rising size and rate. */
  runs: StepsAtRate[];
}

/** At most so many rates for one size of mini-batch. */
const MOST_RATES = 16;
/** A run goes on for so many times the steps of the best one so far: the median over seeds must not hang on where a run was cut. */
const BEYOND_BEST = 1.5;

/**
 * Steps S(m) of plain gradient descent to each of several training losses, for each size m of mini-batch at its own best rate: the trap in
 * such a comparison is one rate for all m, which makes either the small batches noisy or the large ones slow. Rates are tried at distances of
 * `factor`, upwards and downwards from the best one of the size before, until for every loss the best rate has one on each side that was
 * tried and is worse. The same rate serves all seeds; runs of one seed start from the same weights.
 *
 * To first order in the noise S = Smin (1 + B/m), with E = m S examples: (S/Smin - 1)(E/Emin - 1) = 1, Emin = B Smin
 * (McCandlish et al. 2018, equation 2.11). `relativeLinearFit` of S over 1/m gives Smin and Emin.
 *
 * @example
 * const { best } = await stepsToLosses({ build, x, y, seeds: [1], batchSizes: [1, 16, 256], losses: [1, 0.5], learningRate: 0.05 });
 * @throws RangeError for no seeds, sizes that do not rise or exceed the training set, losses that do not fall, or a factor not above 1; the
 *   signal's reason, when it aborts
 */
export async function stepsToLosses(options: StepsToLossesOptions): Promise<StepsToLosses> {
  expectOptions('stepsToLosses', options, STEPS_TO_LOSSES_OPTIONS);
  const { build, x, y, batchSizes, losses, learningRate, factor = 2, lookAt, onProgress, signal } = options;
  expectSettings(options);
  const descent = new Descent(build, { x, y }, lookAt);
  const runs: StepsAtRate[] = [];
  let start = 0; // in powers of the factor
  try {
    for (const [i, batchSize] of batchSizes.entries()) {
      const tried = new Map<number, StepsAtRate>();
      for (let k: number | undefined = start; k !== undefined; k = nextRate(tried, start)) {
        onProgress?.({
          step: i,
          steps: batchSizes.length,
          name: `mini-batches of ${batchSize}, rate ${tried.size + 1}`,
        });
        const rate = learningRate * factor ** k;
        tried.set(k, await atRate(descent, options, batchSize, rate, [...tried.values()]));
        signal?.throwIfAborted();
      }
      start = bestRate(tried, losses.length - 1) ?? start;
      runs.push(...[...tried.entries()].sort(([a], [b]) => a - b).map(([, run]) => run));
    }
    onProgress?.({ step: batchSizes.length, steps: batchSizes.length, name: 'done' });
  } finally {
    descent.dispose();
  }
  return { best: bestOf(runs, batchSizes, losses), runs };
}

function expectSettings({ x, y, seeds, batchSizes, losses, factor = 2 }: StepsToLossesOptions): void {
  expectInputs('stepsToLosses', x);
  expectTargets('stepsToLosses', x, y);
  const n = x.shape[0];
  const rises = (values: readonly number[]) => values.every((value, i) => i === 0 || value > values[i - 1]);
  if (seeds.length === 0) throw new RangeError('stepsToLosses: seeds is empty; wanted at least one.');
  if (batchSizes.length === 0 || !rises(batchSizes) || batchSizes[batchSizes.length - 1] > n) {
    throw new RangeError(
      `stepsToLosses: batchSizes must rise and be at most ${n}, the training set, got [${batchSizes}].`,
    );
  }
  if (losses.length === 0 || !rises([...losses].reverse())) {
    throw new RangeError(`stepsToLosses: losses must fall, got [${losses}].`);
  }
  if (!(factor > 1)) throw new RangeError(`stepsToLosses: factor must be above 1, got ${factor}.`);
}

/** Every seed at one rate. */
async function atRate(
  descent: Descent,
  { x, seeds, losses, mostExamples = 100 * x.shape[0], signal }: StepsToLossesOptions,
  batchSize: number,
  learningRate: number,
  before: StepsAtRate[],
): Promise<StepsAtRate> {
  const steps = losses.map(() => seeds.map(() => Infinity));
  for (const [s, seed] of seeds.entries()) {
    const best = Math.min(...before.map((run) => run.steps[losses.length - 1][s]));
    const end = Math.min(BEYOND_BEST * best, mostExamples / batchSize);
    let last = { step: 0, loss: Infinity };
    let [next, first] = [0, Infinity];
    for await (const at of descent.run(seed, batchSize, learningRate)) {
      if (at.step === 0) first = at.loss;
      for (; next < losses.length && at.loss <= losses[next]; next++) steps[next][s] = passed(last, at, losses[next]);
      const diverged = !(at.loss < 2 * first + 1);
      if (next === losses.length || diverged || at.step >= end || signal?.aborted) break;
      last = at;
    }
  }
  return { batchSize, learningRate, steps };
}

/** Where the loss was passed between two looks, its logarithm taken as straight. */
function passed(before: { step: number; loss: number }, after: { step: number; loss: number }, loss: number): number {
  if (after.step === 0) return 0;
  const share = Math.log(before.loss / loss) / Math.log(before.loss / after.loss);
  return before.step + share * (after.step - before.step);
}

/** A rate at which one seed does not get there is none that one would choose, however few steps the others need. */
function stepsOf(run: StepsAtRate, loss: number): number {
  return run.steps[loss].includes(Infinity) ? Infinity : median(run.steps[loss]);
}

/** The power of the factor with the fewest steps to a loss; undefined where none reached it. */
function bestRate(tried: Map<number, StepsAtRate>, loss: number): number | undefined {
  const reached = [...tried.entries()].filter(([, run]) => stepsOf(run, loss) < Infinity);
  return reached.sort(([, a], [, b]) => stepsOf(a, loss) - stepsOf(b, loss))[0]?.[0];
}

/** The next rate to try; undefined where each loss has its best rate between two others, or too many were tried. */
function nextRate(tried: Map<number, StepsAtRate>, start: number): number | undefined {
  if (tried.size >= MOST_RATES) return undefined;
  const known = [...tried.keys()];
  const losses = [...tried.values()][0].steps.length;
  for (let loss = losses - 1; loss >= 0; loss--) {
    const best = bestRate(tried, loss);
    // Nothing reaches it: the rate is too large, or else too small.
    const lowest = Math.min(...known);
    if (best === undefined) return start - lowest < MOST_RATES / 2 ? lowest - 1 : Math.max(...known) + 1;
    const open = [best + 1, best - 1].find((k) => !tried.has(k));
    if (open !== undefined) return open;
  }
  return undefined;
}

function bestOf(runs: StepsAtRate[], batchSizes: readonly number[], losses: readonly number[]): StepsToLoss[] {
  return batchSizes.flatMap((batchSize) =>
    losses.flatMap((loss, i): StepsToLoss[] => {
      const reached = runs.filter((run) => run.batchSize === batchSize && stepsOf(run, i) < Infinity);
      if (reached.length === 0) return [];
      const { learningRate, steps } = reached.reduce((a, b) => (stepsOf(b, i) < stepsOf(a, i) ? b : a));
      return [{ batchSize, loss, learningRate, steps: steps[i] }];
    }),
  );
}

/** {@link StepsToLossesOptions} as data. */
export interface StepsToLossesSpec {
  /** What is trained. */
  network: NetworkSpec;
  /** What it is trained on. */
  data: DataSpec;
  /** Of weights and batches. */
  seeds: number[];
  /** m, rising. */
  batchSizes: number[];
  /** Training losses to be reached, falling, in nats. */
  losses: number[];
  /** The rate that is tried first, at the smallest mini-batch. */
  learningRate: number;
  /** Rates differ by this factor. */
  factor: number;
  /** A run ends after so many examples. */
  mostExamples: number;
}

export const definition: Definition<StepsToLossesSpec, StepsToLosses> = {
  name: 'steps-to-losses',
  version: 1,
  question:
    'How many steps does a network need to a training loss, by the size of its mini-batches, each at its best rate?',
  whenAborted: 'throws',
  defaults: {
    network: { kind: 'mlp', sizes: [784, 100, 10], activation: 'relu' },
    ...{ data: { kind: 'digits', train: 1000, test: 10 }, seeds: [1, 2, 3], batchSizes: [4, 32, 256] },
    ...{ losses: [1, 0.5], learningRate: 0.1, factor: 2, mostExamples: 50000 },
  },
  options: {
    ...{ network: needed(NETWORK_SPEC), data: needed(DATA_SPEC), seeds: needed(listOf(whole)) },
    ...{ batchSizes: needed(listOf(counting)), losses: needed(listOf(positive)), learningRate: needed(positive) },
    ...{ factor: needed(positive), mostExamples: needed(counting) },
  },
  compute: ({ network, data, ...options }, control) =>
    onTrainingSet({ network, data }, control, (set) => stepsToLosses({ ...options, ...set })),
};
