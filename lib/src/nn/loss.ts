import { shown } from '../core/checks';
import { insideStep, tf } from '../engine';
import { expectFloatTensor } from './checks';
import { stopGradient } from './stop-gradient';

/** A loss: network outputs and targets of one batch in, mean loss over the batch out (a scalar). */
export type Loss = (outputs: tf.Tensor, y: tf.Tensor) => tf.Scalar;

/** Losses by name: `'crossEntropy'` for classes, `'meanSquaredError'` for regression. */
export type LossName = 'crossEntropy' | 'meanSquaredError';

/**
 * Softmax cross entropy from logits, mean over the batch, in nats: l = mean_i(log sum_j exp z_ij - sum_j y_ij z_ij).
 * Stable: the row's largest logit is subtracted first, so no exponential overflows and a confident row loses nothing.
 * The gradient is the closed form (softmax(z) - y) / m.
 *
 * @param logits [m, classes] float32
 * @param y [m, classes] float32, each row sums to 1 (one-hot, or soft labels)
 * @returns scalar, nats per example; a uniform guess among 10 classes costs ln 10 = 2.30
 * @throws TypeError when a tensor is disposed, or the logits are not float32; RangeError when the shapes differ, or a row of y does
 *   not sum to 1, as with the row of zeros that `tf.oneHot` makes of a label out of range (not looked at inside `compile`, where nothing
 *   can be read)
 */
export function softmaxCrossEntropy(logits: tf.Tensor, y: tf.Tensor): tf.Scalar {
  expectFloatTensor('softmaxCrossEntropy', 'logits', logits);
  expectLive('softmaxCrossEntropy', y);
  if (logits.rank !== 2 || y.rank !== 2 || logits.shape[0] !== y.shape[0] || logits.shape[1] !== y.shape[1]) {
    throw new RangeError(
      `softmaxCrossEntropy: logits have shape [${logits.shape}] and labels [${y.shape}]; wanted the same [m, classes], ` +
        'with one-hot labels (tf.oneHot).',
    );
  }
  if (!insideStep()) expectOneHot('softmaxCrossEntropy: y', y);
  const m = logits.shape[0];
  return tf.tidy(() => {
    // Out here, where TensorFlow.js records how the softmax comes from the logits: a second derivative goes through it.
    const shifted = tf.sub(logits, stopGradient(tf.max(logits, 1, true)));
    const exponentials = tf.exp(shifted);
    const total = tf.sum(exponentials, 1, true);
    const softmax = tf.div(exponentials, total);
    const perBatch = tf.customGrad((_z, save) => {
      (save as tf.GradSaveFunc)([softmax]);
      const value = tf.mean(tf.sub(tf.log(total), tf.sum(tf.mul(y, shifted), 1, true))) as tf.Scalar;
      const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(tf.sub(saved[0], y), tf.div(dy, m));
      return { value, gradFunc };
    });
    return perBatch(logits) as tf.Scalar;
  });
}

/**
 * Mean squared error over all elements of the batch (PyTorch's `MSELoss`): mean((outputs - y)^2), no factor 1/2.
 *
 * @param outputs [m, ...] float32
 * @param y the same shape
 * @returns scalar, squared units of the outputs
 * @throws TypeError when a tensor is disposed, or the outputs are not float32; RangeError when the shapes differ
 */
export function meanSquaredError(outputs: tf.Tensor, y: tf.Tensor): tf.Scalar {
  expectFloatTensor('meanSquaredError', 'outputs', outputs);
  expectLive('meanSquaredError', y);
  if (!tf.util.arraysEqual(outputs.shape, y.shape)) {
    throw new RangeError(
      `meanSquaredError: outputs have shape [${outputs.shape}], targets [${y.shape}]; wanted the same.`,
    );
  }
  return tf.tidy(() => tf.mean(tf.square(tf.sub(outputs, y))));
}

function expectLive(where: string, y: tf.Tensor): void {
  if (!(y instanceof tf.Tensor))
    throw new TypeError(`${where}: y must be a tensor, got ${y === null ? 'null' : typeof y}.`);
  if (y.isDisposed) throw new TypeError(`${where}: y was disposed before this call.`);
}

/**
 * Throws unless every row of y says one class, or shares of classes: none negative, together 1.
 * @param where what y is, first in messages
 */
export function expectOneHot(where: string, y: tf.Tensor): void {
  if (y.rank !== 2) {
    throw new RangeError(
      `${where} has shape [${y.shape}]; wanted one-hot labels [examples, classes] (oneHotLabels makes them).`,
    );
  }
  const [off, least] = tf.tidy(() =>
    tf.stack([tf.max(tf.abs(tf.sub(tf.sum(y, 1), 1))), tf.min(y)].map((value) => value.toFloat())).dataSync(),
  );
  if (!(off <= 1e-4)) {
    throw new RangeError(
      `${where}: a row does not sum to 1 (off by ${off}); wanted one-hot labels. tf.oneHot gives a row of zeros for a label ` +
        'out of range: check the labels.',
    );
  }
  if (least < 0) throw new RangeError(`${where} holds ${least}; wanted one-hot labels, none negative.`);
}

/** What a loss of the caller's own returned, when that is one number. */
function expectScalar(value: tf.Scalar): tf.Scalar {
  if (value instanceof tf.Tensor && value.rank === 0) return value;
  throw new TypeError(`loss: the function must return a scalar tensor, such as tf.mean(...), got ${shown(value)}.`);
}

/** The loss of that name, or the function itself, which is held to give a scalar. Default `'crossEntropy'`. */
export function lossOf(loss: LossName | Loss = 'crossEntropy'): Loss {
  if (loss === softmaxCrossEntropy || loss === meanSquaredError) return loss;
  if (typeof loss === 'function') return (outputs, y) => expectScalar(loss(outputs, y));
  if (loss === 'crossEntropy') return softmaxCrossEntropy;
  if (loss === 'meanSquaredError') return meanSquaredError;
  throw new RangeError(
    `loss: ${shown(loss)} is not known; wanted 'crossEntropy', 'meanSquaredError' or a function of (outputs, y).`,
  );
}
