/** What goes through a network: values inside it, their percentiles, and the share of units that are saturated. */
import {
  either,
  expectArgument,
  expectOptions,
  flag,
  kind,
  listOf,
  needed,
  number,
  numbers as numberList,
  oneOf,
  type Options,
  own,
  shown,
  text,
  whole,
  without,
} from '../core/checks';
import { tf } from '../engine';
import { activationDerivative, ACTIVATIONS, type ActivationName, type Layer } from '../nn';
import { quantiles } from '../statistics';
import { BAND_QUANTILES } from '../statistics/statistics';
import { expectInputs, expectNetwork, expectFirst, expectValues, fixedNoise, untouched } from './model';
import { made } from './made';
import type { Probe, Values } from './types';

/** Which network, on what, in which mode: what every probe of the forward pass is told. */
export interface LookOptions {
  /** What to look at; it is left as it was. */
  network: Layer;
  /** Inputs [m, ...] float32. */
  x: tf.Tensor;
  /** True: mini-batch statistics, dropout active (one fixed mask). False: inference. Moving averages do not move in either. */
  training: boolean;
}

export const LOOK_OPTIONS: Options<LookOptions> = { network: needed(own), x: needed(own), training: needed(flag) };

/** What a look at gradients takes besides: one object of options serves looks of both kinds. */
export const LOSS_NAMES = ['y', 'loss'] as const;

/** A regular expression, also one of another realm. */
const isPattern = (value: unknown): value is RegExp => Object.prototype.toString.call(value) === '[object RegExp]';
const TAPS = either(listOf(text), kind('a regular expression', isPattern));

/**
 * Values inside a network when a batch goes through, as plain arrays. The network stays as it was.
 *
 * @param options.taps names (`layer3/preActivation`), or a test on names; `tapNames` lists them
 * @returns by tap name, in order of the forward pass
 * @example captureActivations({ network, x, training: false, taps: ['layer3/preActivation'] })['layer3/preActivation'].values
 * @throws TypeError when x is disposed or not float32; RangeError for an empty batch, NaN or infinity in it, or a name that the
 *   network has no tap for, listing those it has
 */
export function captureActivations(options: LookOptions & { taps: string[] | RegExp }): Record<string, Values> {
  expectOptions<typeof options>('captureActivations', options, { ...LOOK_OPTIONS, taps: needed(TAPS) }, LOSS_NAMES);
  return forward('captureActivations', options, options.taps).found;
}

function forward(caller: string, { network, x, training }: LookOptions, taps: string[] | RegExp) {
  expectNetwork(caller, network);
  expectInputs(caller, x);
  const wanted = (name: string) => (isPattern(taps) ? name.search(taps) >= 0 : taps.includes(name));
  const found: Record<string, Values> = {};
  const names: string[] = [];
  let outputTap: string | undefined;
  untouched(network, () => {
    const ids = new Map<number, string>();
    const tap = (name: string, value: tf.Tensor) => {
      names.push(name);
      ids.set(value.id, name);
      if (!wanted(name)) return;
      expectFirst(caller, network, name, name in found);
      found[name] = { shape: [...value.shape], values: Float32Array.from(value.dataSync()) };
    };
    const outputs = network.apply(x, { training, updateStatistics: false, random: fixedNoise(), tap });
    outputTap = ids.get(outputs.id);
  });
  const missing = isPattern(taps) ? undefined : taps.find((name) => !(name in found));
  if (missing !== undefined || Object.keys(found).length === 0) {
    throw new RangeError(
      `${caller}: network '${network.name}' has no tap ${missing ? `'${missing}'` : String(taps)}. Taps: ${names.join(', ')}.`,
    );
  }
  return { found, outputTap };
}

/** The percentiles of the paper's Figure 1. */
export const FIGURE_1_PERCENTILES = [BAND_QUANTILES[0], 0.5, BAND_QUANTILES[1]];

/** Percentiles of one unit and of all units together. */
export interface ActivationPercentiles {
  /** Index of the unit followed. */
  unit: number;
  /** Its quantiles over the examples. */
  typical: number[];
  /** Quantiles over examples and units together. */
  all: number[];
}

/**
 * Percentiles of the values at a tap: of one unit over the examples, and over all units together (Figure 1 b, c).
 *
 * @param values as `captureActivations` gives them
 * @param unit index; default the typical one, see {@link typicalUnit}
 * @param percentiles between 0 and 1; default 0.15, 0.5, 0.85
 * @example activationPercentiles(captureActivations({ network, x, training: false, taps: [tap] })[tap])
 * @throws RangeError for a unit that is not there, or values that are not numbers
 */
