/**
 * Full whitening, which section 2 of the paper considers and section 3 avoids: every feature centred, scaled and
 * decorrelated from the others. Four inverse roots of the covariance, their gradients, and what they cost beside batch
 * normalization.
 */
import { Matrix } from 'ml-matrix';
import { checkedOptions, expectOptions, flag, needed, own, type Options } from '../core/checks';
import { tf } from '../engine';
import { BaseLayer } from './base';
import {
  checkBatch,
  DEFAULT_EPSILON,
  EpsilonOptions,
  EPSILON_OPTIONS,
  expectBatch,
  scaleAndShift,
  valuesPerFeature,
} from './batch-norm';
import {
  expectCount,
  expectDecay,
  expectEpsilon,
  expectFeatures,
  expectFilled,
  expectFinite,
  expectFiniteStatistics,
  expectFloatTensor,
  expectOneOf,
  expectPerFeature,
  expectTraining,
} from './checks';
import { moveWithDecay } from './exhibits';
import { Decomposition, DECOMPOSITIONS, inverseRoot } from './float64';
import { NORM_LAYER_OPTIONS, type NormLayerOptions } from './norms';
import { ApplyContext } from './types';

/** Names of the whitenings: see `WhitenOptions.method`. */
export const WHITENINGS = [...DECOMPOSITIONS, 'newton-schulz'] as const;
/** One of {@link WHITENINGS}. */
export type WhiteningMethod = (typeof WHITENINGS)[number];

/** Options of the Newton-Schulz iterations. */
export interface NewtonSchulzOptions {
  /** Default 5, as in Huang et al. 2019. */
  iterations?: number;
  /**
   * What Sigma is divided by first: its trace, which bounds its largest eigenvalue, or nothing, which converges to the root
   * only where every eigenvalue is below 3, and diverges above 5. Default `trace`.
   */
  prescale?: 'trace' | 'none';
}

const NEWTON_SCHULZ_OPTIONS: Options<NewtonSchulzOptions> = { iterations: own, prescale: own };

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

function whitened(where: string, x: tf.Tensor, options: WhitenOptions): WhitenResult {
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
    return newtonSchulz(covariance, { iterations: options.iterations, prescale: options.prescale });
  }
  expectSquare('whiteningMatrix', covariance);
  expectFinite('whiteningMatrix', 'covariance', covariance);
  return decomposed(covariance, method);
}

const inverseRootOf = (covariance: tf.Tensor, method: WhiteningMethod, iterations: Required<NewtonSchulzOptions>) =>
  method === 'newton-schulz' ? iterated(covariance, iterations) : decomposed(covariance, method);

function expectSquare(where: string, a: tf.Tensor, name = 'covariance'): void {
  expectFloatTensor(where, name, a, [2]);
  expectFilled(where, name, a);
  if (a.shape[0] !== a.shape[1])
    throw new RangeError(`${where}: the ${name} must be square, got [${a.shape.join(', ')}].`);
}

function checkIterations(where: string, options: NewtonSchulzOptions): Required<NewtonSchulzOptions> {
  const { iterations = 5, prescale = 'trace' } = options;
  expectCount(where, 'iterations', iterations, 0);
  expectOneOf(where, 'prescale', prescale, ['trace', 'none']);
  return { iterations, prescale };
}

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
 * Sigma^(-1/2) by Newton-Schulz iterations (IterNorm, Huang et al. 2019, Algorithm 1): with Sigma_N = Sigma / tr(Sigma),
 *
 *     P_0 = I,   P_k = 1/2 (3 P_(k-1) - P_(k-1)^3 Sigma_N),   A = P_T / sqrt(tr(Sigma))
 *
 * computed in the coupled form, P_k = 1/2 (3 I - P Q) P with Q = P Sigma_N carried along (Higham 2008, (6.35)): the same in exact
 * arithmetic, and stable, where rounding in P^3 Sigma_N grows with the condition number.
 * For one eigenvalue l of Sigma_N, the value z = p sqrt(l) follows z <- z (3 - z^2)/2, which goes to 1 from 0 < z < sqrt(3): fast
 * near 1, but by the factor 3/2 only while z is small; an eigenvalue far below the trace takes about log(1/sqrt(l))/log(3/2)
 * iterations. From z between sqrt(3) and sqrt(5) it goes to 1 or to -1, beyond it diverges.
 *
 * @example const a = newtonSchulz(covariance, { iterations: 7 });
 * @param covariance symmetric, float32 [d, d]
 * @returns A, [d, d], differentiable by TensorFlow.js; may be far from the root or not finite where the iterations diverge
 * @throws TypeError, RangeError when the matrix is not square, or holds NaN or infinity; RangeError for iterations or prescale
 */
