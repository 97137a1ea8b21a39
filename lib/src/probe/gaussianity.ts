/** How Gaussian a distribution is, and whether its shape stays: the "more Gaussian" of the paper's section 3.2, in numbers. */
import * as simple from 'simple-statistics';
import { counting, expectArgument, expectOptions, listOf, needed, numbers, text } from '../core/checks';
import { tf } from '../engine';
import { median } from '../statistics';
import { captureActivations } from './activations';
import { expectValues } from './model';
import { wasserstein1 } from './shift';
import { made } from './made';
import type { Probe, Values } from './types';

/** The shape of a distribution: what is left of it when its mean and its scale are taken away. */
export interface DistributionShape {
  /** E[(x - mu)^3] / sigma^3: 0 for every symmetric distribution. */
  skewness: number;
  /** E[(x - mu)^4] / sigma^4 - 3: 0 for the normal, above 0 for sparse ("super-Gaussian") ones, at least -2. */
  excessKurtosis: number;
  /** sup_x |F(x) - Phi((x - mu) / sigma)|, the Kolmogorov-Smirnov distance to the normal of the same mean and variance. */
  distance: number;
  /** Share of the values that are exactly 0. */
  zeros: number;
}

/** The same values with mean 0 and variance 1, sorted; null where they are all (to rounding) one value. */
function standardizedSorted(values: ArrayLike<number>): Float64Array | null {
  const n = values.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += values[i] / n;
  let variance = 0;
  for (let i = 0; i < n; i++) variance += (values[i] - mean) ** 2 / n;
  const deviation = Math.sqrt(variance);
  // Below the rounding of float32 a spread is none.
  if (!(deviation > 1e-6 * Math.abs(mean)) || !Number.isFinite(deviation)) return null;
  return Float64Array.from(values, (v) => (v - mean) / deviation).sort();
}

/** Phi(z), the distribution function of the standard normal, to 1.2e-7. */
function normalCdf(z: number): number {
  return 0.5 * (1 + simple.errorFunction(z / Math.SQRT2));
}

/**
 * Skewness, excess kurtosis, and the distance to the normal distribution, of one sample.
 *
 * Three numbers because none is enough: a symmetric distribution need not be normal, and a skewed one may have no excess kurtosis.
 * A sample of n normal values has itself a distance of about 0.6 / sqrt(n) (its parameters are estimated: Lilliefors 1967).
 * For max(z, 0) of a standard normal z: skewness 1.64, excess kurtosis 2.41, distance 0.253.
 *
 * @param values at least 3
 * @example distributionShape(Array.from({ length: 1000 }, () => random.normal())).distance // about 0.02
 * @throws RangeError for fewer than 3 values, values that are not finite, or all the same (they have no shape)
 */
export function distributionShape(values: ArrayLike<number>): DistributionShape {
  expectArgument('distributionShape', 'values', values, numbers);
  const shape = shapeOrNull(values);
  if (!shape) {
    throw new RangeError('distributionShape: the values are all the same or not finite; such a sample has no shape.');
  }
  return shape;
}

function shapeOrNull(values: ArrayLike<number>): DistributionShape | null {
  const n = values.length;
  if (n < 3) throw new RangeError(`distributionShape: wanted at least 3 values, got ${n}.`);
  const z = standardizedSorted(values);
  if (!z) return null;
  let [third, fourth, distance, zeros] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    third += z[i] ** 3 / n;
    fourth += z[i] ** 4 / n;
    const phi = normalCdf(z[i]);
    distance = Math.max(distance, (i + 1) / n - phi, phi - i / n);
    if (values[i] === 0) zeros++;
  }
  return { skewness: third, excessKurtosis: fourth - 3, distance, zeros: zeros / n };
}

/**
 * How far two distributions differ in shape: {@link wasserstein1} of both samples after each has lost its mean and its scale, which is
 * what normalizing the first two moments leaves. In standard deviations.
 *
 * Not the Kolmogorov-Smirnov distance: half of a ReLU's values are one point, 0, and that would count a hair's breadth of its
 * movement as a half.
 *
 * @returns 0 for the same shape; 0.42 between a normal and the same values through max(z, 0)
 * @example shapeDistance(before, after)
 * @throws RangeError for samples that are all one value or not finite
 */
export function shapeDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expectArgument('shapeDistance', 'a', a, numbers);
  expectArgument('shapeDistance', 'b', b, numbers);
  const distance = shapeDistanceOrNull(a, b);
  if (distance === null) {
    throw new RangeError('shapeDistance: one sample is all one value or not finite; it has no shape.');
  }
  return distance;
}

function shapeDistanceOrNull(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  const [x, y] = [standardizedSorted(a), standardizedSorted(b)];
  return x && y ? wasserstein1(x, y) : null;
}

