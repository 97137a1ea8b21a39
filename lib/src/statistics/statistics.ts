/**
 * Statistics over seeds and over sweeps: medians, quantile bands, bootstrap intervals, fitted lines with their errors.
 * Medians, quantiles, regression and moments come from simple-statistics; what it lacks (bands, seeded bootstrap,
 * standard errors) is here.
 */
import * as simple from 'simple-statistics';
import {
  callback,
  expectArgument,
  expectArguments,
  expectOptions,
  listOf,
  number,
  numbers as numberList,
  type Options,
  whole,
} from '../core/checks';
import { Random } from '../core/random';

/** The outer quantiles of every band over seeds, those of the paper's Figure 1. */
export const BAND_QUANTILES = [0.15, 0.85] as const;

/** Median and the two outer quantiles of many series, point by point: what a band figure draws. */
export interface QuantileBand {
  /** Per point. */
  median: number[];
  /** Lower quantile, per point. */
  low: number[];
  /** Upper quantile, per point. */
  high: number[];
}

/** An estimate and the two ends of its interval. */
export interface Interval {
  /** The statistic of the sample itself. */
  estimate: number;
  /** Lower end. */
  low: number;
  /** Upper end. */
  high: number;
}

/** Least-squares line y = intercept + slope x. */
export interface LinearFit {
  /** Units of y per unit of x. */
  slope: number;
  /** y at x = 0. */
  intercept: number;
  /** Standard error of the slope, sqrt(SSR / (n - 2) / Sxx). NaN for two points: they leave nothing to judge it by. */
  slopeError: number;
  /** Share of the variance of y that the line explains; 1 for constant y that the line meets exactly. */
  r2: number;
}

/** y = factor x^exponent, fitted as a line on log-log axes. */
export interface PowerLaw {
  /** Slope on log-log axes. */
  exponent: number;
  /** Standard error of the exponent; NaN for two points. */
  exponentError: number;
  /** y at x = 1. */
  factor: number;
}

/** Line y = intercept + slope x, fitted to y by shares: see {@link relativeLinearFit}. */
export interface RelativeLinearFit {
  /** Units of y per unit of x. */
  slope: number;
  /** y at x = 0. */
  intercept: number;
  /** The largest distance of the line from a point, as a share of its y. */
  largestError: number;
}

/** Which statistic, how wide, and which random numbers: see {@link bootstrapInterval}. */
export interface BootstrapOptions {
  /** Function of a sample; default {@link median}. */
  statistic?: (xs: number[]) => number;
  /** Coverage aimed at, between 0 and 1; default 0.95. */
  level?: number;
  /** Seed of the resampling; default 0, so that a figure repeats. */
  seed?: number;
  /** Number of resamples, at least 100; default 2000. */
  resamples?: number;
}

const BOOTSTRAP: Options<BootstrapOptions> = { statistic: callback, level: number, seed: whole, resamples: number };

/**
 * The middle value; the mean of the two middle ones when their number is even.
 *
 * @example median([3, 1, 2]) // 2
 * @throws RangeError for no values, or a NaN among them
 */
export function median(xs: ArrayLike<number>): number {
  return simple.medianSorted(sorted('median', xs));
}

/**
 * The quantile q of a sample by linear interpolation at position (n - 1) q (type 7 of Hyndman & Fan 1996, the default
 * of NumPy and R).
 *
 * @param q between 0 and 1: 0.15, 0.5 and 0.85 are the percentiles of the paper's Figure 1
 * @example quantile([0, 10], 0.15) // 1.5
 * @throws RangeError for no values, a NaN among them, or q outside [0, 1]
 */
export function quantile(xs: ArrayLike<number>, q: number): number {
  return quantiles(xs, [q])[0];
}

/**
 * Several quantiles of one sample, sorted once: the rule of {@link quantile}.
 *
 * @example quantiles([0, 10, 20], [0.15, 0.5, 0.85]) // [3, 10, 17]
 */
