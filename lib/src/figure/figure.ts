/**
 * What a figure is, and the parts that all builders share: heading, margins, axes, labels that keep out of each other's
 * way. A figure is plain data for Plotly; nothing here knows a page or a browser, and the same input gives the same bytes.
 */
import {
  expectOptions,
  finite,
  flag,
  listOf,
  needed,
  number,
  type Options,
  own,
  positive,
  text as aString,
  type Wanted,
} from '../core/checks';
import { fmt, superscript, textWidth, wrap } from './format';
import { config, ink, size, template } from './theme';

/** One Plotly trace, as JSON. */
export type PlotlyTrace = { type: string } & Record<string, unknown>;

/** A figure: plain Plotly JSON, with what a reader needs who does not see it. */
export interface Figure {
  /** Traces. */
  readonly data: PlotlyTrace[];
  /** Plotly layout; `layout.meta` repeats alt, caption and summary for whoever has only the JSON */
  readonly layout: Record<string, unknown>;
  /** Plotly's settings of interaction. */
  readonly config: Record<string, unknown>;
  /** animation frames of a slider figure */
  readonly frames?: Record<string, unknown>[];
  /** what the figure shows, for a reader who cannot see it: one or two sentences */
  readonly alt: string;
  /** what stands below the figure: how to read it, and what it was computed from */
  readonly caption: string;
  /** the figure as text: title, axes, and the numbers that matter */
  readonly summary: string;
}

/** What every builder asks for besides its data. */
export interface FigureText {
  /** the finding, as a sentence, from computed values: fmt`BN reaches ${accuracy}` */
  title: string;
  /** which data the figure shows: a loaded `Dataset`, its title, or for mathematics what was evaluated */
  data: string | { title: string };
  /** more for the line below the title, after data and seeds */
  note?: string;
  /** the figure in one or two sentences, for a reader who cannot see it */
  alt: string;
  /** how to read it, below the figure */
  caption: string;
  /** height of the drawing area of one panel, pixels */
  height?: number;
}

/** What {@link requireText} looks at itself. */
export const TEXT_OPTIONS: Options<FigureText> = {
  ...{ title: needed(own), data: needed(own), note: aString, alt: needed(own), caption: needed(own), height: positive },
};

/** A figure that cannot be drawn as asked; the message says what was given, what was wanted, what to do. */
export class FigureError extends Error {
  /** `FigureError`, in messages and to tell errors apart. */
  override name = 'FigureError';
}

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

/** A straight reference line across a panel, such as chance level or a limit from theory. */
export interface Mark {
  /** horizontal line at this y */
  y?: number;
  /** vertical line at this x */
  x?: number;
  /** Beside the line. */
  label: string;
}

export const MARK_OPTIONS: Options<Mark> = { y: finite, x: finite, label: needed(aString) };

/** A shaded stretch of the x axis, such as the region in which a unit saturates. */
export interface Region {
  /** Left end, in units of x. */
  from: number;
  /** Right end. */
  to: number;
  /** Inside, at the top. */
  label?: string;
}

/** A region may reach to infinity. */
export const REGION_OPTIONS: Options<Region> = { from: needed(number), to: needed(number), label: aString };

