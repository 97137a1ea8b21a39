/**
 * Figure 1 of the paper at its own length: the network of section 4.1, 50,000 mini-batches of 60, without and with Batch Normalization
 * (BN), from the same weights and over the same batches. `npm run paper -- figure-1` makes the runs and keeps them in figure-1.json.
 */
import {
  accuracies,
  compare,
  defineExperiment,
  defineSweep,
  loadDataset,
  percentileProbe,
  probeSeries,
  withAndWithout,
} from 'bnlab';
import { positive, whole } from './options';

interface Options {
  seed: number;
  learningRate: number;
  steps: number;
  /** Evaluation points after the first. */
  points: number;
}

/** Where to look: densely at the beginning, where accuracy and inputs move fastest. */
const looks = ({ steps, points }: Options) => [
  ...new Set(Array.from({ length: points + 1 }, (_, k) => Math.round(steps * (k / points) ** 2.5))),
];

const experiment = defineExperiment({
  name: 'figure-1-of-the-paper',
  version: 1,
  question: 'What do Figure 1 (a) and (b, c) show after as many steps as the paper took, at this learning rate?',
  whenAborted: 'throws',
  defaults: { seed: 1, learningRate: 1, steps: 50_000, points: 40 } satisfies Options,
  options: { seed: whole, learningRate: positive, steps: whole, points: whole },
  compute: async (options: Options, { signal }) => {
    const { seed, learningRate, steps } = options;
    const comparison = await compare({
      sides: withAndWithout({ kind: 'mlp', sizes: [784, 100, 100, 100, 10], activation: 'sigmoid', initStd: 0.1 }),
      ...{ data: await loadDataset('mnist', { signal }), pixels: 'binary', batchSize: 60, steps, signal },
      ...{ seeds: [seed], learningRates: [learningRate], evaluate: { at: looks(options) } },
      probes: { fan: percentileProbe({ tap: 'layer3/preActivation', training: true }) },
    });
    signal?.throwIfAborted();
    return comparison.runs.map(({ side, history }) => ({
      side,
      diverged: history.diverged !== null,
      ...accuracies(history), // steps and accuracy
      percentiles: probeSeries(history, 'fan').map(({ value }) => value?.typical ?? null), // [points][15th, 50th, 85th]
    }));
  },
});

export default defineSweep({
  name: 'figure-1-of-the-paper',
  experiment,
  grid: { learningRate: [1, 3, 0.3], seed: [1, 2, 3] },
});
