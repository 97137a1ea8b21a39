/** Normalizations with mini-batches of few examples, or of few classes: each at its own learning rate, at equal steps or equal examples. */
import {
  abortSignal,
  callback,
  counting,
  expectOptions,
  kind,
  listOf,
  needed,
  oneOf,
  type Options,
  positive,
  whole,
} from '../core/checks';
import { Random } from '../core/random';
import { batchIndices, type Dataset } from '../data';
import { networkOf, NORMS, type NetworkSpec, type NormName } from '../nn';
import { median } from '../statistics';
import { StoppedError } from '../platform/stoppable';
import { finalAccuracy } from '../train/history';
import { prepareData, type PreparedData } from '../train/prepare';
import { type OpenNetworkSpec } from '../train/sides';
import { Trainer } from '../train/trainer';
import { NETWORK_SPEC } from './comparison-spec';
import { DATA_SPEC, datasetOf, type DataSpec } from './data-spec';
import { type Definition, ofTraining, type PartsDone } from './experiment';

/** Everything that decides the numbers, but for the data. */
export interface SmallBatchesSettings {
  /** What is trained, without a norm. Its `normOptions` go to each normalization; the decay is set by `memory`. */
  network: OpenNetworkSpec;
  /** Normalizations compared, `none` among them. */
  norms: readonly NormName[];
  /** Sizes m, from 2; a rising order has each begin its search where the one before found its rate. */
  batchSizes: readonly number[];
  /** What is the same for all m: the number of updates, or of examples seen. */
  equal: 'steps' | 'examples';
  /** So many. */
  amount: number;
  /** Classes that a mini-batch holds, its examples shared out among them: each set of classes in turn, all equally often. 0: drawn from all. */
  classes: number;
  /** Moving averages reach back over so many examples: decay 1 - m/memory, the same span whatever m. */
  memory: number;
  /** The rate that the search begins with. */
  learningRate: number;
  /** Rates are this factor apart. */
  factor: number;
  /** By which each rate is chosen; other seeds than those reported. */
  tuning: readonly number[];
  /** Of weights and batches: what is reported. */
  seeds: readonly number[];
}

/** What {@link smallBatches} takes. */
export interface SmallBatchesOptions extends SmallBatchesSettings {
  /** Trained and tested on. */
  data: Dataset;
  /** Called as it gets on. */
  onProgress?: (done: PartsDone) => void;
  /** Ends it; it then throws the signal's reason. */
  signal?: AbortSignal;
}

const SETTINGS: Options<SmallBatchesSettings> = {
  ...{ network: needed(NETWORK_SPEC), norms: needed(listOf(oneOf(NORMS))), batchSizes: needed(listOf(counting)) },
  ...{ equal: needed(oneOf(['steps', 'examples'])), amount: needed(counting), classes: needed(whole) },
  ...{ memory: needed(counting), learningRate: needed(positive), factor: needed(positive) },
  ...{ tuning: needed(listOf(whole)), seeds: needed(listOf(whole)) },
};
const DATASET = kind(
  'a dataset, such as loadDataset() gives',
  (value) => typeof (value as Dataset | null | undefined)?.classCount === 'number',
);
const SMALL_BATCHES_OPTIONS: Options<SmallBatchesOptions> = {
  ...{ ...SETTINGS, data: needed(DATASET), onProgress: callback, signal: abortSignal },
};

/** One normalization at one size. */
export interface SmallBatchesRow {
  /** The normalization. */
  norm: NormName;
  /** m. */
  batchSize: number;
  /** The best of those tried, by the tuning seeds. */
  learningRate: number;
  /** Test accuracy at that rate, by seed; 0.1 or what it was where a run diverged. */
  accuracy: number[];
  /** Every rate tried, rising, with its median over the tuning seeds; the best has a worse one on each side, unless eight were too few. */
  tried: { learningRate: number; accuracy: number }[];
}

const MOST_RATES = 8;

