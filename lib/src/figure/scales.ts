/**
 * Scales: what an axis measures, from where to where, with which ticks. A scale is an axis of ours with its range; `plotly` is the same
 * as Plotly wants it.
 */
import { escapeHtml } from '../core/html';
import { finite, flag, listOf, needed, type Options, text as aString, type Wanted } from '../core/checks';
import { FigureError } from './figure';
import { fmt, superscript, textWidth } from './format';
import { ink, size } from './theme';

/** One axis: what it measures, in which unit. */
export interface Axis {
  /** the quantity: 'training step', 'test accuracy' */
  label: string;
  /** its unit, shown in brackets: 'ms', 'nats'. Leave it out for counts and pure numbers */
  unit?: string;
  /** logarithmic axis */
  log?: boolean;
  /** values are shares 0 .. 1, shown as percent */
  percent?: boolean;
  /** from and to; from the data unless told */
  range?: readonly [number, number];
  /** where the ticks stand, for values that are powers of two and the like */
  ticks?: readonly number[];
  /** what the ticks say, instead of their numbers */
  tickText?: readonly string[];
}

const pairOf = (entry: Wanted): Wanted => ({
  ...listOf(entry),
  words: 'two numbers, [from, to]',
  fits: (value) => Array.isArray(value) && value.length === 2,
});

/** Two numbers, from and to. */
export const RANGE = pairOf(finite);

export const AXIS_OPTIONS: Options<Axis> = {
  ...{ label: needed(aString), unit: aString, log: flag, percent: flag, range: RANGE },
  ...{ ticks: listOf(finite), tickText: listOf(aString) },
};

/** An axis that knows its range, ready to draw on. @internal */
export interface Scale {
  /** What it measures. */
  readonly axis: Axis;
  /** From and to; log10 of them on a logarithmic axis. */
  readonly range: readonly [number, number];
  /** Plotly's axis. */
  readonly plotly: Record<string, unknown>;
}

/** A scale of numbers; `more` are settings of Plotly's axis beside ours. @internal */
export function scaleOf(axis: Axis, range: readonly [number, number], more: Record<string, unknown> = {}): Scale {
  return { axis, range, plotly: { ...plotlyAxis(axis, range), ...more } };
}

/** A scale that is not drawn: of pictures and diagrams, in their own pixels. @internal */
export function hiddenScale(range: readonly [number, number]): Scale {
  return { axis: { label: '' }, range, plotly: { visible: false, range: [...range], fixedrange: true } };
}

/** Named steps on an even grid, 0 .. names - 1: the rows and columns of a heat map. `pixels` is what one name needs. @internal */
export function stepScale(
  axis: Axis,
  names: readonly string[],
  given: { pixels: number; room: number; reversed?: boolean; more?: Record<string, unknown> },
): Scale {
  const ends = [-0.5, names.length - 0.5] as const;
  const range: readonly [number, number] = given.reversed ? [ends[1], ends[0]] : ends;
  const title = { text: escapeHtml(axisTitle(axis)) };
  const ticks = thinned(names, names.length * given.pixels, given.room);
  return { axis, range, plotly: { title, range: [...range], tickmode: 'array', ...ticks, ...given.more } };
}

/** Every k-th name, so that labels of `need` pixels in all fit into `room`. */
function thinned(names: readonly string[], need: number, room: number): { tickvals: number[]; ticktext: string[] } {
  const every = Math.max(1, Math.ceil(need / room));
  const kept = names.map((_, i) => i).filter((i) => i % every === 0);
  return { tickvals: kept, ticktext: kept.map((i) => names[i]) };
}

/** Where a value stands in Plotly's annotations and ranges, which count a logarithmic axis in log10; shapes take the value itself. @internal */
export function placeOn(scale: Scale, value: number): number {
  return scale.axis.log ? Math.log10(value) : value;
}

/** `label (unit)`. @internal */
export function axisTitle(axis: Axis): string {
  return axis.unit ? `${axis.label} (${axis.unit})` : axis.label;
}

/**
 * Range of an axis from what is drawn on it: four percent of air, and zero as the floor where the data come near it.
 *
 * @throws FigureError when nothing can be drawn: no finite value, or none above zero on a logarithmic axis
 * @internal
 */
