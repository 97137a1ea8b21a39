/**
 * One training of the network of the small Figure 2 of notebooks/11-learning-rates.ipynb: two Inception blocks on images of 14 by 14, the
 * rate falling exponentially to a tenth. The notebook trains it for some hundred steps, these runs for 3,000.
 */
import {
  accuracies,
  averagePool,
  compare,
  defineExperiment,
  loadDataset,
  Random,
  subset,
  tf,
  toTensors,
  type NetworkSpec,
} from 'bnlab';
import { named, positive, whole } from './options';

interface Options {
  seed: number;
  learningRate: number;
  norm: 'none' | 'batch';
  activation: 'relu' | 'sigmoid';
  steps: number;
}

const network = ({ norm, activation }: Options): NetworkSpec => ({
  ...{ kind: 'inceptionNet', image: [14, 14, 1], norm, activation, stem: 8 },
  blocks: [
    { one: 4, three: [4, 6], double: [3, 4], pool: 2 },
    { one: 6, three: [6, 8], double: [4, 6], pool: 4 },
  ],
});

const pooled = averagePool(2);

/** So many examples, halved to 14 by 14: [n, 196]. */
function halved(set: Parameters<typeof subset>[0], n: number) {
  const { x, y } = toTensors(subset(set, n, new Random(0, 'small')) as never);
  const half = tf.tidy(() => pooled.apply(tf.reshape(x, [-1, 28, 28, 1]), { training: false }).reshape([-1, 196]));
  x.dispose();
  return { x: half, y };
}

export const experiment = defineExperiment({
  name: 'small-inception',
  version: 1,
  question: 'How well does a small Inception learn in many steps, at this learning rate?',
  whenAborted: 'throws',
  defaults: { seed: 1, learningRate: 1, norm: 'batch', activation: 'relu', steps: 3000 } as Options,
  options: { seed: whole, learningRate: positive, norm: named, activation: named, steps: whole },
  compute: async (options: Options, { signal }) => {
    const { seed, learningRate, steps } = options;
    const { train, test, title } = await loadDataset('mnist', { signal });
    const data = { name: title, train: halved(train, 20_000), test: halved(test, 1000) };
    try {
      const { runs } = await compare({
        sides: [{ name: 'run', network: network(options) }],
        ...{ data, seeds: [seed], learningRates: [learningRate], steps, batchSize: 32, signal },
        ...{ schedule: { kind: 'exponential', every: steps, factor: 0.1 }, evaluate: { every: steps / 60 } },
      });
      signal?.throwIfAborted();
      const { history } = runs[0];
      return { ...accuracies(history), diverged: history.diverged !== null };
    } finally {
      tf.dispose([data.train.x, data.train.y, data.test.x, data.test.y]);
    }
  },
});
