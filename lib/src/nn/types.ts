import { tf } from '../engine';

/**
 * Random tensors for a layer that needs them, such as dropout. What `compile` passes to a step as `context.random` fits.
 * The tensors differ from step to step and repeat with the seed.
 */
export interface LayerRandom {
  /** A float32 tensor of the given shape whose entries are 1 with probability `keep`, else 0. */
  bernoulli(keep: number, shape: number[]): tf.Tensor;
}

/** What a layer is told when it is applied. */
export interface ApplyContext {
  /** True: mini-batch statistics, dropout active. False: inference. */
  readonly training: boolean;
  /** Needed by dropout in training. */
  readonly random?: LayerRandom;
  /**
   * Called with what happens inside: `layer2/linear`, `layer2/xHat`, `layer2/preActivation`, `layer2/activation` and so
   * on. The tensor lives until `apply` returns: read it at once, or `tf.keep` it.
   */
  readonly tap?: (name: string, value: tf.Tensor) => void;
  /**
   * Whether moving averages move. Default: the value of `training`. A probe that looks at training mode without
   * leaving a trace passes `{ training: true, updateStatistics: false }`.
   */
  readonly updateStatistics?: boolean;
}

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

/** The values of a network's variables, moving averages included, as plain data. */
export type WeightsSnapshot = Record<string, { shape: number[]; values: Float32Array }>;

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
  snapshot(): WeightsSnapshot;
  /**
   * Puts a snapshot back.
   * @throws RangeError when labels or shapes differ, a value is not finite, or one is out of its range, such as a negative moving variance;
   *   TypeError for values that are no Float32Array, or when the network was disposed; then nothing is changed
   */
  restore(snapshot: WeightsSnapshot): void;
}