/**
 * Trains one network with each normalization at each size of mini-batch. The learning rate is sought for each of these pairs, from
 * tuning seeds: rates a factor apart, until the best has a worse one on each side; the accuracy reported is that of other seeds.
 *
 * At equal steps a small mini-batch sees fewer examples, and at equal examples it makes more steps: neither is the fair one, so `equal`
 * says which. Inference is by moving averages. With batches of one size all normalizations of one seed start from the same weights and
 * see the same batches.
 *
 * @returns one row per normalization and size, sizes varying fastest
 * @example
 * await smallBatches({ data, network: { kind: 'mlp', sizes: [784, 50, 10] }, norms: ['batch', 'layer'], batchSizes: [2, 32],
 *   equal: 'examples', amount: 6400, classes: 0, memory: 640, learningRate: 0.1, factor: 3, tuning: [101], seeds: [1, 2, 3] })
 * @throws RangeError for sizes below 2, classes that the data do not have, or a factor that is not above 1; StoppedError when a
 * notebook's Stop button ends it
 */
export async function smallBatches(options: SmallBatchesOptions): Promise<SmallBatchesRow[]> {
  expectOptions('smallBatches', options, SMALL_BATCHES_OPTIONS);
  expectSettings(options);
  const { norms, batchSizes, data, signal, onProgress } = options;
  const prepared = prepareData(data, 'grey', 'crossEntropy');
  const rows: SmallBatchesRow[] = [];
  const steps = norms.length * batchSizes.length;
  try {
    for (const norm of norms) {
      let start = 0; // the power of the factor
      for (const batchSize of batchSizes) {
        onProgress?.({ step: rows.length, steps, name: `${norm}, m = ${batchSize}` });
        const cell = new Cell(options, norm, batchSize, prepared);
        try {
          const { row, best } = await cell.tuned(start);
          rows.push(row);
          start = best;
        } finally {
          cell.dispose();
        }
        signal?.throwIfAborted();
      }
    }
    onProgress?.({ step: steps, steps, name: 'done' });
  } finally {
    prepared.dispose();
  }
  return rows;
}

function expectSettings({ batchSizes, norms, seeds, tuning, factor, classes, data }: SmallBatchesOptions): void {
  const where = 'smallBatches';
  if ([batchSizes, norms, seeds, tuning].some((list) => list.length === 0))
    throw new RangeError(`${where}: wanted at least one size, normalization, seed and tuning seed.`);
  const small = batchSizes.find((m) => m < 2);
  if (small !== undefined)
    throw new RangeError(`${where}: a mini-batch of ${small}; wanted at least 2, for a variance over the batch.`);
  if (!(factor > 1)) throw new RangeError(`${where}: factor must be above 1, got ${factor}.`);
  if (classes < 0 || classes > data.classCount)
    throw new RangeError(`${where}: ${classes} classes in a mini-batch; the data have ${data.classCount}.`);
}

/** One normalization at one size: its step is traced once. */
class Cell {
  private readonly trainer: Trainer;
  private readonly steps: number;
  private readonly spec: NetworkSpec;
  private readonly network: ReturnType<typeof networkOf>;

  constructor(
    private readonly options: SmallBatchesOptions,
    private readonly norm: NormName,
    private readonly batchSize: number,
    private readonly prepared: PreparedData,
  ) {
    const { network, memory, equal, amount } = options;
    const normOptions = { ...network.normOptions, decay: Math.max(0, 1 - batchSize / memory) };
    this.spec = { ...network, norm, normOptions } as NetworkSpec;
    this.steps = equal === 'steps' ? amount : Math.max(1, Math.round(amount / batchSize));
    this.network = networkOf(this.spec, options.seeds[0]);
    this.trainer = new Trainer({ network: this.network });
  }

  async tuned(start: number): Promise<{ row: SmallBatchesRow; best: number }> {
    const { tuning, seeds, learningRate, factor } = this.options;
    const rate = (power: number) => Number((learningRate * factor ** power).toPrecision(12));
    const scores = new Map<number, number>();
    let next: number | undefined = start;
    while (next !== undefined) {
      scores.set(next, median(await this.accuracies(tuning, rate(next))));
      next = scores.size < MOST_RATES ? nextPower(scores, start) : undefined;
    }
    const best = bestPower(scores);
    const tried = [...scores].sort(([a], [b]) => a - b).map(([k, accuracy]) => ({ learningRate: rate(k), accuracy }));
    const accuracy = await this.accuracies(seeds, rate(best));
    return { best, row: { norm: this.norm, batchSize: this.batchSize, learningRate: rate(best), accuracy, tried } };
  }

