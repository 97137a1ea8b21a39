/**
 * Checks: two ways to the same number agree. After Karpathy's `cmp` (nn-zero-to-hero, makemore part 4), which prints
 * whether two gradients are exactly equal, approximately equal, and their largest difference; here with the tolerance
 * shown, and a failed check stops the notebook.
 */
import {
  expectArgument,
  expectOptions,
  flag,
  needed,
  notNegative,
  number,
  type Options,
  own,
  shown,
  tensor,
  text,
} from '../core/checks';
import { fmt } from '../figure/format';
import { emit } from '../figure/display';
import { inline, unmark } from './html';

/** A check that failed, and what to look at. */
export class CheckError extends Error {
  /** `CheckError`, in messages and to tell errors apart. */
  override name = 'CheckError';
}

/** A number, many numbers (nested as they like), or a tensor. */
export type Numeric = number | boolean | ArrayLike<number> | readonly Numeric[] | TensorLike;

/** What has a shape and numbers: a tensor of TensorFlow.js, for one. */
export interface TensorLike {
  /** Sizes of the axes. */
  shape: number[];
  /** The numbers, row-major. */
  dataSync(): ArrayLike<number>;
}

/** How a value is judged. Give `want`, or a bound. */
export interface CheckOptions {
  /** What was computed. */
  got: Numeric;
  /** what it must be */
  want?: Numeric;
  /** largest allowed absolute difference to `want` */
  within?: number;
  /** largest allowed difference as a share of the largest |want|; 10⁻⁵ (float32's rounding, summed) when neither is given */
  relative?: number;
  /** every value must be at most this */
  atMost?: number;
  /** every value must be at least this */
  atLeast?: number;
  /** a failure is a finding to be shown, not an error */
  finding?: boolean;
}

const CHECK_OPTIONS: Options<CheckOptions> = {
  ...{ got: needed(own), want: own, within: notNegative, relative: notNegative, atMost: number, atLeast: number },
  finding: flag,
};

/** What a check found. @internal */
export interface Comparison {
  passed: boolean;
  text: string;
}

/**
 * Checks that a value is what it must be, and shows by how much: exact, approximate, maximum difference, tolerance.
 *
 * @example check('long form = compact form', { got: dxLong, want: dxCompact, within: 1e-6 })
 * @example check('gradient sums to zero', { got: dx.sum(0).abs(), atMost: 1e-6 })
 * @example check('the loss fell', last < first)
 * @param name what must hold, as a phrase
 * @throws CheckError when it does not hold, unless `finding` is set
 * @throws TypeError when there is nothing to hold it against, or a value is not numeric
 */
export function check(name: string, options: CheckOptions | boolean): void {
  expectArgument('check', 'name', name, text);
  if (typeof options !== 'boolean') expectOptions(`check "${name}"`, options, CHECK_OPTIONS);
  const result = compare(name, typeof options === 'boolean' ? { got: options, want: true } : options);
  const finding = typeof options === 'object' && options.finding === true;
  const sign = result.passed ? '✓' : '✗';
  const color = result.passed ? '#00664b' : '#b34700';
  const tail = !result.passed && finding ? ' (a finding, not an error)' : '';
  emit(
    {
      'text/html': `<div class="bnlab-check"><strong style="color:${color}">${sign}</strong> ${inline(name)}: ${inline(result.text)}${tail}</div>`,
      'text/plain': `${sign} ${unmark(name)}: ${result.text}${tail}`,
    },
    { bnlab: { role: 'check', passed: result.passed } },
  );
  if (!result.passed && !finding) {
    throw new CheckError(
      `"${name}" does not hold: ${result.text}. Look at both sides; if the claim itself fails here, say so with verdict().`,
    );
  }
}

