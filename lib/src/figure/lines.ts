/** Figures made of lines: curves with bands, small multiples, stacked panels, percentile fans, functions. */
import {
  callback,
  counting,
  finite,
  flag,
  listOf,
  needed,
  number,
  numbers as numberList,
  type Options,
  optionsOf,
  positive,
  rowsOfNumbers,
  text as aString,
  type Wanted,
  whole,
} from '../core/checks';
import {
  AXIS_OPTIONS,
  expectFigure,
  FigureError,
  RANGE,
  TEXT_OPTIONS,
  type Axis,
  type Figure,
  type FigureText,
  type Mark,
  type Region,
} from './figure';
import { fmt, percent } from './format';
import {
  AXIS,
  BAND,
  drawPanels,
  LABELS,
  MARKS,
  PANELS,
  REGIONS,
  SERIES,
  type Labels,
  type Panel,
  type Series,
} from './panels';
import { IDENTITY, identityOf, type IdentityName } from './theme';

/** What {@link lineFigure} takes. */
export interface LineOptions extends FigureText {
  /** Horizontal axis. */
  x: Axis;
  /** Vertical axis. */
  y: Axis;
  /** What is drawn; at most as many as can be told apart. */
  series: readonly Series[];
  /** straight reference lines, such as chance level */
  marks?: readonly Mark[];
  /** shaded stretches of the x axis */
  regions?: readonly Region[];
  /** names at the line ends ('direct', the default for up to six lines) or in a legend */
  labels?: Labels;
  /** quantiles over seeds that the band spans; 0.15 and 0.85 unless told, as the paper's Figure 1 */
  band?: readonly [number, number];
}

const LINE_OPTIONS: Options<LineOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(AXIS), y: needed(AXIS), series: needed(SERIES), marks: MARKS, regions: REGIONS },
  ...{ labels: LABELS, band: BAND },
};

/**
 * Curves over one axis: median over seeds with a quantile band, n beside each name.
 *
 * @example
 * show(lineFigure({
 *   title: fmt`BN reaches ${percent(bn)} where the net without it is at ${percent(plain)}`,
 *   data, x: { label: 'training step' }, y: { label: 'test accuracy', percent: true },
 *   series: [{ as: 'none', x: steps, seeds: plainRuns }, { as: 'batch', x: steps, seeds: bnRuns }],
 *   marks: [{ y: 0.1, label: 'chance' }],
 *   alt: '...', caption: '...',
 * }))
 * @throws FigureError for missing text, no series, unequal lengths, or nothing that can be drawn
 */
export function lineFigure(options: LineOptions): Figure {
  expectFigure('lineFigure', options, LINE_OPTIONS);
  return drawPanels({
    builder: 'lineFigure',
    text: options,
    panels: [{ series: options.series, marks: options.marks, regions: options.regions }],
    columns: 1,
    x: options.x,
    y: options.y,
    sharedX: true,
    sharedY: true,
    labels: options.labels,
    band: options.band,
    height: options.height ?? 290,
  });
}

/** What {@link facetFigure} takes. */
export interface FacetOptions extends FigureText {
  /** Horizontal axis of every panel. */
  x: Axis;
  /** Vertical axis of every panel. */
  y: Axis;
  /** From left to right. */
  panels: readonly Panel[];
  /** panels side by side, 1 to 4; as many as there are, at most 3, unless told */
  columns?: number;
  /** Where series are named. Default a legend. */
  labels?: Labels;
  /** The quantiles shaded over several runs. */
  band?: readonly [number, number];
}

const FACET_OPTIONS: Options<FacetOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(AXIS), y: needed(AXIS), panels: needed(PANELS), columns: number, labels: LABELS, band: BAND },
};

/**
 * Small multiples: the same axes, one panel per condition (a learning rate, an initial scale, a layer), so that panels
 * can be compared without reading their numbers.
 *
 * @throws FigureError for what {@link lineFigure} refuses, and more than four columns
 */
export function facetFigure(options: FacetOptions): Figure {
  expectFigure('facetFigure', options, FACET_OPTIONS);
  const columns = options.columns ?? Math.max(1, Math.min(3, options.panels.length));
  if (!Number.isInteger(columns) || columns < 1 || columns > 4) {
    throw new FigureError(`facetFigure: columns must be 1, 2, 3 or 4 to stay legible, got ${columns}.`);
  }
  return drawPanels({
    builder: 'facetFigure',
    text: options,
    panels: options.panels,
    columns,
    x: options.x,
    y: options.y,
    sharedX: true,
    sharedY: true,
    labels: options.labels ?? 'legend',
    band: options.band,
    height: options.height ?? (columns === 1 ? 170 : 190),
  });
}