  dispose(): void {
    this.trainer.dispose();
    this.network.dispose();
  }

  private async accuracies(seeds: readonly number[], learningRate: number): Promise<number[]> {
    const { steps, batchSize, options } = this;
    const { data, signal } = options;
    const found: number[] = [];
    for (const seed of seeds) {
      const start = networkOf(this.spec, seed);
      this.network.loadStateDict(start.stateDict());
      start.dispose();
      const rows = rowsOf(options, batchSize, steps, seed);
      const history = await this.trainer.train(
        { data, steps, batchSize, learningRate, seed, rows, signal, evaluate: { at: [steps] } },
        this.prepared,
      );
      if (history.stopped) {
        signal?.throwIfAborted();
        throw new StoppedError(`smallBatches: stopped at ${this.norm}, m = ${batchSize}.`);
      }
      found.push(finalAccuracy(history));
    }
    return found;
  }
}

/** The best; of equal ones the smaller rate. */
function bestPower(scores: ReadonlyMap<number, number>): number {
  return [...scores].sort(([a, x], [b, y]) => y - x || a - b)[0][0];
}

/** A neighbour of the best that was not tried; undefined where it has both. */
function nextPower(scores: ReadonlyMap<number, number>, start: number): number | undefined {
  const best = bestPower(scores);
  const towards = best >= start ? [best + 1, best - 1] : [best - 1, best + 1];
  return towards.find((power) => !scores.has(power));
}

/** Row numbers of the batches: epochs of all, or so many classes a batch, each set of classes in its turn. */
function rowsOf({ data, classes }: SmallBatchesOptions, batchSize: number, steps: number, seed: number): Int32Array {
  const random = new Random(seed, 'order');
  const { labels, n } = data.train;
  if (classes === 0) return batchIndices({ n, batchSize, steps, random });
  const decks = Array.from({ length: data.classCount }, (_, c) =>
    endless(
      Array.from(labels.keys()).filter((i) => labels[i] === c),
      random.child(`class ${c}`),
    ),
  );
  const order = endless([...decks.keys()], random.child('classes'));
  const rows = new Int32Array(steps * batchSize);
  for (let step = 0; step < steps; step++) {
    const chosen: number[] = [];
    while (chosen.length < classes) {
      const next = order();
      if (!chosen.includes(next)) chosen.push(next);
    }
    for (let i = 0; i < batchSize; i++) rows[step * batchSize + i] = decks[chosen[i % classes]]();
  }
  return rows;
}

/** Deals the values in random order, then in another, without end. */
function endless(values: readonly number[], random: Random): () => number {
  let order = new Int32Array(0);
  let next = 0;
  return () => {
    if (next === order.length) [order, next] = [Int32Array.from(random.permutation(values.length)), 0];
    return values[order[next++]];
  };
}

/** {@link SmallBatchesOptions} as data. */
export interface SmallBatchesSpec extends SmallBatchesSettings {
  /** Trained and tested on. */
  data: DataSpec;
}

export const definition: Definition<SmallBatchesSpec, { rows: SmallBatchesRow[] }> = {
  name: 'small-batches',
  version: 1,
  question: 'Which normalization stands mini-batches of few examples or few classes, each at its own learning rate?',
  whenAborted: 'throws',
  defaults: {
    ...{ data: { kind: 'digits', train: 2000, test: 500 }, network: { kind: 'mlp', sizes: [784, 50, 50, 10] } },
    ...{ norms: ['none', 'batch', 'layer'], batchSizes: [2, 8, 32], equal: 'examples', amount: 1600, classes: 0 },
    ...{ memory: 320, learningRate: 0.1, factor: 3, tuning: [101], seeds: [1, 2, 3] },
  },
  options: { ...SETTINGS, data: needed(DATA_SPEC) },
  compute: async ({ data, ...options }, control) => {
    const { signal } = control;
    const onProgress = ofTraining(control);
    return { rows: await smallBatches({ ...options, data: await datasetOf(data, { signal }), signal, onProgress }) };
  },
};
