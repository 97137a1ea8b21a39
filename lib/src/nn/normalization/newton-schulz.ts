import { expectOptions, Options, own } from '../../core/checks';
import { tf } from '../../engine';
import { expectCount, expectFilled, expectFinite, expectFloatTensor, expectOneOf } from '../checks';

/** Options of the Newton-Schulz iterations. */
export interface NewtonSchulzOptions {
  /** Default 5, as in Huang et al. 2019. */
  iterations?: number;
  /**
   * What Sigma is divided by first: its trace, which bounds its largest eigenvalue, or nothing, which converges to the root
   * only where every eigenvalue is below 3, and diverges above 5. Default `trace`.
   */
  prescale?: 'trace' | 'none';
  /**
   * How P_k is computed; the same in exact arithmetic. Default `coupled`.
   * - `coupled`: Q_k = P_k Sigma_N is carried along, and rounding stays rounding.
   * - `plain`: from P_(k-1) and Sigma_N alone. Near the root an iteration multiplies rounding that does not commute with Sigma by up to
   *   (kappa + sqrt(kappa) - 2) / 2, kappa the condition number, so that for kappa above 2.5 it leaves the root that it had reached.
   */
  form?: 'coupled' | 'plain';
}

export const NEWTON_SCHULZ_OPTIONS: Options<NewtonSchulzOptions> = { iterations: own, prescale: own, form: own };

export function expectSquare(where: string, a: tf.Tensor, name = 'covariance'): void {
  expectFloatTensor(where, name, a, [2]);
  expectFilled(where, name, a);
  if (a.shape[0] !== a.shape[1])
    throw new RangeError(`${where}: the ${name} must be square, got [${a.shape.join(', ')}].`);
}

export function checkIterations(where: string, options: NewtonSchulzOptions): Required<NewtonSchulzOptions> {
  const { iterations = 5, prescale = 'trace', form = 'coupled' } = options;
  expectCount(where, 'iterations', iterations, 0);
  expectOneOf(where, 'prescale', prescale, ['trace', 'none']);
  expectOneOf(where, 'form', form, ['coupled', 'plain']);
  return { iterations, prescale, form };
}

/**
 * Sigma^(-1/2) by Newton-Schulz iterations (IterNorm, Huang et al. 2019, Algorithm 1): with Sigma_N = Sigma / tr(Sigma),
 *
 *     P_0 = I,   P_k = 1/2 (3 P_(k-1) - P_(k-1)^3 Sigma_N),   A = P_T / sqrt(tr(Sigma))
 *
 * computed, unless `form` is `plain`, in the coupled form, P_k = 1/2 (3 I - P Q) P with Q = P Sigma_N carried along (Higham 2008, (6.35)):
 * the same in exact arithmetic, and stable. In the plain form an error E of P becomes, near the root and in the basis of Sigma's
 * eigenvectors, E_ij (2 - sqrt(r) - r)/2 with r = l_j / l_i.
 * For one eigenvalue l of Sigma_N, the value z = p sqrt(l) follows z <- z (3 - z^2)/2, which goes to 1 from 0 < z < sqrt(3): fast
 * near 1, but by the factor 3/2 only while z is small; an eigenvalue far below the trace takes about log(1/sqrt(l))/log(3/2)
 * iterations. From z between sqrt(3) and sqrt(5) it goes to 1 or to -1, beyond it diverges.
 *
 * @example const a = newtonSchulz(covariance, { iterations: 7 });
 * @param covariance symmetric, float32 [d, d]
 * @returns A, [d, d], differentiable by TensorFlow.js; may be far from the root or not finite where the iterations diverge
 * @throws TypeError, RangeError when the matrix is not square, or holds NaN or infinity; RangeError for iterations, prescale or form
 */
export function newtonSchulz(covariance: tf.Tensor, options: NewtonSchulzOptions = {}): tf.Tensor {
  expectOptions('newtonSchulz', options, NEWTON_SCHULZ_OPTIONS);
  expectSquare('newtonSchulz', covariance);
  const settled = checkIterations('newtonSchulz', options);
  expectFinite('newtonSchulz', 'covariance', covariance);
  return iterated(covariance, settled);
}

export function iterated(
  covariance: tf.Tensor,
  { iterations, prescale, form }: Required<NewtonSchulzOptions>,
): tf.Tensor {
  return tf.tidy(() => {
    const d = covariance.shape[0];
    const identity = tf.eye(d);
    const trace = prescale === 'trace' ? tf.sum(tf.mul(covariance, identity)) : tf.scalar(1);
    const normalized = tf.div(covariance, trace);
    let p: tf.Tensor = identity;
    if (form === 'plain') {
      for (let k = 0; k < iterations; k++) {
        const cubed = tf.matMul(p, tf.matMul(p, p));
        p = tf.sub(tf.mul(p, 1.5), tf.mul(tf.matMul(cubed, normalized), 0.5));
      }
      return tf.div(p, tf.sqrt(trace));
    }
    let q: tf.Tensor = normalized; // P_k Sigma_N
    for (let k = 0; k < iterations; k++) {
      const correction = tf.sub(tf.mul(identity, 1.5), tf.mul(tf.matMul(p, q), 0.5));
      p = tf.matMul(correction, p);
      if (k + 1 < iterations) q = tf.matMul(q, correction);
    }
    return tf.div(p, tf.sqrt(trace));
  });
}
