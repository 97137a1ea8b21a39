/**
 * Rules and what they say of values. A rule is a condition on one value; few values are asked one by one, many through the
 * bootstrap interval of their median. Loads nothing heavy, because the command line reads it too.
 */
import { callback, expectArguments, finite, text as aString } from '../core/checks';
import { medianInterval } from '../statistics';
import { fmt } from '../figure/format';

/** What a value must satisfy for a claim to hold: words that the reader sees, and the condition. */
export interface Rule {
  /** The condition in words, for the report. */
  text: string;
  /** The same for values that are shares and shown as percent; `text` unless told. */
  percentText?: string;
  /** Whether one value satisfies it. */
  accepts(value: number): boolean;
  /** From where to where values satisfy it, where that is one stretch. */
  range?: readonly [number, number];
  /** Whether a value may lie on one side only: then chance alone puts n values there once in 2^n times. */
  oneSided?: boolean;
}

/** Rules for verdicts: what every value, or the whole interval of the median, must satisfy. See `verdict`. */
export const rule = {
  /** the value is above `limit` */
  above(limit: number): Rule {
    expectArguments('rule.above', { limit: [limit, finite] });
    const accepts = (v: number) => v > limit;
    return { ...spoken((show) => `the value is above ${show(limit)}`), accepts, oneSided: true };
  },
  /** the value is below `limit` */
  below(limit: number): Rule {
    expectArguments('rule.below', { limit: [limit, finite] });
    const accepts = (v: number) => v < limit;
    return { ...spoken((show) => `the value is below ${show(limit)}`), accepts, oneSided: true };
  },
  /** the value is between `low` and `high` */
  between(low: number, high: number): Rule {
    expectArguments('rule.between', { low: [low, finite], high: [high, finite] });
    const accepts = (v: number) => v >= low && v <= high;
    return { ...spoken((show) => `the value is between ${show(low)} and ${show(high)}`), accepts, range: [low, high] };
  },
  /** the value is within `tolerance` of `target` */
  near(target: number, tolerance: number): Rule {
    expectArguments('rule.near', { target: [target, finite], tolerance: [tolerance, finite] });
    const accepts = (v: number) => Math.abs(v - target) <= tolerance;
    const range = [target - tolerance, target + tolerance] as const;
    return { ...spoken((show) => `the value is ${show(target)} ± ${show(tolerance)}`), accepts, range };
  },
  /** any other condition on a value: say it in words, and decide in code */
  custom(text: string, accepts: (value: number) => boolean): Rule {
    expectArguments('rule.custom', { text: [text, aString], accepts: [accepts, callback] });
    return { text, accepts };
  },
};

function spoken(words: (show: (limit: number) => string) => string): { text: string; percentText: string } {
  return {
    text: words((limit) => fmt(limit)),
    percentText: words((limit) => `${fmt(Number((100 * limit).toPrecision(12)))}%`),
  };
}

/** Values and what they amount to. @internal */
export interface Summary {
  values: readonly number[];
  n: number;
  median: number;
  /** 95% bootstrap interval of the median, from ten values on */
  interval?: { low: number; high: number };
}

/** Median and, from ten values on, its interval. @internal */
export function summarize(values: readonly number[]): Summary {
  const { median, n, low, high, ends } = medianInterval(values);
  return { values, n, median, ...(ends === 'bootstrap' ? { interval: { low, high } } : {}) };
}

/**
 * The verdict of a rule on values, before limits and fairness are considered.
 * @param values one per seed, or whatever was drawn
 * @internal
 */
export function judgeValues(rule: Rule, values: readonly number[]): 'holds' | 'undecided' | 'contradicted' {
  return judge(rule, summarize(values));
}

/** The verdict of a rule on a summary, before limits and fairness are considered. @internal */
export function judge(rule: Rule, { values, median, interval }: Summary): 'holds' | 'undecided' | 'contradicted' {
  const asked = interval ? [interval.low, median, interval.high] : values;
  if (asked.every((v) => rule.accepts(v))) return 'holds';
  if (asked.some((v) => rule.accepts(v))) return 'undecided';
  // Around a narrow range all may lie outside, and on both sides of it.
  const straddles = rule.range && asked.some((v) => v < rule.range![0]) && asked.some((v) => v > rule.range![1]);
  return straddles ? 'undecided' : 'contradicted';
}
