/** Full whitening, which section 2 of the paper considers and section 3 avoids: every feature centred, scaled and
 * decorrelated from the others. Four inverse roots of the covariance, and their gradients.
 */
import { Matrix } from 'ml-matrix';
import { expectOptions, flag, Options, own } from '../../core/checks';
import { tf } from '../../engine';
import {
  expectFeatures,
  expectFilled,
  expectFinite,
  expectFiniteStatistics,
  expectFloatTensor,
  expectOneOf,
  expectPerFeature,
} from '../checks';
import { Decomposition, DECOMPOSITIONS, inverseRoot } from './inverse-root';
import {
  checkIterations,
  expectSquare,
  iterated,
  NEWTON_SCHULZ_OPTIONS,
  newtonSchulz,
  NewtonSchulzOptions,
} from './newton-schulz';
import { checkBatch, EPSILON_OPTIONS, EpsilonOptions, valuesPerFeature } from './shared';

/** Names of the whitenings: see `WhitenOptions.method`. */
export const WHITENINGS = [...DECOMPOSITIONS, 'newton-schulz'] as const;

/** One of {@link WHITENINGS}. */
export type WhiteningMethod = (typeof WHITENINGS)[number];

/** Options of `whiten`. */
export interface WhitenOptions extends EpsilonOptions, NewtonSchulzOptions {
  /**
   * Which A with A Sigma A^T = I. Default `zca`.
   * - `zca`: Sigma^(-1/2), the paper's Cov[x]^(-1/2): the whitening that moves the data least.
   * - `pca`: Lambda^(-1/2) U^T, largest eigenvalue first, the largest entry of each axis positive. Axes swap from batch to
   *   batch, and there is no derivative at equal eigenvalues.
   * - `cholesky`: L^(-1) with Sigma = L L^T: feature i is freed from features 1 .. i-1.
   * - `newton-schulz`: iterations towards Sigma^(-1/2) in matrix products alone; the only one that runs inside `compile`.
   */
  method?: WhiteningMethod;
}

const WHITEN_OPTIONS: Options<WhitenOptions> = { ...EPSILON_OPTIONS, ...NEWTON_SCHULZ_OPTIONS, method: own };

/** What `whiten` returns. */
export type WhitenResult = {
  /** Like x. */
  y: tf.Tensor;
  /** E[x], [d]. */
  mean: tf.Tensor;
  /** Sigma = 1/m sum (x - mu)(x - mu)^T + epsilon I, [d, d]: biased, epsilon included. */
  covariance: tf.Tensor;
  /** A, [d, d]: y = A (x - mu), for each example. */
  matrix: tf.Tensor;
};

/**
 * Whitening of a mini-batch (section 2: "the whitened activations Cov[x]^(-1/2) (x - E[x])"): y = A (x - E[x]) with
 * A Cov[x] A^T = I. Differentiable: the gradient flows through mean, covariance and A; a second derivative exists for
 * `newton-schulz` alone, and with the others throws.
 *
 * @example const { y } = whiten(x, { method: 'newton-schulz', iterations: 7 });
 * @param x float32 [m, d]; or [batch, height, width, channels], where every pixel is an example of d channels
 * @returns y like x; mean [d]; covariance [d, d]; matrix [d, d]
 * @throws as `batchNorm`; RangeError when the covariance plus epsilon is not positive definite (m <= d with a tiny epsilon);
 *   Error when zca, pca or cholesky, which take the covariance to JavaScript, are used inside `compile`; and in the gradient
 *   of pca when two eigenvalues are equal
 */
export function whiten(x: tf.Tensor, options: WhitenOptions = {}): WhitenResult {
  expectOptions('whiten', options, WHITEN_OPTIONS);
  return whitened('whiten', x, options);
}

export function whitened(where: string, x: tf.Tensor, options: WhitenOptions): WhitenResult {
  const epsilon = checkBatch(where, x, null, null, { ...options, check: false });
  const method = options.method ?? 'zca';
  expectOneOf(where, 'method', method, WHITENINGS);
  const iterations = checkIterations(where, options);
  return tf.tidy(() => {
    const d = x.shape[x.rank - 1];
    const rows = tf.reshape(x, [-1, d]);
    const roughMean = tf.mean(rows, 0);
    const roughly = tf.sub(rows, roughMean);
    const error = tf.mean(roughly, 0);
    const centred = tf.sub(roughly, error);
    const m = valuesPerFeature(x);
    const covariance = tf.add(tf.div(tf.matMul(centred, centred, true), m), tf.mul(tf.eye(d), epsilon));
    // A decomposition reads the covariance in any case, and can make nothing of NaN.
    if ((options.check ?? true) || method !== 'newton-schulz') expectFiniteStatistics(where, x, covariance);
    const matrix = inverseRootOf(covariance, method, iterations);
    const y = tf.reshape(tf.matMul(centred, matrix, false, true), x.shape);
    return { y, mean: tf.add(roughMean, error), covariance, matrix };
  });
}