export function newtonSchulz(covariance: tf.Tensor, options: NewtonSchulzOptions = {}): tf.Tensor {
  expectOptions('newtonSchulz', options, NEWTON_SCHULZ_OPTIONS);
  expectSquare('newtonSchulz', covariance);
  const settled = checkIterations('newtonSchulz', options);
  expectFinite('newtonSchulz', 'covariance', covariance);
  return iterated(covariance, settled);
}

function iterated(covariance: tf.Tensor, { iterations, prescale }: Required<NewtonSchulzOptions>): tf.Tensor {
  return tf.tidy(() => {
    const d = covariance.shape[0];
    const identity = tf.eye(d);
    const trace = prescale === 'trace' ? tf.sum(tf.mul(covariance, identity)) : tf.scalar(1);
    const normalized = tf.div(covariance, trace);
    let p: tf.Tensor = identity;
    let q: tf.Tensor = normalized; // P_k Sigma_N
    for (let k = 0; k < iterations; k++) {
      const correction = tf.sub(tf.mul(identity, 1.5), tf.mul(tf.matMul(p, q), 0.5));
      p = tf.matMul(correction, p);
      if (k + 1 < iterations) q = tf.matMul(q, correction);
    }
    return tf.div(p, tf.sqrt(trace));
  });
}

/** What a normalization costs for one mini-batch, forward, in floating-point operations. */
export interface NormalizationCost {
  /** Mean, centring, and variance or covariance. */
  statistics: number;
  /** The inverse square root, or the inverse root of the covariance. */
  root: number;
  /** Applying it. */
  apply: number;
  /** The sum of the three. */
  total: number;
  /** The same as formulas in m, d and T (iterations). */
  formulas: { statistics: string; root: string; apply: string };
}

const ROOTS: Record<WhiteningMethod, { formula: string; count: (d: number, iterations: number) => number }> = {
  // Golub & Van Loan, Matrix Computations, 4th ed., 8.3: the symmetric QR algorithm with eigenvectors takes about 9 d^3.
  zca: { formula: '9 d^3 + 2 d^3', count: (d) => 11 * d ** 3 },
  pca: { formula: '9 d^3 + d^2', count: (d) => 9 * d ** 3 + d ** 2 },
  // 4.2: Cholesky d^3/3; 3.1: the triangular inverse d^3/3.
  cholesky: { formula: '(2/3) d^3', count: (d) => (2 / 3) * d ** 3 },
  'newton-schulz': {
    formula: 'T (6 d^3 + 3 d^2) - 2 d^3',
    count: (d, t) => Math.max(0, t * (6 * d ** 3 + 3 * d ** 2) - 2 * d ** 3),
  },
};

/**
 * Floating-point operations of one forward pass, additions and multiplications counted alike: batch normalization is O(m d),
 * whitening O(m d^2) for the covariance and O(d^3) for its root.
 *
 * @example normalizationCost('zca', { m: 60, d: 100 }).total / normalizationCost('batch', { m: 60, d: 100 }).total
 * @param kind `batch`, or a whitening
 * @param sizes m examples (values per feature), d features, iterations of Newton-Schulz (default 5)
 * @throws RangeError for a kind that is not known, or sizes that are not whole numbers from 1
 */
export function normalizationCost(
  kind: 'batch' | WhiteningMethod,
  sizes: { m: number; d: number; iterations?: number },
): NormalizationCost {
  const where = 'normalizationCost';
  expectOneOf(where, 'kind', kind, ['batch', ...WHITENINGS]);
  expectOptions<typeof sizes>(where, sizes, { m: needed(own), d: needed(own), iterations: own });
  const { m, d, iterations = 5 } = sizes;
  expectCount(where, 'm', m);
  expectCount(where, 'd', d);
  expectCount(where, 'iterations', iterations, 0);
  // Mean m d, centring m d, then squares and their sum 2 m d, or the product 2 m d^2.
  const [statistics, root, apply, formulas] =
    kind === 'batch'
      ? ([4 * m * d, 3 * d, m * d, { statistics: '4 m d', root: '3 d', apply: 'm d' }] as const)
      : ([
          2 * m * d + 2 * m * d ** 2,
          ROOTS[kind].count(d, iterations),
          2 * m * d ** 2,
          { statistics: '2 m d + 2 m d^2', root: ROOTS[kind].formula, apply: '2 m d^2' },
        ] as const);
  return { statistics, root, apply, total: statistics + root + apply, formulas };
}

/** Options of whitening as a layer. */
export interface WhiteningLayerOptions extends NormLayerOptions, NewtonSchulzOptions {
  /** Default `newton-schulz`, which runs inside `compile`. */
  method?: WhiteningMethod;
  /** Weight of the past in the moving mean and covariance. Default 0.9. */
  decay?: number;
}

