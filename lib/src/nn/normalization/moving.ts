/** How moving averages move. */
import { tf } from '../../engine';

/** What a moving average does with a new batch: the new value. */
export type MovingRule = (moving: tf.Tensor, batch: tf.Tensor, decay: number) => tf.Tensor;

/** moving = decay * moving + (1 - decay) * batch. */
export const moveWithDecay: MovingRule = (moving, batch, decay) =>
  tf.tidy(() => tf.add(tf.mul(moving, decay), tf.mul(batch, 1 - decay)));

/** {@link moveWithDecay} after a first batch, which is copied: `weight` is 0 before it and 1 from then on. */
export function moveFromFirst(moving: tf.Tensor, batch: tf.Tensor, decay: number, weight: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const past = tf.mul(weight, decay);
    return tf.add(tf.mul(moving, past), tf.mul(batch, tf.sub(1, past)));
  });
}
