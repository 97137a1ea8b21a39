/** One layer whose weights are scaled, with and without batch normalization, in float64 (section 3.3). */
import {
  counting,
  expectOptions,
  finite,
  flag,
  listOf,
  needed,
  notNegative,
  type Options,
  own,
  rowsOfNumbers,
  shown,
  whole,
} from '../core/checks';
import { Random } from '../core/random';
import { batchNorm64, batchNormGradient64, type Rows } from '../nn';
import { type Definition } from './experiment';

/** What {@link scaledLayer} takes. */
export interface ScaledLayerOptions {
  /** The layer's inputs, m rows of n numbers. */
  u: Rows;
  /** Its weights W, n rows of d numbers. */
  weights: Rows;
  /** dl/dy, m rows of d numbers: what comes back from the layers above. */
  dy: Rows;
  /** The scalar a of section 3.3; default 1. */
  a?: number;
  /** Whether the layer is normalized; default true. */
  normalize?: boolean;
  /** Default 1e-5; 0 for the identities as the paper states them. */
  epsilon?: number;
}

const SCALED_LAYER_OPTIONS: Options<ScaledLayerOptions> = {
  ...{ u: needed(rowsOfNumbers), weights: needed(rowsOfNumbers), dy: needed(rowsOfNumbers) },
  ...{ a: own, normalize: flag, epsilon: notNegative },
};

/** What goes up and what comes down. */
export interface ScaledLayer {
  /** BN((aW)u), or (aW)u, [m, d]. */
  y: number[][];
  /** dl/du, [m, n]. */
  du: number[][];
  /** dl/d(aW), [n, d]: with respect to the weights that the layer has, not to W. */
  dWeights: number[][];
}

/**
 * A layer with the weights aW: y = BN((aW)u), and the gradients of a loss with respect to u and to aW.
 *
 * Section 3.3, for epsilon = 0 and a > 0: y and dl/du do not depend on a, and dl/d(aW) = (1/a) dl/dW. With epsilon above 0, exactly,
 * BN_epsilon((aW)u) = BN_(epsilon/a^2)(Wu), so that the same holds with another epsilon on the two sides.
 *
 * @example const { y, du, dWeights } = scaledLayer({ u, weights, dy, a: 10, epsilon: 0 });
 * @throws RangeError when shapes do not fit, a is 0 or not finite, or epsilon is negative
 */
export function scaledLayer(options: ScaledLayerOptions): ScaledLayer {
  expectOptions('scaledLayer', options, SCALED_LAYER_OPTIONS);
  const { u, weights, dy, a = 1, normalize = true, epsilon } = options;
  if (!Number.isFinite(a) || a === 0)
    throw new RangeError(`scaledLayer: a must be a finite number and not 0, got ${shown(a)}.`);
  const [m, n, d] = [u.length, weights.length, weights[0]?.length ?? 0];
  if (u[0]?.length !== n || dy.length !== m || dy[0]?.length !== d) {
    throw new RangeError(
      `scaledLayer: wanted u [m, n], weights [n, d] and dy [m, d], got [${m}, ${u[0]?.length}], [${n}, ${d}] and ` +
        `[${dy.length}, ${dy[0]?.length}].`,
    );
  }
  const scaled = weights.map((row) => row.map((w) => a * w));
  const x = product(u, scaled);
  const y = normalize ? batchNorm64(x, { epsilon }).y : x;
  const dx = normalize ? batchNormGradient64(dy, x, { epsilon }).dx : dy;
  return { y, du: product(dx, transposed(scaled)), dWeights: product(transposed(u), dx) };
}

function product(a: Rows, b: Rows): number[][] {
  const columns = transposed(b);
  return a.map((row) => columns.map((column) => row.reduce((sum, v, k) => sum + v * column[k], 0)));
}

function transposed(a: Rows): number[][] {
  return a[0].map((_, j) => a.map((row) => row[j]));
}

/** {@link ScaledLayerOptions} as data, on numbers drawn from a seed, for several scales. */
export interface ScaledLayerSpec {
  /** m, examples. */
  m: number;
  /** Width of u. */
  inputs: number;
  /** Width of the layer. */
  d: number;
  /** Scalars a. */
  scales: number[];
  /** Whether the layer is normalized. */
  normalize: boolean;
  /** 0 for the identities as the paper states them. */
  epsilon: number;
  /** Of u, W and dl/dy, standard normal each. */
  seed: number;
}

/** Euclidean norms, scale by scale. */
export interface ScaledLayerNorms {
  /** Of BN((aW)u). */
  y: number[];
  /** Of dl/du. */
  du: number[];
  /** Of dl/d(aW). */
  dWeights: number[];
}

export const definition: Definition<ScaledLayerSpec, ScaledLayerNorms> = {
  name: 'scaled-layer',
  version: 1,
  question: 'What of a layer, and of the gradients that leave it, depends on the scale of its weights?',
  whenAborted: 'throws',
  defaults: { m: 60, inputs: 20, d: 20, scales: [0.001, 0.1, 1, 10, 1000], normalize: true, epsilon: 1e-5, seed: 1 },
  options: {
    ...{ m: needed(counting), inputs: needed(counting), d: needed(counting), scales: needed(listOf(finite)) },
    ...{ normalize: needed(flag), epsilon: needed(notNegative), seed: needed(whole) },
  },
  compute: async ({ m, inputs, d, scales, seed, ...rest }) => {
    const random = new Random(seed, 'scaled-layer');
    const normals = (rows: number, columns: number) => Array.from({ length: rows }, () => random.normals(columns));
    const drawn = { u: normals(m, inputs), weights: normals(inputs, d), dy: normals(m, d) };
    const [u, weights, dy] = [drawn.u, drawn.weights, drawn.dy].map((rows) => rows.map((row) => Array.from(row)));
    const layers = scales.map((a) => scaledLayer({ ...rest, u, weights, dy, a }));
    const norms = (of: keyof ScaledLayer) => layers.map((layer) => Math.hypot(...layer[of].flat()));
    return { y: norms('y'), du: norms('du'), dWeights: norms('dWeights') };
  },
};
