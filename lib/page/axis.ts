/** Axes: from values to pixels, and the numbers that stand beside them. */

/** How an axis spans its values. */
export interface Span {
  min: number;
  max: number;
  log: boolean;
}

/** Where a value lies, from 0 to 1. */
export function placeOf({ min, max, log }: Span, value: number): number {
  if (log) return (Math.log10(value) - Math.log10(min)) / (Math.log10(max) - Math.log10(min));
  return (value - min) / (max - min);
}

/** A span that holds the values. Logarithms hold what is above 0. */
export function spanOf(values: readonly number[], log: boolean, given: { min?: number; max?: number } = {}): Span {
  const known = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  let min = given.min ?? Math.min(...known);
  let max = given.max ?? Math.max(...known);
  if (!Number.isFinite(min) || !Number.isFinite(max)) [min, max] = log ? [0.1, 10] : [0, 1];
  if (log) {
    if (max / min < 4) [min, max] = [min / 2, max * 2];
    return { min: given.min ?? min / 1.15, max: given.max ?? max * 1.15, log };
  }
  const pad = max === min ? Math.abs(max) || 1 : (max - min) * 0.06;
  return { min: given.min ?? min - pad, max: given.max ?? max + pad, log };
}

/** Numbers to write beside an axis: round ones, about as many as wanted. */
export function ticksOf({ min, max, log }: Span, wanted: number): number[] {
  if (log) return logTicks(min, max, wanted);
  const rough = (max - min) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10);
  const found: number[] = [];
  for (let i = Math.ceil(min / step - 1e-9); i * step <= max + 1e-9 * step; i++) found.push(i * step);
  return found;
}

function logTicks(min: number, max: number, wanted: number): number[] {
  const [low, high] = [Math.floor(Math.log10(min)), Math.ceil(Math.log10(max))];
  const decades = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  const inside = (value: number) => value >= min * 0.999 && value <= max * 1.001;
  const powers = decades.map((k) => 10 ** k).filter(inside);
  if (powers.length < 3) {
    const between = decades.flatMap((k) => [1, 2, 5].map((one) => one * 10 ** k)).filter(inside);
    if (between.length > powers.length) return between;
  }
  const every = Math.max(1, Math.ceil(powers.length / wanted));
  return powers.filter((_, i) => i % every === 0);
}

/** A number as a reader reads it: 0.001, 0.25, 1,200, 3e8. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) return value.toExponential(0).replace('e+', 'e').replace('-', '−');
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 6 }).replace('-', '−');
}

/** A share as percent. */
export function percentText(value: number, digits = 0): string {
  return Number.isFinite(value) ? `${(100 * value).toFixed(digits)} %` : '–';
}
