/** What becomes of a network at every learning rate, and the highest rate at which it trains. */
import {
  callback,
  expectArgument,
  expectArguments,
  expectOptions,
  having,
  listOf,
  needed,
  network as aNetwork,
  number,
  type Options,
  own,
  positive,
  shown,
  whole,
} from '../core/checks';
import { tf } from '../engine';
import type { Stored } from '../core/json';
import type { Network, StateDict } from '../nn';
import type { Probe } from '../probe';
import { median } from '../statistics';
import type { History } from '../train/history';
import { checkOptions } from '../train/resolve';
import { prepareData } from '../train/prepare';
import { Trainer } from '../train/trainer';
import { type StepRecord, type TrainRunOptions } from '../train/options';
import { bisect, trainedAccuracy } from './limit-search';

/** What {@link rateLimit} takes. */
export interface RateLimitOptions<T = unknown> extends Pick<TrainRunOptions, 'data' | 'steps' | 'batchSize'> {
  /** Called once per seed. */
  build: (seed: number) => Network;
  /** One limit each; of weights and batches. */
  seeds: readonly number[];
  /** Rates tried by every seed, rising. */
  rates: readonly number[];
  /** A run trains if its test accuracy ends above this share. Default 0.5. */
  accuracy?: number;
  /** The limit is sought until the rates on its two sides differ by this factor at most. Default 1.1. */
  within?: number;
  /** Measured where each run ends, on its first mini-batch. */
  probe?: Probe<T>;
  /** What counts as below the limit, instead of training. Its limit is sought from the lowest rate upwards. */
  holds?: (run: RateRun<T>) => boolean;
  /** Called after each run. */
  onRun?: () => void;
}

const RATE_LIMIT_OPTIONS: Options<RateLimitOptions> = {
  ...{ build: needed(callback), seeds: needed(listOf(whole)), rates: needed(listOf(positive)) },
  ...{ data: needed(own), steps: needed(own), batchSize: needed(own), accuracy: number, within: number },
  ...{ probe: own, holds: callback, onRun: callback },
};

/** One training. */
export interface RateRun<T = unknown> {
  /** The constant rate of plain gradient descent. */
  learningRate: number;
  /** Share of the test set at the end, at inference, with population statistics of ten training mini-batches. */
  accuracy: number;
  /** Training loss before the first step, in nats. */
  firstLoss: number;
  /** Median training loss of the last 20 steps, in nats; Infinity of a run that diverged. */
  loss: number;
  /** ||W|| over all weight matrices at the end, over the same at the start; Infinity where it is not finite. */
  growth: number;
  /** What the probe reported; null in a network that has diverged, absent without a probe. */
  probed?: Stored<T> | null;
}

/** One seed's runs, and where they stop to train. */
export interface RateLimit<T = unknown> {
  /** Of weights and batches. */
  seed: number;
  /** All runs, by rising rate. */
  runs: RateRun<T>[];
  /** The highest rate that trains (or `holds`), from the best one (the lowest) upwards to the first that does not; null where none does. */
  highest: number | null;
  /** The first higher rate that does not train, at most `within` times `highest`; null where none was tried: the limit is at least `highest`. */
  fails: number | null;
}

/**
 * Trains a network at each of the rates, and between the highest that trains and the next above by bisection (of the logarithm), so that the
 * limit is no function of the grid. A run trains if its test accuracy ends above `accuracy`: a network that answers the same for every image
 * has a loss of ln 10 and does not.
 *
 * The limit is sought from the seed's best rate upwards: rates at which the network learns too slowly to train in these steps lie below it,
 * and a rate beyond the limit that happens to train does not count.
 * Runs of one seed start from the same weights and see the same batches.
 *
 * With `holds` the limit is that of another condition, such as few stuck units by a `saturationProbe`, from the lowest rate upwards to the
 * first run that does not meet it; `highest` is null where the lowest rate does not.
 *
 * @returns one entry per seed
 * @example
 * const [{ highest }] = await rateLimit({ build, data, seeds: [1], rates: [0.1, 1, 10], steps: 300, batchSize: 60 });
 * @throws RangeError for no seeds or rates, rates that do not rise, or a factor `within` that is not above 1; StoppedError when a
 * notebook's Stop button ends it: half a bisection is no limit
 */
