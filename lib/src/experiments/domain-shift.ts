/** Networks on pictures of another domain than that of training, with the statistics of training and with those of the new domain. */
import { abortSignal, callback, counting, expectOptions, kind, listOf, needed, notNegative, oneOf, type Options, positive, whole } from '../core/checks'; // prettier-ignore
import { type Dataset } from '../data';
import { tf } from '../engine';
import { networkOf, type Network, type NetworkSpec } from '../nn';
import { StoppedError } from '../platform/stoppable';
import { median } from '../statistics';
import { evaluate } from '../train/evaluate';
import { finalAccuracy } from '../train/history';
import { setPopulationStatistics } from '../train/population';
import { prepareData, type PreparedData } from '../train/prepare';
import { type OpenNetworkSpec } from '../train/sides';
import { Trainer } from '../train/trainer';
import { changedPictures, PICTURE_CHANGES, type PictureChange } from './changed-pictures';
import { NETWORK_SPEC } from './comparison-spec';
import { DATA_SPEC, datasetOf, type DataSpec } from './data-spec';
import { type Definition, ofTraining, type PartsDone } from './experiment';

/** Everything that decides the numbers, but for the data. */
export interface DomainShiftSettings {
  /** What is trained, without a norm: as it is, and with batch normalization. */
  network: OpenNetworkSpec;
  /** What happens to the pictures. */
  changes: readonly PictureChange[];
  /** How strongly: see `changedPictures`. */
  strengths: readonly number[];
  /** Of which each network has the best, by the tuning seeds. */
  learningRates: readonly number[];
  /** Of training. */
  steps: number;
  /** m, in training and for the population's statistics. */
  batchSize: number;
  /** Training pictures that statistics come from, their labels unused; at most all. */
  examples: number;
  /** By which each rate is chosen; other seeds than those reported. */
  tuning: readonly number[];
  /** Of weights and batches: what is reported. */
  seeds: readonly number[];
}

/** What {@link domainShift} takes. */
export interface DomainShiftOptions extends DomainShiftSettings {
  /** Square grey pictures to train on; each domain is made of its test set and, for statistics, its training set. */
  data: Dataset;
  /** Called as it gets on. */
  onProgress?: (done: PartsDone) => void;
  /** Ends it; it then throws the signal's reason. */
  signal?: AbortSignal;
}

const SETTINGS: Options<DomainShiftSettings> = {
  ...{ network: needed(NETWORK_SPEC), changes: needed(listOf(oneOf(PICTURE_CHANGES))) },
  ...{ strengths: needed(listOf(notNegative)), learningRates: needed(listOf(positive)), steps: needed(counting) },
  ...{ batchSize: needed(counting), examples: needed(counting), tuning: needed(listOf(whole)) },
  ...{ seeds: needed(listOf(whole)) },
};
const DATASET = kind(
  'a dataset, such as loadDataset() gives',
  (value) => typeof (value as Dataset | null | undefined)?.classCount === 'number',
);
const DOMAIN_SHIFT_OPTIONS: Options<DomainShiftOptions> = {
  ...{ ...SETTINGS, data: needed(DATASET), onProgress: callback, signal: abortSignal },
};

/** What inference normalizes by: nothing, the statistics of the training domain, or those of the new one. */
export type StatisticsOf = 'none' | 'training' | 'domain';
const STATISTICS: readonly StatisticsOf[] = ['none', 'training', 'domain'];

/** One way of inference in one domain. */
export interface DomainShiftRow {
  /** What happened to the pictures. */
  change: PictureChange;
  /** How strongly. */
  strength: number;
  /** What inference normalizes by. */
  statistics: StatisticsOf;
  /** Test accuracy in that domain, by seed. */
  accuracy: number[];
}

/** What {@link domainShift} finds. */
export interface DomainShift {
  /** The rate of each network. */
  learningRates: { none: number; batch: number };
  /** Strengths vary fastest, then statistics, then changes. */
  rows: DomainShiftRow[];
}

type Norm = 'none' | 'batch';

/**
 * Trains a network with and without batch normalization, and asks it for pictures of other domains. With batch normalization it is asked
 * twice: with the population's statistics (Algorithm 2) of the pictures that it was trained on, and with those of as many pictures of the
 * new domain, whose labels nobody needs; its weights, gamma and beta stay. Both networks begin with the same weights, see the same
 * mini-batches, and have their own best learning rate.
 *
 * @example
 * await domainShift({ data, network: { kind: 'mlp', sizes: [784, 50, 10] }, changes: ['rotated'], strengths: [0, 0.5], learningRates: [0.1],
 *   steps: 300, batchSize: 60, examples: 2000, tuning: [101], seeds: [1, 2, 3] })
 * @throws RangeError for an empty list, or pictures that are not square and grey; StoppedError when a notebook's Stop button ends it
 */
