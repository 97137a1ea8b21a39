import { expectArgument, having, listOf, counting, needed, numbers, shown } from '../core/checks';
import { Random } from '../core/random';
import { StepRandom, tf } from '../engine';
import type { Layer } from '../nn';
import type { Values } from './types';
import { describe, expectFinite, expectFloatTensor } from '../nn/checks';

/** The values that a network's variables have at present, to be put back exactly (the same bits). */
export interface KeptVariables {
  /** Puts back what has been assigned since. */
  restore(): void;
  /** Frees the values; what the variables hold stays. */
  dispose(): void;
}

/** Keeps the values of a network's variables. The values are shared until something else is assigned, so nothing is copied. */
export function keepVariables({ variables }: Layer): KeptVariables {
  const kept = variables.map((variable) => tf.keep(variable.clone()));
  return {
    restore: () =>
      variables.forEach((variable, i) => {
        if (variable.dataId !== kept[i].dataId) variable.assign(kept[i]);
      }),
    dispose: () => tf.dispose(kept),
  };
}

/**
 * Runs `body` and puts every variable of the network back exactly (the same bits) afterwards, also when it throws.
 * Tensors that `body` makes are disposed unless it returns them.
 */
export function untouched<T extends tf.TensorContainer>(network: Layer, body: () => T): T {
  const before = keepVariables(network);
  try {
    return tf.tidy(body);
  } finally {
    before.restore();
    before.dispose();
  }
}

/** Dropout masks for looking at training mode: the same at every call, so that two looks see the same network. */
export function fixedNoise(seed = 0): StepRandom {
  return new StepRandom(new Random(seed, 'probe'));
}

/** Sets weights for the time of one `untouched` call: variable i becomes what `value(i)` gives. */
export function assignAll(variables: tf.Variable[], value: (i: number) => tf.Tensor): void {
  variables.forEach((v, i) => v.assign(value(i)));
}

/** Throws where one forward pass has come by a tap of this name before: what they saw would be mixed up, or the first lost. */
export function expectFirst(caller: string, network: Layer, name: string, seenBefore: boolean): void {
  if (!seenBefore) return;
  throw new RangeError(
    `${caller}: two taps of '${network.name}' are called '${name}'. Give each layer a name of its own, ` +
      "as in activation('tanh', { name: 'layer2' }).",
  );
}

/** Labels of the given variables, as the network names them. */
export function labelsOf(network: Layer, variables: tf.Variable[] = network.trainable): string[] {
  const label = new Map(Object.entries(network.named).map(([name, v]) => [v.id, name]));
  return variables.map((v) => label.get(v.id) ?? v.name);
}

/** Loss and its gradients for one batch. */
export interface LossGradients {
  loss: tf.Scalar;
  /** With respect to each trainable variable, in their order; zeros where the loss does not depend on it. */
  weights: tf.Tensor[];
  /** With respect to each tapped value, by tap name, in order of the forward pass. */
  taps: Record<string, tf.Tensor>;
}

/**
 * Loss and gradients with respect to weights and, where `tapped` says so, to the values inside. Inside `tf.tidy` or the
 * caller disposes. Moving averages do not move.
 *
 * Values inside a network are no arguments of anything, so `tf.grads` cannot name them. But TensorFlow.js looks at its list of xs
 * only after the forward pass, and the tape holds the tapped tensors themselves; so taps are added to the list during it.
 */
export function lossGradients(
  network: Layer,
  x: tf.Tensor,
  y: tf.Tensor,
  loss: (outputs: tf.Tensor, y: tf.Tensor) => tf.Scalar,
  training: boolean,
  tapped: (name: string, value: tf.Tensor) => boolean = () => false,
): LossGradients {
  const { trainable } = network;
  if (trainable.length === 0) {
    throw new RangeError(`network '${network.name}' has no trainable variable, so there is no gradient to look at.`);
  }
  const names = new Set<string>();
  const xs: tf.Tensor[] = [...trainable];
  const tap = (name: string, value: tf.Tensor) => {
    if (!tapped(name, value)) return;
    expectFirst('gradients', network, name, names.has(name));
    names.add(name);
    xs.push(value);
  };
  const forward = () => loss(network.apply(x, { training, updateStatistics: false, tap, random: fixedNoise() }), y);
  const { value, grads } = gradientsOrNothing(forward, xs);
  const zeroed = (gradient: tf.Tensor | undefined, i: number) => gradient ?? tf.zeros(xs[i].shape);
  const weights = trainable.map((_, i) => zeroed(grads[i], i));
  const taps = Object.fromEntries(
    [...names].map((name, j) => [name, zeroed(grads[trainable.length + j], trainable.length + j)]),
  );
  return { loss: value as tf.Scalar, weights, taps };
}

/**
 * `tf.engine().gradients`. What throws during the forward pass leaves the tape behind, with the tensors that each operation kept for
 * its gradient; they are disposed here.
 */
