/** Saturation as a property of a function: definitions, closed forms, and what a Gaussian input makes of them. In float64. */

import { callback, expectArgument, having, needed, oneOf, shown } from '../core/checks';

/** A real function of one variable with its derivative. */
export interface ScalarFunction {
  /** As it is written. */
  formula: string;
  /** The function. */
  f: (x: number) => number;
  /** Where f has a corner, one of the two one-sided values. */
  derivative: (x: number) => number;
}

const logistic = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/**
 * Functions to hold against a definition, in float64. Derivatives are written without cancellation, so that their tails are right:
 * sigmoid' = 1 / (4 cosh^2(x/2)) and tanh' = 1 / cosh^2(x), both as products of exponentials.
 */
export const SCALAR_FUNCTIONS = {
  identity: { formula: 'x', f: (x) => x, derivative: () => 1 },
  sigmoid: { formula: '1/(1 + e^-x)', f: logistic, derivative: (x) => logistic(x) * logistic(-x) },
  tanh: { formula: 'tanh x', f: Math.tanh, derivative: (x) => 4 * logistic(2 * x) * logistic(-2 * x) },
  relu: { formula: 'max(0, x)', f: (x) => Math.max(0, x), derivative: (x) => (x > 0 ? 1 : 0) },
  leakyRelu: { formula: 'max(0.01 x, x)', f: (x) => Math.max(0.01 * x, x), derivative: (x) => (x > 0 ? 1 : 0.01) },
  softplus: {
    formula: 'log(1 + e^x)',
    f: (x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))),
    derivative: logistic,
  },
  hardTanh: {
    formula: 'min(1, max(-1, x))',
    f: (x) => Math.min(1, Math.max(-1, x)),
    derivative: (x) => (Math.abs(x) < 1 ? 1 : 0),
  },
  logarithm: {
    formula: 'sign(x) log(1 + |x|)',
    f: (x) => Math.sign(x) * Math.log1p(Math.abs(x)),
    derivative: (x) => 1 / (1 + Math.abs(x)),
  },
  sine: { formula: 'sin x', f: Math.sin, derivative: Math.cos },
} as const satisfies Record<string, ScalarFunction>;

/** Names in {@link SCALAR_FUNCTIONS}. */
export type ScalarName = keyof typeof SCALAR_FUNCTIONS;

/** What the derivative does towards one end of the line: see {@link saturationKind}. */
export type Tail = 'none' | 'soft' | 'hard';

/** How a function saturates. */
export interface SaturationKind {
  /** x -> -infinity. */
  left: Tail;
  /** x -> +infinity. */
  right: Tail;
  /** Both sides, each soft or hard (Gulcehre et al. 2016). */
  saturating: boolean;
  /** |f| stays below a bound on both sides: "saturating" in the sense in which Krizhevsky et al. 2012 call ReLU non-saturating. */
  bounded: boolean;
}

/** Octaves [2^k, 2^(k+1)] looked at; the last ends at 512, where e^-x is still far above the smallest float64. */
const OCTAVES = [5, 6, 7, 8];
const SAMPLES = 1000;

const SCALAR_FUNCTION = having<ScalarFunction>('{ f, derivative }, two functions of a number', {
  ...{ f: needed(callback), derivative: needed(callback) },
});

/**
 * Which sides of f saturate (Gulcehre et al. 2016, section 2):
 *
 *     f saturates to the right where  lim f'(x) = 0  as x -> +infinity;  to the left likewise;
 *     hard where  f'(x) = 0  from some c on,  else soft;
 *     f is saturating where it saturates to both sides.
 *
 * Numerical evidence, no proof. The largest |f'| over [2^k, 2^(k+1)] is followed to |x| = 512: it vanishes exactly (hard), or falls in every
 * octave and ends below 1 % of the largest |f'| near 0 (soft), or neither (none). Bounded: on both sides the last octave's largest |f|
 * exceeds the first one's by less than 2 %.
 *
 * @example saturationKind(SCALAR_FUNCTIONS.relu) // {left: 'hard', right: 'none', saturating: false, bounded: false}
 * @throws RangeError where f or f' is not a number
 */
