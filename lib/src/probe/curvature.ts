/** The largest eigenvalue of the loss's Hessian, by power iteration that forgets nothing (Lanczos). */
import { EigenvalueDecomposition } from 'ml-matrix';
import { expectOptions, type Options, own, shown, whole } from '../core/checks';
import { Random } from '../core/random';
import { tf } from '../engine';
import {
  ActivationLayer,
  allLayers,
  BatchNormLayer,
  Block,
  Conv2dLayer,
  Conv2dTransposeLayer,
  DenseLayer,
  DropoutLayer,
  GroupNormLayer,
  InstanceNormLayer,
  LayerNormLayer,
  Parallel,
  Residual,
  Sequential,
  type Layer,
} from '../nn';
import { lossOf } from '../nn/loss';
import { expectOneOf } from '../nn/checks';
import { checked, LOSS_LOOK_OPTIONS, type LossLookOptions } from './gradients';
import {
  assignAll,
  fixedNoise,
  gradientsOrNothing,
  hessianVectorProduct,
  jointNorm,
  lossGradients,
  untouched,
} from './model';

/** How to iterate. */
export interface CurvatureOptions extends LossLookOptions {
  /** At most so many Hessian-vector products; default 100. Each keeps one vector as long as all weights together. */
  iterations?: number;
  /** Ends when the eigenvalue changes by less than this share of itself, and its residual is below the root of it; default 1e-3. */
  tolerance?: number;
  /** Of the starting direction; default 0. */
  seed?: number;
  /**
   * How H v is had: `'exact'` differentiates the gradient, `'differences'` takes central differences of gradients. `'auto'` (default):
   * exact for networks of this library's layers, where that is known to be right. A function or layer of your own whose gradient holds
   * values that it has read (`dataSync`) may have a wrong second derivative: ask for `'exact'` where you know that it has not.
   */
  products?: 'auto' | 'exact' | 'differences';
  /** h of the differences, as a length in weight space; default 3e-4 max(1, |W|). See {@link curvature} for its error. */
  step?: number;
}

const CURVATURE_OPTIONS: Options<CurvatureOptions> = {
  ...LOSS_LOOK_OPTIONS,
  ...{ iterations: own, tolerance: own, seed: whole, products: own, step: own },
};

/** The largest curvature, and how well it is known. */
export interface Curvature {
  /** Largest (algebraic) eigenvalue of the Hessian of the loss with respect to all trainable variables. */
  largest: number;
  /** Eigenvalue of largest magnitude: the same, unless a negative one is larger. */
  dominant: number;
  /** |H v - largest v| for the unit vector v found: some eigenvalue lies within this distance of `largest`. */
  residual: number;
  /** How the products were had. */
  products: 'exact' | 'differences';
  /** |change of v'Hv| when the differences take half the step: how much the step matters. 0 for exact products. */
  stepError: number;
  /** Hessian-vector products used to find v. */
  iterations: number;
  /**
   * False when the iterations ended before the tolerance was met (`largest` is then a lower bound, if the products are right), or when
   * for the v found `residual` or `stepError` is above the root of the tolerance: the differences do not describe one matrix.
   */
  converged: boolean;
}

/**
 * Largest eigenvalue of the Hessian H of the batch's mean loss, from Hessian-vector products. They are had exactly, by differentiating
 * g(W) v once more (Pearlmutter 1994), or by central differences of gradients,
 *
 *     H v = (g(W + h v) - g(W - h v)) / (2 h),   |v| = 1.
 *
 * Power iteration applies H again and again to a random vector and keeps the last one. With batch normalization the largest and the
 * least eigenvalue are often of nearly the same size, and the last vector then stays a mixture of the two. So all of them are kept, and
 * the largest eigenvalue is that of H within the space they span (Lanczos iteration, with full orthogonalization).
 *
 * Error of the differences: h^2/6 times the third derivative along v (none for a quadratic loss), and float32 rounding of about
 * 1e-7 |g| / h; the default h balances the two, to about 1e-2 of the value at worst in smooth networks of this library's size. Where ReLU or
 * maximum pooling bends between W - h v and W + h v, they measure the bend, which is not curvature, and may be several times too
 * large: `stepError` and `residual` show it, and `converged` is then false. For stable gradient descent the learning rate must stay below
 * 2 / largest.
 *
 * @example curvature({ network, x, y, training: true }).largest
 * @throws RangeError for settings out of range, and an Error when the gradient is not finite, or for `'exact'` where an operation has no
 *   second derivative
 */