export function rangeOf(builder: string, axis: Axis, values: Iterable<number>, air = 0.04): [number, number] {
  if (axis.range) {
    const [from, to] = axis.range;
    if (!(from < to) || (axis.log && from <= 0)) {
      throw new FigureError(
        `${builder}: the range of "${axis.label}" must rise${axis.log ? ' and lie above zero (logarithmic axis)' : ''}, ` +
          `got [${from}, ${to}].`,
      );
    }
    return axis.log ? [Math.log10(from), Math.log10(to)] : [from, to];
  }
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value) || (axis.log && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) {
    throw new FigureError(
      `${builder}: "${axis.label}" has no value that can be drawn: all are missing, infinite` +
        `${axis.log ? ', or not above zero as a logarithmic axis needs' : ''}. Check what was measured.`,
    );
  }
  if (axis.log) [low, high] = [Math.log10(low), Math.log10(high)];
  if (low === high) {
    const half = axis.log ? 0.5 : Math.abs(low) > 0 ? Math.abs(low) * 0.1 : 0.5;
    return [low - half, high + half];
  }
  const span = high - low;
  if (!axis.log && low >= 0 && low < 0.25 * span) return [0, high + air * span];
  return [low - air * span, high + air * span];
}

/** Plotly's axis for ours. `range` as {@link rangeOf} gives it (log10 on logarithmic axes). */
function plotlyAxis(axis: Axis, range: readonly [number, number]): Record<string, unknown> {
  const out: Record<string, unknown> = { title: { text: escapeHtml(axisTitle(axis)) }, range: [...range] };
  if (axis.log) {
    out.type = 'log';
    const decades = range[1] - range[0];
    if (!axis.ticks) {
      // One label per decade (or per several), or some within it, and unlabelled ticks between them. Written out, because
      // Plotly sets powers of ten larger than other tick labels, and between them bare digits.
      const ticks = decades < 1.2 ? withinDecade(range[0], range[1]) : decadeTicks(range[0], range[1]);
      if (ticks) Object.assign(out, { tickmode: 'array', ...ticks });
      if (ticks && axis.percent) out.ticktext = ticks.tickvals.map((v) => `${fmt(Number((100 * v).toPrecision(12)))}%`);
      if (ticks && decades <= 8) out.minor = { dtick: 'D1', ticks: 'outside', ticklen: 2, tickcolor: ink.axis };
    }
  }
  if (axis.percent) {
    const span = range[1] - range[0];
    out.tickformat = axis.log ? '~p' : span < 0.004 ? '.2%' : span < 0.04 ? '.1%' : '.0%';
  }
  if (axis.ticks) {
    out.tickmode = 'array';
    out.tickvals = [...axis.ticks];
    out.ticktext = axis.tickText
      ? [...axis.tickText]
      : axis.ticks.map((tick) => (axis.percent ? `${fmt(tick * 100)}%` : fmt(tick)));
  }
  return out;
}

/** Ticks of a short logarithmic axis: 0.05, 0.1, 0.2, 0.5; undefined where even all digits give fewer than three. */
function withinDecade(low: number, high: number): { tickvals: number[]; ticktext: string[] } | undefined {
  for (const digits of [
    [1, 2, 5],
    [1, 2, 3, 5, 7],
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  ]) {
    const tickvals: number[] = [];
    for (let k = Math.floor(low); k <= high; k++) for (const digit of digits) tickvals.push(Number(`${digit}e${k}`));
    const inside = tickvals.filter((v) => Math.log10(v) >= low - 1e-9 && Math.log10(v) <= high + 1e-9);
    if (inside.length >= 3) return { tickvals: inside, ticktext: inside.map((v) => fmt(v)) };
  }
  return undefined;
}

/** One tick per decade, or per several where there are many: 0.01, 0.1, 1 ... 10⁵. @internal */
export function decadeTicks(low: number, high: number): { tickvals: number[]; ticktext: string[] } {
  const from = Math.ceil(low - 1e-9);
  const to = Math.floor(high + 1e-9);
  const every = Math.max(1, Math.ceil((to - from + 1) / 8));
  const powers: number[] = [];
  for (let k = from; k <= to; k += every) powers.push(k);
  return {
    tickvals: powers.map((k) => 10 ** k),
    ticktext: powers.map((k) => (k >= -2 && k <= 3 ? fmt(10 ** k) : `10${superscript(k)}`)),
  };
}

/** Pixels that the tick labels of a vertical axis need, estimated. @internal */
export function tickWidth(axis: Axis, range: readonly [number, number]): number {
  if (axis.tickText) return Math.max(...axis.tickText.map((t) => textWidth(t, size.tick)));
  if (axis.ticks) return Math.max(...axis.ticks.map((t) => textWidth(fmt(t), size.tick)));
  if (axis.percent) return axis.log ? 46 : range[1] - range[0] < 0.04 ? 46 : 36;
  if (axis.log) return range[1] - range[0] >= 1.2 ? 34 : 44;
  // Plotly draws about six ticks; their step decides the decimals.
  const span = range[1] - range[0];
  const step = 10 ** Math.floor(Math.log10(span / 5));
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const largest = Math.max(Math.abs(range[0]), Math.abs(range[1]));
  const sample =
    largest >= 1e6 ? '5×10⁻⁵' : largest.toFixed(Math.min(decimals, 5)).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return textWidth((range[0] < 0 ? '−' : '') + sample, size.tick);
}
