/** Covariate shift: as the drift of a layer's input distribution, and as Santurkar et al. 2018 define it. */
import { counting, expectArgument, expectOptions, listOf, needed, numbers, oneOf, own, text } from '../core/checks';
import { tf } from '../engine';
import { lossOf } from '../nn/loss';
import { checked, expectRate, LOSS_LOOK_OPTIONS, type LossLookOptions } from './gradients';
import { expectValues, jointDot, jointNorm, labelsOf, lossGradients, untouched } from './model';
import { made } from './made';
import type { Probe, Values } from './types';

/**
 * Wasserstein-1 distance between two samples of numbers (earth mover's distance): the area between their quantile functions. Of
 * samples of one size, the mean distance of the sorted values. In the units of the values; shifting one sample by c gives |c|.
 *
 * @example wasserstein1([0, 1, 2], [5, 6, 7]) // 5
 * @throws RangeError for an empty sample or a value that is not finite
 */
export function wasserstein1(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [p, q] = [sortedSample('first', a), sortedSample('second', b)];
  // Walk through the steps of both quantile functions; `at` is the share of mass that has been compared.
  let [i, j, at, area] = [0, 0, 0, 0];
  while (i < p.length && j < q.length) {
    const next = Math.min((i + 1) / p.length, (j + 1) / q.length);
    area += (next - at) * Math.abs(p[i] - q[j]);
    at = next;
    // Compared as whole numbers, (i + 1) / p.length against (j + 1) / q.length, so that equal ends advance together.
    const order = (i + 1) * q.length - (j + 1) * p.length;
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return area;
}

function sortedSample(which: string, xs: ArrayLike<number>): Float64Array {
  expectArgument('wasserstein1', `the ${which} sample`, xs, numbers);
  if (xs.length === 0) throw new RangeError(`wasserstein1: the ${which} sample is empty.`);
  const values = Float64Array.from(xs);
  const bad = values.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0)
    throw new RangeError(`wasserstein1: value ${bad} of the ${which} sample is ${values[bad]}; wanted finite ones.`);
  return values.sort();
}

/** How far the distribution of a layer's values moved; each a mean over the units. */
export interface Drift {
  /** Wasserstein-1 distance per unit, in the units of the values. */
  wasserstein: number;
  /** |change of the mean|. */
  mean: number;
  /** |change of the variance| (biased). */
  variance: number;
  /** Wasserstein distance over the standard deviation before, per unit: drift on the unit's own scale. Infinity where a unit that did not vary moved. */
  relative: number;
}

/**
 * Drift between two looks at the same layer: unit by unit, then averaged. The examples need not be the same ones.
 *
 * @param before as `captureActivations` gives it
 * @param after the same units
 * @example distributionDrift(earlier['layer3/linear'], later['layer3/linear']).wasserstein
 * @throws RangeError when the number of units differs, or a value is not finite
 */
export function distributionDrift(before: Values, after: Values): Drift {
  expectValues('distributionDrift', before, 'before');
  expectValues('distributionDrift', after, 'after');
  const units = before.shape[before.shape.length - 1];
  if (after.shape[after.shape.length - 1] !== units) {
    throw new RangeError(
      `distributionDrift: shapes [${before.shape}] and [${after.shape}] differ in their last axis; wanted the same units.`,
    );
  }
  const drift: Drift = { wasserstein: 0, mean: 0, variance: 0, relative: 0 };
  for (let unit = 0; unit < units; unit++) {
    const [a, b] = [column(before.values, unit, units), column(after.values, unit, units)];
    const [from, to] = [moments(a), moments(b)];
    const distance = wasserstein1(a, b);
    drift.wasserstein += distance / units;
    drift.mean += Math.abs(to.mean - from.mean) / units;
    drift.variance += Math.abs(to.variance - from.variance) / units;
    drift.relative += (distance === 0 ? 0 : distance / Math.sqrt(from.variance)) / units;
  }
  return drift;
}

/**
 * Follows {@link distributionDrift} through training, on the first `rows` examples of the test set in inference mode.
 *
 * @param options.taps such as `layer2/linear`; what a layer receives is the activation of the one before
 * @param options.since `'previous'` (default): drift since the last evaluation; `'start'`: since the first
 * @param options.rows default 1000
 * @returns a probe that reports {@link Drift} by tap; null at the first evaluation, and where a value is not finite
 */
