/** Convergence and divergence of the Newton-Schulz iterations for the inverse square root. */
import {
  expectArgument,
  expectOptions,
  listOf,
  needed,
  notNegative,
  numbers,
  oneOf,
  type Options,
  own,
  shown,
  whole,
} from '../core/checks';
import { tf } from '../engine';
import { newtonSchulz, type NewtonSchulzOptions } from '../nn';
import { rowsWithSpectrum } from '../probe/covariance';
import { type Definition } from './experiment';

/** What {@link newtonSchulzErrors} takes. */
export interface NewtonSchulzErrorOptions {
  /** The last iteration. */
  iterations: number;
  /** As of `newtonSchulz`. Default `trace`. */
  prescale?: NewtonSchulzOptions['prescale'];
  /** As of `newtonSchulz`. Default `coupled`. */
  form?: NewtonSchulzOptions['form'];
  /** Of the directions of the covariance. Default 0. */
  seed?: number;
}

const NEWTON_SCHULZ_ERROR_OPTIONS: Options<NewtonSchulzErrorOptions> = {
  ...{ iterations: needed(own), prescale: oneOf(['trace', 'none']), form: oneOf(['coupled', 'plain']), seed: whole },
};

/** Errors after 0, 1, 2, ... iterations. */
export interface NewtonSchulzErrors {
  /** Of `newtonSchulz` in float32: |A Sigma A^T - I|_F / sqrt(d); Infinity where A is not finite. */
  measured: number[];
  /** The same by the scalar iteration of every eigenvalue, in float64: sqrt(mean (z^2 - 1)^2). */
  predicted: number[];
}

/**
 * How far from whitening the iterations leave a covariance with given eigenvalues. In exact arithmetic each eigenvalue l goes its
 * own way, z <- z (3 - z^2) / 2 from z = sqrt(l / trace), or sqrt(l) unscaled: see `newtonSchulz`.
 *
 * @param eigenvalues of the covariance, none negative, at least one above 0
 * @example newtonSchulzErrors([1, 0.01], { iterations: 12 }).measured
 * @throws RangeError as `rowsWithSpectrum`, or for iterations that are not a whole number of at least 0
 */
export function newtonSchulzErrors(
  eigenvalues: readonly number[],
  options: NewtonSchulzErrorOptions,
): NewtonSchulzErrors {
  expectOptions('newtonSchulzErrors', options, NEWTON_SCHULZ_ERROR_OPTIONS);
  expectArgument('newtonSchulzErrors', 'eigenvalues', eigenvalues, numbers);
  const { iterations, prescale = 'trace', form = 'coupled', seed = 0 } = options;
  if (!Number.isInteger(iterations) || iterations < 0) {
    throw new RangeError(
      `newtonSchulzErrors: iterations must be a whole number of at least 0, got ${shown(iterations)}.`,
    );
  }
  const d = eigenvalues.length;
  const counts = Array.from({ length: iterations + 1 }, (_, k) => k);
  const measured = tf.tidy(() => {
    const x = tf.tensor2d(rowsWithSpectrum(eigenvalues, { m: d + 1, seed }));
    const sigma = tf.div(tf.matMul(x, x, true), d + 1);
    return counts.map((k) => {
      const a = newtonSchulz(sigma, { iterations: k, prescale, form });
      const off = tf.sub(tf.matMul(tf.matMul(a, sigma), a, false, true), tf.eye(d));
      const error = Math.sqrt(tf.mean(tf.square(off)).dataSync()[0] * d);
      return Number.isFinite(error) ? error : Infinity;
    });
  });
  const scale = prescale === 'trace' ? eigenvalues.reduce((sum, value) => sum + value, 0) : 1;
  let z = eigenvalues.map((value) => Math.sqrt(value / scale));
  const predicted = counts.map(() => {
    const error = Math.sqrt(z.reduce((sum, v) => sum + (v * v - 1) ** 2, 0) / d);
    z = z.map((v) => (v * (3 - v * v)) / 2);
    return Number.isFinite(error) ? error : Infinity;
  });
  return { measured, predicted };
}

/** {@link NewtonSchulzErrorOptions} as data. */
export interface NewtonSchulzSpec extends Required<NewtonSchulzErrorOptions> {
  /** Of the covariance. */
  eigenvalues: number[];
}

export const definition: Definition<NewtonSchulzSpec, NewtonSchulzErrors> = {
  name: 'newton-schulz',
  version: 1,
  question: 'How many Newton-Schulz iterations whiten a covariance, and when do they diverge?',
  whenAborted: 'throws',
  defaults: { eigenvalues: [1, 0.3, 0.01], iterations: 15, prescale: 'trace', form: 'coupled', seed: 0 },
  options: {
    ...{ eigenvalues: needed(listOf(notNegative)), iterations: needed(whole), seed: needed(whole) },
    ...{ prescale: needed(oneOf(['trace', 'none'])), form: needed(oneOf(['coupled', 'plain'])) },
  },
  compute: async ({ eigenvalues, ...options }) => newtonSchulzErrors(eigenvalues, options),
};
