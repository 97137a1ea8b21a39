import type { Json, Stored } from '../core/json';
import type { tf } from '../engine';
import type { Layer } from '../nn';

export type { Json, Stored };

/** Inputs and targets, row by row. */
export interface LabelledBatch {
  /** Inputs [n, ...] float32. */
  x: tf.Tensor;
  /** Targets [n, ...]; one-hot for classes. */
  y: tf.Tensor;
}

/** What a probe is shown at an evaluation point. The tensors belong to the trainer: do not dispose or keep them. */
export interface ProbePoint {
  /** Steps done; 0 before training. */
  step: number;
  /** Rate of the next step. */
  learningRate: number;
  /** The network in training: look, do not change. */
  network: Layer;
  /** The loss it is trained with, mean over a batch. */
  loss: (outputs: tf.Tensor, y: tf.Tensor) => tf.Scalar;
  /** The test set. */
  test: LabelledBatch;
  /** One training batch, always the same: the first of the run. */
  batch: LabelledBatch;
  /** What the probe's `taps` saw when the test set went through in inference mode: [n, ...]. */
  taps: Record<string, tf.Tensor>;
  /** Empty at the start of a run and handed on from point to point: where a probe remembers. No tensors. */
  memory: Record<string, unknown>;
}

/**
 * Something looked at during training, which reports a `T` at every evaluation point. The history holds it under the name that `probes`
 * gives it, as {@link Stored}.
 */
export interface Probe<T = unknown> {
  /** Tap names, such as `layer3/preActivation`, recorded over the whole test set at no second forward pass. */
  taps?: string[];
  /**
   * Must leave the network as it found it; every probe of this library does. What JSON holds of the value goes into the history:
   * numbers, text, lists, and objects such as this library's functions return.
   * What it throws ends the run; in a network that has diverged it counts as null.
   */
  measure(at: ProbePoint): T | Promise<T>;
}

/** Probes by the names under which a history holds what they report; a function is a probe without taps. */
export type Probes = Record<string, Probe | Probe['measure']>;

/** What a run without probes has. */
export type NoProbes = Record<never, never>;

/** What a history holds of each of these probes at an evaluation point: see {@link Stored}, or null in a network that has diverged. */
export type ProbeValues<P extends Probes> = {
  [K in keyof P]: Exclude<P[K], undefined> extends Probe<infer T> | ((at: ProbePoint) => infer T)
    ? Stored<Awaited<T>> | null
    : never;
};

/** Values that a tap saw: row after row, the units (or channels) of one example beside each other. */
export interface Values {
  /** [m, units], or [m, height, width, channels]. */
  shape: number[];
  /** float32, row-major: the value of unit j in row i is `values[i * units + j]`, `units` the last of `shape`. */
  values: Float32Array;
}
