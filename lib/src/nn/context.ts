/** What a layer is told when it is applied, and the check of it. */
import { nearest, shown } from '../core/checks';
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
  /**
   * Which positions of the mini-batch count, of booleans or of 0 and 1: the shape of what is normalized without its features, such as
   * [batch, length] of padded sequences. Batch normalization looks at no other; what works row by row or pixel by pixel lets it pass, and a
   * layer with other statistics of several rows or pixels refuses it.
   */
  readonly mask?: tf.Tensor;
}

/** Throws unless a layer is told whether it is trained: what is left out would be taken for inference. */
export function expectTraining(where: string, context: { readonly training: boolean } | undefined): void {
  if (typeof context?.training !== 'boolean') {
    const given = isObject(context) ? `training: ${shown(context.training)}` : shown(context);
    throw new TypeError(
      `${where}: apply(x, { training }) must say whether this is training, true or false; got ${given}.`,
    );
  }
  expectContext(where, context);
}

const CONTEXT = ['training', 'random', 'tap', 'updateStatistics', 'mask'];

/**
 * Throws when a layer is applied without a context, as in `apply(x)`, or with a misspelt entry. A layer of the caller's own may want
 * entries of its own in it; so only what is nearly one of ours is refused.
 */
export function expectContext(where: string, context: object | undefined): void {
  if (!isObject(context)) {
    throw new TypeError(
      `${where}: apply(x, context) wants to be told whether this is training, as in apply(x, { training: false }); got ${shown(context)}.`,
    );
  }
  const { random, tap, updateStatistics } = context as { random?: unknown; tap?: unknown; updateStatistics?: unknown };
  if (tap !== undefined && typeof tap !== 'function') {
    throw new TypeError(`${where}: tap must be a function of (name, value), got ${shown(tap)}.`);
  }
  if (updateStatistics !== undefined && typeof updateStatistics !== 'boolean') {
    throw new TypeError(`${where}: updateStatistics must be true or false, got ${shown(updateStatistics)}.`);
  }
  if (random !== undefined && typeof (random as { bernoulli?: unknown } | null)?.bernoulli !== 'function') {
    throw new TypeError(`${where}: random must have a method bernoulli(keep, shape), got ${shown(random)}.`);
  }
  for (const name of Object.keys(context)) {
    if (CONTEXT.includes(name)) continue;
    const meant = nearest(name, CONTEXT);
    if (meant !== undefined) throw new RangeError(`${where}: the context holds '${name}'. Did you mean '${meant}'?`);
  }
}

/** Throws where a layer whose statistics are of several rows or pixels is given a mask that it would not look at. */
export function expectNoMask(where: string, context: ApplyContext): void {
  if (context.mask === undefined) return;
  throw new RangeError(
    `${where}: a mask was given, and this layer has none. Take out the rows that do not count, or use batchNormLayer.`,
  );
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
