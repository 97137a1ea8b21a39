/** How gradients fare on their way down a network before training: over depth, input scale and seeds. */
import { counting, flag, listOf, needed, oneOf, type Options, positive, whole } from '../core/checks';
import { toTensors } from '../data';
import { tf } from '../engine';
import { ACTIVATIONS, mlp, NORMS, type ActivationName, type NormName } from '../nn';
import { gradientScan, type GradientScanRow } from '../probe/propagation';
import { DATA_SPEC, datasetOf, type DataSpec } from './data-spec';
import { type Definition } from './experiment';

/** Networks of one width and several depths, and what goes through them. */
export interface GradientScanSpec {
  /** The nonlinearity of every hidden layer. */
  activation: ActivationName;
  /** The normalization of every hidden layer. */
  norm: NormName;
  /** Width of the hidden layers. */
  width: number;
  /** Numbers of hidden layers. */
  depths: number[];
  /** Factors on the inputs. */
  scales: number[];
  /** Of the initial weights: one network each, at every depth. */
  seeds: number[];
  /** Whose first training examples go through. */
  data: DataSpec;
  /** How many of them. */
  examples: number;
  /** Statistics of the mini-batch, as in training. */
  training: boolean;
}

const GRADIENT_SCAN_SPEC: Options<GradientScanSpec> = {
  ...{ activation: needed(oneOf(ACTIVATIONS)), norm: needed(oneOf(NORMS)), width: needed(counting) },
  ...{ depths: needed(listOf(counting)), scales: needed(listOf(positive)), seeds: needed(listOf(whole)) },
  ...{ data: needed(DATA_SPEC), examples: needed(counting), training: needed(flag) },
};

export const definition: Definition<GradientScanSpec, { rows: GradientScanRow[] }> = {
  name: 'gradient-scan',
  version: 1,
  question: 'What is left of a gradient at the bottom of a deep network, by depth and by the scale of the input?',
  whenAborted: 'throws',
  defaults: {
    ...{ activation: 'sigmoid', norm: 'none', width: 100, depths: [1, 2, 4, 8], scales: [1], seeds: [1, 2, 3] },
    ...{ data: { kind: 'digits', train: 100, test: 10 }, examples: 100, training: true },
  },
  options: GRADIENT_SCAN_SPEC,
  compute: async ({ data, examples, activation, norm, width, ...options }, { onProgress, signal }) => {
    const { train, classCount } = await datasetOf(data, { signal });
    const { x, y } = toTensors(train, { limit: examples });
    const total = options.depths.length * options.seeds.length;
    let done = 0;
    const build = (depth: number, seed: number) => {
      signal?.throwIfAborted();
      return mlp({ sizes: [x.shape[1], ...Array<number>(depth).fill(width), classCount], activation, norm, seed });
    };
    try {
      const report = () => onProgress?.({ done: ++done, total, text: `${done} of ${total} networks` });
      return { rows: gradientScan({ ...options, build, x, y, onProgress: report }) };
    } finally {
      tf.dispose([x, y]);
    }
  },
};