export function driftProbe(options: {
  taps: string[];
  since?: 'previous' | 'start';
  rows?: number;
}): Probe<Record<string, Drift | null>> {
  expectOptions<typeof options>('driftProbe', options, {
    ...{ taps: needed(listOf(text)), since: oneOf(['previous', 'start']), rows: counting },
  });
  const { taps: names, since = 'previous', rows = 1000 } = options;
  return made('driftProbe', options, {
    taps: names,
    measure: ({ taps, memory }) => {
      const report: Record<string, Drift | null> = {};
      for (const name of names) {
        const tap = taps[name];
        const part = tf.tidy(() => tf.slice(tap, 0, Math.min(rows, tap.shape[0])));
        const now: Values = { shape: part.shape, values: Float32Array.from(part.dataSync()) };
        part.dispose();
        const usable = now.values.every(Number.isFinite);
        const earlier = memory[name] as Values | undefined;
        report[name] = earlier && usable ? distributionDrift(earlier, now) : null;
        if (usable && (since === 'previous' || !earlier)) memory[name] = now;
      }
      return report;
    },
  });
}

/** Internal covariate shift of one layer. */
export interface LayerShift {
  /** The layer: what its variables' labels have before the last slash. */
  layer: string;
  /** |G - G'|, Euclidean over the layer's trainable variables. */
  l2: number;
  /** |G - G'| / |G|. */
  relative: number;
  /** Cosine of the angle between G and G': 1 is no shift. */
  cosine: number;
}

/**
 * Internal covariate shift as Santurkar et al. 2018 define it (Definition 2.1): how much the gradient of layer i changes because
 * the layers before it take their step, on the same batch:
 *
 *     G_i  = grad_{W_i} l(W_1, ..., W_k)
 *     G'_i = grad_{W_i} l(W_1', ..., W_{i-1}', W_i, ..., W_k),   W' = W - learningRate G
 *
 * The first layer has none before it: 0, cosine 1. The step is plain SGD on the batch; the result depends on its learning rate, so show
 * it over several.
 *
 * @returns one entry per layer with trainable variables, in order of the network. Cost: one gradient per layer.
 * @example internalCovariateShift({ network, x, y, training: true, learningRate: 0.1 })[2].cosine
 */
export function internalCovariateShift(options: LossLookOptions & { learningRate: number }): LayerShift[] {
  expectOptions<typeof options>('internalCovariateShift', options, {
    ...{ ...LOSS_LOOK_OPTIONS, learningRate: needed(own) },
  });
  const { network, x, y, training, learningRate } = checked('internalCovariateShift', options);
  expectRate('internalCovariateShift', learningRate);
  const loss = lossOf(options.loss);
  const groups = new Map<string, number[]>();
  labelsOf(network).forEach((label, i) => {
    const layer = label.includes('/') ? label.slice(0, label.lastIndexOf('/')) : label;
    groups.set(layer, [...(groups.get(layer) ?? []), i]);
  });
  const shifts: LayerShift[] = [];
  untouched(network, () => {
    const { weights: before } = lossGradients(network, x, y, loss, training);
    for (const [layer, members] of groups) {
      tf.tidy(() => {
        const first = shifts.length === 0;
        const after = first ? before : lossGradients(network, x, y, loss, training).weights;
        const g = members.map((i) => before[i]);
        const moved = members.map((i) => after[i]);
        const l2 = jointNorm(g.map((gradient, k) => tf.sub(moved[k], gradient)));
        const [size, movedSize] = [jointNorm(g), jointNorm(moved)];
        const cosine = first || l2 === 0 ? 1 : jointDot(g, moved) / (size * movedSize);
        shifts.push({ layer, l2, relative: l2 === 0 ? 0 : l2 / size, cosine });
        // Now this layer steps, for those after it.
        for (const i of members) {
          const variable = network.trainable[i];
          variable.assign(tf.sub(variable, tf.mul(learningRate, before[i])));
        }
      });
    }
  });
  return shifts;
}

/** {@link internalCovariateShift} on the run's first batch at the learning rate of the moment, in training mode. */
export function covariateShiftProbe(): Probe<LayerShift[] | null> {
  return made('covariateShiftProbe', undefined, {
    measure: ({ network, batch, loss, learningRate }) =>
      learningRate > 0 ? internalCovariateShift({ network, ...batch, loss, training: true, learningRate }) : null,
  });
}

function column(values: Float32Array, unit: number, units: number): Float32Array {
  const out = new Float32Array(values.length / units);
  for (let i = 0; i < out.length; i++) out[i] = values[i * units + unit];
  return out;
}

function moments(xs: Float32Array): { mean: number; variance: number } {
  // From the first value on, so that values that are all the same have a variance of exactly 0.
  let mean = xs[0];
  for (const x of xs) mean += (x - xs[0]) / xs.length;
  let variance = 0;
  for (const x of xs) variance += (x - mean) ** 2 / xs.length;
  return { mean, variance };
}