export async function rateLimit<T = unknown>(options: RateLimitOptions<T>): Promise<RateLimit<T>[]> {
  expectOptions('rateLimit', options, RATE_LIMIT_OPTIONS);
  const { build, seeds, rates, data, steps, batchSize, accuracy = 0.5, within = 1.1, probe, onRun } = options;
  if (seeds.length === 0 || rates.length === 0 || rates.some((rate, i) => i > 0 && rate <= rates[i - 1])) {
    throw new RangeError(`rateLimit: wanted seeds, and rates that rise, got [${seeds}] and [${rates}].`);
  }
  if (!(within > 1)) throw new RangeError(`rateLimit: within must be a factor above 1, got ${shown(within)}.`);
  checkOptions({ steps, batchSize, seed: seeds[0] });
  const network = build(seeds[0]);
  expectArgument('rateLimit', 'what build() returned', network, aNetwork);
  const trainer = new Trainer({ network, record: weightsNorm });
  const prepared = prepareData(data, 'grey', 'crossEntropy');
  const limits: RateLimit<T>[] = [];
  try {
    for (const seed of seeds) {
      const start = build(seed);
      const initial = start.stateDict();
      start.dispose();
      const before = norm(initial);
      const run = async (learningRate: number) => {
        network.loadStateDict(initial);
        const settings = { data, steps, batchSize, learningRate, seed };
        const end = probe ? { probes: { end: probe }, evaluate: { at: [steps] } } : { evaluate: { at: [] } };
        const stopped = `rateLimit: stopped at the rate ${learningRate} of seed ${seed}.`;
        const side = { trainer, network, prepared };
        const { accuracy, history } = await trainedAccuracy(side, { ...settings, ...end }, stopped);
        onRun?.();
        const probed = history.evaluations.at(-1)?.probes.end as Stored<T> | undefined;
        return {
          ...{ learningRate, accuracy, ...lossAndGrowth(history, before) },
          ...(probe ? { probed: probed ?? null } : {}),
        };
      };
      const holds = options.holds ?? ((of: RateRun<T>) => of.accuracy > accuracy);
      limits.push({ seed, ...(await search(run, rates, { holds, within, fromBest: !options.holds })) });
    }
  } finally {
    prepared.dispose();
    trainer.dispose();
    network.dispose();
  }
  return limits;
}

const LIMITS = listOf(having<RateLimit>('what rateLimit returned', { seed: needed(whole), runs: needed(listOf(own)) }));

/**
 * One value of every seed's run at each of the rates, [seeds][rates]: what a figure over rates shows.
 *
 * @param limits as {@link rateLimit} gives them
 * @param rates rates that every seed has a run at, such as the grid
 * @param value what to read
 * @example atRates(limits, rates, (run) => run.accuracy)
 * @throws RangeError for a rate that a seed has no run at
 */
export function atRates<T = unknown>(
  limits: readonly RateLimit<T>[],
  rates: readonly number[],
  value: (run: RateRun<T>) => number,
): number[][] {
  expectArguments('atRates', { limits: [limits, LIMITS], rates: [rates, listOf(positive)], value: [value, callback] });
  return limits.map(({ seed, runs }) =>
    rates.map((rate) => {
      const run = runs.find(({ learningRate }) => learningRate === rate);
      if (run) return value(run);
      const known = runs.map(({ learningRate }) => learningRate).join(', ');
      throw new RangeError(`atRates: seed ${seed} has no run at rate ${rate}; it has ${known}.`);
    }),
  );
}

/** The grid, then bisection between its two rates around the first limit. */
async function search<T>(
  run: (rate: number) => Promise<RateRun<T>>,
  rates: readonly number[],
  { holds, within, fromBest }: { holds: (run: RateRun<T>) => boolean; within: number; fromBest: boolean },
): Promise<Omit<RateLimit<T>, 'seed'>> {
  const runs: RateRun<T>[] = [];
  for (const rate of rates) runs.push(await run(rate));
  const first = fromBest ? runs.reduce((most, of, i) => (of.accuracy > runs[most].accuracy ? i : most), 0) : 0;
  if (!holds(runs[first])) return { runs, highest: null, fails: null };
  const end = runs.findIndex((of, i) => i > first && !holds(of));
  if (end < 0) return { runs, highest: rates[rates.length - 1], fails: null };
  const between = async (rate: number) => {
    const middle = await run(rate);
    runs.push(middle);
    return holds(middle);
  };
  const { inside, outside } = await bisect(between, [rates[end - 1], rates[end]], within);
  runs.sort((a, b) => a.learningRate - b.learningRate);
  return { runs, highest: inside, fails: outside };
}

function lossAndGrowth({ losses, perStep, diverged }: History, before: number) {
  const values = losses.values.map((v) => v ?? Infinity);
  const norms = perStep.weights ?? [];
  const after = norms[norms.length - 1];
  return {
    firstLoss: values[0],
    loss: diverged ? Infinity : median(values.slice(-20)),
    growth: typeof after === 'number' && Number.isFinite(after) ? after / before : Infinity,
  };
}

const isWeights = (label: string) => label.endsWith('/weights') || label === 'weights';

/** ||W|| over all weight matrices after a step. */
function weightsNorm({ after }: StepRecord): Record<string, tf.Tensor> {
  const matrices = Object.keys(after).filter(isWeights);
  if (matrices.length === 0) throw new RangeError('rateLimit: the network has no variable called weights.');
  return { weights: tf.sqrt(tf.addN(matrices.map((label) => tf.sum(tf.square(after[label]))))) };
}

function norm(weights: StateDict): number {
  const matrices = Object.keys(weights).filter(isWeights);
  return Math.hypot(...matrices.map((label) => Math.hypot(...weights[label].values)));
}