export function quantiles(xs: ArrayLike<number>, qs: number[]): number[] {
  expectArguments('quantile', { xs: [xs, numberList], q: [qs, listOf(number)] });
  for (const q of qs) {
    if (!(q >= 0 && q <= 1)) {
      throw new RangeError(`quantile: q must be between 0 and 1, got ${q}. For percentiles, divide by 100.`);
    }
  }
  const n = xs.length;
  // Selection is six times faster than sorting a million activations. Not near the lower end: simple-statistics 7.12 takes a right
  // border of 0 for none given, and then disturbs what it selected before.
  if (n >= 1000 && qs.every((q) => q * (n - 1) >= 2)) {
    const found = simple.quantile(numbers('quantile', xs) as unknown as number[], qs);
    // NaN: interpolated between two infinities, which the lines below tell apart.
    if (!found.some(Number.isNaN)) return found;
  }
  const values = sorted('quantile', xs);
  return qs.map((q) => {
    const value = simple.quantileSorted(values, q);
    const below = values[Math.floor(q * (n - 1))];
    return Number.isNaN(value) && below === values[Math.ceil(q * (n - 1))] ? below : value;
  });
}

/**
 * Median and outer quantiles over seeds, at each point of the series.
 *
 * @param seriesPerSeed one series per seed, all of the same length
 * @param low lower quantile, default 0.25
 * @param high upper quantile, default 0.75
 * @example quantileBand([[1, 5], [2, 6], [3, 7]], 0, 1) // {median: [2, 6], low: [1, 5], high: [3, 7]}
 * @throws RangeError for no series, series of different lengths, or low above high
 */
export function quantileBand(seriesPerSeed: ArrayLike<number>[], low = 0.25, high = 0.75): QuantileBand {
  expectArguments('quantileBand', {
    seriesPerSeed: [seriesPerSeed, listOf(numberList)],
    low: [low, number],
    high: [high, number],
  });
  if (seriesPerSeed.length === 0) throw new RangeError('quantileBand: wanted at least one series, got none.');
  if (!(low <= high)) throw new RangeError(`quantileBand: low (${low}) must not be above high (${high}).`);
  const length = seriesPerSeed[0].length;
  seriesPerSeed.forEach((series, i) => {
    if (series.length !== length) {
      throw new RangeError(
        `quantileBand: all series must have the same length, but series 0 has ${length} points and series ${i} has ` +
          `${series.length}. Evaluate every seed at the same steps.`,
      );
    }
  });
  const band: QuantileBand = { median: [], low: [], high: [] };
  for (let t = 0; t < length; t++) {
    const [l, m, h] = quantiles(
      seriesPerSeed.map((series) => series[t]),
      [low, 0.5, high],
    );
    band.low.push(l);
    band.median.push(m);
    band.high.push(h);
  }
  return band;
}

/**
 * Percentile bootstrap (Efron 1979): the statistic of many samples drawn with replacement, and the quantiles of those.
 * With few values (five seeds) the interval is too narrow, as every bootstrap is: see {@link medianInterval}.
 *
 * @example bootstrapInterval(accuracies, { statistic: median, level: 0.95, seed: 1 })
 * @throws RangeError for no values, values that are not finite, level outside (0, 1), fewer than 100 resamples
 */
export function bootstrapInterval(xs: ArrayLike<number>, options: BootstrapOptions = {}): Interval {
  expectOptions('bootstrapInterval', options, BOOTSTRAP);
  const { statistic = median, level = 0.95, seed = 0, resamples = 2000 } = options;
  if (!(level > 0 && level < 1)) throw new RangeError(`bootstrapInterval: level must be in (0, 1), got ${level}.`);
  if (!Number.isInteger(resamples) || resamples < 100) {
    throw new RangeError(`bootstrapInterval: resamples must be a whole number of at least 100, got ${resamples}.`);
  }
  const values = finite('bootstrapInterval', 'xs', xs);
  if (values.length === 0) throw new RangeError('bootstrapInterval: wanted at least one value, got none.');
  const random = new Random(seed, 'bootstrap');
  const draws = Array.from({ length: resamples }, () =>
    statistic(values.map(() => values[random.integer(values.length)])),
  );
  const [low, high] = quantiles(draws, [(1 - level) / 2, (1 + level) / 2]);
  return { estimate: statistic(values), low, high };
}