/**
 * A with A Sigma A^T = I for a covariance matrix, differentiable.
 * @example const a = whiteningMatrix(covariance, { method: 'cholesky' });
 * @param covariance symmetric, positive definite, float32 [d, d]
 * @returns [d, d]
 * @throws TypeError, RangeError when the matrix does not fit, holds NaN or infinity, or is not positive definite (which
 *   `newton-schulz` does not look at); Error inside `compile`, but for `newton-schulz`
 */
export function whiteningMatrix(
  covariance: tf.Tensor,
  options: { method?: WhiteningMethod } & NewtonSchulzOptions = {},
): tf.Tensor {
  expectOptions('whiteningMatrix', options, { ...NEWTON_SCHULZ_OPTIONS, method: own });
  const method = options.method ?? 'zca';
  expectOneOf('whiteningMatrix', 'method', method, WHITENINGS);
  if (method === 'newton-schulz') {
    const { iterations, prescale, form } = options;
    return newtonSchulz(covariance, { iterations, prescale, form });
  }
  expectSquare('whiteningMatrix', covariance);
  expectFinite('whiteningMatrix', 'covariance', covariance);
  return decomposed(covariance, method);
}

export const inverseRootOf = (
  covariance: tf.Tensor,
  method: WhiteningMethod,
  iterations: Required<NewtonSchulzOptions>,
) => (method === 'newton-schulz' ? iterated(covariance, iterations) : decomposed(covariance, method));

/** By decomposition on the host, in float64, with the gradient by formula. */
function decomposed(covariance: tf.Tensor, method: Decomposition): tf.Tensor {
  const where = `whitening by ${method}`;
  const d = covariance.shape[0];
  const toTensor = (a: Matrix) => tf.tensor2d(Float32Array.from(a.to1DArray()), [d, d]);
  const toMatrix = (t: tf.Tensor) => {
    const flat = read(where, t);
    const a = Matrix.zeros(d, d);
    // Rounding may leave the two triangles a bit apart.
    for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) a.set(i, j, flat[i * d + j]);
    return a;
  };
  return tf.customGrad((...args) => {
    const [given, save] = args as [tf.Tensor, tf.GradSaveFunc];
    const sigma = toMatrix(given);
    const root = inverseRoot(where, Matrix.add(sigma, sigma.transpose()).mul(0.5), method);
    save([given]);
    // The gradient is a constant to TensorFlow.js; without a word, a second derivative would lack what goes through it.
    const gradient = tf.customGrad((dA) => ({
      value: toTensor(root.gradient(toMatrix(dA as tf.Tensor))),
      gradFunc: () => {
        throw new Error(
          `${where} has no second derivative. Use method: 'newton-schulz' where you differentiate twice.`,
        );
      },
    }));
    return { value: toTensor(root.matrix), gradFunc: (dA: tf.Tensor, saved: tf.Tensor[]) => gradient(dA, saved[0]) };
  })(covariance);
}

function read(where: string, t: tf.Tensor): ArrayLike<number> {
  try {
    return t.dataSync();
  } catch (cause) {
    throw new Error(
      `${where}: the decomposition runs in JavaScript and has to read the covariance, which a compiled step cannot do. ` +
        "Use method: 'newton-schulz' there, or run eagerly.",
      { cause },
    );
  }
}

/**
 * Whitening with fixed statistics: y = A (x - mean).
 * @param x float32 [m, d] or [batch, height, width, channels]
 * @param mean [d]
 * @param matrix A, [d, d], as `whiten` returns it
 * @returns like x
 * @throws TypeError, RangeError when a tensor does not fit, x is empty, or one of the three holds NaN or infinity
 */
export function whitenInference(
  x: tf.Tensor,
  mean: tf.Tensor,
  matrix: tf.Tensor,
  options: { check?: boolean } = {},
): tf.Tensor {
  const where = 'whitenInference';
  expectOptions<typeof options>(where, options, { check: flag });
  expectFloatTensor(where, 'x', x, [2, 4]);
  expectFilled(where, 'x', x);
  const d = x.shape[x.rank - 1];
  expectPerFeature(where, 'mean', mean, d);
  expectSquare(where, matrix, 'matrix');
  expectFeatures(where, matrix, d);
  if (options.check ?? true)
    for (const [name, tensor] of Object.entries({ x, mean, matrix })) expectFinite(where, name, tensor);
  return tf.tidy(() => tf.reshape(tf.matMul(tf.reshape(tf.sub(x, mean), [-1, d]), matrix, false, true), x.shape));
}
