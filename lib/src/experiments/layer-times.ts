/** What normalizing a layer costs in training, forward and backward, beside the layer itself. */
import {
  counting,
  expectOptions,
  listOf,
  needed,
  notNegative,
  oneOf,
  type Options,
  own,
  positive,
} from '../core/checks';
import { Random } from '../core/random';
import { tf } from '../engine';
import { batchNorm, whiten, WHITENINGS, type WhiteningMethod } from '../nn';
import { type Definition } from './experiment';
import { finish, interleavedTimes, REPEAT_OPTIONS, type RepeatOptions } from './interleaved-times';

/** What {@link layerTimes} takes. */
export interface LayerTimesOptions extends RepeatOptions {
  /** m, examples in a mini-batch. */
  m: number;
  /** Width of the layer's input u. */
  inputs: number;
  /** Width of the layer, the number of features to normalize. */
  d: number;
  /** What to time beside the layer W u itself. */
  norms: readonly ('batch' | WhiteningMethod)[];
  /** Of Newton-Schulz. Default 5. */
  iterations?: number;
  /** Regularizes the covariance where m <= d. Default 1e-3. */
  epsilon?: number;
}

const LAYER_TIMES_OPTIONS: Options<LayerTimesOptions> = {
  ...REPEAT_OPTIONS,
  ...{ m: needed(counting), inputs: needed(counting), d: needed(counting), iterations: own, epsilon: notNegative },
  norms: needed(listOf(oneOf(['batch', ...WHITENINGS]))),
};

/**
 * Forward and backward time of a layer W u and of the normalizations that may follow it, in milliseconds: the layer with the gradients
 * of W and u, the normalizations with that of their input.
 *
 * @returns by name, `layer` for W u, one number per repeat
 * @example layerTimes({ m: 60, inputs: 100, d: 100, norms: ['batch', 'zca'] })
 */
export function layerTimes(options: LayerTimesOptions): Record<string, number[]> {
  expectOptions('layerTimes', options, LAYER_TIMES_OPTIONS);
  const { m, inputs, d, norms, iterations, epsilon = 1e-3, ...repeat } = options;
  const random = new Random(0, 'layer');
  const normal = (rows: number, columns: number) => tf.tensor2d(random.normals(rows * columns), [rows, columns]);
  const [u, w, dy] = [normal(m, inputs), normal(inputs, d), normal(m, d)];
  const x = tf.matMul(u, w);
  const layer = tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b));
  const backward = (norm: 'batch' | WhiteningMethod) =>
    tf.grad((z: tf.Tensor) =>
      norm === 'batch'
        ? batchNorm(z, null, null, { check: false, epsilon }).y
        : whiten(z, { method: norm, iterations, epsilon, check: false }).y,
    );
  const tasks: Record<string, () => void> = { layer: () => finish(() => layer([u, w], dy)[1]) };
  for (const norm of norms) {
    const gradient = backward(norm);
    tasks[norm] = () => finish(() => gradient(x, dy));
  }
  try {
    return interleavedTimes(tasks, repeat);
  } finally {
    tf.dispose([u, w, dy, x]);
  }
}

/** {@link LayerTimesOptions} as data. */
export interface LayerTimesSpec extends Required<Omit<LayerTimesOptions, 'norms'>> {
  /** What to time beside the layer itself. */
  norms: ('batch' | WhiteningMethod)[];
}

export const definition: Definition<LayerTimesSpec, { milliseconds: Record<string, number[]> }> = {
  name: 'layer-times',
  version: 1,
  question: 'How long does each normalization take in training beside the layer that it follows, on this machine?',
  whenAborted: 'throws',
  defaults: {
    ...{ m: 60, inputs: 100, d: 100, norms: ['batch', 'newton-schulz'], iterations: 5, epsilon: 1e-3 },
    ...{ repeats: 5, sampleMilliseconds: 4 },
  },
  options: {
    ...{ m: needed(counting), inputs: needed(counting), d: needed(counting), iterations: needed(counting) },
    ...{ epsilon: needed(notNegative), norms: needed(listOf(oneOf(['batch', ...WHITENINGS]))) },
    ...{ repeats: needed(counting), sampleMilliseconds: needed(positive) },
  },
  compute: async (options) => ({ milliseconds: layerTimes(options) }),
};
