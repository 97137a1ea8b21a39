/** Samples over training steps, checked and counted into bins: the common ground of histograms over steps. */
import { shown as named } from '../core/checks';
import { FigureError } from './figure';
import { fmt } from './format';
import type { Axis } from './scales';
import { BAND_QUANTILES } from '../statistics/statistics';

/** Samples of one thing: [steps][values], as many values as were seen. @internal */
export interface Sampled {
  readonly samples: readonly ArrayLike<number>[];
}

/** Histograms of several things on one axis. @internal */
export interface Binned {
  readonly from: number;
  readonly to: number;
  readonly centres: readonly number[];
  /** [series][steps]: the share in each bin, and the share that lies beyond the axis */
  readonly density: readonly (readonly { shares: number[]; outside: number }[])[];
}

/** @internal */
export function requireSamples(builder: string, steps: readonly number[], series: readonly Sampled[]): void {
  if (steps.length === 0 || series.length === 0) {
    throw new FigureError(
      `${builder}: wanted at least one step and one series, got ${steps.length} and ${series.length}.`,
    );
  }
  series.forEach((entry, i) => {
    if (entry.samples.length !== steps.length) {
      throw new FigureError(
        `${builder}: series ${i + 1} has samples at ${entry.samples.length} steps, but there are ${steps.length} steps.`,
      );
    }
  });
}

/** @internal */
export function requireStep(builder: string, steps: readonly number[], step: number): number {
  const at = steps.indexOf(step);
  if (at < 0) {
    throw new FigureError(
      `${builder}: shownStep ${step} is not among the steps ${steps.map((s) => fmt(s)).join(', ')}.`,
    );
  }
  return at;
}

/** Counts samples into `bins` from the 0.1 to the 99.9 percentile of all, or on the axis's own range. @internal */
export function binned(builder: string, axis: Axis, series: readonly Sampled[], bins: number): Binned {
  if (bins < 1 || bins > 1e4) throw new FigureError(`${builder}: bins must be from 1 to 10,000, got ${named(bins)}.`);
  const pooled = series.flatMap((entry) =>
    entry.samples.map((s) => Float64Array.from(s).filter(Number.isFinite).sort()),
  );
  if (pooled.some((s) => s.length === 0))
    throw new FigureError(`${builder}: a step has no finite sample. Take samples at every step.`);
  const [from, to] = axis.range ?? outer(pooled);
  const width = (to - from) / bins;
  return {
    ...{ from, to },
    centres: Array.from({ length: bins }, (_, i) => from + (i + 0.5) * width),
    density: series.map((entry) => entry.samples.map((s) => histogram(s, from, width, bins))),
  };
}

/** Values that the bins do not reach, as a share of all. @internal */
export function shareOutside({ density }: Binned): number {
  const all = density.flat();
  return all.reduce((sum, d) => sum + d.outside, 0) / (all.length || 1);
}

/** One height for all: the tallest bin, but never so tall that a spike at one step hides all others. @internal */
export function ceilingOf({ density }: Binned): number {
  const peaks = density
    .flat()
    .map((d) => Math.max(...d.shares))
    .sort((a, b) => a - b);
  return Math.min(1, 1.08 * Math.min(peaks[peaks.length - 1], 3 * peaks[Math.floor(peaks.length / 2)]));
}

/** 15th, 50th and 85th percentile. @internal */
export function quartiles(samples: ArrayLike<number>): [number, number, number] {
  const sorted = Float64Array.from(samples).filter(Number.isFinite).sort();
  const at = (q: number) => sorted[Math.round(q * (sorted.length - 1))];
  return [at(BAND_QUANTILES[0]), at(0.5), at(BAND_QUANTILES[1])];
}

/** 0.1 to 99.9 percentile over all samples, each step and net counting the same. */
function outer(sorted: Float64Array[]): [number, number] {
  const at = (s: Float64Array, q: number) => s[Math.round(q * (s.length - 1))];
  const from = Math.min(...sorted.map((s) => at(s, 0.001)));
  const to = Math.max(...sorted.map((s) => at(s, 0.999)));
  return from < to ? [from, to] : [from - 0.5, to + 0.5];
}

/** Share of the samples in each bin; what lies outside goes to the outermost bins and is counted. */
function histogram(samples: ArrayLike<number>, from: number, width: number, bins: number) {
  const shares = new Array<number>(bins).fill(0);
  let finite = 0;
  let outside = 0;
  for (let i = 0; i < samples.length; i++) {
    if (!Number.isFinite(samples[i])) continue;
    finite++;
    const bin = Math.floor((samples[i] - from) / width);
    // The right edge belongs to the last bin.
    if (bin < 0 || samples[i] > from + width * bins * (1 + 1e-9)) outside++;
    shares[Math.min(bins - 1, Math.max(0, bin))]++;
  }
  return { shares: shares.map((s) => s / finite), outside: outside / finite };
}
