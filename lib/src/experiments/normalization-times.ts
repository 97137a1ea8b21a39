/** How long the parts of a normalization take, and how that grows with the number of features. */
import {
  counting,
  expectArgument,
  expectOptions,
  having,
  listOf,
  needed,
  number,
  numbers,
  type Options,
  optionsOf,
  own,
  positive,
  rowsOfNumbers,
} from '../core/checks';
import { Random } from '../core/random';
import { tf } from '../engine';
import { batchNorm, whiteningMatrix } from '../nn';
import { powerLaw, type PowerLaw } from '../statistics';
import { type Definition } from './experiment';
import { finish, interleavedTimes, REPEAT_OPTIONS, type RepeatOptions } from './interleaved-times';

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

/** {@link NormalizationTimesOptions} as data. */
export type NormalizationTimesSpec = Required<NormalizationTimesOptions>;

export const definition: Definition<NormalizationTimesSpec, { parts: PartTimes[] }> = {
  name: 'normalization-times',
  version: 1,
  question: 'How does the time of the parts of a normalization grow with the number of features, on this machine?',
  whenAborted: 'throws',
  defaults: {
    ...{ m: 60, iterations: 5, longest: 1000, repeats: 5, sampleMilliseconds: 4 },
    sizes: { batch: [256, 1024, 4096], covariance: [64, 256, 1024], zca: [16, 32, 64] },
  },
  options: {
    ...{ m: needed(counting), sizes: needed(SIZES), iterations: needed(counting), longest: needed(positive) },
    ...{ repeats: needed(counting), sampleMilliseconds: needed(positive) },
  },
  compute: async (options) => ({ parts: normalizationTimes(options) }),
};