export function curvature(options: CurvatureOptions): Curvature {
  expectOptions('curvature', options, CURVATURE_OPTIONS);
  const { network, x, y, training, iterations = 100, tolerance = 1e-3, seed = 0 } = checked('curvature', options);
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new RangeError(`curvature: iterations must be a whole number of at least 1, got ${shown(iterations)}.`);
  }
  if (!(Number.isFinite(tolerance) && tolerance > 0)) {
    throw new RangeError(`curvature: tolerance must be above zero, got ${shown(tolerance)}.`);
  }
  if (options.step !== undefined && !(Number.isFinite(options.step) && options.step > 0)) {
    throw new RangeError(`curvature: step must be above zero, got ${shown(options.step)}.`);
  }
  expectOneOf('curvature', 'products', options.products ?? 'auto', ['auto', 'exact', 'differences']);
  const loss = lossOf(options.loss);
  const { trainable } = network;
  return untouched(network, () => {
    const weights = trainable.map((v) => v.clone());
    const n = weights.reduce((sum, { size }) => sum + size, 0);
    const start = scaled(Float64Array.from(new Random(seed, 'curvature').normals(n)));
    const h = options.step ?? 3e-4 * Math.max(1, jointNorm(weights));
    const exactly = (v: Float64Array) => {
      let product = v;
      tf.tidy(() => {
        product = flat(hessianVectorProduct(network, x, y, loss, training, parts(v, weights)));
      });
      return expectFinite(product);
    };
    const gradientAt = (v: Float64Array, distance: number): Float64Array => {
      let gradient = v;
      tf.tidy(() => {
        const direction = parts(v, weights);
        assignAll(trainable, (i) => tf.add(weights[i], tf.mul(distance, direction[i])));
        gradient = flat(lossGradients(network, x, y, loss, training).weights);
        assignAll(trainable, (i) => weights[i]);
      });
      return gradient;
    };
    const byDifferences = (v: Float64Array, step = h) => {
      const behind = gradientAt(v, -step);
      return expectFinite(gradientAt(v, step).map((ahead, j) => (ahead - behind[j]) / (2 * step)));
    };
    const outputs = network.apply(x, { training, updateStatistics: false, random: fixedNoise() });
    const asked = options.products ?? 'auto';
    const maybe = asked === 'auto' && bends(loss, outputs, y) && isKnown(network);
    const first = asked === 'exact' ? exactly(start) : maybe ? productOrNothing(() => exactly(start)) : undefined;
    const exact = first !== undefined;
    const product = exact ? exactly : (v: Float64Array) => byDifferences(v);
    const basis = [start];
    const projected: number[][] = [];
    let ends: Ends | undefined;
    for (let k = 0; ; k++) {
      const next = k === 0 && first !== undefined ? first : product(basis[k]);
      projected.forEach((row, i) => row.push(dot(basis[i], next)));
      projected.push([...projected.map((row) => row[k]), dot(basis[k], next)]);
      // Twice: what rounding leaves of the directions had so far would grow from step to step.
      for (let pass = 0; pass < 2; pass++) for (const v of basis) subtract(next, dot(v, next), v);
      const before = ends;
      ends = endsOf(projected, norm(next));
      const exhausted = k + 1 === n || norm(next) <= 1e-7 * Math.abs(ends.dominant.value);
      const ended = exhausted || (before !== undefined && settled(ends, before, tolerance));
      if (ended || k + 1 === iterations) {
        const { largest, dominant } = ends;
        const v = new Float64Array(n);
        basis.forEach((of, i) => subtract(v, -largest.vector[i], of));
        const whole = product(v);
        const residual = new Float64Array(whole);
        subtract(residual, largest.value, v);
        const stepError = exact ? 0 : Math.abs(dot(v, byDifferences(v, h / 2)) - dot(v, whole));
        const bound = Math.sqrt(tolerance) * Math.abs(dominant.value);
        return {
          largest: largest.value,
          dominant: dominant.value,
          residual: norm(residual),
          products: exact ? ('exact' as const) : ('differences' as const),
          stepError,
          iterations: k + 1,
          converged: ended && norm(residual) <= bound && stepError <= bound,
        };
      }
      basis.push(scaled(next));
    }
  });
}

function expectFinite(product: Float64Array): Float64Array {
  if (product.every(Number.isFinite)) return product;
  throw new Error('curvature: the gradient is not finite here; the network has diverged or the step is too large.');
}

/**
 * Whether the second derivative of the loss in the outputs is the one that differences show. That of a loss whose gradient holds values
 * that it has read may have lost the most of it, and what is left of H is symmetric.
 */
