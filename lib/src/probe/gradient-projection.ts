/** What batch normalization takes out of the gradient that reaches it: its mean, and its part along xHat. */
import { expectOptions } from '../core/checks';
import { tf } from '../engine';
import { lossOf } from '../nn/loss';
import { checked, LOSS_LOOK_OPTIONS, type LossLookOptions } from './gradients';
import { lossGradients, untouched } from './model';

/** Shares of |dl/dxHat|^2, summed over the features of a layer; together 1. */
export interface GradientProjection {
  /** Constant over the mini-batch: what would shift every example alike. */
  mean: number;
  /** Along xHat: what would stretch the mini-batch. */
  xHat: number;
  /** The rest, which alone reaches x. */
  passed: number;
}

/**
 * The three terms of the gradient through Algorithm 1 in a network, g = dl/dxHat:
 *
 *     dl/dx_i = (g_i - mean(g) - xHat_i mean(g xHat)) / sqrt(sigma2 + epsilon)
 *
 * The second and the third term are the projections of g on (1, ..., 1) and, up to epsilon, on xHat: two of m directions in
 * each feature. Of a random g they take 2/m on average. For convolutions m counts examples and places.
 *
 * @returns by layer, for every layer that normalizes over the mini-batch (it taps `.../xHat`)
 * @example gradientProjection({ network, x, y, training: true }).layer1.passed
 * @throws as `gradientNorms`; RangeError in inference mode, when no layer normalizes, or when no gradient reaches one
 */
export function gradientProjection(options: LossLookOptions): Record<string, GradientProjection> {
  const where = 'gradientProjection';
  expectOptions(where, options, LOSS_LOOK_OPTIONS);
  const { network, x, y, training, loss = 'crossEntropy' } = checked(where, options);
  if (!training) {
    throw new RangeError(
      `${where}: training must be true, got false. In inference the statistics are fixed, and nothing is taken out.`,
    );
  }
  const found: Record<string, GradientProjection> = {};
  untouched(network, () => {
    const normalized: Record<string, Float32Array> = {};
    const { taps } = lossGradients(network, x, y, lossOf(loss), true, (name, value) => {
      if (!name.endsWith('/xHat')) return false;
      normalized[name] = Float32Array.from(value.dataSync());
      return true;
    });
    for (const [name, g] of Object.entries(taps)) {
      found[name.slice(0, -'/xHat'.length)] = sharesOf(where, name, g, tf.tensor(normalized[name], g.shape));
    }
  });
  if (Object.keys(found).length === 0) {
    throw new RangeError(
      `${where}: network '${network.name}' has no layer that taps xHat; wanted one with batch norm.`,
    );
  }
  return found;
}

function sharesOf(where: string, name: string, gradient: tf.Tensor, xHat: tf.Tensor): GradientProjection {
  const rows = (t: tf.Tensor) => tf.reshape(t, [-1, t.shape[t.rank - 1]]); // [m, d]
  const g = rows(gradient);
  const hat = rows(xHat);
  const centred = tf.sub(g, tf.mean(g, 0));
  const rest = tf.sub(centred, tf.mul(hat, tf.mean(tf.mul(g, hat), 0)));
  const squares = [g, centred, rest].map((t) => Number(tf.sum(tf.square(t)).dataSync()[0]));
  if (!(squares[0] > 0 && Number.isFinite(squares[0]))) {
    throw new RangeError(`${where}: the squared gradient at ${name} is ${squares[0]}; wanted a finite one above 0.`);
  }
  return {
    mean: (squares[0] - squares[1]) / squares[0],
    xHat: (squares[1] - squares[2]) / squares[0],
    passed: squares[2] / squares[0],
  };
}
