/**
 * For the way back, TensorFlow.js keeps copies of what an operation's gradient needs; it disposes them when it has gone back. After an
 * error on the way nobody does: every caught error inside `tf.grads`, `variableGrads` or `minimize` would leave them in memory.
 */
import { tf } from './tf';

/* eslint-disable @typescript-eslint/no-explicit-any */

let mended = false;
/** copies made by the engine itself, for which it has no other use than to keep them */
const copies = new WeakSet<tf.Tensor>();

/** Keeps a copy that a way back needs; an error on the way disposes it like those of TensorFlow.js. */
export function keepForWayBack(copy: tf.Tensor): void {
  copies.add(copy);
  tf.engine().keep(copy);
}

/** Has TensorFlow.js dispose what it kept for a way back that an error has ended. What the caller keeps with `tf.keep` stays his. */
export function disposeTapeOnErrors(): void {
  if (mended) return;
  mended = true;
  const engine = tf.engine() as any;
  const { gradients, clone, keep } = engine;
  let kept: tf.Tensor[] | undefined;
  engine.clone = (tensor: tf.Tensor) => {
    const copy = clone.call(engine, tensor) as tf.Tensor;
    copies.add(copy);
    return copy;
  };
  engine.keep = (tensor: tf.Tensor) => {
    if (kept && copies.has(tensor)) kept.push(tensor);
    return keep.call(engine, tensor);
  };
  engine.gradients = (...given: unknown[]) => {
    const outer = kept;
    const own: tf.Tensor[] = [];
    kept = own;
    try {
      const result = gradients.apply(engine, given);
      // a gradient inside a gradient is part of the outer one's way, which may still need what this one kept
      outer?.push(...own);
      return result;
    } catch (error) {
      for (const tensor of own) if (!tensor.isDisposed) tensor.dispose();
      throw error;
    } finally {
      kept = outer;
    }
  };
}
