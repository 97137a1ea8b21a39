/** From examples to tensors and mini-batches. */
import { needed, numbers, type Options, own, random as stream, shown } from '../core/checks';
import { Random } from '../core/random';
import { tf } from '../engine';
import { tensorOfLevels } from '../engine/levels';
import { alike, kindOf } from './arrays';
import { expectArgument, expectOptions } from './checks';
import { DataError } from './errors';
import { checkExamples, type Examples } from './examples';

/** Options of `toTensors`. */
export interface TensorOptions {
  /**
   * `'grey'` (default): bytes as value / 255, floating-point numbers as they are. `'binary'`: 1 where that is at least 0.5, else
   * 0, as in the paper's section 4.1.
   */
  pixels?: 'grey' | 'binary';
  /** Take only the first so many examples; all by default. */
  limit?: number;
}

const TENSOR_OPTIONS: Options<TensorOptions> = { pixels: own, limit: own };

/** Pictures and labels as a network takes them. */
export interface TensorPair {
  /** Pictures, float32 [n, height * width * channels], of MNIST [n, 784]; between 0 and 1 where they are bytes. */
  x: tf.Tensor2D;
  /** Labels one-hot, float32 [n, classes]. */
  y: tf.Tensor2D;
}

/**
 * Puts examples into tensors. The caller disposes `x` and `y`.
 *
 * @param examples `n` pictures and labels
 * @param options pixels `'grey'` or `'binary'`; `limit` to take the first few
 * @returns `x` float32 [n, height * width * channels], of MNIST [n, 784], and `y` one-hot float32 [n, classes]
 * @throws DataError `argument` when `limit` is not a whole number from 1 to n, or the examples' counts do not fit together
 */
export function toTensors(examples: Examples, options: TensorOptions = {}): TensorPair {
  const { pixels: size, classCount } = checkExamples('toTensors', examples);
  expectOptions('toTensors', options, TENSOR_OPTIONS);
  const { pixels = 'grey', limit = examples.n } = options;
  wantInteger('toTensors: limit', limit, 1, examples.n);
  if (pixels !== 'grey' && pixels !== 'binary') {
    throw new DataError('argument', `toTensors: pixels ${shown(pixels)}; wanted 'grey' or 'binary'.`);
  }
  const images = examples.images.subarray(0, limit * size);
  const shape: [number, number] = [limit, size];
  const x = isLevels(images) ? tensorOfLevels(images, shape, pixels) : tf.tensor2d(pixelValues(images, pixels), shape);
  const y = new Float32Array(limit * classCount);
  for (let i = 0; i < limit; i++) y[i * classCount + examples.labels[i]] = 1;
  return { x: x as tf.Tensor2D, y: tf.tensor2d(y, [limit, classCount]) };
}

const isLevels = (images: Uint8Array | Float32Array): images is Uint8Array => kindOf(images) === 'Uint8Array';

function pixelValues(images: Float32Array, pixels: 'grey' | 'binary'): Float32Array {
  const x = Float32Array.from(images);
  if (pixels === 'grey') return x;
  for (let i = 0; i < x.length; i++) {
    if (!(x[i] >= 0 && x[i] <= 1)) {
      const given = `toTensors: pixels 'binary' with the value ${x[i]} at position ${i}`;
      throw new DataError(
        'argument',
        `${given}; wanted values from 0 to 1, or pixels 'grey', which takes them as they are.`,
      );
    }
    x[i] = +(x[i] >= 0.5);
  }
  return x;
}

/** Options of `batchIndices`. */
export interface BatchOptions {
  /** Number of examples to draw from. */
  n: number;
  /** Examples in a mini-batch, the paper's m; at most `n`. */
  batchSize: number;
  /** Number of mini-batches. */
  steps: number;
  /** Where the order comes from; the same stream gives the same batches. */
  random: Random;
  /**
   * What becomes of the `n % batchSize` examples left at the end of an epoch. `'drop'` (default): they sit this epoch out
   * (others do in the next), and no batch holds an example twice. `'wrap'`: the batch is filled up from the next
   * epoch's order, every example is seen equally often, and such a batch can hold an example twice.
   */
  remainder?: 'drop' | 'wrap';
}

const BATCH_OPTIONS: Options<BatchOptions> = {
  ...{ n: needed(own), batchSize: needed(own), steps: needed(own), random: needed(stream), remainder: own },
};