/** What {@link stackedFigure} takes. */
export interface StackedOptions extends FigureText {
  /** The axis that all panels share. */
  x: Axis;
  /** from top to bottom; each with its own y axis */
  panels: readonly (Panel & { y: Axis })[];
  /** Where series are named. */
  labels?: Labels;
  /** The quantiles shaded over several runs. */
  band?: readonly [number, number];
}

const STACKED_OPTIONS: Options<StackedOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(AXIS), panels: needed(PANELS), labels: LABELS, band: BAND },
};

/**
 * Two or more quantities on one time axis, stacked: ||b|| above, the loss below. Two scales on one panel would let the
 * drawing decide what crosses what; stacked panels leave that to the data.
 *
 * @throws FigureError for what {@link lineFigure} refuses, and a panel without its y axis
 */
export function stackedFigure(options: StackedOptions): Figure {
  expectFigure('stackedFigure', options, STACKED_OPTIONS);
  options.panels.forEach((panel, i) => {
    if (!panel.y)
      throw new FigureError(`stackedFigure: panel ${i + 1} has no y axis. Pass y: { label: '...', unit: '...' }.`);
  });
  return drawPanels({
    builder: 'stackedFigure',
    text: options,
    panels: options.panels,
    columns: 1,
    x: options.x,
    y: options.panels[0]?.y ?? { label: '' },
    sharedX: true,
    sharedY: false,
    labels: options.labels,
    band: options.band,
    height: options.height ?? 150,
  });
}

/** What {@link percentileFan} takes. */
export interface FanOptions extends FigureText {
  /** Horizontal axis of every panel. */
  x: Axis;
  /** Vertical axis of every panel. */
  y: Axis;
  /** From left to right: one distribution each, as its quantiles over x. */
  panels: readonly {
    title?: string;
    as?: IdentityName;
    x: ArrayLike<number>;
    /** [3][points]: the 15th, 50th and 85th percentile at each step */
    percentiles: readonly ArrayLike<number>[];
    /** seeds behind each percentile, where they are medians over seeds */
    n?: number;
  }[];
  /** which percentiles; 15, 50, 85 unless told */
  levels?: readonly [number, number, number];
  /** panels share one y range; true unless told */
  sharedY?: boolean;
}

const LEVELS: Wanted = {
  ...listOf(finite),
  words: 'three percentiles, such as [15, 50, 85]',
  fits: (value) => Array.isArray(value) && value.length === 3,
};
const FAN_PANELS = listOf(
  optionsOf<FanOptions['panels'][number]>({
    ...{ title: aString, as: IDENTITY, x: needed(numberList), percentiles: needed(rowsOfNumbers), n: counting },
  }),
);
const FAN_OPTIONS: Options<FanOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(AXIS), y: needed(AXIS), panels: needed(FAN_PANELS), levels: LEVELS, sharedY: flag },
};

/**
 * Percentiles of a distribution over training, as in the paper's Figure 1 (b, c): how the input of a unit moves. The
 * middle line is the median, the outer ones the 15th and 85th percentile.
 *
 * @throws FigureError for what {@link lineFigure} refuses, and a panel that has not three percentiles
 */
export function percentileFan(options: FanOptions): Figure {
  expectFigure('percentileFan', options, FAN_OPTIONS);
  const levels = options.levels ?? [15, 50, 85];
  const panels: Panel[] = options.panels.map((panel, i) => {
    if (panel.percentiles.length !== 3) {
      throw new FigureError(
        `percentileFan: panel ${i + 1} has ${panel.percentiles.length} percentiles, wanted 3: ${levels.join(', ')}.`,
      );
    }
    const [low, y, high] = panel.percentiles;
    return {
      title: panel.title ?? identityOf(panel.as, i, options.panels.length).label,
      series: [
        {
          as: panel.as,
          label: options.panels.length > 1 ? undefined : 'median',
          x: panel.x,
          y,
          low,
          high,
          n: panel.n,
          edges: [ordinalPercentile(levels[0]), ordinalPercentile(levels[2])] as const,
          markers: false,
        },
      ],
    };
  });
  return drawPanels({
    builder: 'percentileFan',
    text: options,
    panels,
    columns: Math.min(2, panels.length),
    x: options.x,
    y: options.y,
    sharedX: true,
    sharedY: options.sharedY ?? true,
    labels: panels.length === 1 ? 'direct' : 'none',
    height: options.height ?? 250,
    facts: [`lines: ${levels[0]}th, ${levels[1]}th and ${levels[2]}th percentile`],
  });
}