export function activationPercentiles(
  values: Values,
  unit = typicalUnit(values),
  percentiles: number[] = FIGURE_1_PERCENTILES,
): ActivationPercentiles {
  expectValues('activationPercentiles', values);
  expectArgument('activationPercentiles', 'percentiles', percentiles, listOf(number));
  return {
    unit,
    typical: quantiles(unitValues(values, unit), percentiles),
    all: quantiles(values.values, percentiles),
  };
}

/**
 * The unit whose 15th, 50th and 85th percentiles are nearest (in Euclidean distance) to the medians of those over all units: the
 * paper shows "a typical sigmoid" and does not say how it was chosen.
 */
export function typicalUnit(values: Values): number {
  expectValues('typicalUnit', values);
  const units = values.shape[values.shape.length - 1];
  const each = Array.from({ length: units }, (_, j) => quantiles(unitValues(values, j), FIGURE_1_PERCENTILES));
  const middle = FIGURE_1_PERCENTILES.map(
    (_, p) =>
      quantiles(
        each.map((of) => of[p]),
        [0.5],
      )[0],
  );
  const distances = each.map((of) => Math.hypot(...of.map((q, p) => q - middle[p])));
  return distances.indexOf(Math.min(...distances));
}

function unitValues({ shape, values }: Values, unit: number): Float32Array {
  const units = shape[shape.length - 1];
  if (!Number.isInteger(unit) || unit < 0 || unit >= units) {
    throw new RangeError(`unit: wanted a whole number from 0 to ${units - 1}, got ${shown(unit)}.`);
  }
  const out = new Float32Array(values.length / units);
  for (let i = 0; i < out.length; i++) out[i] = values[i * units + unit];
  return out;
}

/**
 * Follows {@link activationPercentiles} through training, on the test set: in inference mode, or with `training` normalized by the
 * statistics of the test set itself, as training normalizes by those of its mini-batches. The two differ while moving averages lag behind.
 *
 * The unit is chosen at the first evaluation and kept. Values that are not numbers (a diverged network) give NaN, null in a history.
 *
 * @param options.tap what to look at; the paper's Figure 1 shows inputs to the last hidden sigmoid, `layer3/preActivation`
 * @param options.unit index, or `'typical'` (default): see {@link typicalUnit}
 * @param options.training normalize by the statistics of the test set; default false
 * @returns a probe that reports {@link ActivationPercentiles}
 * @example trainNetwork({ ...options, probes: { figure1: percentileProbe({ tap: 'layer3/preActivation' }) } })
 */
export function percentileProbe(options: {
  tap: string;
  unit?: number | 'typical';
  percentiles?: number[];
  training?: boolean;
}): Probe<ActivationPercentiles> {
  expectOptions<typeof options>('percentileProbe', options, {
    ...{ tap: needed(text), unit: either(oneOf(['typical']), whole), percentiles: listOf(number), training: flag },
  });
  const { tap, unit = 'typical', percentiles = FIGURE_1_PERCENTILES, training = false } = options;
  return made('percentileProbe', options, {
    taps: training ? [] : [tap],
    measure: ({ network, test, taps, memory }) => {
      const values: Values = training
        ? captureActivations({ network, x: test.x, training, taps: [tap] })[tap]
        : { shape: taps[tap].shape, values: taps[tap].dataSync() as Float32Array };
      const none = percentiles.map(() => NaN);
      if (values.values.some(Number.isNaN)) return { unit: (memory.unit as number) ?? NaN, typical: none, all: none };
      memory.unit ??= unit === 'typical' ? typicalUnit(values) : unit;
      return activationPercentiles(values, memory.unit as number, percentiles);
    },
  });
}

/** How many values of a layer are saturated. */
export interface Saturation {
  /** Share of all values (examples times units). */
  share: number;
  /** Share of units that are saturated for every example of the batch: units that nothing in it can teach. */
  stuckUnits: number;
}

/** When a value counts as saturated. */
export interface SaturationOptions extends LookOptions {
  /** The nonlinearity; its derivative decides. */
  activation: ActivationName;
  /** Saturated: |g'(z)| below this fraction of the largest |g'| (1/4 for sigmoid, 1 for tanh and ReLU). Default 0.05. */
  fraction?: number;
  /** Saturated: |z| above this, instead of `fraction`. */
  beyond?: number;
  /** Taps of what enters the nonlinearities; default every `.../preActivation` but the network's output. */
  taps?: string[];
}