/**
 * Row numbers of mini-batches: epoch after epoch of the whole data set, each in a new random order (sampling
 * without replacement). The paper does not say how it draws its mini-batches.
 *
 * @returns `steps * batchSize` row numbers below `n`; step `s` is `subarray(s * batchSize, (s + 1) * batchSize)`
 * @throws DataError `argument` when a count is not a whole number of at least 1, or `batchSize` exceeds `n`
 */
export function batchIndices(options: BatchOptions): Int32Array {
  expectOptions('batchIndices', options, BATCH_OPTIONS);
  const { n, batchSize, steps, random, remainder = 'drop' } = options;
  wantInteger('batchIndices: n', n, 1);
  wantInteger('batchIndices: batchSize', batchSize, 1, n);
  wantInteger('batchIndices: steps', steps, 1);
  wantRows('batchIndices', steps, batchSize);
  if (remainder !== 'drop' && remainder !== 'wrap') {
    throw new DataError('argument', `batchIndices: remainder ${shown(remainder)}; wanted 'drop' or 'wrap'.`);
  }
  const perEpoch = remainder === 'drop' ? n - (n % batchSize) : n;
  const out = new Int32Array(steps * batchSize);
  for (let start = 0; start < out.length; start += perEpoch) {
    out.set(random.permutation(n).subarray(0, Math.min(perEpoch, out.length - start)), start);
  }
  return out;
}

/** Options of `stratifiedBatchIndices` and `oneClassBatchIndices`. */
export interface LabelledBatchOptions {
  /** Class of each example. */
  labels: Uint8Array | Int32Array;
  /** Examples in a mini-batch. */
  batchSize: number;
  /** Number of mini-batches. */
  steps: number;
  /** Where the order comes from. */
  random: Random;
}

const LABELLED_BATCH_OPTIONS: Options<LabelledBatchOptions> = {
  ...{ labels: needed(numbers), batchSize: needed(own), steps: needed(own), random: needed(stream) },
};

/**
 * Row numbers of mini-batches in which the classes are as equal as can be: counts differ by at most one, and which
 * classes get the one more changes from batch to batch. Within a class, rows come in epochs of random orders. The order
 * inside a batch is random.
 *
 * @returns `steps * batchSize` row numbers; step `s` is `subarray(s * batchSize, (s + 1) * batchSize)`
 * @throws DataError `argument` on a count below 1 or no labels
 */
export function stratifiedBatchIndices(options: LabelledBatchOptions): Int32Array {
  expectOptions('stratifiedBatchIndices', options, LABELLED_BATCH_OPTIONS);
  const { labels, batchSize, steps, random } = options;
  wantInteger('stratifiedBatchIndices: batchSize', batchSize, 1);
  wantInteger('stratifiedBatchIndices: steps', steps, 1);
  wantRows('stratifiedBatchIndices', steps, batchSize);
  const decks = classDecks(labels, random, 'stratifiedBatchIndices');
  const out = new Int32Array(steps * batchSize);
  for (let step = 0; step < steps; step++) {
    const classes = random.permutation(decks.length);
    const rows = Array.from({ length: batchSize }, (_, i) => decks[classes[i % decks.length]]());
    const order = random.permutation(batchSize);
    for (let i = 0; i < batchSize; i++) out[step * batchSize + i] = rows[order[i]];
  }
  return out;
}

/**
 * Row numbers of mini-batches that hold one class each, the classes in rounds of random orders: the input under which
 * batch normalization's batch statistics and its population statistics part ways.
 *
 * @returns `steps * batchSize` row numbers; step `s` is `subarray(s * batchSize, (s + 1) * batchSize)`
 * @throws DataError `argument` on a count below 1 or no labels
 */
export function oneClassBatchIndices(options: LabelledBatchOptions): Int32Array {
  expectOptions('oneClassBatchIndices', options, LABELLED_BATCH_OPTIONS);
  const { labels, batchSize, steps, random } = options;
  wantInteger('oneClassBatchIndices: batchSize', batchSize, 1);
  wantInteger('oneClassBatchIndices: steps', steps, 1);
  wantRows('oneClassBatchIndices', steps, batchSize);
  const decks = classDecks(labels, random, 'oneClassBatchIndices');
  const classes = endless(decks.length, random.child('classes'));
  const out = new Int32Array(steps * batchSize);
  for (let step = 0; step < steps; step++) {
    const deck = decks[classes()];
    for (let i = 0; i < batchSize; i++) out[step * batchSize + i] = deck();
  }
  return out;
}

