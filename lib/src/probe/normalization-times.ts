/** How long normalizing takes, part by part and as a layer, and how it grows with the number of features. */
import {
  callback,
  counting,
  expectArgument,
  expectOptions,
  having,
  listOf,
  needed,
  notNegative,
  number,
  numbers,
  oneOf,
  type Options,
  optionsOf,
  own,
  positive,
  recordOf,
  rowsOfNumbers,
  shown,
} from '../core/checks';
import { tf, Random } from '../engine';
import { batchNorm, whiten, whiteningMatrix, WHITENINGS, type WhiteningMethod } from '../nn';
import { powerLaw, type PowerLaw } from '../statistics';

/** How {@link interleavedTimes} repeats. */
export interface RepeatOptions {
  /** Samples of each task. Default 5. */
  repeats?: number;
  /** A sample is as many calls as last so many milliseconds, and at least one. Default 4. */
  sampleMilliseconds?: number;
}

const REPEAT_OPTIONS: Options<RepeatOptions> = { repeats: own, sampleMilliseconds: positive };

/**
 * Milliseconds per call of several tasks that are timed in turn: every repeat goes through all tasks, in the other direction than the
 * one before, so that a slow moment of the machine strikes all of them. One call to warm up, and one to choose the number of calls in
 * a sample, are not counted.
 *
 * @param tasks by name; each must have finished its work when it returns (end with `dataSync` where an engine may put work off)
 * @returns by name, one number per repeat
 * @example const { bn, zca } = interleavedTimes({ bn: () => run(bnLayer), zca: () => run(zcaLayer) }, { repeats: 9 });
 * @throws RangeError for repeats that are not a whole number above 0
 */
export function interleavedTimes<N extends string>(
  tasks: Record<N, () => unknown>,
  options: RepeatOptions = {},
): Record<N, number[]> {
  expectOptions('interleavedTimes', options, REPEAT_OPTIONS);
  expectArgument('interleavedTimes', 'tasks', tasks, recordOf(callback));
  const { repeats = 5, sampleMilliseconds = 4 } = options;
  if (!Number.isInteger(repeats) || repeats < 1) {
    throw new RangeError(`interleavedTimes: repeats must be a whole number above 0, got ${shown(repeats)}.`);
  }
  const names = Object.keys(tasks) as N[];
  const sample = (name: N, calls: number) => {
    const began = performance.now();
    for (let call = 0; call < calls; call++) tasks[name]();
    return (performance.now() - began) / calls;
  };
  const calls = names.map((name) => {
    sample(name, 1);
    return Math.max(1, Math.ceil(sampleMilliseconds / Math.max(sample(name, 1), 1e-3)));
  });
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<N, number[]>;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const order = names.map((_, i) => (repeat % 2 === 0 ? i : names.length - 1 - i));
    for (const i of order) times[names[i]].push(sample(names[i], calls[i]));
  }
  return times;
}

/** What {@link normalizationTimes} can time: batch normalization, the covariance, and the inverse roots of a covariance. */
export const TIMED_PARTS = ['batch', 'covariance', 'zca', 'pca', 'cholesky', 'newton-schulz'] as const;
/** One of {@link TIMED_PARTS}. */
export type TimedPart = (typeof TIMED_PARTS)[number];

/** What {@link normalizationTimes} takes. */
export interface NormalizationTimesOptions extends RepeatOptions {
  /** m, examples in a mini-batch. */
  m: number;
  /** Numbers of features d, ascending, by part. */
  sizes: Partial<Record<TimedPart, readonly number[]>>;
  /** Of Newton-Schulz. Default 5. */
  iterations?: number;
  /** The first size of a part whose call takes longer than so many milliseconds ends its list. Default 1000. */
  longest?: number;
}

