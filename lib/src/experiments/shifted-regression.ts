/** Covariate shift in a regression (Shimodaira 2000): trained on one distribution of x, asked on another. On plain numbers. */
import {
  counting,
  expectOptions,
  finite,
  having,
  listOf,
  needed,
  notNegative,
  type Options,
  positive,
  shown,
  whole,
} from '../core/checks';
import { Random } from '../core/random';
import { type Definition } from './experiment';

/** A distribution of x. */
export interface NormalDistribution {
  /** Of x. */
  mean: number;
  /** Standard deviation of x. */
  deviation: number;
}

const NORMAL = having<NormalDistribution>('a normal distribution such as { mean: 0.5, deviation: 0.5 }', {
  mean: needed(finite),
  deviation: needed(positive),
});

/** What {@link shiftedRegression} takes; the defaults are Shimodaira's example. */
export interface ShiftedRegressionOptions {
  /** q0: where the examples are drawn. Default N(0.5, 0.5^2). */
  train?: NormalDistribution;
  /** q1: where the fit is asked. Default N(0, 0.3^2). */
  test?: NormalDistribution;
  /** Standard deviation of y around -x + x^3. Default 0.3. */
  noise?: number;
  /** Of the polynomial that is fitted: 1, a line, is wrong for this y; 3 is right. Default 1. */
  degree?: number;
  /** Powers of the weights (q1 / q0)^power: 0 is least squares, 1 full importance weights. */
  powers: readonly number[];
  /** n: examples of one fit. */
  examples: number;
  /** One set of examples each. */
  seeds: readonly number[];
}

const SHIFTED_OPTIONS: Options<ShiftedRegressionOptions> = {
  ...{ train: NORMAL, test: NORMAL, noise: notNegative, degree: counting },
  ...{ powers: needed(listOf(finite)), examples: needed(counting), seeds: needed(listOf(whole)) },
};

/** A fit, and what it is worth where it is asked. */
export interface WeightedFit {
  /** Of 1, x, x^2, ... */
  coefficients: number[];
  /** E[(f(x) - fit(x))^2] for x of the test distribution, without the noise of y: exact. */
  testError: number;
  /** Effective share of the examples: (sum w)^2 / (n sum w^2). */
  share: number;
}

/** What was found with every power of the weights. */
export interface ShiftedRegression {
  /** [seeds][powers] */
  fits: WeightedFit[][];
  /** What the fits tend to with n, [powers]: closed forms. */
  limits: WeightedFit[];
}

const SHIMODAIRA = { train: { mean: 0.5, deviation: 0.5 }, test: { mean: 0, deviation: 0.3 }, noise: 0.3, degree: 1 };
/** f(x) = -x + x^3, as coefficients. */
const TRUTH = [0, -1, 0, 1];

/**
 * Fits a polynomial to y = -x + x^3 + noise by least squares with the weights (q1(x) / q0(x))^power, where x is drawn from q0, and asks it
 * under q1. With growing n the fit tends to the one under the density proportional to q0^(1 - power) q1^power, a normal one; for a line
 * under N(mu, s^2) that is
 *
 *     slope = E[f'(x)] = -1 + 3 (mu^2 + s^2)   (Stein),   intercept = -2 mu^3.
 *
 * Weights mend what the wrong model leaves; they cost examples: n times E[w]^2 / E[w^2] are left. Where the model is right, the limit is
 * f with every power, and the weights only cost (Shimodaira 2000).
 *
 * @returns fits and their limits; a share is 0 where E[w^2] is infinite
 * @example shiftedRegression({ powers: [0, 1], examples: 100, seeds: [1] }).limits[0].coefficients // [-0.25, 0.5]
 * @throws RangeError for fewer examples than coefficients, or a power at which q0^(1 - power) q1^power is no density
 */
export function shiftedRegression(options: ShiftedRegressionOptions): ShiftedRegression {
  expectOptions('shiftedRegression', options, SHIFTED_OPTIONS);
  const { train = SHIMODAIRA.train, test = SHIMODAIRA.test, powers, examples, seeds } = options;
  const { noise = SHIMODAIRA.noise, degree = SHIMODAIRA.degree } = options;
  if (examples <= degree) {
    throw new RangeError(
      `shiftedRegression: ${examples} examples do not determine ${degree + 1} coefficients; wanted more.`,
    );
  }
  const limits = powers.map((power) => {
    const between = geometricMean(train, test, power);
    if (!between) {
      throw new RangeError(
        `shiftedRegression: with power ${shown(power)} the weighted density has no finite integral; wanted a smaller one.`,
      );
    }
    const moments = normalMoments(between, 2 * degree + TRUTH.length);
    const withF = moments.map((_, k) => TRUTH.reduce((sum, c, i) => sum + c * (moments[k + i] ?? 0), 0));
    const coefficients = solve(moments, withF, degree);
    return { coefficients, testError: errorUnder(test, coefficients), share: shareInTheLimit(train, test, power) };
  });
  const fits = seeds.map((seed) => {
    const random = new Random(seed, 'shifted-regression');
    const x = Array.from({ length: examples }, () => random.normal(train.mean, train.deviation));
    const y = x.map((v) => polynomial(TRUTH, v) + random.normal(0, noise));
    return powers.map((power) => fitted({ x, y, w: weightsAt(x, train, test, power) }, degree, test));
  });
  return { fits, limits };
}

