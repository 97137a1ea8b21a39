/** How gradients fare on their way down a random network: by formula, and measured over depth and input scale. */
import {
  callback,
  counting,
  expectOptions,
  finite,
  flag,
  listOf,
  needed,
  oneOf,
  type Options,
  own,
  shown,
  whole,
} from '../core/checks';
import { tf } from '../engine';
import { ACTIVATIONS, type ActivationName, type Network } from '../nn';
import { lossOf, type Loss, type LossName } from '../nn/loss';
import { expectBatch, expectNetwork, fixedNoise, jointNorm, untouched } from './model';
import { gaussianMean, SCALAR_FUNCTIONS } from './saturating';

/** What {@link signalPropagation} takes. */
export interface PropagationOptions {
  /** The nonlinearity of every hidden layer. */
  activation: ActivationName;
  /** Number of hidden layers. */
  depth: number;
  /** Standard deviation of the weights times sqrt(fan in): 1 for `lecun`, sqrt(2) for `he`. Default 1. */
  gain?: number;
  /** Mean square of the components of the network's input, |u|^2 / n. Default 1. Of no effect with batch normalization. */
  input?: number;
  /** Batch normalization before each nonlinearity. Default `'none'`. */
  norm?: 'none' | 'batch';
}

const PROPAGATION_OPTIONS: Options<PropagationOptions> = {
  ...{ activation: needed(oneOf(ACTIVATIONS)), depth: needed(own), gain: finite, input: finite },
  norm: oneOf(['none', 'batch']),
};

/** What random weights do, layer by layer from the input. */
export interface Propagation {
  /** Variance of what enters each nonlinearity: q. */
  variance: number[];
  /** By what each layer multiplies the norm of the gradient that goes down through it: sqrt(chi). */
  factor: number[];
}

/**
 * Gradient factors of a wide network with Gaussian weights and no biases, layer by layer: the mean-field recursion of Schoenholz et al.
 * 2017 with sigma_w the gain and sigma_b = 0. What enters layer l is x_l ~ N(0, q_l) with
 *
 *     q_1 = gain^2 |u|^2 / n,   q_{l+1} = gain^2 E[g(x_l)^2],   factor_l^2 = gain^2 E[g'(x_l)^2].
 *
 * With batch normalization x ~ N(0, 1) whatever the gain, and the gradient is divided by the deviation of W g(x) over the batch:
 *
 *     factor^2 = E[g'(x)^2] / Var[g(x)],
 *
 * which is pi / (pi - 1) for ReLU (Yang et al. 2019), and never below 1 (the Gaussian Poincare inequality). It holds for large batches whose
 * examples are independent.
 *
 * @example signalPropagation({ activation: 'sigmoid', depth: 10 }).factor // each below 1/4
 * @throws RangeError for a depth, gain or input out of range
 */
export function signalPropagation(options: PropagationOptions): Propagation {
  expectOptions('signalPropagation', options, PROPAGATION_OPTIONS);
  const { activation, depth, gain = 1, input = 1, norm = 'none' } = options;
  if (!Number.isInteger(depth) || depth < 1) {
    throw new RangeError(`signalPropagation: depth must be a whole number of at least 1, got ${shown(depth)}.`);
  }
  if (!(gain > 0) || !(input > 0)) {
    throw new RangeError(`signalPropagation: gain and input must be above zero, got ${gain} and ${input}.`);
  }
  const { f, derivative } = SCALAR_FUNCTIONS[activation];
  const at = (q: number) => {
    const deviation = Math.sqrt(q);
    const square = gaussianMean((x) => f(x) ** 2, deviation);
    const slope = gaussianMean((x) => derivative(x) ** 2, deviation);
    return { square, slope, mean: gaussianMean(f, deviation) };
  };
  if (norm === 'batch') {
    const { square, slope, mean } = at(1);
    const factor = Math.sqrt(slope / (square - mean ** 2));
    return { variance: Array<number>(depth).fill(1), factor: Array<number>(depth).fill(factor) };
  }
  const result: Propagation = { variance: [], factor: [] };
  let q = gain ** 2 * input;
  for (let layer = 0; layer < depth; layer++) {
    const { square, slope } = at(q);
    result.variance.push(q);
    result.factor.push(gain * Math.sqrt(slope));
    q = gain ** 2 * square;
  }
  return result;
}

