/** The curvature that a linear layer sees: the second moments of its inputs. */
import { expectOptions, flag } from '../core/checks';
import { tf } from '../engine';
import { Matrix } from 'ml-matrix';
import { symmetricEigen } from '../nn/normalization/inverse-root';
import { expectInputs } from './model';

/** What {@link inputHessian} found. */
export interface InputHessian {
  /** H = E[x x^T], [d, d]; with a bias [d + 1, d + 1], the bias last. */
  matrix: number[][];
  /** Its eigenvalues, largest first. Below about 1e-7 of the largest they are rounding. */
  eigenvalues: number[];
}

/**
 * The Hessian of the mean squared error of a linear unit, l = 1/2 E[(y - w.x - b)^2], with respect to w (and b): H = E[x x^T],
 * the inputs' second moments about 0, with a constant input 1 for the bias. The same H belongs to every output unit.
 *
 * Gradient descent on this loss multiplies the error along an eigenvector by 1 - eta lambda in each step (LeCun et al.
 * 1998b, Efficient BackProp, section 5.1): it diverges beyond eta = 2 / lambda_max.
 *
 * @param x inputs [m, d]
 * @param options.bias whether the unit has one; default true
 * @example 2 / inputHessian(x).eigenvalues[0] // the limit of the learning rate
 * @throws TypeError when x is disposed or not float32; RangeError for another rank, no examples, or NaN or infinity in x
 */
export function inputHessian(x: tf.Tensor, options: { bias?: boolean } = {}): InputHessian {
  const where = 'inputHessian';
  expectOptions<typeof options>(where, options, { bias: flag });
  expectInputs(where, x);
  if (x.rank !== 2) throw new RangeError(`${where}: x must be [m, d], got [${x.shape.join(', ')}].`);
  const matrix = tf.tidy(() => {
    const inputs = (options.bias ?? true) ? tf.concat([x, tf.ones([x.shape[0], 1])], 1) : x;
    return tf.div(tf.matMul(inputs, inputs, true), x.shape[0]).arraySync() as number[][];
  });
  const { values } = symmetricEigen(new Matrix(matrix));
  return { matrix, eigenvalues: [...values].sort((a, b) => b - a) };
}
