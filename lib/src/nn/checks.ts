/** Argument checks shared by this room. Each message says where, what was given, what was wanted, and what to do. */
import { expectArgument, list, nearest, own, type Options, shown } from '../core/checks';
import { insideStep, tf } from '../engine';

/** The options of a layer that has none but its name, which the layer itself looks at. */
export const NAME_OPTION: Options<{ name?: string }> = { name: own };

/** `float32 [60, 100]`, as messages name a tensor. */
export function describe(x: tf.Tensor): string {
  return `${x.dtype} [${x.shape.join(', ')}]`;
}

/**
 * Throws unless `x` is a live float32 tensor of one of the given ranks.
 * @param where the function's name, first in the message
 * @param name the argument's name
 */
export function expectFloatTensor(
  where: string,
  name: string,
  x: unknown,
  ranks?: readonly number[],
): asserts x is tf.Tensor {
  if (!(x instanceof tf.Tensor)) {
    throw new TypeError(
      `${where}: ${name} must be a tensor, got ${x === null ? 'null' : typeof x}. Make one with tf.tensor(...).`,
    );
  }
  if (x.isDisposed) {
    throw new TypeError(
      `${where}: ${name} (${describe(x)}) was disposed before this call. Use it inside the tf.tidy that made it, or tf.keep it.`,
    );
  }
  if (x.dtype !== 'float32') {
    throw new TypeError(`${where}: ${name} must be float32, got ${describe(x)}. Convert it with ${name}.toFloat().`);
  }
  if (ranks && !ranks.includes(x.rank)) {
    throw new RangeError(
      `${where}: ${name} must have rank ${ranks.join(' or ')} (${ranks.map((r) => LAYOUT[r] ?? r).join(' or ')}), ` +
        `got ${describe(x)}. Reshape it.`,
    );
  }
}

const LAYOUT: Record<number, string> = { 1: '[d]', 2: '[m, d]', 4: '[batch, height, width, channels]' };

/** Throws when a tensor holds nothing. */
export function expectFilled(where: string, name: string, x: tf.Tensor): void {
  if (x.size === 0) throw new RangeError(`${where}: ${name} is empty (${describe(x)}).`);
}

/** Throws unless `v` is a float32 vector with one entry per feature (last axis) of x. */
export function expectPerFeature(where: string, name: string, v: unknown, features: number): asserts v is tf.Tensor {
  expectFloatTensor(where, name, v);
  if (v.rank !== 1 || v.shape[0] !== features) {
    throw new RangeError(
      `${where}: ${name} must have shape [${features}], one entry per feature, got [${v.shape.join(', ')}].`,
    );
  }
}

/** Throws unless x has the given number of features on its last axis. */
export function expectFeatures(where: string, x: tf.Tensor, features: number): void {
  const given = x.shape[x.rank - 1];
  if (given !== features) {
    throw new RangeError(`${where}: made for ${features} features (last axis), got ${given} in ${describe(x)}.`);
  }
}

/** Throws unless epsilon is a finite number above 0, or exactly 0 where that is asked for. */
export function expectEpsilon(where: string, epsilon: number, allowZero = false): void {
  if (typeof epsilon !== 'number' || !Number.isFinite(epsilon) || epsilon < 0 || (epsilon === 0 && !allowZero)) {
    throw new RangeError(
      `${where}: epsilon must be a finite number above 0, got ${shown(epsilon)}. ` +
        'The usual value is 1e-5; exact arithmetic takes { epsilon: 0, allowZeroEpsilon: true }.',
    );
  }
}

/** Throws unless decay is a number in [0, 1]. */
export function expectDecay(where: string, decay: number): void {
  if (typeof decay !== 'number' || !(decay >= 0 && decay <= 1)) {
    throw new RangeError(
      `${where}: decay must be in [0, 1], got ${shown(decay)}. It is the weight of the past: moving = decay*moving + (1-decay)*batch.`,
    );
  }
}

