/** What it costs a sub-network F2 that its input x = F1(u) moves while F1 learns (section 1: l = F2(F1(u, Theta1), Theta2)). */
import {
  abortSignal,
  callback,
  counting,
  expectArgument,
  expectOptions,
  having,
  list,
  listOf,
  needed,
  notNegative,
  type Options,
  own,
  positive,
  shown,
  whole,
} from '../core/checks';
import { networkOf, type Layer, type Network, type NetworkSpec } from '../nn';
import { median } from '../statistics';
import { checkOptions } from '../train/resolve';
import { prepareData } from '../train/prepare';
import { type TrainRunOptions } from '../train/options';
import { NETWORK_SPEC } from './comparison-spec';
import { DATA_SPEC, datasetOf, type DataSpec } from './data-spec';
import { type Definition, type RunControl } from './experiment';
import { Study, type MovingInputRun } from './moving-input-study';
import { Halves } from './recorded-input';

/** What {@link movingInput} takes. */
export interface MovingInputOptions
  extends Omit<RunControl, 'onPoint'>, Pick<TrainRunOptions, 'data' | 'steps' | 'batchSize'> {
  /** Builds a network whose layers stand one after the other, as `mlp` does, without dropout. */
  build: (seed: number) => Network & { readonly layers: Layer[] };
  /** How many of its layers are F1; the rest is F2. */
  below: number;
  /** One run each, of every kind at every rate. */
  seeds: readonly number[];
  /** Rates tried, for F1 and F2 together and for F2 alone. */
  rates: readonly number[];
  /** Looks at the test set after the first, evenly spread. Default 10. */
  looks?: number;
  /** Steps of the recording at which an F2 enters, each less than `steps`. Default [0]: it is there from the start. */
  enters?: readonly number[];
}

const MOVING_INPUT_OPTIONS: Options<MovingInputOptions> = {
  ...{ build: needed(callback), below: needed(counting), seeds: needed(listOf(whole)) },
  ...{
    rates: needed(listOf(positive)),
    looks: counting,
    enters: listOf(notNegative),
    data: needed(own),
    steps: needed(own),
  },
  ...{ batchSize: needed(own), onProgress: callback, signal: abortSignal },
};

/** What was found. */
export interface MovingInput {
  /** Numbers of steps of the recording after which was looked. */
  at: number[];
  /** The rate of the recorded training: that of the least median test loss at the end, of those tried. */
  liveRate: number;
  /** All runs; `live` at all rates comes first. */
  runs: MovingInputRun[];
  /** Largest |difference| of a weight of F2, trained with F1 and trained alone on the recording from the same weights, by seed. */
  replayError: number[];
}

/**
 * Trains l = F2(F1(u)) and records x = F1(u) for every batch, and then trains an F2 from other initial weights, which F1 has never met, on
 *
 * - `forward`: the recording in its order: the input moves as it did;
 * - `shuffled`: the same batches in a random order of the steps: as varied, going nowhere;
 * - `end`: the same batches through F1 as it was at the end: still;
 * - `start`: the same through F1 as it was at the start: still, and untrained.
 *
 * An F2 that `enters` later takes the batches from there on. F1 has then learned most, and still moves.
 *
 * `live` is F1 and F2 together. It loses to `start` or wins over it by what F1 learns, and says nothing of motion; `forward` against `end`
 * does. Each is asked on the test set as its input is at the moment: `shuffled` and `end` as F1 makes it at the end. Runs of a seed have the
 * same batches, and all but `live` the same initial F2. All is in training mode, the test set as one batch.
 *
 * @returns all runs, and how exactly F2 alone on the recording repeats F2 within the network (section 1: "exactly equivalent")
 * @example await movingInput({ build, below: 2, data, seeds: [1], rates: [0.3, 1], steps: 300, batchSize: 60 })
 * @throws RangeError for no seeds or rates, or where `below` leaves no layer on one side; the signal's reason for a run that was aborted
 */