/** (q1(x) / q0(x))^power, over the largest of them: a factor changes no fit. */
function weightsAt(x: number[], q0: NormalDistribution, q1: NormalDistribution, power: number): number[] {
  const exponent = (v: number, { mean, deviation }: NormalDistribution) => -0.5 * ((v - mean) / deviation) ** 2;
  const logs = x.map((v) => power * (exponent(v, q1) - exponent(v, q0)));
  const most = logs.reduce((a, b) => Math.max(a, b));
  return logs.map((log) => Math.exp(log - most));
}

function fitted(
  { x, y, w }: { x: number[]; y: number[]; w: number[] },
  degree: number,
  test: NormalDistribution,
): WeightedFit {
  const total = w.reduce((a, b) => a + b);
  const mean = (of: (i: number) => number) => w.reduce((sum, v, i) => sum + v * of(i), 0) / total;
  const moments = Array.from({ length: 2 * degree + 1 }, (_, k) => mean((i) => x[i] ** k));
  const withY = Array.from({ length: degree + 1 }, (_, k) => mean((i) => x[i] ** k * y[i]));
  const coefficients = solve(moments, withY, degree);
  const share = total ** 2 / (w.length * w.reduce((sum, v) => sum + v * v, 0));
  return { coefficients, testError: errorUnder(test, coefficients), share };
}

/** The normal density that q0^(1 - power) q1^power is proportional to, and the logarithm of its integral; null where it has none. */
function geometricMean(q0: NormalDistribution, q1: NormalDistribution, power: number) {
  const [a, b] = [(1 - power) / q0.deviation ** 2, power / q1.deviation ** 2];
  const precision = a + b;
  if (!(precision > 0)) return null;
  const mean = (a * q0.mean + b * q1.mean) / precision;
  const exponent = a * q0.mean ** 2 + b * q1.mean ** 2 - precision * mean ** 2;
  const logs = (1 - power) * Math.log(q0.deviation) + power * Math.log(q1.deviation);
  return { mean, deviation: 1 / Math.sqrt(precision), logIntegral: -logs - Math.log(precision) / 2 - exponent / 2 };
}

/** E[w]^2 / E[w^2] under q0. */
function shareInTheLimit(q0: NormalDistribution, q1: NormalDistribution, power: number): number {
  const [once, twice] = [power, 2 * power].map((p) => geometricMean(q0, q1, p));
  return once && twice ? Math.exp(2 * once.logIntegral - twice.logIntegral) : 0;
}

/** E[x^k], k = 0 to `order`. */
function normalMoments({ mean, deviation }: NormalDistribution, order: number): number[] {
  const moments = [1, mean];
  for (let k = 2; k <= order; k++) moments[k] = mean * moments[k - 1] + (k - 1) * deviation ** 2 * moments[k - 2];
  return moments;
}

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, c) => sum * x + c, 0);
}

function errorUnder(q: NormalDistribution, coefficients: number[]): number {
  const length = Math.max(TRUTH.length, coefficients.length);
  const off = Array.from({ length }, (_, k) => (TRUTH[k] ?? 0) - (coefficients[k] ?? 0));
  const moments = normalMoments(q, 2 * length);
  return off.reduce((sum, a, i) => sum + off.reduce((part, b, k) => part + a * b * moments[i + k], 0), 0);
}

/** The normal equations, sum_k E[x^(i + k)] c_k = E[x^i y], by elimination with pivots. */
function solve(moments: readonly number[], withY: readonly number[], degree: number): number[] {
  const n = degree + 1;
  const rows = Array.from({ length: n }, (_, i) => [...moments.slice(i, i + n), withY[i]]);
  for (let k = 0; k < n; k++) {
    const pivot = rows
      .slice(k)
      .reduce((best, row, i) => (Math.abs(row[k]) > Math.abs(rows[best][k]) ? k + i : best), k);
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = k + 1; i < n; i++) {
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j <= n; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  const c = new Array<number>(n).fill(0);
  for (let k = n - 1; k >= 0; k--) {
    c[k] = (rows[k][n] - c.reduce((sum, v, j) => (j > k ? sum + v * rows[k][j] : sum), 0)) / rows[k][k];
  }
  return c;
}

/** {@link ShiftedRegressionOptions} as data, all of them. */
export interface ShiftedRegressionSpec {
  /** q0: where the examples are drawn. */
  train: NormalDistribution;
  /** q1: where the fit is asked. */
  test: NormalDistribution;
  /** Standard deviation of y around -x + x^3. */
  noise: number;
  /** Of the polynomial. */
  degree: number;
  /** Powers of the weights. */
  powers: number[];
  /** Examples of one fit. */
  examples: number;
  /** One set of examples each. */
  seeds: number[];
}

export const definition: Definition<ShiftedRegressionSpec, ShiftedRegression> = {
  name: 'shifted-regression',
  version: 1,
  question: 'What does a fit lose where it is asked on another distribution of inputs, and what do weights win back?',
  whenAborted: 'throws',
  defaults: { ...SHIMODAIRA, powers: [0, 0.5, 1], examples: 100, seeds: [1, 2, 3] },
  options: {
    ...{ train: needed(NORMAL), test: needed(NORMAL), noise: needed(notNegative), degree: needed(counting) },
    ...{ powers: needed(listOf(finite)), examples: needed(counting), seeds: needed(listOf(whole)) },
  },
  compute: async (options) => shiftedRegression(options),
};