/** The shapes of a layer's units, each statistic as the median over those that vary. */
export interface LayerShape {
  /** Median over units of |skewness|: units may lean to either side. */
  skewness: number;
  /** Median over units of the excess kurtosis: 0 for a normal distribution. */
  excessKurtosis: number;
  /** Median over units of the Kolmogorov-Smirnov distance to the normal distribution of the same mean and variance. */
  distance: number;
  /** Median over units of the share of values that are exactly zero, 0 to 1. */
  zeros: number;
  /** Units that have one value for all examples (a ReLU that is off); they are in none of the medians. */
  constantUnits: number;
  /** Number of units, those included. */
  units: number;
  /** Density of the standardized values of all units that vary, at {@link DENSITY_POINTS}; to four digits. */
  density: number[];
}

const HALF_WIDTH = 0.1;

/** Where {@link LayerShape} gives the density: -4 to 4 standard deviations, the middles of bins 0.2 wide. */
export const DENSITY_POINTS = Array.from({ length: 41 }, (_, i) => (i - 20) / 5);

/** Pooled density of standardized samples at {@link DENSITY_POINTS}; what lies outside is left out, but counts for the total. */
function pooledDensity(samples: Float64Array[]): number[] {
  const counts = DENSITY_POINTS.map(() => 0);
  let total = 0;
  for (const z of samples) {
    total += z.length;
    for (const v of z) {
      const bin = Math.floor((v - DENSITY_POINTS[0] + HALF_WIDTH) / (2 * HALF_WIDTH));
      if (bin >= 0 && bin < counts.length) counts[bin]++;
    }
  }
  return counts.map((count) => Number((count / total / (2 * HALF_WIDTH)).toPrecision(4)));
}

/** The values of every unit, one array each. */
function columns({ shape, values }: Values): Float32Array[] {
  const units = shape[shape.length - 1];
  return Array.from({ length: units }, (_, j) =>
    Float32Array.from({ length: values.length / units }, (_, i) => values[i * units + j]),
  );
}

/**
 * The median shape of a layer's units over the examples (and, for images, locations).
 *
 * @param values as `captureActivations` gives them
 * @example layerShape(captureActivations({ network, x, training: true, taps: ['layer2/linear'] })['layer2/linear']).distance
 * @throws RangeError when no unit varies, or there are fewer than 3 values a unit
 */
export function layerShape(values: Values): LayerShape {
  expectValues('layerShape', values);
  return medianShape('layerShape', columns(values));
}

function medianShape(caller: string, units: Float32Array[]): LayerShape {
  const shapes = units.map(shapeOrNull).filter((shape): shape is DistributionShape => shape !== null);
  if (shapes.length === 0) {
    throw new RangeError(`${caller}: none of the ${units.length} units varies over the examples; there is no shape.`);
  }
  const middle = (of: (shape: DistributionShape) => number) => median(shapes.map(of));
  return {
    skewness: middle((s) => Math.abs(s.skewness)),
    excessKurtosis: middle((s) => s.excessKurtosis),
    distance: middle((s) => s.distance),
    zeros: middle((s) => s.zeros),
    constantUnits: units.length - shapes.length,
    units: units.length,
    density: pooledDensity(units.map(standardizedSorted).filter((z) => z !== null)),
  };
}

/** {@link LayerShape} during training, and how far the shape has moved. */
export interface TrainedShape extends LayerShape {
  /** Median over units of {@link shapeDistance} to the same unit at the run's first evaluation. */
  moved: number;
}

/**
 * Follows {@link layerShape} through training, by tap, on the first test examples in training mode (statistics of those examples).
 *
 * `moved` compares each unit with itself at the first evaluation. Values that are not finite (a diverged network), or a layer
 * without a unit that varies, give null in place of the tap's shape.
 *
 * @param options.taps such as `layer2/linear` (W u + b) and `layer1/activation` (u)
 * @param options.examples default 1000
 * @returns a probe that reports `{ [tap]: TrainedShape | null }`
 * @example trainNetwork({ ...options, probes: { shape: shapeProbe({ taps: ['layer1/activation', 'layer2/linear'] }) } })
 */
export function shapeProbe(options: { taps: string[]; examples?: number }): Probe<Record<string, TrainedShape | null>> {
  expectOptions<typeof options>('shapeProbe', options, { taps: needed(listOf(text)), examples: counting });
  const { taps, examples = 1000 } = options;
  return made('shapeProbe', options, {
    measure: ({ network, test, memory }) => {
      const first = (memory.first ??= {}) as Record<string, Float32Array[]>;
      const x = tf.slice(test.x, 0, Math.min(examples, test.x.shape[0]));
      const seen = captureActivations({ network, x, training: true, taps });
      x.dispose();
      const report = (tap: string): TrainedShape | null => {
        const units = columns(seen[tap]);
        if (!units.some((unit) => shapeOrNull(unit))) return null;
        first[tap] ??= units;
        const moves = units.map((unit, j) => shapeDistanceOrNull(first[tap][j], unit)).filter((d) => d !== null);
        return { ...medianShape('shapeProbe', units), moved: moves.length ? median(moves) : 0 };
      };
      return Object.fromEntries(taps.map((tap) => [tap, report(tap)]));
    },
  });
}
