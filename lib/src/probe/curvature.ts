/** The largest eigenvalue of the loss's Hessian, by power iteration. */
import { Random, tf } from '../engine';
import { lossOf } from '../train/loss';
import { checked, type LossLookOptions } from './gradients';
import { assignAll, jointDot, jointNorm, lossGradients, untouched } from './model';

/** How to iterate. */
export interface CurvatureOptions extends LossLookOptions {
  /** At most so many Hessian-vector products per search; default 100. */
  iterations?: number;
  /** Ends when the eigenvalue changes by less than this share of itself; default 1e-3. */
  tolerance?: number;
  /** Of the starting direction; default 0. */
  seed?: number;
  /** h of the differences, as a length in weight space; default 0.01 max(1, |W|). See {@link curvature} for its error. */
  step?: number;
}

/** The largest curvature, and how well it is known. */
export interface Curvature {
  /** Largest (algebraic) eigenvalue of the Hessian of the loss with respect to all trainable variables. */
  largest: number;
  /** Eigenvalue of largest magnitude: the same, unless a negative one is larger. */
  dominant: number;
  /** |H v - largest v| for the unit vector v found: some eigenvalue lies within this distance of `largest`. */
  residual: number;
  /** |change of v'Hv| when the differences take half the step: how much the step matters. */
  stepError: number;
  /** Hessian-vector products used. */
  iterations: number;
  /** False when the iterations ended before the tolerance was met; `largest` is then a lower bound. */
  converged: boolean;
}

/**
 * Largest eigenvalue of the Hessian H of the batch's mean loss, by power iteration with Hessian-vector products from central differences
 * of gradients: H v = (g(W + h v) - g(W - h v)) / (2 h), |v| = 1.
 *
 * Error of the differences: h^2/6 times the third derivative along v (none for a quadratic loss), and float32 rounding of about
 * 1e-7 |g| / h. The default h balances the two for networks of this library's size; `stepError` shows what is left. For stable gradient
 * descent the learning rate must stay below 2 / largest.
 *
 * @example curvature({ network, x, y, training: true }).largest
 * @throws RangeError for iterations, tolerance or step out of range, and an Error when the gradient is not finite
 */
export function curvature(options: CurvatureOptions): Curvature {
  const { network, x, y, training, iterations = 100, tolerance = 1e-3, seed = 0 } = checked('curvature', options);
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new RangeError(`curvature: iterations must be a whole number of at least 1, got ${iterations}.`);
  }
  if (!(tolerance > 0)) throw new RangeError(`curvature: tolerance must be above zero, got ${tolerance}.`);
  if (options.step !== undefined && !(options.step > 0)) {
    throw new RangeError(`curvature: step must be above zero, got ${options.step}.`);
  }
  const loss = lossOf(options.loss ?? 'crossEntropy');
  const { trainable } = network;
  let result: Curvature | undefined;
  untouched(network, () => {
    const weights = trainable.map((v) => v.clone());
    const h = options.step ?? 0.01 * Math.max(1, jointNorm(weights));
    const gradientAt = (direction: tf.Tensor[], distance: number) => {
      assignAll(trainable, (i) => tf.add(weights[i], tf.mul(distance, direction[i])));
      return lossGradients(network, x, y, loss, training).weights;
    };
    /** (H - shift) v */
    const product = (v: tf.Tensor[], shift = 0, step = h) =>
      tf.tidy(() => {
        const [ahead, behind] = [gradientAt(v, step), gradientAt(v, -step)];
        return v.map((part, i) => tf.sub(tf.div(tf.sub(ahead[i], behind[i]), 2 * step), tf.mul(shift, part)));
      });
    let used = 0;
    const search = (shift: number, label: string) => {
      const random = new Random(seed, `curvature/${label}`);
      let v = normalized(trainable.map((w) => tf.tensor(random.normals(w.size), w.shape)));
      let value = NaN;
      let residual = Infinity;
      for (let k = 0; k < iterations; k++) {
        const next = product(v, shift);
        used++;
        const before = value;
        value = jointDot(v, next);
        if (!Number.isFinite(value)) {
          throw new Error(
            'curvature: the gradient is not finite here; the network has diverged or the step is too large.',
          );
        }
        residual = Math.sqrt(Math.max(0, jointDot(next, next) - value * value));
        const settled = Math.abs(value - before) <= tolerance * Math.abs(value) || jointNorm(next) === 0;
        if (settled || k === iterations - 1) return { v, value: value + shift, residual, converged: settled };
        const old = v;
        v = normalized(next);
        tf.dispose([old, next]);
      }
      throw new Error('curvature: no iteration was made.');
    };
    const first = search(0, 'dominant');
    // A negative eigenvalue of largest magnitude: shifted by it, none is negative and the largest is found.
    const found = first.value < 0 ? search(first.value, 'largest') : first;
    const half = tf.tidy(() => jointDot(found.v, product(found.v, 0, h / 2)));
    const whole = tf.tidy(() => jointDot(found.v, product(found.v)));
    result = {
      largest: found.value,
      dominant: first.value,
      residual: found.residual,
      stepError: Math.abs(half - whole),
      iterations: used,
      converged: first.converged && found.converged,
    };
  });
  return result!;
}

function normalized(v: tf.Tensor[]): tf.Tensor[] {
  const norm = jointNorm(v);
  return v.map((part) => tf.div(part, norm));
}