/** Pixels around the panels. */
export interface Margins {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** Makes a {@link Figure} of a builder's parts. @internal */
export function assemble(
  text: FigureText,
  parts: {
    data: PlotlyTrace[];
    layout: Record<string, unknown>;
    frames?: Record<string, unknown>[];
    summary: string[];
  },
): Figure {
  const summary = [text.title, dataTitle(text), ...parts.summary].join('\n');
  const meta = { alt: text.alt.trim(), caption: text.caption.trim(), summary };
  return {
    data: plain(parts.data) as PlotlyTrace[],
    layout: plain({ template, ...parts.layout, meta }) as Record<string, unknown>,
    config: { ...config },
    ...(parts.frames ? { frames: plain(parts.frames) as Record<string, unknown>[] } : {}),
    ...meta,
  };
}

/**
 * {@link expectOptions} of a builder: `seeds` passes, because one object with `data` and `seeds` may be spread into figures, verdicts and
 * provenance alike.
 *
 * @internal
 */
export function expectFigure<T extends FigureText>(
  builder: string,
  given: unknown,
  options: Options<T>,
): asserts given is T {
  expectOptions(builder, given, options, ['seeds']);
  requireText(builder, given as T);
}

/**
 * Refuses a figure without title, data, alt text or caption. Builders call it first.
 *
 * @throws FigureError that names what is missing
 * @internal
 */
export function requireText(builder: string, text: FigureText): void {
  const wanted: [string, unknown, string][] = [
    ['title', text.title, 'the finding as a sentence'],
    ['data', text.data && dataTitle(text), 'the data set, or what was evaluated'],
    ['alt', text.alt, 'what the figure shows, for a reader who cannot see it'],
    ['caption', text.caption, 'how to read the figure'],
  ];
  for (const [name, value, meaning] of wanted) {
    if (typeof value !== 'string' || value.trim() === '') {
      throw new FigureError(
        `${builder}: "${name}" is ${value === undefined ? 'missing' : 'empty'}. Pass ${name}: '...', ${meaning}.`,
      );
    }
  }
}

/** The name of the data that the figure shows. @internal */
export function dataTitle(text: FigureText): string {
  return typeof text.data === 'string' ? text.data : text.data?.title;
}

/** Title (bold, wrapped) and subtitle (grey) as Plotly's title; returns the pixels they take. @internal */
export function heading(text: FigureText, facts: string[]): { title: Record<string, unknown>; height: number } {
  const available = size.width - 24;
  const titleLines = wrap(text.title, available, size.title, true);
  const under = [dataTitle(text), ...facts, ...(text.note ? [text.note] : [])]
    .filter((part) => part !== '')
    .join(' · ');
  const subtitleLines = wrap(under, available, size.subtitle);
  const subtitle = subtitleLines.map(
    (line) =>
      `<span style="font-size:${size.subtitle}px;color:${ink.muted};font-weight:normal">${escapeHtml(line)}</span>`,
  );
  return {
    title: {
      text: [...titleLines.map((line) => `<b>${escapeHtml(line)}</b>`), ...subtitle].join('<br>'),
      font: { size: size.title, color: ink.text },
      x: 12 / size.width,
      xanchor: 'left',
      xref: 'container',
      y: 1,
      yanchor: 'top',
      yref: 'container',
      pad: { t: 24, l: 0, r: 0, b: 0 },
    },
    // Plotly spaces all lines of a title by 1.3 times the title's own font size.
    height: 12 + Math.ceil((titleLines.length + subtitleLines.length) * size.title * 1.3) + 6,
  };
}

/** Plotly's text is a small HTML: numbers and names from outside must not open tags. @internal */
export function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
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

/** Plotly's axis for ours. `range` as {@link rangeOf} gives it (log10 on logarithmic axes). @internal */
export function plotlyAxis(axis: Axis, range: readonly [number, number]): Record<string, unknown> {
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

/** Moves labels apart along one axis, in pixels, keeping their order and staying between 0 and `length`. @internal */
export function spread(positions: number[], gap: number, length: number): number[] {
  const order = positions.map((_, i) => i).sort((a, b) => positions[a] - positions[b]);
  const out = order.map((i) => Math.min(Math.max(positions[i], 0), length));
  // Pool neighbours that overlap into one block around their mean, as isotonic regression does, then lay blocks out.
  type Block = { sum: number; members: number[] };
  const blocks: Block[] = [];
  const start = (block: Block) => {
    const centre = block.sum / block.members.length;
    const half = ((block.members.length - 1) * gap) / 2;
    return Math.min(Math.max(centre, half), Math.max(half, length - half)) - half;
  };
  out.forEach((position, k) => {
    blocks.push({ sum: position, members: [k] });
    for (;;) {
      const last = blocks[blocks.length - 1];
      const before = blocks[blocks.length - 2];
      if (!before || start(before) + before.members.length * gap <= start(last)) break;
      blocks.splice(-2, 2, { sum: before.sum + last.sum, members: [...before.members, ...last.members] });
    }
  });
  const result = new Array<number>(positions.length);
  for (const block of blocks) {
    const first = start(block);
    block.members.forEach((k, j) => (result[order[k]] = first + j * gap));
  }
  return result;
}

/**
 * Room for the longest legend entry. Plotly would measure the text with the font of the machine that draws; a reader's font
 * may be wider, and a legend clips. @internal
 */
export function legendRoom(entries: readonly string[]): { entrywidth: number; entrywidthmode: 'pixels' } {
  const widest = Math.max(0, ...entries.map((entry) => textWidth(entry, size.text)));
  return { entrywidth: Math.ceil(widest) + 10, entrywidthmode: 'pixels' };
}

/** Numbers for JSON: plain arrays, six significant digits, gaps (`null`) for what is not finite. @internal */
export function numbers(values: ArrayLike<number>): (number | null)[] {
  return Array.from(values, (v) => (Number.isFinite(v) ? Number(v.toPrecision(6)) : null));
}

/** A copy as plain JSON: typed arrays become arrays, `undefined` goes, what is not finite becomes a gap. */
function plain(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? Number(value.toPrecision(10)) : null;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return plain(Array.from(value as unknown as ArrayLike<number>));
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, v]) => v !== undefined)
        .map(([key, v]) => [key, plain(v)]),
    );
  }
  return value;
}
