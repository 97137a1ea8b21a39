/** A training step as a reader writes one. */
import { type NamedTensors, type Network, type StepContext, tf } from 'bnlab';

/** One step of an optimizer on the softmax cross-entropy of a batch `x` with one-hot `y`; gives its `loss`. */
export const descent = (network: Network, optimizer: tf.Optimizer) => (inputs: NamedTensors, context: StepContext) => ({
  loss: optimizer.minimize(
    () => {
      const logits = network.apply(inputs.x, { training: true, random: context.random });
      return tf.neg(tf.mean(tf.sum(tf.mul(inputs.y, tf.logSoftmax(logits)), 1))) as tf.Scalar;
    },
    true,
    network.trainable,
  ) as tf.Scalar,
});