export async function movingInput(options: MovingInputOptions): Promise<MovingInput> {
  expectOptions('movingInput', options, MOVING_INPUT_OPTIONS);
  const { build, below, seeds, rates, data, steps, batchSize, looks = 10, enters = [0] } = options;
  if (seeds.length === 0 || rates.length === 0) {
    throw new RangeError(`movingInput: wanted seeds and rates, got [${seeds}] and [${rates}].`);
  }
  checkOptions({ steps, batchSize, seed: seeds[0] });
  const at = looksAt(steps, looks, enters);
  const halves = halvesOf(build(seeds[0]), below);
  const prepared = prepareData(data, 'grey', 'crossEntropy');
  const total = seeds.length * (rates.length + 1 + 4 * rates.length * enters.length);
  const study = new Study(halves, prepared, { ...options, enters, at, total });
  try {
    for (const rate of rates) for (const seed of seeds) await study.live(seed, rate);
    const liveRate = bestOf(study.runs, rates);
    for (const seed of seeds) await study.replays(seed, liveRate);
    return { at, liveRate, runs: study.runs, replayError: study.replayError };
  } finally {
    prepared.dispose();
    halves.dispose();
  }
}

/** Looks evenly spread, and one where an F2 enters. */
function looksAt(steps: number, looks: number, enters: readonly number[]): number[] {
  const late = enters.find((step) => !Number.isInteger(step) || step >= steps);
  if (late !== undefined || enters.length === 0) {
    throw new RangeError(`movingInput: enters must list whole numbers below the ${steps} steps, got [${enters}].`);
  }
  const even = Array.from({ length: looks + 1 }, (_, i) => Math.round((i * steps) / looks));
  return [...new Set([...even, ...enters])].sort((a, b) => a - b);
}

function halvesOf(network: Network & { readonly layers: Layer[] }, below: number): Halves {
  const layered = having<typeof network>('a network of layers one after the other, as mlp() makes', {
    layers: needed(list),
  });
  expectArgument('movingInput', 'what build() returned', network, layered);
  const count = network.layers.length;
  if (below < count) return new Halves(network, below);
  network.dispose();
  throw new RangeError(`movingInput: below must leave a layer to F2: less than ${count}, got ${shown(below)}.`);
}

function bestOf(runs: readonly MovingInputRun[], rates: readonly number[]): number {
  const ends = (rate: number) => runs.filter((run) => run.rate === rate).map(({ loss }) => loss[loss.length - 1]);
  const score = (rate: number) => median(ends(rate).map((v) => (Number.isFinite(v) ? v : Infinity)));
  return rates.reduce((best, rate) => (score(rate) < score(best) ? rate : best));
}

/** {@link MovingInputOptions} as data. */
export interface MovingInputSpec extends Pick<MovingInputOptions, 'below' | 'steps' | 'batchSize'> {
  /** What is cut in two. */
  network: NetworkSpec;
  /** What it is trained on. */
  data: DataSpec;
  /** One run each. */
  seeds: number[];
  /** Rates tried. */
  rates: number[];
  /** Looks after the first. */
  looks: number;
  /** Steps of the recording at which an F2 enters. */
  enters: number[];
}

const DEFINED_OPTIONS: Options<MovingInputSpec> = {
  ...{ network: needed(NETWORK_SPEC), data: needed(DATA_SPEC), below: needed(counting), looks: needed(counting) },
  ...{ enters: needed(listOf(notNegative)), seeds: needed(listOf(whole)), rates: needed(listOf(positive)) },
  ...{ steps: needed(counting), batchSize: needed(counting) },
};

export const definition: Definition<MovingInputSpec, MovingInput> = {
  name: 'moving-input',
  version: 1,
  question: 'What does it cost the layers above that their input moves while the layers below learn?',
  whenAborted: 'throws',
  defaults: {
    network: { kind: 'mlp', sizes: [784, 100, 100, 100, 10], activation: 'sigmoid' },
    ...{ below: 2, data: { kind: 'digits', train: 5000, test: 1000 }, seeds: [1, 2, 3], rates: [0.3, 1, 3] },
    ...{ steps: 200, batchSize: 60, looks: 10, enters: [0] },
  },
  options: DEFINED_OPTIONS,
  compute: async ({ network, data, ...options }, control) => {
    const dataset = await datasetOf(data, { signal: control.signal });
    return movingInput({ ...options, ...control, data: dataset, build: (seed) => networkOf(network, seed) });
  },
};
