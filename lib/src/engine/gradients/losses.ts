/** A loss of TensorFlow.js whose gradient with respect to the labels is another's. */
import { tf } from '../tf';

/**
 * `tf.losses.softmaxCrossEntropy` takes (labels - softmax) for the gradient with respect to the labels, and softmax - labels for the one
 * with respect to the logits also where the labels do not sum to 1. Here both follow from the loss, -sum labels log softmax(logits).
 */
export function repairLosses(): void {
  const losses = tf.losses as unknown as { softmaxCrossEntropy: unknown };
  const theirs = tf.losses.softmaxCrossEntropy;
  const repaired = (...[labels, logits, weights, smoothing = 0, reduction]: Parameters<typeof theirs>) => {
    if (tf.engine().state.gradientDepth === 0) return theirs(labels, logits, weights, smoothing, reduction);
    return tf.tidy(() => {
      let shares = tf.cast(asTensor(labels), 'float32');
      const z = asTensor(logits);
      tf.util.assertShapesMatch(shares.shape, z.shape, 'Error in softmaxCrossEntropy: ');
      if (smoothing > 0) shares = tf.add(tf.mul(shares, 1 - smoothing), smoothing / shares.shape[1]!);
      const each = tf.neg(tf.sum(tf.mul(shares, tf.logSoftmax(z)), -1));
      return tf.losses.computeWeightedLoss(each, weights, reduction);
    });
  };
  losses.softmaxCrossEntropy = repaired;
}

const asTensor = (x: tf.Tensor | tf.TensorLike): tf.Tensor => (x instanceof tf.Tensor ? x : tf.tensor(x));