export function saturationKind(of: Pick<ScalarFunction, 'f' | 'derivative'>): SaturationKind {
  expectArgument('saturationKind', 'the function', of, SCALAR_FUNCTION);
  const { f, derivative } = of;
  const largest = (of: (x: number) => number, from: number, to: number) => {
    let most = 0;
    for (let i = 0; i <= SAMPLES; i++) {
      const x = from + ((to - from) * i) / SAMPLES;
      const given = of(x);
      const value = typeof given === 'number' ? Math.abs(given) : NaN;
      if (Number.isNaN(value)) throw new RangeError(`saturationKind: the function is not a number at ${x}.`);
      most = Math.max(most, value);
    }
    return most;
  };
  const near = largest(derivative, -4, 4);
  const octaves = (of: (x: number) => number, sign: number) =>
    OCTAVES.map((k) => largest(of, sign * 2 ** k, sign * 2 ** (k + 1)));
  const tail = (sign: number): Tail => {
    const slopes = octaves(derivative, sign);
    if (slopes.every((slope) => slope === 0)) return 'hard';
    const falls = slopes.every((slope, i) => i === 0 || slope < slopes[i - 1]);
    return falls && slopes[slopes.length - 1] < 0.01 * near ? 'soft' : 'none';
  };
  const bounded = [-1, 1].every((sign) => {
    const sizes = octaves(f, sign);
    return sizes[sizes.length - 1] <= 1.02 * sizes[0];
  });
  const [left, right] = [tail(-1), tail(1)];
  return { left, right, saturating: left !== 'none' && right !== 'none', bounded };
}

/**
 * The |x| beyond which the derivative is below a fraction of its largest value, in closed form:
 *
 *     sigmoid: 2 arcosh(fraction^(-1/2)),   tanh: arcosh(fraction^(-1/2))
 *
 * @example saturationPoint('sigmoid', 0.05) // 4.357
 * @throws RangeError for another activation, or a fraction outside (0, 1]
 */
export function saturationPoint(activation: 'sigmoid' | 'tanh', fraction: number): number {
  expectArgument('saturationPoint', 'activation', activation, oneOf(['sigmoid', 'tanh']));
  if (typeof fraction !== 'number' || !(fraction > 0 && fraction <= 1)) {
    throw new RangeError(`saturationPoint: fraction must be above 0 and at most 1, got ${shown(fraction)}.`);
  }
  return (activation === 'sigmoid' ? 2 : 1) * Math.acosh(1 / Math.sqrt(fraction));
}

/** Nodes and weights of three-point Gauss-Legendre quadrature on [-1, 1]. */
const NODES = [-Math.sqrt(0.6), 0, Math.sqrt(0.6)];
const WEIGHTS = [5 / 9, 8 / 9, 5 / 9];
const PANELS = 600;

/**
 * E[f(x)] for x ~ N(0, deviation^2), by quadrature after x = sinh t, so that a function that lives near 0 is resolved under a wide
 * Gaussian as well. Both sides of 0 are integrated apart: a corner or jump of f at 0 costs nothing. Relative error below 1e-9 for smooth f
 * and deviations from 1e-3 to 1e4.
 *
 * @example gaussianMean((x) => x * x, 3) // 9
 * @throws RangeError for a deviation that is negative or not finite
 */
export function gaussianMean(f: (x: number) => number, deviation: number): number {
  expectArgument('gaussianMean', 'f', f, callback);
  if (!(Number.isFinite(deviation) && deviation >= 0)) {
    throw new RangeError(`gaussianMean: the deviation must be a number of at least 0, got ${shown(deviation)}.`);
  }
  if (typeof f(0) !== 'number') throw new TypeError(`gaussianMean: f must return a number, got ${shown(f(0))}.`);
  if (deviation === 0) return f(0);
  const end = Math.asinh(12 * deviation);
  const half = end / PANELS / 2;
  let sum = 0;
  for (let panel = 0; panel < PANELS; panel++) {
    const middle = (2 * panel + 1) * half;
    for (let i = 0; i < NODES.length; i++) {
      const t = middle + half * NODES[i];
      const x = Math.sinh(t);
      const density = Math.exp(-0.5 * (x / deviation) ** 2) * Math.cosh(t);
      sum += WEIGHTS[i] * density * (f(x) + f(-x));
    }
  }
  return (sum * half) / (deviation * Math.sqrt(2 * Math.PI));
}