/** A value for a message: what is a single word as it is, between quotes where they are given, anything else described. */
const plainly = (value: unknown, quote = '') =>
  (typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'symbol'
    ? shown(value)
    : `${quote}${String(value)}${quote}`;

/** Throws unless rate, of dropout, is a number in [0, 1). */
export function expectRate(where: string, rate: number): void {
  if (typeof rate !== 'number' || !(rate >= 0 && rate < 1)) {
    throw new RangeError(
      `${where}: rate must be in [0, 1), got ${shown(rate, '')}. It is the share of the values set to 0.`,
    );
  }
}

/** Throws unless n is a whole number, at least `least`. */
export function expectCount(where: string, name: string, n: number, least = 1): void {
  if (!Number.isInteger(n) || n < least) {
    throw new RangeError(`${where}: ${name} must be a whole number, at least ${least}, got ${shown(n)}.`);
  }
}

/** Most numbers that a tensor holds: TensorFlow counts them in 32 bits. */
const LARGEST = 2 ** 31 - 1;

/** The number of entries of a shape. Throws, before memory is asked for, when a size is none or a tensor cannot hold them. */
export function expectSize(where: string, name: string, shape: readonly number[]): number {
  Array.from(shape, (size, i) => expectCount(where, `shape[${i}]`, size));
  const total = shape.reduce((product, size) => product * size, 1);
  if (total > LARGEST) {
    throw new RangeError(
      `${where}: [${shape.join(', ')}] would be ${total} ${name}; a tensor holds at most ${LARGEST}.`,
    );
  }
  return total;
}

/** Throws unless `value` is one of the `wanted` names. */
export function expectOneOf<T extends string>(
  where: string,
  name: string,
  value: string,
  wanted: readonly T[],
): asserts value is T {
  if (!(wanted as readonly string[]).includes(value)) {
    const meant = typeof value === 'string' ? nearest(value, wanted) : undefined;
    const hint = meant === undefined ? '' : ` Did you mean '${meant}'?`;
    throw new RangeError(`${where}: ${name} must be one of ${wanted.join(', ')}; got ${plainly(value, "'")}.${hint}`);
  }
}

/** Throws when x holds NaN or infinity. Reads one number from the device; inside `compile`, where nothing can be read, it does nothing. */
export function expectFinite(where: string, name: string, x: tf.Tensor): void {
  if (insideStep()) return;
  const bad = tf.tidy(() => tf.sum(tf.logicalNot(tf.isFinite(x)).toFloat()).dataSync()[0]);
  if (bad > 0) {
    throw new RangeError(
      `${where}: ${name} (${describe(x)}) holds ${bad} value${bad === 1 ? ' that is' : 's that are'} NaN or infinite. ` +
        'One such value spoils the statistics of its whole mini-batch. Look for the step that made it, or whether the data hold it.',
    );
  }
}

/** Throws when a mean is not finite, or a variance negative or not finite. Reads d numbers each; inside `compile` it does nothing. */
export function expectStatistics(where: string, mean: tf.Tensor, variance: tf.Tensor): void {
  if (insideStep()) return;
  for (const [name, vector] of Object.entries({ mean, variance })) {
    const values = vector.dataSync() as Float32Array;
    const bad = values.findIndex((value) => !Number.isFinite(value) || (name === 'variance' && value < 0));
    if (bad < 0) continue;
    const wanted = name === 'variance' ? 'finite numbers, none negative' : 'finite numbers';
    throw new RangeError(`${where}: ${name}[${bad}] is ${values[bad]}; wanted ${wanted}.`);
  }
}

/** Throws when a standard deviation is not a finite number above 0. Reads d numbers; inside `compile` it does nothing. */
export function expectDeviation(where: string, name: string, deviation: tf.Tensor): void {
  if (insideStep()) return;
  const values = deviation.dataSync() as Float32Array;
  const bad = values.findIndex((value) => !(Number.isFinite(value) && value > 0));
  if (bad >= 0) throw new RangeError(`${where}: ${name}[${bad}] is ${values[bad]}; wanted finite numbers above 0.`);
}

/** Throws unless value is a finite number. */
export function expectNumber(where: string, name: string, value: number): void {
  if (!Number.isFinite(value)) throw new RangeError(`${where}: ${name} must be a finite number, got ${shown(value)}.`);
}

/**
 * Throws when the statistics of x are not finite, which they are exactly where x holds NaN or infinity, or spreads beyond
 * float32. Reads d numbers; inside `compile`, where nothing can be read, it does nothing.
 */
export function expectFiniteStatistics(where: string, x: tf.Tensor, variance: tf.Tensor): void {
  if (insideStep() || (variance.dataSync() as Float32Array).every(Number.isFinite)) return;
  expectFinite(where, 'x', x);
  throw new RangeError(
    `${where}: the variance of x (${describe(x)}) is beyond float32: some |x - mu| is above 1.8e19. Scale x down.`,
  );
}

/**
 * Throws unless the tensor has the wanted shape; `null` matches any size. Returns the tensor, so that it can stand where
 * the tensor is born: `const u = expectShape(tf.matMul(x, w), [60, null], 'u')`.
 * @throws RangeError with both shapes; TypeError when it is no tensor
 */
export function expectShape<T extends tf.Tensor>(x: T, wanted: readonly (number | null)[], name = 'tensor'): T {
  expectArgument('expectShape', 'wanted', wanted, list);
  if (!(x instanceof tf.Tensor))
    throw new TypeError(`${name}: wanted a tensor, got ${x === null ? 'null' : typeof x}.`);
  if (x.rank !== wanted.length || wanted.some((size, i) => size !== null && size !== x.shape[i])) {
    const shown = wanted.map((size) => size ?? 'any').join(', ');
    throw new RangeError(`${name}: wanted shape [${shown}], got [${x.shape.join(', ')}].`);
  }
  return x;
}