/** A median and how far it can be trusted: see {@link medianInterval}. */
export interface MedianInterval {
  /** Of the values. */
  median: number;
  /** Lower end. */
  low: number;
  /** Upper end. */
  high: number;
  /** How many values. */
  n: number;
  /** What the ends are: a 95% bootstrap interval of the median, or the smallest and the largest value. */
  ends: 'bootstrap' | 'extremes';
}

/** From this many values on a bootstrap of the median says more than the values themselves. */
const ENOUGH_TO_RESAMPLE = 10;

/**
 * The median with a 95% bootstrap interval, or, of fewer than ten values, with the smallest and the largest. The percentile bootstrap of
 * the median of five values is those two anyway: the median of a resample is the smallest value with probability 5.8%.
 *
 * @example medianInterval([3, 1, 2]) // { median: 2, low: 1, high: 3, n: 3, ends: 'extremes' }
 * @throws RangeError for no value, or one that is not finite
 */
export function medianInterval(xs: ArrayLike<number>): MedianInterval {
  const values = finite('medianInterval', 'xs', xs);
  if (values.length === 0) throw new RangeError('medianInterval: wanted at least one value, got none.');
  const summary = { median: median(values), n: values.length };
  if (values.length < ENOUGH_TO_RESAMPLE) {
    return { ...summary, low: Math.min(...values), high: Math.max(...values), ends: 'extremes' };
  }
  const { low, high } = bootstrapInterval(values, { level: 0.95, seed: 0 });
  return { ...summary, low, high, ends: 'bootstrap' };
}

/**
 * Least-squares line through points, with the standard error of its slope.
 *
 * @example linearFit([0, 1, 2], [1, 3, 5]) // {slope: 2, intercept: 1, slopeError: 0, r2: 1}
 * @throws RangeError for fewer than two points, unequal lengths, values not finite, or all x equal
 */
export function linearFit(x: ArrayLike<number>, y: ArrayLike<number>): LinearFit {
  return fit('linearFit', x, y);
}

/**
 * The line that minimizes sum((intercept + slope x - y)^2 / y^2): every point counts by the share that it is missed by. For y that span
 * decades, such as the time a + b m of a step, where least squares would hear the largest alone.
 *
 * @param y above 0
 * @example relativeLinearFit([1, 10, 100], [3, 21, 201]) // {intercept: 1, slope: 2, largestError: 0}
 * @throws RangeError for what {@link linearFit} refuses, and for y that is not above zero
 */
export function relativeLinearFit(x: ArrayLike<number>, y: ArrayLike<number>): RelativeLinearFit {
  const [xs, ys] = points('relativeLinearFit', x, y);
  const wrong = ys.findIndex((value) => !(value > 0));
  if (wrong >= 0) {
    throw new RangeError(
      `relativeLinearFit: y must be above zero to be missed by a share, but y[${wrong}] is ${ys[wrong]}.`,
    );
  }
  // About the weighted means, as in linearFit; weights of size 1.
  const least = Math.min(...ys);
  const weights = ys.map((value) => (least / value) ** 2);
  const total = simple.sum(weights);
  const mean = (values: number[]) => simple.sum(values.map((value, i) => (weights[i] / total) * value));
  const [mx, my] = [mean(xs), mean(ys)];
  const width = Math.max(...xs.map((value) => Math.abs(value - mx)));
  const dx = xs.map((value) => (value - mx) / width);
  const slope = mean(dx.map((value, i) => value * (ys[i] - my))) / mean(dx.map((value) => value * value)) / width;
  const intercept = my - slope * mx;
  const largestError = Math.max(...xs.map((value, i) => Math.abs((intercept + slope * value) / ys[i] - 1)));
  return { slope, intercept, largestError };
}

