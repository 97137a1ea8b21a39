/** How moving averages move. */
import { tf } from '../../engine';

/** What a moving average does with a new batch: the new value. */
export type MovingRule = (moving: tf.Tensor, batch: tf.Tensor, decay: number) => tf.Tensor;

/** moving = decay * moving + (1 - decay) * batch. */
export const moveWithDecay: MovingRule = (moving, batch, decay) =>
  tf.tidy(() => tf.add(tf.mul(moving, decay), tf.mul(batch, 1 - decay)));