const SIZES = optionsOf<Partial<Record<TimedPart, readonly number[]>>>({
  ...{ batch: listOf(counting), covariance: listOf(counting), zca: listOf(counting), pca: listOf(counting) },
  ...{ cholesky: listOf(counting), 'newton-schulz': listOf(counting) },
});
const NORMALIZATION_TIMES_OPTIONS: Options<NormalizationTimesOptions> = {
  ...REPEAT_OPTIONS,
  ...{ m: needed(counting), sizes: needed(SIZES), iterations: own, longest: number },
};

/** Times of one part. */
export interface PartTimes {
  /** Which. */
  part: TimedPart;
  /** Numbers of features. */
  d: number[];
  /** Per repeat and size: [repeats][sizes]. */
  milliseconds: number[][];
}

/**
 * Times the parts of a normalization's forward pass on random numbers: the whole of batch normalization, O(m d); the covariance of the
 * mini-batch, O(m d^2); and its inverse square root, O(d^3), by the methods of `whiteningMatrix`. `zca`, `pca` and `cholesky` run in
 * JavaScript in float64, the others on the engine.
 *
 * @example normalizationTimes({ m: 60, sizes: { batch: [1024, 4096], zca: [32, 64, 128] } })
 * @throws RangeError as {@link interleavedTimes}
 */
export function normalizationTimes(options: NormalizationTimesOptions): PartTimes[] {
  expectOptions('normalizationTimes', options, NORMALIZATION_TIMES_OPTIONS);
  const { m, sizes, iterations, longest = 1000, ...repeat } = options;
  const random = new Random(0, 'times');
  const kept: { part: TimedPart; d: number[] }[] = [];
  const tasks: Record<string, () => void> = {};
  const inputs: tf.Tensor[] = [];
  try {
    for (const part of TIMED_PARTS) {
      const d: number[] = [];
      for (const size of sizes[part] ?? []) {
        const input = inputOf(part, m, size, random);
        inputs.push(input);
        const task = () => finish(() => compute(part, input, iterations));
        task();
        const began = performance.now();
        task();
        if (performance.now() - began > longest) break;
        tasks[`${part}/${size}`] = task;
        d.push(size);
      }
      kept.push({ part, d });
    }
    const times = interleavedTimes(tasks, repeat);
    const repeats = Object.values(times)[0]?.length ?? 0;
    return kept
      .filter(({ d }) => d.length > 0)
      .map(({ part, d }) => ({
        part,
        d,
        milliseconds: Array.from({ length: repeats }, (_, r) => d.map((size) => times[`${part}/${size}`][r])),
      }));
  } finally {
    tf.dispose(inputs);
  }
}

/** Examples [m, d], or for the roots a well-conditioned covariance [d, d]. */
function inputOf(part: TimedPart, m: number, d: number, random: Random): tf.Tensor {
  const root = part !== 'batch' && part !== 'covariance';
  const rows = root ? 2 * d : m;
  return tf.tidy(() => {
    const x = tf.tensor2d(random.normals(rows * d), [rows, d]);
    return root ? tf.div(tf.matMul(x, x, true), rows) : x;
  });
}

function compute(part: TimedPart, input: tf.Tensor, iterations?: number): tf.Tensor {
  if (part === 'batch') return batchNorm(input, null, null, { check: false }).y;
  if (part !== 'covariance') return whiteningMatrix(input, { method: part, iterations });
  const centred = tf.sub(input, tf.mean(input, 0));
  return tf.div(tf.matMul(centred, centred, true), input.shape[0]);
}

/** One number read from the result: no engine can have put the work off. */
function finish(f: () => tf.Tensor): void {
  tf.tidy(() => tf.slice(f(), [0, 0], [1, 1]).dataSync());
}

/** What {@link layerTimes} takes. */
export interface LayerTimesOptions extends RepeatOptions {
  /** m, examples in a mini-batch. */
  m: number;
  /** Width of the layer's input u. */
  inputs: number;
  /** Width of the layer, the number of features to normalize. */
  d: number;
  /** What to time beside the layer W u itself. */
  norms: readonly ('batch' | WhiteningMethod)[];
  /** Of Newton-Schulz. Default 5. */
  iterations?: number;
  /** Regularizes the covariance where m <= d. Default 1e-3. */
  epsilon?: number;
}

