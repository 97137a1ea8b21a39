/** What a small change of one layer's weights does to the activations of the layers above. */
import {
  expectOptions,
  network as aNetwork,
  needed,
  oneOf,
  type Options,
  own,
  positive,
  text,
  whole,
} from '../core/checks';
import { Random, tf } from '../engine';
import { ACTIVATIONS, type ActivationName, type Network } from '../nn';
import { observe } from './activations';
import { expectInputs, untouched } from './model';
import { SCALAR_FUNCTIONS } from './saturating';
import type { Values } from './types';

/** What {@link layerChange} takes. */
export interface LayerChangeOptions {
  /** As `mlp` makes it, with taps `layerI/preActivation` and `layerI/activation`; it is left as it was. */
  network: Network;
  /** Nonlinearity of the hidden layers. */
  activation: ActivationName;
  /** Inputs [m, ...] float32; with batch normalization, the batch of the statistics. */
  x: tf.Tensor;
  /** Label of the weights that change. Default `layer1/weights`. */
  weights?: string;
  /** r: rms of the change over rms of the weights. Default 0.001. */
  share?: number;
  /** Of the random direction. Default 0. */
  seed?: number;
}

const LAYER_CHANGE_OPTIONS: Options<LayerChangeOptions> = {
  ...{ network: needed(aNetwork), activation: needed(oneOf(ACTIVATIONS)), x: needed(own), weights: text },
  ...{ share: positive, seed: whole },
};

/** What the hidden layers show, from the first to the last. */
export interface LayerChange {
  /** rms of the change of the activations z over all examples and units, over r. */
  change: number[];
  /** The same over the spread of z: the rms over units of its deviation over the examples. Infinity where z does not vary. */
  relative: number[];
  /** chi of each layer: see {@link layerChange}. */
  chi: number[];
}

/**
 * Changes one layer's weights W by Delta W at random, rms(Delta W) = r rms(W), and nothing else, and compares the activations z in training
 * mode with those before. In a wide network with random weights the change of z, relative to the spread of z over the examples, is multiplied
 * by sqrt(chi) in each layer above,
 *
 *     chi = Var[x] E[g'(x)^2] / Var[g(x)],
 *
 * for the pre-activations x of that layer: the matrix in between multiplies both alike. Var[x] = 1 with batch normalization, where chi is
 * pi / (pi - 1) for ReLU (Yang et al. 2019). chi is never below 1 for Gaussian x (the Gaussian Poincare inequality) and 1 for a linear g. Here
 * chi is computed by quadrature, over Gaussians with each unit's own mean and variance over the examples, averaged over the units above and
 * below the line.
 *
 * @returns one entry per hidden layer, measured and foreseen
 * @example layerChange({ network: mlp({ sizes, norm: 'batch', seed: 1 }), activation: 'relu', x }).relative
 * @throws RangeError for a label that the network does not have, or a network without such taps
 */
export function layerChange(options: LayerChangeOptions): LayerChange {
  expectOptions('layerChange', options, LAYER_CHANGE_OPTIONS);
  const { network, activation, x, weights = 'layer1/weights', share = 1e-3, seed = 0 } = options;
  expectInputs('layerChange', x);
  const W = network.named[weights];
  if (!W) {
    const known = Object.keys(network.named).join(', ');
    throw new RangeError(`layerChange: network '${network.name}' has no '${weights}'. It has ${known}.`);
  }
  const look = () => observe({ network, x, training: true, taps: /^layer\d+\/(preA|a)ctivation$/ });
  const before = look();
  const after = untouched(network, () => {
    const noise = tf.tensor(new Random(seed, 'layer change').normals(W.size), W.shape);
    const size = tf.sqrt(tf.mean(tf.square(W)));
    W.assign(tf.add(W, tf.mul(noise, tf.mul(size, share))));
    return look() as unknown as tf.TensorContainerObject;
  }) as unknown as Record<string, Values>;
  const result: LayerChange = { change: [], relative: [], chi: [] };
  for (let layer = 1; `layer${layer + 1}/activation` in before; layer++) {
    const tap = `layer${layer}/activation`;
    const units = momentsOf(before[tap]);
    const change = rmsDifference(before[tap], after[tap]) / share;
    result.change.push(change);
    result.relative.push(change / Math.sqrt(average(units.map(({ variance }) => variance))));
    result.chi.push(chiOf(activation, momentsOf(before[`layer${layer}/preActivation`])));
  }
  return result;
}

/** Mean and biased variance of one unit over the examples. */
interface Moments {
  mean: number;
  variance: number;
}

function chiOf(activation: ActivationName, units: Moments[]): number {
  const each = units.map(({ mean, variance }) => ({ variance, ...gaussianSlope(activation, mean, variance) }));
  const slope = average(each.map((unit) => unit.slope));
  return (slope * average(each.map((unit) => unit.variance))) / average(each.map((unit) => unit.spread));
}

/**
 * E[g'(x)^2] and Var[g(x)] for x ~ N(mean, variance): the midpoint rule on both sides of 0, where ReLU bends, out to 8 deviations. Relative
 * error below 1e-3 where a thousandth of the Gaussian or more lies on both sides, or g is smooth.
 *
 * @internal
 */
export function gaussianSlope(activation: ActivationName, mean: number, variance: number) {
  const { f, derivative } = SCALAR_FUNCTIONS[activation];
  const deviation = Math.sqrt(variance);
  if (deviation === 0) return { slope: derivative(mean) ** 2, spread: 0 };
  const [from, to] = [mean - 8 * deviation, mean + 8 * deviation];
  const pieces = from < 0 && to > 0 ? [from, 0, to] : [from, to];
  const sums = { mass: 0, first: 0, second: 0, slope: 0 };
  const middle = f(mean); // taken off, so that the variance of nearly equal values is no difference of large ones
  pieces.slice(1).forEach((end, piece) => {
    const width = (end - pieces[piece]) / POINTS;
    for (let i = 0; i < POINTS; i++) {
      const x = pieces[piece] + (i + 0.5) * width;
      const weight = width * Math.exp(-0.5 * ((x - mean) / deviation) ** 2);
      const value = f(x) - middle;
      sums.mass += weight;
      sums.first += weight * value;
      sums.second += weight * value * value;
      sums.slope += weight * derivative(x) ** 2;
    }
  });
  const first = sums.first / sums.mass;
  return { slope: sums.slope / sums.mass, spread: sums.second / sums.mass - first * first };
}

const POINTS = 200;

function momentsOf({ shape, values }: Values): Moments[] {
  const units = shape[shape.length - 1];
  const rows = values.length / units;
  return Array.from({ length: units }, (_, unit) => {
    let mean = 0;
    for (let i = unit; i < values.length; i += units) mean += values[i] / rows;
    let variance = 0;
    for (let i = unit; i < values.length; i += units) variance += (values[i] - mean) ** 2 / rows;
    return { mean, variance };
  });
}

function rmsDifference(a: Values, b: Values): number {
  let sum = 0;
  for (let i = 0; i < a.values.length; i++) sum += (a.values[i] - b.values[i]) ** 2;
  return Math.sqrt(sum / a.values.length);
}

const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