export function gradientsOrNothing(forward: () => tf.Tensor, xs: tf.Tensor[]) {
  const engine = tf.engine();
  try {
    return engine.gradients(forward, xs, undefined, true);
  } catch (error) {
    if (engine.state.gradientDepth === 0) {
      for (const node of engine.state.activeTape ?? []) tf.dispose((node as { saved?: tf.Tensor[] }).saved ?? []);
      engine.state.activeTape = null!;
    }
    throw error;
  }
}

/**
 * H v for the Hessian H of the loss with respect to the trainable variables: the gradient of g(W) v, by differentiating the gradient.
 * Exact up to rounding, where a ReLU bends as well (its second derivative is 0).
 *
 * @param v one tensor per trainable variable
 * @throws Error that names the operation, where one of the network's has no second derivative
 */
export function hessianVectorProduct(
  network: Layer,
  x: tf.Tensor,
  y: tf.Tensor,
  loss: (outputs: tf.Tensor, y: tf.Tensor) => tf.Scalar,
  training: boolean,
  v: tf.Tensor[],
): tf.Tensor[] {
  const { trainable } = network;
  const slope = () =>
    tf.addN(lossGradients(network, x, y, loss, training).weights.map((g, i) => tf.sum(tf.mul(g, v[i]))));
  const { grads } = gradientsOrNothing(slope, [...trainable]);
  return trainable.map((variable, i) => grads[i] ?? tf.zeros(variable.shape));
}

/** Values of a scalar or any tensor as numbers; the tensor stays. */
export function numbersOf(tensor: tf.Tensor): number[] {
  return Array.from(tensor.dataSync());
}

/** Norm of all of them together, accumulated in float64 from float32 values. */
export function jointNorm(tensors: tf.Tensor[]): number {
  return Math.sqrt(jointDot(tensors, tensors));
}

/** Inner product of two lists of tensors, accumulated in float64. */
export function jointDot(a: tf.Tensor[], b: tf.Tensor[]): number {
  let sum = 0;
  a.forEach((tensor, i) => {
    const left = tensor.dataSync();
    const right = b[i] === tensor ? left : b[i].dataSync();
    for (let j = 0; j < left.length; j++) sum += left[j] * right[j];
  });
  return sum;
}

const VALUES = having<Values>('values as captureActivations() gives them, { shape, values }', {
  ...{ shape: needed(listOf(counting)), values: needed(numbers) },
});

/** Throws unless these are values that a tap saw, as many as their shape says. */
export function expectValues(caller: string, values: Values, name = 'values'): void {
  expectArgument(caller, name, values, VALUES);
  const wanted = values.shape.reduce((product, size) => product * size, 1);
  if (values.shape.length > 0 && values.values.length === wanted) return;
  throw new RangeError(
    `${caller}: ${name} hold ${values.values.length} numbers, and their shape is [${values.shape.join(', ')}]; wanted as many.`,
  );
}

/** Throws unless `network` can be applied to a batch. */
export function expectNetwork(caller: string, network: Layer): void {
  if (typeof network?.apply !== 'function' || !Array.isArray(network.variables)) {
    throw new TypeError(
      `${caller}: network must be a layer or network, such as mlp(...) makes, got ${shown(network)}.`,
    );
  }
  if (network.variables.some((variable) => variable.isDisposed)) {
    throw new TypeError(
      `${caller}: network '${network.name}' was disposed and cannot be used any more. Build it anew.`,
    );
  }
}

/**
 * Throws unless x is a batch of inputs: live, float32, some rows, every value finite.
 * @param name the argument's name, first in messages after the caller
 */
export function expectInputs(caller: string, x: tf.Tensor, name = 'x'): void {
  expectFloatTensor(caller, name, x);
  if (x.rank < 2 || x.shape[0] < 1) {
    throw new RangeError(
      `${caller}: ${name} has shape [${x.shape}]; wanted [examples, ...] with at least one example.`,
    );
  }
  expectFinite(caller, name, x);
}

/** Throws unless y is a live tensor with a target for each row of x. */
export function expectTargets(caller: string, x: tf.Tensor, y: tf.Tensor): void {
  if (!(y instanceof tf.Tensor)) {
    throw new TypeError(
      `${caller}: y must be a tensor, got ${y === null ? 'null' : typeof y}. Labels: oneHotLabels(labels, classes).`,
    );
  }
  if (y.isDisposed) throw new TypeError(`${caller}: y (${describe(y)}) was disposed before this call.`);
  if (y.shape[0] !== x.shape[0]) {
    throw new RangeError(`${caller}: x has ${x.shape[0]} examples but y has ${y.shape[0] ?? 'none'}; wanted as many.`);
  }
}

/** Checks the batch every probe takes: inputs, and targets where the probe takes them. */
export function expectBatch(caller: string, x: tf.Tensor, y?: tf.Tensor): void {
  expectInputs(caller, x);
  if (y) expectTargets(caller, x, y);
}