/**
 * Power law y = factor x^exponent, as a least-squares line on logarithmic axes.
 *
 * @example powerLaw([1, 4, 16], [8, 4, 2]) // {exponent: -0.5, exponentError: 0, factor: 8}
 * @throws RangeError for what {@link linearFit} refuses, and for x or y that are not above zero
 */
export function powerLaw(x: ArrayLike<number>, y: ArrayLike<number>): PowerLaw {
  const logarithms = (name: string, values: ArrayLike<number>) =>
    finite('powerLaw', name, values).map((value, i) => {
      if (value > 0) return Math.log(value);
      throw new RangeError(`powerLaw: ${name} must be above zero to have a logarithm, but ${name}[${i}] is ${value}.`);
    });
  const line = fit('powerLaw', logarithms('x', x), logarithms('y', y));
  return { exponent: line.slope, exponentError: line.slopeError, factor: Math.exp(line.intercept) };
}

/** The points of a line: as many y as x, at least two, not all above each other. */
function points(caller: string, xs: ArrayLike<number>, ys: ArrayLike<number>): [x: number[], y: number[]] {
  const x = finite(caller, 'x', xs);
  const y = finite(caller, 'y', ys);
  if (x.length !== y.length) {
    throw new RangeError(`${caller}: x and y must have the same length, got ${x.length} and ${y.length}.`);
  }
  if (x.length < 2) throw new RangeError(`${caller}: wanted at least two points, got ${x.length}.`);
  if (constant(x)) {
    throw new RangeError(`${caller}: all ${x.length} values of x are ${x[0]}; a slope needs two different ones.`);
  }
  return [x, y];
}

const constant = (values: number[]) => values.every((value) => value === values[0]);

function fit(caller: string, xs: ArrayLike<number>, ys: ArrayLike<number>): LinearFit {
  const [x, y] = points(caller, xs, ys);
  // About the means: sums of x^2 and x y cancel where x is far from zero. In units of the width, so that no square underflows.
  const middle = { x: simple.mean(x), y: constant(y) ? y[0] : simple.mean(y) };
  const width = Math.max(...x.map((value) => Math.abs(value - middle.x)));
  const dx = x.map((value) => (value - middle.x) / width);
  const dy = y.map((value) => value - middle.y);
  const { m, b } = simple.linearRegression(dx.map((value, i) => [value, dy[i]]));
  const residual = simple.sum(dx.map((value, i) => (dy[i] - b - m * value) ** 2));
  const total = simple.sum(dy.map((value) => value ** 2));
  const sxx = simple.sum(dx.map((value) => value ** 2));
  return {
    slope: m / width,
    intercept: middle.y + b - (m / width) * middle.x,
    slopeError: x.length > 2 ? Math.sqrt(residual / (x.length - 2) / sxx) / width : NaN,
    r2: total === 0 ? 1 : 1 - residual / total,
  };
}

/** A sorted copy (numerically, infinities at the ends), refusing what has no order. */
function sorted(caller: string, xs: ArrayLike<number>): number[] {
  return numbers(caller, xs).slice().sort() as unknown as number[];
}

/** The values as a typed array (those given, if they are one), refusing none and NaN, which have no order. */
function numbers(caller: string, xs: ArrayLike<number>): Float32Array | Float64Array {
  expectArgument(caller, 'xs', xs, numberList);
  if (xs.length === 0) throw new RangeError(`${caller}: wanted at least one value, got none.`);
  const values = xs instanceof Float32Array || xs instanceof Float64Array ? xs : Float64Array.from(xs);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) continue;
    throw new RangeError(
      `${caller}: value ${i} of ${values.length} is not a number (NaN); leave it out or find its cause.`,
    );
  }
  return values;
}

function finite(caller: string, name: string, xs: ArrayLike<number>): number[] {
  expectArgument(caller, name, xs, numberList);
  const values = Array.from(xs);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new RangeError(`${caller}: ${name} must be finite, but ${name}[${bad}] is ${values[bad]}.`);
  return values;
}