/**
 * A smaller set with the same classes: `n` different examples, the class counts within one of each other, in random
 * order, copied.
 *
 * @param examples where to draw from
 * @param n how many, at most as many as there are
 * @param random which ones, and in which order
 * @throws DataError `argument` when a class has too few examples for its share
 */
export function subset<E extends Examples>(examples: E, n: number, random: Random): E {
  checkExamples('subset', examples);
  expectArgument('subset', 'random', random, stream);
  wantInteger('subset: n', n, 1, examples.n);
  const byClass = rowsByClass(examples.labels);
  const order = random.permutation(byClass.length);
  const share = Array.from({ length: byClass.length }, () => Math.floor(n / byClass.length));
  for (let i = 0; i < n % byClass.length; i++) share[order[i]]++;
  const rows = byClass.flatMap((mine, k) => {
    if (share[k] > mine.length) {
      const given = `${mine.length} examples of class ${examples.labels[mine[0]]}`;
      throw new DataError('argument', `subset: ${given}; wanted ${share[k]} for a balanced ${n}. Ask for fewer.`);
    }
    return [...random.permutation(mine.length).subarray(0, share[k])].map((i) => mine[i]);
  });
  return examplesAt(
    examples,
    Int32Array.from(random.permutation(n), (i) => rows[i]),
  );
}

/**
 * The examples at the given rows, copied, in that order; a row may come up more than once.
 *
 * @throws DataError `argument` when a row is not a whole number below `examples.n`
 */
export function examplesAt<E extends Examples>(examples: E, rows: ArrayLike<number>): E {
  const { pixels } = checkExamples('examplesAt', examples);
  expectArgument('examplesAt', 'rows', rows, numbers);
  const { n, shape, classCount } = examples;
  const images = alike(examples.images, rows.length * pixels);
  const labels = alike(examples.labels, rows.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    wantInteger('examplesAt: row', row, 0, n - 1);
    images.set(examples.images.subarray(row * pixels, (row + 1) * pixels), i * pixels);
    labels[i] = examples.labels[row];
  }
  return { images, labels, n: rows.length, ...(shape && { shape }), ...(classCount && { classCount }) } as E;
}

/** Rows of each class that occurs, classes in order. */
function rowsByClass(labels: Uint8Array | Int32Array): number[][] {
  const rows = new Map<number, number[]>();
  labels.forEach((label, row) => {
    const mine = rows.get(label);
    if (mine) mine.push(row);
    else rows.set(label, [row]);
  });
  return [...rows.keys()].sort((a, b) => a - b).map((label) => rows.get(label)!);
}

/** One endless source of rows per class. */
function classDecks(labels: Uint8Array | Int32Array, random: Random, caller: string): (() => number)[] {
  if (labels.length === 0) throw new DataError('argument', `${caller}: no labels; wanted one per example.`);
  return rowsByClass(labels).map((rows) => {
    const next = endless(rows.length, random.child(`class${labels[rows[0]]}`));
    return () => rows[next()];
  });
}

/** Deals 0 .. n - 1 in random order, then in another, without end. */
function endless(n: number, random: Random): () => number {
  let order: Int32Array = new Int32Array(0);
  let next = 0;
  return () => {
    if (next === order.length) {
      order = random.permutation(n);
      next = 0;
    }
    return order[next++];
  };
}

/** Throws when the row numbers of so many batches do not fit into an array. */
function wantRows(where: string, steps: number, batchSize: number): void {
  if (steps * batchSize <= MOST_ROWS) return;
  const given = `${steps} steps of ${batchSize} examples`;
  throw new DataError(
    'argument',
    `${where}: ${given}; wanted at most ${MOST_ROWS} row numbers in all. Draw them in parts.`,
  );
}

const MOST_ROWS = 2 ** 30;

function wantInteger(what: string, value: number, low: number, high = Number.MAX_SAFE_INTEGER): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `from ${low} to ${high}`;
  throw new DataError('argument', `${what} is ${shown(value)}; wanted a whole number ${range}.`);
}