const LAYER_TIMES_OPTIONS: Options<LayerTimesOptions> = {
  ...REPEAT_OPTIONS,
  ...{ m: needed(counting), inputs: needed(counting), d: needed(counting), iterations: own, epsilon: notNegative },
  norms: needed(listOf(oneOf(['batch', ...WHITENINGS]))),
};

/**
 * Forward and backward time of a layer W u and of the normalizations that may follow it, in milliseconds: the layer with the gradients
 * of W and u, the normalizations with that of their input.
 *
 * @returns by name, `layer` for W u, one number per repeat
 * @example layerTimes({ m: 60, inputs: 100, d: 100, norms: ['batch', 'zca'] })
 */
export function layerTimes(options: LayerTimesOptions): Record<string, number[]> {
  expectOptions('layerTimes', options, LAYER_TIMES_OPTIONS);
  const { m, inputs, d, norms, iterations, epsilon = 1e-3, ...repeat } = options;
  const random = new Random(0, 'layer');
  const normal = (rows: number, columns: number) => tf.tensor2d(random.normals(rows * columns), [rows, columns]);
  const [u, w, dy] = [normal(m, inputs), normal(inputs, d), normal(m, d)];
  const x = tf.matMul(u, w);
  const layer = tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b));
  const backward = (norm: 'batch' | WhiteningMethod) =>
    tf.grad((z: tf.Tensor) =>
      norm === 'batch'
        ? batchNorm(z, null, null, { check: false, epsilon }).y
        : whiten(z, { method: norm, iterations, epsilon, check: false }).y,
    );
  const tasks: Record<string, () => void> = { layer: () => finish(() => layer([u, w], dy)[1]) };
  for (const norm of norms) {
    const gradient = backward(norm);
    tasks[norm] = () => finish(() => gradient(x, dy));
  }
  try {
    return interleavedTimes(tasks, repeat);
  } finally {
    tf.dispose([u, w, dy, x]);
  }
}

/** How the time of a part grows: see {@link scalingOf}. */
export interface Scaling {
  /** The law is fitted from this d on. */
  from: number;
  /** Fitted exponent of d, one per repeat. */
  exponents: number[];
  /** Fitted to the fastest repeat of each size (other work on the machine only adds), with the standard error of the exponent. */
  law: PowerLaw;
}

const PART_TIMES = having<PartTimes>('the times of a part, as normalizationTimes() gives them', {
  ...{ part: needed(own), d: needed(numbers), milliseconds: needed(rowsOfNumbers) },
});

/**
 * The power of d by which a part's time grows, fitted where its law governs: to the sizes within a factor of 8 of the largest, and of
 * these to those that take at least ten times as long as the fastest of all sizes, whose time is mostly the fixed cost of a call; in any
 * case to the largest three.
 *
 * @example scalingOf(times[0]).law.exponent
 * @throws RangeError for fewer than three sizes
 */
export function scalingOf(times: PartTimes): Scaling {
  expectArgument('scalingOf', 'times', times, PART_TIMES);
  const { part, d, milliseconds } = times;
  if (milliseconds.length === 0 || milliseconds.some((row) => row.length !== d.length)) {
    throw new RangeError(`scalingOf: wanted rows of ${d.length} times, one for each size, and at least one.`);
  }
  const fastest = d.map((_, i) => Math.min(...milliseconds.map((row) => row[i])));
  const fixed = fastest.map((time) => time < 10 * Math.min(...fastest)).lastIndexOf(true);
  const near = d.findIndex((size) => size >= d[d.length - 1] / 8);
  if (d.length < 3) throw new RangeError(`scalingOf: ${part} has ${d.length} sizes, wanted at least 3.`);
  const first = Math.min(Math.max(fixed + 1, near), d.length - 3);
  const fit = (times: number[]) => powerLaw(d.slice(first), times.slice(first));
  return { from: d[first], exponents: milliseconds.map((row) => fit(row).exponent), law: fit(fastest) };
}