const SATURATION_OPTIONS: Options<SaturationOptions> = {
  ...LOOK_OPTIONS,
  ...{ activation: needed(oneOf(ACTIVATIONS)), fraction: own, beyond: own, taps: listOf(text) },
};

/**
 * Share of saturated units per layer.
 *
 * With the default fraction 0.05, a sigmoid is saturated where its derivative is below 1/80, that is |z| > 4.36; tanh |z| > 2.18;
 * a ReLU where it is off (z <= 0).
 *
 * @returns by tap; NaN (null in a history) where a value is not a number, as in a network that has diverged
 * @example saturation({ network, x, training: false, activation: 'sigmoid' })['layer3/preActivation'].share
 * @throws RangeError for a fraction outside (0, 1], or a tap that is not there
 */
export function saturation(options: SaturationOptions): Record<string, Saturation> {
  expectOptions('saturation', options, SATURATION_OPTIONS, LOSS_NAMES);
  checkLimits('saturation', options);
  const { fraction = 0.05, beyond, activation } = options;
  const { found, outputTap } = forward('saturation', options, options.taps ?? /\/preActivation$/);
  const last = outputTap?.replace(/\/activation$/, '/preActivation');
  const names = Object.keys(found).filter((name) => options.taps || name !== last);
  const limit = fraction * (activation === 'sigmoid' ? 0.25 : 1);
  return Object.fromEntries(
    names.map((name) => {
      const { shape, values } = found[name];
      const units = shape[shape.length - 1];
      // NaN is below no limit, and would count as not saturated.
      if (values.some(Number.isNaN)) return [name, { share: NaN, stuckUnits: NaN }];
      const flags = tf.tidy(() => {
        const z = tf.tensor2d(values, [values.length / units, units]);
        const off =
          beyond === undefined ? tf.less(activationDerivative(activation)(z), limit) : tf.greater(tf.abs(z), beyond);
        const one = tf.cast(off, 'float32');
        return tf.concat([tf.reshape(tf.mean(one), [1]), tf.min(one, 0)]);
      });
      const [share, ...stuck] = flags.dataSync();
      flags.dispose();
      return [name, { share, stuckUnits: stuck.reduce((a, b) => a + b, 0) / units }];
    }),
  );
}

function checkLimits(where: string, { fraction = 0.05, beyond }: Pick<SaturationOptions, 'fraction' | 'beyond'>): void {
  if (typeof fraction !== 'number' || !(fraction > 0 && fraction <= 1)) {
    throw new RangeError(`${where}: fraction must be above 0 and at most 1, got ${shown(fraction)}.`);
  }
  if (beyond !== undefined && (typeof beyond !== 'number' || !(beyond >= 0))) {
    throw new RangeError(`${where}: beyond must be zero or above, got ${shown(beyond)}.`);
  }
}

/** {@link saturation} of the run's first training batch at every evaluation point; `training` as stated. */
export function saturationProbe(options: Omit<SaturationOptions, 'network' | 'x'>): Probe<Record<string, Saturation>> {
  expectOptions('saturationProbe', options, without(SATURATION_OPTIONS, ['network', 'x']));
  checkLimits('saturationProbe', options);
  return made('saturationProbe', options, {
    measure: ({ network, batch }) => saturation({ ...options, network, x: batch.x }),
  });
}

/**
 * How far a distribution moves while it is followed: the range of each percentile over the points, max q - min q, averaged over the
 * percentiles. In the units of the values: for the input of a sigmoid, on the sigmoid's own axis. A distribution that shifts by c counts c,
 * one that widens about its median counts too; 0 for one that stays. The range hardly depends on how many points there are between
 * the farthest two.
 *
 * @param rows [points][percentiles], as {@link percentileProbe} reports them
 * @example percentileDrift(probeSeries(history, 'fan').slice(1).map(({ value }) => value.typical))
 * @throws RangeError for no rows, rows of different lengths, or numbers that are not finite
 */
export function percentileDrift(rows: readonly (readonly number[])[]): number {
  expectArgument('percentileDrift', 'rows', rows, listOf(numberList));
  const width = rows[0]?.length ?? 0;
  const bad = rows.findIndex((row) => row.length !== width || !row.every(Number.isFinite));
  if (width === 0 || bad >= 0) {
    throw new RangeError(
      `percentileDrift: wanted rows of equally many finite percentiles, got ${bad < 0 ? 'none' : `[${rows[bad].join(', ')}] in row ${bad}`}.`,
    );
  }
  const ranges = rows[0].map((_, p) => Math.max(...rows.map((row) => row[p])) - Math.min(...rows.map((row) => row[p])));
  return ranges.reduce((sum, range) => sum + range, 0) / width;
}
