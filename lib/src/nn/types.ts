import { tf } from '../engine';
import { ApplyContext } from './context';

/** A function with weights: what networks are made of. */
export interface Layer {
  /** Stands in messages, labels and taps. */
  readonly name: string;
  /** The variables under their labels, such as `layer1/weights` or `layer1/movingMean`. Labels are stable; `variable.name` is not. */
  readonly named: Readonly<Record<string, tf.Variable>>;
  /** Every variable, moving averages included. */
  readonly variables: tf.Variable[];
  /** The variables an optimizer should change: empty for a frozen layer, never the moving averages. */
  readonly trainable: tf.Variable[];
  /**
   * The layer's output for a batch.
   * @throws TypeError or RangeError when the input does not fit
   */
  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor;
  /** Frees the variables. The layer cannot be used afterwards. */
  dispose(): void;
}

/** The values of a network's variables by label, moving averages included, as plain data. */
export type StateDict = Record<string, { shape: number[]; values: Float32Array }>;

/** A {@link StateDict} that has been through JSON, where a list or an object with the places as keys stands for the values. */
export type StoredStateDict = Record<string, { shape: number[]; values: number[] | Record<string, number> }>;

/** A layer made of layers, with its weights as a whole. */
export interface Network extends Layer {
  /** The layers inside, from input to output. */
  readonly layers: Layer[];
  /**
   * Takes over the values of every variable whose label `other` has too, so that two sides of a comparison start from
   * the same weights. What only one of them has (biases, gamma, beta, moving averages) stays.
   * @returns the labels copied
   * @throws RangeError when a shared label has two shapes, or no label is shared; TypeError when one of the two was disposed; then
   *   nothing is copied
   */
  copyFrom(other: Network): string[];
  /**
   * The present values, by label.
   * @throws TypeError when the network was disposed
   */
  stateDict(): StateDict;
  /**
   * Puts values back, as `stateDict` gives them, also when they have been through JSON: the same float32 values, bit for bit.
   * @throws RangeError when labels or shapes differ, a value is not finite, or one is out of its range, such as a negative moving variance;
   *   TypeError for values that are no numbers, or when the network was disposed; then nothing is changed
   */
  loadStateDict(state: StateDict | StoredStateDict): void;
}