/** What {@link gradientScan} takes. */
export interface GradientScanOptions {
  /** Builds the network of this depth; it is disposed afterwards. Its first trainable variable is taken for the first layer's weights. */
  build: (depth: number, seed: number) => Network;
  /** Numbers of hidden layers. */
  depths: readonly number[];
  /** Factors on the inputs. Default [1]. */
  scales?: readonly number[];
  /** One network each, at every depth. */
  seeds: readonly number[];
  /** Inputs [m, ...] float32. */
  x: tf.Tensor;
  /** Targets [m, ...]. */
  y: tf.Tensor;
  /** Default `'crossEntropy'`. */
  loss?: LossName | Loss;
  /** Default true: with batch normalization, only training mode has the gradient that goes through mu and sigma2. */
  training?: boolean;
  /** Called after each network. */
  onProgress?: () => void;
}

const GRADIENT_SCAN_OPTIONS: Options<GradientScanOptions> = {
  ...{
    build: needed(callback),
    depths: needed(listOf(counting)),
    scales: listOf(finite),
    seeds: needed(listOf(whole)),
  },
  ...{ x: needed(own), y: needed(own), loss: own, training: flag, onProgress: callback },
};

/** Norms in one cell of a scan. */
export interface GradientScanRow {
  /** Number of hidden layers. */
  depth: number;
  /** Factor on the inputs. */
  scale: number;
  /** Of the initial weights. */
  seed: number;
  /** |dl/du|: with respect to the scaled inputs, over all examples. */
  input: number;
  /** |dl/dW| of the first layer's weights. */
  weights: number;
}

/**
 * Gradient norms at the bottom of freshly built networks, over depth and input scale. Nothing is trained. All scales of one depth and seed
 * see the same weights.
 *
 * @returns one row per depth, seed and scale, in this order of loops
 * @example
 * gradientScan({ x, y, depths: [1, 2, 4], seeds: [1, 2, 3],
 *   build: (depth, seed) => mlp({ sizes: [784, ...Array(depth).fill(100), 10], activation: 'sigmoid', seed }) });
 * @throws RangeError for an empty list, or a batch that does not match
 */
export function gradientScan(options: GradientScanOptions): GradientScanRow[] {
  expectOptions('gradientScan', options, GRADIENT_SCAN_OPTIONS);
  const { build, depths, scales = [1], seeds, x, y, training = true, onProgress } = options;
  expectBatch('gradientScan', x, y);
  for (const [name, list] of Object.entries({ depths, scales, seeds })) {
    if (list.length === 0) throw new RangeError(`gradientScan: ${name} is empty; wanted at least one.`);
  }
  const loss = lossOf(options.loss);
  const rows: GradientScanRow[] = [];
  for (const depth of depths) {
    for (const seed of seeds) {
      const network = build(depth, seed);
      expectNetwork('gradientScan: what build() returned', network);
      try {
        for (const scale of scales) {
          untouched(network, () => {
            const u = tf.mul(x, scale);
            const forward = () =>
              loss(network.apply(u, { training, updateStatistics: false, random: fixedNoise() }), y);
            // Not `tf.grads`: it refuses a loss that reaches its variables by closure.
            const { grads } = tf.engine().gradients(forward, [u, network.trainable[0]]);
            rows.push({ depth, scale, seed, input: jointNorm([grads[0]]), weights: jointNorm([grads[1]]) });
          });
        }
      } finally {
        network.dispose();
      }
      onProgress?.();
    }
  }
  return rows;
}