function bends(loss: (outputs: tf.Tensor, y: tf.Tensor) => tf.Scalar, outputs: tf.Tensor, y: tf.Tensor): boolean {
  return tf.tidy(() => {
    const direction = tf.tensor(new Random(0, 'loss').normals(outputs.size), outputs.shape);
    const slopeAt = (z: tf.Tensor) => gradientsOrNothing(() => loss(z, y), [z]).grads[0] ?? tf.zerosLike(z);
    const along = (z: tf.Tensor) => tf.sum(tf.mul(slopeAt(z), direction)) as tf.Scalar;
    let exact: tf.Tensor;
    try {
      const { grads } = gradientsOrNothing(() => along(outputs), [outputs]);
      exact = grads[0] ?? tf.zerosLike(outputs);
    } catch {
      return false;
    }
    const h = 1e-2;
    const [behind, ahead] = [-h, h].map((distance) => slopeAt(tf.add(outputs, tf.mul(distance, direction))));
    const differences = tf.div(tf.sub(ahead, behind), 2 * h);
    const rounding = (1e-6 * jointNorm([ahead])) / h;
    return jointNorm([tf.sub(exact, differences)]) <= 0.05 * jointNorm([differences]) + rounding;
  });
}

/** Layers through which a second derivative is right, or an error. In one of the caller's own it may lose a term and say nothing. */
const KNOWN: readonly (abstract new (...given: never[]) => Layer)[] = [
  ...[Sequential, Block, Residual, Parallel, DenseLayer, Conv2dLayer, Conv2dTransposeLayer],
  ...[ActivationLayer, DropoutLayer, BatchNormLayer, LayerNormLayer, GroupNormLayer, InstanceNormLayer],
];

function isKnown(network: Layer): boolean {
  return allLayers(network).every((layer) => KNOWN.some((known) => layer.constructor === known));
}

/** H v by differentiating twice; undefined where an operation has no second derivative. */
function productOrNothing(product: () => Float64Array): Float64Array | undefined {
  try {
    return product();
  } catch (error) {
    if (/gradient function not found|no second derivative/.test((error as Error).message)) return undefined;
    throw error;
  }
}

/** An eigenvalue of H seen within the directions had so far. */
interface Ritz {
  value: number;
  /** Its eigenvector, in terms of those directions. */
  vector: number[];
  /** |H v - value v|: what of H v lies outside of them. */
  residual: number;
}

type Ends = Record<'largest' | 'dominant', Ritz>;

/** Largest eigenvalue and the one of largest magnitude of a symmetric matrix; `outside` is the length of the next direction. */
function endsOf(projected: number[][], outside: number): Ends {
  const { realEigenvalues: values, eigenvectorMatrix } = new EigenvalueDecomposition(projected, {
    assumeSymmetric: true,
  });
  const at = (i: number): Ritz => {
    const vector = eigenvectorMatrix.getColumn(i);
    return { value: values[i], vector, residual: outside * Math.abs(vector[vector.length - 1]) };
  };
  const [largest, least] = [at(values.indexOf(Math.max(...values))), at(values.indexOf(Math.min(...values)))];
  return { largest, dominant: -least.value > largest.value ? least : largest };
}

/** An eigenvalue's error is about residual^2 over its distance to the next, so the residual is held to the root of the tolerance. */
function settled(now: Ends, before: Ends, tolerance: number): boolean {
  return (['largest', 'dominant'] as const).every((end) => {
    const { value, residual } = now[end];
    const size = Math.abs(value);
    return Math.abs(value - before[end].value) <= tolerance * size && residual <= Math.sqrt(tolerance) * size;
  });
}

function flat(tensors: tf.Tensor[]): Float64Array {
  const out = new Float64Array(tensors.reduce((sum, { size }) => sum + size, 0));
  let from = 0;
  for (const tensor of tensors) {
    out.set(tensor.dataSync(), from);
    from += tensor.size;
  }
  return out;
}

/** The same numbers in the shapes of `like`. */
function parts(v: Float64Array, like: tf.Tensor[]): tf.Tensor[] {
  let from = 0;
  return like.map(({ size, shape }) => {
    from += size;
    return tf.tensor(Float32Array.from(v.subarray(from - size, from)), shape);
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

const norm = (v: Float64Array) => Math.sqrt(dot(v, v));

function scaled(v: Float64Array): Float64Array {
  const size = norm(v);
  return v.map((value) => value / size);
}

/** a -= factor b */
function subtract(a: Float64Array, factor: number, b: Float64Array): void {
  for (let i = 0; i < a.length; i++) a[i] -= factor * b[i];
}
