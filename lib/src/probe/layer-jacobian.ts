/** The Jacobian of one layer between normalized vectors, and its singular values (section 3.3). */
import { Matrix } from 'ml-matrix';
import {
  counting,
  expectArgument,
  expectArguments,
  expectOptions,
  needed,
  numbers,
  oneOf,
  type Options,
  own,
  rowsOfNumbers,
  text,
} from '../core/checks';
import { tf } from '../engine';
import { moments64, type Network } from '../nn';
import { inverseRoot } from '../nn/normalization/inverse-root';
import { DEFAULT_EPSILON } from '../nn/normalization/shared';
import { captureActivations } from './activations';
import { expectInputs, expectNetwork } from './model';
import { SCALAR_FUNCTIONS, type ScalarName } from './saturating';

/** What is done with z = W x^ before it is called z^. */
export type LinearNormalization = 'none' | 'batch' | 'whitening';

/**
 * J of z^ = J x^ for a linear layer z = W x^ whose inputs have covariance I (section 3.3), in float64:
 *
 *     none        J = W
 *     batch       J = diag(|w_k|)^-1 W         each unit by its own deviation, |w_k|
 *     whitening   J = (W W^T)^(-1/2) W         the whole vector by its covariance: J J^T = I, every singular value is 1
 *
 * Of a square W with independent normal entries the squares of the singular values, over the width, follow Marchenko and Pastur's law:
 * the singular values of `batch` have the density sqrt(4 - s^2)/pi on [0, 2] as the width grows.
 *
 * @param weights W, one row for each unit
 * @returns rows of J
 * @example singularValues(normalizedJacobian(W, 'batch'))
 * @throws RangeError for another normalization, no rows, or a unit without weights
 */
export function normalizedJacobian(
  weights: readonly (readonly number[])[],
  normalization: LinearNormalization,
): number[][] {
  expectArguments('normalizedJacobian', {
    weights: [weights, rowsOfNumbers],
    normalization: [normalization, oneOf(['none', 'batch', 'whitening'])],
  });
  if (weights.length === 0 || weights[0].length === 0) throw new RangeError('normalizedJacobian: W has no entries.');
  if (normalization === 'none') return weights.map((row) => [...row]);
  if (normalization === 'batch') {
    return weights.map((row, k) => {
      const length = Math.hypot(...row);
      if (!(length > 0)) throw new RangeError(`normalizedJacobian: unit ${k} has no weights, and so no deviation.`);
      return row.map((w) => w / length);
    });
  }
  const W = new Matrix(weights.map((row) => [...row]));
  return inverseRoot('normalizedJacobian', W.mmul(W.transpose()), 'zca').matrix.mmul(W).to2DArray();
}

/** What {@link layerJacobians} takes. */
export interface LayerJacobianOptions {
  /** An `mlp`, with or without batch normalization before the nonlinearity; left as it is. */
  network: Network;
  /** The mini-batch [m, d], whose statistics normalize. */
  x: tf.Tensor;
  /** The lower layer, such as `layer2`. */
  from: string;
  /** The layer above it. */
  to: string;
  /** The nonlinearity between them. */
  activation: ScalarName;
  /** How many examples of x, from the first. Default 1. */
  examples?: number;
}

const LAYER_JACOBIAN_OPTIONS: Options<LayerJacobianOptions> = {
  ...{ network: needed(own), x: needed(own), from: needed(text), to: needed(text) },
  ...{ activation: needed(oneOf(Object.keys(SCALAR_FUNCTIONS))), examples: counting },
};

/**
 * The Jacobian of what enters the nonlinearity of a layer with respect to what enters that of the layer below, both normalized where the
 * network normalizes, example by example, with the statistics of the mini-batch held constant:
 *
 *     J = diag(1/sigma) W diag(g'(gamma x^ + beta) gamma)      with batch normalization: d z^ / d x^
 *     J = W diag(g'(z))                                        without: d z' / d z
 *
 * What an example contributes to the statistics is a term of order 1/m, and is left out.
 *
 * @returns [examples][outputs][inputs]
 * @example layerJacobians({ network, x, from: 'layer2', to: 'layer3', activation: 'relu', examples: 4 }).map(singularValues)
 * @throws RangeError for a layer that the network does not have, or more examples than rows of x
 */
export function layerJacobians(options: LayerJacobianOptions): number[][][] {
  expectOptions('layerJacobians', options, LAYER_JACOBIAN_OPTIONS);
  const { network, x, from, to, activation, examples = 1 } = options;
  expectNetwork('layerJacobians', network);
  expectInputs('layerJacobians', x);
  const m = x.shape[0];
  if (examples > m) throw new RangeError(`layerJacobians: ${examples} examples of a batch of ${m}.`);
  const values = (label: string) => network.named[label]?.dataSync();
  const W = values(`${to}/weights`); // [inputs, outputs]
  if (!W || !network.named[`${from}/weights`]) {
    const known = Object.keys(network.named).filter((label) => label.endsWith('/weights'));
    throw new RangeError(`layerJacobians: wanted two of ${known.join(', ')}, got '${from}' and '${to}'.`);
  }
  const [inputs, outputs] = network.named[`${to}/weights`].shape;
  const gamma = values(`${from}/gamma`);
  const normalizes = `${to}/movingVariance` in network.named;
  const taps = [`${from}/preActivation`, ...(normalizes ? [`${to}/linear`] : [])];
  const seen = captureActivations({ network, x, training: true, taps });
  const scale = normalizes ? deviations(seen[`${to}/linear`].values, m, outputs) : null;
  const { derivative } = SCALAR_FUNCTIONS[activation];
  const below = seen[`${from}/preActivation`].values;
  return Array.from({ length: examples }, (_, e) => {
    const slope = Array.from({ length: inputs }, (__, j) => derivative(below[e * inputs + j]) * (gamma?.[j] ?? 1));
    return Array.from({ length: outputs }, (__, k) =>
      slope.map((g, j) => (g * W[j * outputs + k]) / (scale?.[k] ?? 1)),
    );
  });
}

/** Root of the biased variance of each column, with the usual epsilon. */
function deviations(z: ArrayLike<number>, m: number, d: number): number[] {
  const rows = Array.from({ length: m }, (_, i) => Array.from({ length: d }, (__, k) => z[i * d + k]));
  return moments64(rows).variance.map((variance) => Math.sqrt(variance + DEFAULT_EPSILON));
}

/**
 * How far singular values are from 1: sqrt(mean (s - 1)^2). 0 for an orthogonal matrix, 1 for the zero matrix, and
 * sqrt(2 - 16/(3 pi)) = 0.55 for the density sqrt(4 - s^2)/pi.
 *
 * @example distanceFromOne(singularValues(J))
 * @throws RangeError for no values
 */
export function distanceFromOne(values: readonly number[]): number {
  expectArgument('distanceFromOne', 'values', values, numbers);
  if (values.length === 0) throw new RangeError('distanceFromOne: wanted at least one number, got none.');
  return Math.sqrt(values.reduce((sum, s) => sum + (s - 1) ** 2, 0) / values.length);
}
