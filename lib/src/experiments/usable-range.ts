/** From where to where a network trains: over learning rates, or over factors on its initial weights, both ends by bisection. */
import {
  callback,
  expectOptions,
  listOf,
  needed,
  number,
  oneOf,
  type Options,
  own,
  positive,
  shown,
  whole,
} from '../core/checks';
import { tf } from '../engine';
import { networkOf, type Network, type NetworkSpec } from '../nn';
import { type TrainRunOptions } from '../train/options';
import { prepareData } from '../train/prepare';
import { checkOptions } from '../train/resolve';
import { Trainer } from '../train/trainer';
import { NETWORK_SPEC } from './comparison-spec';
import { bisect, trainedAccuracy } from './limit-search';

/** What {@link usableRange} takes. */
export interface UsableRangeOptions extends Pick<TrainRunOptions, 'data' | 'steps' | 'batchSize'> {
  /** What is trained. */
  network: NetworkSpec;
  /** What is varied: the rate of plain gradient descent, or a factor on the initial weights of every layer but the last. */
  over: 'rate' | 'scale';
  /** The constant rate, where the scale is varied. */
  learningRate?: number;
  /** One range each; of weights and batches. */
  seeds: readonly number[];
  /** Values to begin with: the ends are sought outwards from the one of them with the highest test accuracy. */
  starts: readonly number[];
  /** A run trains if its test accuracy ends above this share. Default 0.5. */
  accuracy?: number;
  /** Outwards, values rise and fall by this factor until a run does not train. Default 8. */
  factor?: number;
  /** Each end is sought until the values on its two sides differ by this factor at most. Default 1.5. */
  within?: number;
  /** Not looked beyond: [lowest, highest]. Default [1e-6, 1e6]. */
  bounds?: readonly [number, number];
  /** Called after each run. */
  onRun?: () => void;
}

const USABLE_RANGE_OPTIONS: Options<UsableRangeOptions> = {
  ...{ network: needed(NETWORK_SPEC), over: needed(oneOf(['rate', 'scale'])), learningRate: positive },
  ...{ data: needed(own), steps: needed(own), batchSize: needed(own), seeds: needed(listOf(whole)) },
  ...{ starts: needed(listOf(positive)), accuracy: number, factor: number, within: number },
  ...{ bounds: listOf(positive), onRun: callback },
};

/** One seed's range. */
export interface UsableRange {
  /** Of weights and batches. */
  seed: number;
  /** The lowest value that trains; null where no start does. */
  low: number | null;
  /** The highest. */
  high: number | null;
  /** Whether `low` or `high` lies where the search ended and no value beyond was tried: the range is at least this wide. */
  open: { low: boolean; high: boolean };
  /** All runs, by rising value. */
  runs: { value: number; accuracy: number }[];
}

/**
 * The range of learning rates, or of factors on the initial weights, from which a network gets above an accuracy in a given number of steps.
 * The ends are sought outwards from the best of `starts`, each to the first value that does not train, and narrowed by bisection of the
 * logarithm, so that they are no functions of a grid. The lower end of the rates is a matter of the number of steps; so is, with batch
 * normalization, the upper end of the scales: weights a times as large turn a^2 times as slowly.
 *
 * Runs of one seed start from the same weights, but for the factor, and see the same batches.
 *
 * @returns one entry per seed
 * @example
 * const [{ low, high }] = await usableRange({ network: { kind: 'mlp', sizes: [784, 100, 10] }, over: 'rate', data, seeds: [1],
 *   starts: [0.1, 1], steps: 200, batchSize: 60 });
 * @throws RangeError for no seeds or starts, factors that are not above 1, or `over: 'scale'` without a rate; StoppedError when a
 *   notebook's Stop button ends it
 */
export async function usableRange(options: UsableRangeOptions): Promise<UsableRange[]> {
  expectOptions('usableRange', options, USABLE_RANGE_OPTIONS);
  const { network: spec, over, learningRate, seeds, data, steps, batchSize, onRun } = options;
  expectSearch(options);
  checkOptions({ steps, batchSize, seed: seeds[0] });
  const network = networkOf(spec, seeds[0]);
  const trainer = new Trainer({ network });
  const prepared = prepareData(data, 'grey', 'crossEntropy');
  const found: UsableRange[] = [];
  try {
    for (const seed of seeds) {
      const start = networkOf(spec, seed);
      const initial = start.stateDict();
      start.dispose();
      const run = async (value: number) => {
        network.loadStateDict(initial);
        if (over === 'scale') scaleHidden(network, value);
        const rate = over === 'rate' ? value : learningRate!;
        const settings = { data, steps, batchSize, learningRate: rate, seed, evaluate: { at: [] } };
        const stopped = `usableRange: stopped at ${value}, seed ${seed}.`;
        const { accuracy } = await trainedAccuracy({ trainer, network, prepared }, settings, stopped);
        onRun?.();
        return accuracy;
      };
      found.push({ seed, ...(await search(run, options)) });
    }
  } finally {
    prepared.dispose();
    trainer.dispose();
    network.dispose();
  }
  return found;
}

function expectSearch({ over, learningRate, seeds, starts, factor = 8, within = 1.5, bounds }: UsableRangeOptions) {
  if (seeds.length === 0 || starts.length === 0) {
    throw new RangeError(`usableRange: wanted seeds and starts, got [${seeds}] and [${starts}].`);
  }
  if (over === 'scale' && learningRate === undefined) {
    throw new RangeError('usableRange: the scale is varied at a rate; give learningRate.');
  }
  if (!(factor > 1) || !(within > 1)) {
    throw new RangeError(`usableRange: factor and within must be above 1, got ${shown(factor)} and ${shown(within)}.`);
  }
  if (bounds && !(bounds.length === 2 && bounds[0] < bounds[1])) {
    throw new RangeError(`usableRange: bounds must be [lowest, highest], got [${bounds}].`);
  }
}

/** Multiplies the weights of every layer but the last: those that batch normalization, where there is any, follows. */
function scaleHidden(network: Network, factor: number): void {
  const weights = Object.entries(network.named).filter(([label]) => label.endsWith('/weights'));
  for (const [, variable] of weights.slice(0, -1)) tf.tidy(() => variable.assign(tf.mul(variable, factor)));
}

async function search(
  run: (value: number) => Promise<number>,
  { starts, accuracy = 0.5, factor = 8, within = 1.5, bounds = [1e-6, 1e6] }: UsableRangeOptions,
): Promise<Omit<UsableRange, 'seed'>> {
  const runs: UsableRange['runs'] = [];
  const at = async (value: number) => {
    const reached = await run(value);
    runs.push({ value, accuracy: reached });
    return reached;
  };
  for (const value of starts) await at(value);
  const best = runs.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  const end = async (towards: number): Promise<{ value: number; open: boolean }> => {
    let trains = best.value;
    let fails = trains;
    for (;;) {
      fails = trains * towards;
      if (fails < bounds[0] || fails > bounds[1]) return { value: trains, open: true };
      if (!((await at(fails)) > accuracy)) break;
      trains = fails;
    }
    const { inside } = await bisect(async (value) => (await at(value)) > accuracy, [trains, fails], within);
    return { value: inside, open: false };
  };
  const trained = best.accuracy > accuracy;
  const high = trained ? await end(factor) : { value: null, open: false };
  const low = trained ? await end(1 / factor) : { value: null, open: false };
  runs.sort((a, b) => a.value - b.value);
  return { low: low.value, high: high.value, open: { low: low.open, high: high.open }, runs };
}