/** The comparison behind {@link check}. @internal */
export function compare(name: string, options: CheckOptions): Comparison {
  const got = flatten(name, 'got', options.got);
  if (got.values.length === 0) throw new TypeError(`check "${name}": got is empty; wanted at least one number.`);
  const bad = got.values.findIndex((v) => !Number.isFinite(v));
  const { want, atMost, atLeast } = options;
  if (want === undefined && atMost === undefined && atLeast === undefined) {
    throw new TypeError(`check "${name}": nothing to hold it against. Give want, atMost or atLeast.`);
  }
  const parts: string[] = [];
  let passed = true;
  if (want !== undefined) {
    const wanted = flatten(name, 'want', want);
    if (typeof options.got === 'boolean' && typeof want === 'boolean') {
      return { passed: options.got === want, text: options.got === want ? 'yes' : `no (${options.got})` };
    }
    if (got.shape && wanted.shape && got.shape.join() !== wanted.shape.join()) {
      return { passed: false, text: `shape [${got.shape}] against [${wanted.shape}]` };
    }
    if (got.values.length !== wanted.values.length) {
      return { passed: false, text: `${fmt(got.values.length)} values against ${fmt(wanted.values.length)}` };
    }
    const scale = wanted.values.reduce((m, v) => Math.max(m, Number.isFinite(v) ? Math.abs(v) : 0), 0);
    const relative = options.relative ?? (options.within === undefined ? 1e-5 : undefined);
    const tolerance = Math.max(options.within ?? 0, (relative ?? 0) * scale);
    let largest = 0;
    let at = 0;
    let exact = true;
    got.values.forEach((v, i) => {
      if (v === wanted.values[i]) return;
      exact = false;
      const difference = Math.abs(v - wanted.values[i]);
      if (Number.isNaN(difference) || difference > largest)
        [largest, at] = [Number.isNaN(difference) ? Infinity : difference, i];
    });
    const near = exact || largest <= tolerance;
    passed &&= near;
    if (got.values.length === 1) parts.push(`got ${fmt(got.values[0], 6)}, want ${fmt(wanted.values[0], 6)}`);
    parts.push(`exact: ${exact ? 'yes' : 'no'}`, `approximate: ${near ? 'yes' : 'no'}`);
    parts.push(
      `maximum difference: ${fmt(largest, 2)} (allowed: ${fmt(tolerance, 2)}${relative === undefined ? '' : `, ${fmt(relative, 2)} of the largest value`})`,
    );
    if (!near && got.values.length > 1) {
      parts.push(`first at index ${at}: got ${fmt(got.values[at], 6)}, want ${fmt(wanted.values[at], 6)}`);
    }
  } else if (bad >= 0) {
    return { passed: false, text: `value ${bad} of ${got.values.length} is ${got.values[bad]}` };
  }
  const worst = (pick: (a: number, b: number) => number) => got.values.reduce((a, b) => pick(a, b));
  if (atMost !== undefined) {
    const largest = worst(Math.max);
    passed &&= largest <= atMost;
    parts.push(`${got.values.length > 1 ? 'largest ' : ''}${fmt(largest)} (at most: ${fmt(atMost)})`);
  }
  if (atLeast !== undefined) {
    const smallest = worst(Math.min);
    passed &&= smallest >= atLeast;
    parts.push(`${got.values.length > 1 ? 'smallest ' : ''}${fmt(smallest)} (at least: ${fmt(atLeast)})`);
  }
  return { passed, text: parts.join(', ') };
}

function flatten(name: string, which: string, value: Numeric): { values: number[]; shape?: number[] } {
  if (typeof value === 'number') return { values: [value] };
  if (typeof value === 'boolean') return { values: [Number(value)] };
  if (isTensor(value)) expectArgument(`check "${name}"`, which, value, tensor);
  if (isTensor(value)) return { values: Array.from(value.dataSync()), shape: value.shape };
  if (ArrayBuffer.isView(value)) return { values: Array.from(value as unknown as ArrayLike<number>) };
  if (Array.isArray(value)) return { values: value.flatMap((v) => flatten(name, which, v as Numeric).values) };
  throw new TypeError(
    `check "${name}": ${which} must be a number, an array or a tensor, got ${typeof value === 'object' ? shown(value) : typeof value}.`,
  );
}

function isTensor(value: unknown): value is TensorLike {
  return typeof value === 'object' && value !== null && typeof (value as TensorLike).dataSync === 'function';
}
