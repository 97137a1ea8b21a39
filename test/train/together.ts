/** A comparison with a side's runs side by side, and one after the other. Run by together.test.ts, also in a process of its own. */
import { type CompareOptions, type Comparison, type NetworkSpec, tf } from 'bnlab';
import { compareResolved } from 'bnlab/dist/src/train/compare';
import { resolveComparison } from 'bnlab/dist/src/train/compare-options';
import { clouds } from '../support/clouds';

const network = (norm: 'none' | 'batch'): NetworkSpec => ({
  ...{ kind: 'mlp', sizes: [3, 6, 3], activation: 'sigmoid', initStd: 0.5, norm },
});
const RATES = [0.1, 1e12];

/** A comparison of two sides, two seeds, and two rates, of which one is far too high. */
async function compared(together: boolean, stopAt?: number): Promise<{ steps: number[]; result: Comparison }> {
  const [train, test] = [clouds(120, 1), clouds(60, 2)];
  const steps: number[] = [];
  const controller = new AbortController();
  const options: CompareOptions = {
    sides: [
      { name: 'momentum', network: network('none'), options: { optimizer: 'momentum' } },
      {
        name: 'BN, Adam',
        network: network('batch'),
        options: { optimizer: 'adam' },
      },
    ],
    ...{ seeds: [1, 2], learningRates: RATES, data: { train, test, name: 'clouds' } },
    ...{ steps: 12, batchSize: 30, evaluate: { at: [0, 5, 12] }, divergenceBound: 50 },
    signal: controller.signal,
    onProgress: ({ step }) => {
      steps.push(step);
      if (stopAt !== undefined && step >= stopAt) controller.abort();
    },
  };
  try {
    return { result: await compareResolved({ ...resolveComparison(options as never), together }), steps };
  } finally {
    tf.dispose([train, test]);
  }
}

/** The comparison in both ways, and tensors that are left. */
export async function bothWays(): Promise<{ together: Comparison; alone: Comparison; left: number; steps: number[] }> {
  const alone = (await compared(false)).result;
  const before = tf.memory().numTensors;
  const { result, steps } = await compared(true);
  return { together: result, alone, left: tf.memory().numTensors - before, steps };
}

/** One that is stopped when the first side is at its second chunk. */
export async function stopped(): Promise<Comparison> {
  return (await compared(true, 4)).result;
}
