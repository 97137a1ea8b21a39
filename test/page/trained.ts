/** A run that looks into its network as it trains: the same in Node and in a page. Of Node's own modules it takes nothing. */
import { convNet, gradientNorms, loadDataset, mlp, type Network, ready, tf, trainNetwork } from 'bnlab';

/** What came out, as plain data. */
export interface Trained {
  engine: string;
  backend: string;
  batches: string;
  /** of all variables in turn, before the first step */
  initial: number[];
  losses: number[];
  tested: (number | null)[];
  probed: unknown[];
  /** of all variables in turn, after the last step */
  weights: number[];
  /** tensors that are there after the run but were not before */
  left: number;
}

async function numbersOf(network: Network): Promise<number[]> {
  const values = await Promise.all(network.variables.map((variable) => variable.data()));
  return values.flatMap((one) => [...one]);
}

async function train(
  network: Network,
  options: { steps: number; learningRate: number },
): Promise<Omit<Trained, 'engine' | 'backend' | 'left'>> {
  const initial = await numbersOf(network);
  const data = await loadDataset('digits', { digits: { train: 300, test: 100, seed: 1 } });
  const history = await trainNetwork({
    ...{ network, data, batchSize: 60, optimizer: 'momentum', seed: 1, ...options },
    evaluate: { every: options.steps / 4 },
    probes: {
      gradients: {
        measure: ({ network, batch, loss }) => gradientNorms({ network, ...batch, loss, training: true }).weights,
      },
    },
  });
  const weights = await numbersOf(network);
  const { losses, evaluations, provenance } = history;
  return {
    ...{ batches: provenance.batches, initial, losses: losses.values.map(Number), weights },
    ...{ tested: evaluations.map(({ test }) => test.loss), probed: evaluations.map(({ probes }) => probes.gradients) },
  };
}

/** Trains in the engine that `ready` takes. */
export async function trained(): Promise<Record<'dense' | 'convolutions', Trained>> {
  const { engine } = await ready();
  const networks = {
    dense: () => mlp({ sizes: [784, 16, 16, 10], activation: 'sigmoid', norm: 'batch', seed: 1 }),
    convolutions: () =>
      convNet({ image: [28, 28, 1], filters: [2, 2], hidden: 8, classes: 10, norm: 'batch', seed: 1 }),
  };
  const once = async (make: () => Network, steps: number, learningRate: number): Promise<Trained> => {
    const before = tf.memory().numTensors;
    const network = make();
    const found = await train(network, { steps, learningRate });
    network.dispose();
    return { engine, backend: tf.getBackend(), ...found, left: tf.memory().numTensors - before };
  };
  // Few steps at a small rate for the convolutions: a large one makes a rounding grow.
  return {
    dense: await once(networks.dense, 200, 0.5),
    convolutions: await once(networks.convolutions, 4, 0.05),
  };
}