export async function domainShift(options: DomainShiftOptions): Promise<DomainShift> {
  expectOptions('domainShift', options, DOMAIN_SHIFT_OPTIONS);
  const { changes, strengths, learningRates: rates, tuning, seeds, data } = options;
  if ([changes, strengths, rates, tuning, seeds].some((list) => list.length === 0)) {
    throw new RangeError('domainShift: wanted at least one change, strength, learning rate, tuning seed and seed.');
  }
  const prepared = prepareData(data, 'grey', 'crossEntropy');
  const nets: Record<Norm, Network[]> = { none: [], batch: [] };
  try {
    const study = new Study(options, prepared);
    const learningRates = { none: await study.bestRate('none'), batch: await study.bestRate('batch') };
    for (const norm of ['none', 'batch'] as const) {
      for (const seed of seeds) nets[norm].push((await study.trained(norm, seed, learningRates[norm])).network);
    }
    return { learningRates, rows: study.scores(nets) };
  } finally {
    Object.values(nets).flat().forEach((network) => network.dispose()); // prettier-ignore
    prepared.dispose();
  }
}

class Study {
  private done = 0;

  constructor(
    private readonly options: DomainShiftOptions,
    private readonly data: PreparedData,
  ) {}

  /** By the median over the tuning seeds; of equal ones the first. */
  async bestRate(norm: Norm): Promise<number> {
    const { learningRates, tuning } = this.options;
    const scores: number[] = [];
    for (const rate of learningRates) {
      const found: number[] = [];
      for (const seed of tuning) {
        const { network, accuracy } = await this.trained(norm, seed, rate);
        network.dispose();
        found.push(accuracy);
      }
      scores.push(median(found));
    }
    return learningRates[scores.indexOf(Math.max(...scores))];
  }

  async trained(norm: Norm, seed: number, learningRate: number) {
    const { options, data } = this;
    const { steps, batchSize, signal, learningRates: rates, tuning, seeds } = options;
    const total = 2 * (rates.length * tuning.length + seeds.length);
    options.onProgress?.({
      step: this.done++,
      steps: total,
      name: `${norm === 'batch' ? 'BN' : 'no BN'}, rate ${learningRate}`,
    });
    const network = networkOf({ ...options.network, norm } as NetworkSpec, seed);
    const trainer = new Trainer({ network });
    try {
      const run = { data: options.data, steps, batchSize, learningRate, seed, signal, evaluate: { at: [steps] } };
      const history = await trainer.train(run, data);
      if (history.stopped) {
        signal?.throwIfAborted();
        throw new StoppedError(`domainShift: stopped at ${network.name}.`);
      }
      return { network, accuracy: finalAccuracy(history) };
    } catch (error) {
      network.dispose();
      throw error;
    } finally {
      trainer.dispose();
    }
  }

  scores(nets: Readonly<Record<Norm, readonly Network[]>>): DomainShiftRow[] {
    const { changes, strengths, examples } = this.options;
    const { train, test } = this.data;
    return tf.tidy(() => {
      const some = tf.slice(train.x, [0, 0], [Math.min(examples, train.x.shape[0]), -1]);
      const pictures = { x: tf.cast(some, 'float32'), test: tf.cast(test.x, 'float32') };
      return changes.flatMap((change) => {
        this.normalizeBy(pictures.x, nets.batch); // until the first strength of 'domain', which comes last
        return STATISTICS.flatMap((statistics) =>
          strengths.map((strength) => {
            const accuracy = this.accuracies({ change, strength, statistics }, nets, pictures);
            return { change, strength, statistics, accuracy };
          }),
        );
      });
    });
  }

  private accuracies(
    { change, strength, statistics }: Omit<DomainShiftRow, 'accuracy'>,
    nets: Readonly<Record<Norm, readonly Network[]>>,
    pictures: { x: tf.Tensor; test: tf.Tensor },
  ): number[] {
    const asked = statistics === 'none' ? nets.none : nets.batch;
    return tf.tidy(() => {
      if (statistics === 'domain') this.normalizeBy(changedPictures(pictures.x, change, strength, 1), asked);
      const x = changedPictures(pictures.test, change, strength, 2);
      return asked.map((network) => evaluate({ network, x, y: this.data.test.y }).accuracy!);
    });
  }

  private normalizeBy(x: tf.Tensor, networks: readonly Network[]): void {
    for (const network of networks) setPopulationStatistics(network, x, { batchSize: this.options.batchSize });
  }
}

/** {@link DomainShiftOptions} as data. */
export interface DomainShiftSpec extends DomainShiftSettings {
  /** Trained and tested on. */
  data: DataSpec;
}

export const definition: Definition<DomainShiftSpec, DomainShift> = {
  name: 'domain-shift',
  version: 1,
  question: 'What do statistics of a new domain, without its labels, do for a network that was trained on another?',
  whenAborted: 'throws',
  defaults: {
    ...{ data: { kind: 'digits', train: 2000, test: 500 }, network: { kind: 'mlp', sizes: [784, 50, 50, 10] } },
    ...{ changes: ['rotated', 'noisy', 'inverted'], strengths: [0, 0.25, 0.5, 0.75, 1], learningRates: [0.1] },
    ...{ steps: 200, batchSize: 60, examples: 2000, tuning: [101], seeds: [1, 2, 3] },
  },
  options: { ...SETTINGS, data: needed(DATA_SPEC) },
  compute: async ({ data, ...options }, control) => {
    const { signal } = control;
    const onProgress = ofTraining(control);
    return domainShift({ ...options, data: await datasetOf(data, { signal }), signal, onProgress });
  },
};