function ordinalPercentile(level: number): string {
  return `${level}th percentile`;
}

/** What {@link functionFigure} takes. */
export interface FunctionOptions extends FigureText {
  /** the argument, with its range: the functions are evaluated there */
  x: Axis & { range: readonly [number, number] };
  /** What is drawn, each with its derivative where one is given. */
  functions: readonly {
    as?: IdentityName;
    label?: string;
    f: (x: number) => number;
    derivative?: (x: number) => number;
  }[];
  /** y axis of the functions; 'f(x)' unless told */
  y?: Axis;
  /** y axis of the derivatives; "f′(x)" unless told */
  derivativeAxis?: Axis;
  /**
   * shades where a function counts as saturated: |f'(x)| below this share of its largest value on the range. With
   * several functions each region belongs to the first one.
   */
  saturatedBelow?: number;
  /** Shaded parts of the x axis. */
  regions?: readonly Region[];
  /** points per curve, 241 unless told */
  points?: number;
}

const FUNCTIONS = listOf(
  optionsOf<FunctionOptions['functions'][number]>({
    ...{ as: IDENTITY, label: aString, f: needed(callback), derivative: callback },
  }),
);
const FUNCTION_OPTIONS: Options<FunctionOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(optionsOf({ ...AXIS_OPTIONS, range: needed(RANGE) })), functions: needed(FUNCTIONS) },
  ...{ y: AXIS, derivativeAxis: AXIS, saturatedBelow: positive, regions: REGIONS, points: whole },
};

/**
 * Functions and, where given, their derivatives in a second panel, with the regions shaded in which a unit saturates.
 * The regions are computed from the derivative, not typed.
 *
 * @throws FigureError for what {@link lineFigure} refuses, and `saturatedBelow` without a derivative
 */
export function functionFigure(options: FunctionOptions): Figure {
  expectFigure('functionFigure', options, FUNCTION_OPTIONS);
  const count = options.points ?? 241;
  if (count < 2 || count > 1e5)
    throw new FigureError(`functionFigure: points must be from 2 to 100,000, got ${count}.`);
  const [from, to] = options.x.range;
  const x = Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
  const series = (of: 'f' | 'derivative') =>
    options.functions.flatMap(({ as, label, ...maps }): Series[] => {
      const map = maps[of];
      return map ? [{ as, label, x, y: x.map((v) => map(v)), markers: false }] : [];
    });
  const regions: Region[] = [...(options.regions ?? [])];
  const facts: string[] = [];
  if (options.saturatedBelow !== undefined) {
    const derivative = options.functions[0]?.derivative;
    if (!derivative) {
      throw new FigureError(
        'functionFigure: saturatedBelow needs the derivative of the first function. Pass derivative: (x) => ...',
      );
    }
    const slopes = x.map((v) => Math.abs(derivative(v)));
    const limit = options.saturatedBelow * Math.max(...slopes);
    for (const [start, end] of runs(slopes.map((s) => s < limit))) {
      regions.push({ from: x[start], to: x[end], label: 'saturated' });
    }
    facts.push(
      `shaded: slope below ${percent(options.saturatedBelow, 0)} of its largest value, ${fmt(Math.max(...slopes))}`,
    );
  }
  const slopes = series('derivative');
  const panels: Panel[] = [{ series: series('f'), regions, y: options.y ?? { label: 'f(x)' } }];
  if (slopes.length > 0) {
    panels.push({
      series: slopes,
      regions: regions.map(({ from: a, to: b }) => ({ from: a, to: b })),
      y: options.derivativeAxis ?? { label: 'f′(x)' },
    });
  }
  return drawPanels({
    builder: 'functionFigure',
    text: options,
    panels,
    columns: 1,
    x: options.x,
    y: panels[0].y as Axis,
    sharedX: true,
    sharedY: false,
    height: options.height ?? (panels.length > 1 ? 170 : 250),
    facts,
    summary: regions.map((r) => `  ${r.label ?? 'shaded'}: from ${fmt(r.from)} to ${fmt(r.to)}`),
  });
}

/** First and last index of every stretch of `true`. */
function runs(flags: boolean[]): [number, number][] {
  const found: [number, number][] = [];
  flags.forEach((flag, i) => {
    if (!flag) return;
    if (i > 0 && flags[i - 1]) found[found.length - 1][1] = i;
    else found.push([i, i]);
  });
  return found.filter(([a, b]) => b > a);
}