const WHITENING_LAYER_OPTIONS: Options<WhiteningLayerOptions> = {
  ...{ ...NORM_LAYER_OPTIONS, ...NEWTON_SCHULZ_OPTIONS, method: own, decay: own },
};

/** The layer that `whiteningLayer` makes. */
export class WhiteningLayer extends BaseLayer {
  /** Which inverse root. */
  readonly method: WhiteningMethod;
  /** Added to the diagonal of the covariance. */
  readonly epsilon: number;
  /** Weight of the past in the moving statistics. */
  readonly decay: number;
  /** [d], or null without `scale`. */
  readonly gamma: tf.Variable | null;
  /** [d], or null without `center`. */
  readonly beta: tf.Variable | null;
  /** [d]; starts at 0. */
  readonly movingMean: tf.Variable;
  /** Moving average of m/(m-1) times the batch covariance, epsilon not included, [d, d]; starts at the identity. */
  readonly movingCovariance: tf.Variable;
  private readonly iterations: Required<NewtonSchulzOptions>;
  private readonly allowZeroEpsilon: boolean;

  constructor(
    /** d, the size of the last axis. */
    readonly features: number,
    options: WhiteningLayerOptions = {},
  ) {
    super(checkedOptions('whiteningLayer', options, WHITENING_LAYER_OPTIONS).name ?? 'whitening');
    expectCount(this.name, 'features', features);
    this.method = options.method ?? 'newton-schulz';
    expectOneOf(this.name, 'method', this.method, WHITENINGS);
    this.epsilon = options.epsilon ?? DEFAULT_EPSILON;
    this.allowZeroEpsilon = options.allowZeroEpsilon ?? false;
    expectEpsilon(this.name, this.epsilon, this.allowZeroEpsilon);
    this.decay = options.decay ?? 0.9;
    expectDecay(this.name, this.decay);
    this.iterations = checkIterations(this.name, options);
    this.gamma = (options.scale ?? true) ? this.addVariable('gamma', tf.ones([features])) : null;
    this.beta = (options.center ?? true) ? this.addVariable('beta', tf.zeros([features])) : null;
    this.movingMean = this.addVariable('movingMean', tf.zeros([features]), false);
    this.movingCovariance = this.addVariable('movingCovariance', tf.eye(features), false);
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    this.expectAlive();
    expectFloatTensor(this.name, 'x', x, [2, 4]);
    expectFilled(this.name, 'x', x);
    expectFeatures(this.name, x, this.features);
    expectTraining(this.name, context);
    return tf.tidy(() => {
      const xHat = context.training && !this.frozen ? this.train(x, context) : this.infer(x);
      context.tap?.(`${this.name}/xHat`, xHat);
      return scaleAndShift(xHat, this.gamma, this.beta);
    });
  }

  private train(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectBatch(this.name, x);
    const { y, mean, covariance } = whitened(this.name, x, {
      ...this.iterations,
      method: this.method,
      epsilon: this.epsilon,
      allowZeroEpsilon: this.allowZeroEpsilon,
      check: false,
    });
    if (context.updateStatistics ?? true) {
      expectFiniteStatistics(this.name, x, covariance);
      const m = valuesPerFeature(x);
      const spread = tf.mul(tf.sub(covariance, tf.mul(tf.eye(this.features), this.epsilon)), m / (m - 1));
      const newMean = moveWithDecay(this.movingMean, mean, this.decay);
      const newCovariance = moveWithDecay(this.movingCovariance, spread, this.decay);
      this.movingMean.assign(newMean);
      this.movingCovariance.assign(newCovariance);
    }
    return y;
  }

  private infer(x: tf.Tensor): tf.Tensor {
    const covariance = tf.add(this.movingCovariance, tf.mul(tf.eye(this.features), this.epsilon));
    const matrix = inverseRootOf(covariance, this.method, this.iterations);
    return whitenInference(x, this.movingMean, matrix, { check: false });
  }
}

/**
 * Whitening as a layer, with gamma and beta as in batch normalization; see `whiten`. Taps `NAME/xHat`. NaN and infinity are refused
 * where they would reach the moving statistics, and by zca, pca and cholesky wherever they would reach the decomposition.
 * @example whiteningLayer(20, { name: 'layer1', iterations: 7 })
 * @throws RangeError for a method that is not known, or epsilon, decay or iterations out of range; when applied, as `whiten`
 */
export function whiteningLayer(features: number, options: WhiteningLayerOptions = {}): WhiteningLayer {
  return new WhiteningLayer(features, options);
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
