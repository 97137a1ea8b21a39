/** Functions with their derivatives, and where they saturate. */
import { callback, listOf, needed, type Options, optionsOf, positive, text as aString, whole } from '../core/checks';
import { expectFigure, type Figure, FigureError, type FigureText, TEXT_OPTIONS } from './figure';
import { fmt, percent } from './format';
import type { Region } from './marks/regions';
import { drawPanels } from './panels';
import { type Axis, AXIS_OPTIONS, RANGE } from './scales';
import { AXIS, type Panel, REGIONS, type Series } from './series';
import { IDENTITY, type IdentityName } from './theme';

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
 * @throws FigureError for what `lineFigure` refuses, and `saturatedBelow` without a derivative
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
