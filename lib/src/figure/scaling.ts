/** Power laws on log-log axes, with the exponent measured, its error, and what theory says. */
import {
  either,
  finite,
  flag,
  listOf,
  needed,
  number,
  numbers as numberList,
  type Options,
  optionsOf,
  rowsOfNumbers,
  text as aString,
} from '../core/checks';
import { powerLaw, type PowerLaw } from '../statistics';
import { expectFigure, FigureError, TEXT_OPTIONS, type Figure, type FigureText } from './figure';
import { fmt } from './format';
import type { Mark } from './marks/rules';
import { drawPanels } from './panels';
import type { Axis } from './scales';
import { AXIS, BAND, LABELS, MARKS, type Labels, type Series } from './series';
import { IDENTITY, identityOf, type IdentityName } from './theme';

/** One curve of {@link logLogFigure}. */
export interface ScalingSeries {
  /** Whose colour and symbol it wears. */
  as?: IdentityName;
  /** In the legend. */
  label?: string;
  /** Above 0. */
  x: ArrayLike<number>;
  /** Above 0, one per x. */
  y?: ArrayLike<number>;
  /** [seeds][points] */
  seeds?: readonly ArrayLike<number>[];
  /** fit a power law: to all points, or only to those with `from <= x <= to`; true unless told */
  fit?: boolean | { from?: number; to?: number };
}

/** What {@link logLogFigure} takes. */
export interface LogLogOptions extends FigureText {
  /** Horizontal axis, made logarithmic. */
  x: Axis;
  /** Vertical axis, made logarithmic. */
  y: Axis;
  /** What is drawn. */
  series: readonly ScalingSeries[];
  /** exact curves to hold the measurement against: values, or an exponent drawn through the first measured point */
  theory?: readonly { label: string; x?: ArrayLike<number>; y?: ArrayLike<number>; exponent?: number }[];
  /** Vertical lines. */
  marks?: readonly Mark[];
  /** Where series are named. */
  labels?: Labels;
  /** The quantiles shaded over several runs. */
  band?: readonly [number, number];
}

const SCALING_SERIES = optionsOf<ScalingSeries>({
  ...{ as: IDENTITY, label: aString, x: needed(numberList), y: numberList, seeds: rowsOfNumbers },
  fit: either(flag, optionsOf<{ from?: number; to?: number }>({ from: number, to: number })),
});
const THEORY = optionsOf<NonNullable<LogLogOptions['theory']>[number]>({
  ...{ label: needed(aString), x: numberList, y: numberList, exponent: finite },
});
const LOG_LOG_OPTIONS: Options<LogLogOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(AXIS), y: needed(AXIS), series: needed(listOf(SCALING_SERIES)), theory: listOf(THEORY) },
  ...{ marks: MARKS, labels: LABELS, band: BAND },
};

/**
 * Measured points on log-log axes with the fitted power law drawn through them and its exponent with standard error in
 * the name: "error, slope −0.498 ± 0.004". Lines from theory are thin and dotted.
 *
 * @throws FigureError for fewer than three points to fit, values that are not above zero, and what `lineFigure` refuses
 */
export function logLogFigure(options: LogLogOptions): Figure {
  expectFigure(BUILDER, options, LOG_LOG_OPTIONS);
  const measured = options.series.map((entry, i) => measuredSeries(entry, i));
  const theory = (options.theory ?? []).map((line) => theorySeries(line, options.series[0]));
  const summary = measured.flatMap((part) => part.summary);
  return drawPanels({
    builder: BUILDER,
    text: options,
    panels: [{ series: [...measured.flatMap((part) => part.series), ...theory], marks: options.marks }],
    columns: 1,
    x: { ...options.x, log: true },
    y: { ...options.y, log: true },
    sharedY: true,
    labels: options.labels,
    band: options.band,
    height: options.height ?? 310,
    airX: 0.03,
    facts: summary.length > 0 ? ['slope ± standard error'] : [],
    summary,
  });
}

const BUILDER = 'logLogFigure';

/** The points of a series and, where it is fitted, the line through them, with its exponent in words. */
function measuredSeries(entry: ScalingSeries, i: number): { series: Series[]; summary: string[] } {
  const name = entry.label ?? entry.as ?? `series ${i + 1}`;
  const rows = entry.seeds ?? (entry.y ? [entry.y] : []);
  const bad = rows.flatMap((row) => Array.from(row)).find((v) => !(v > 0 && Number.isFinite(v)));
  if (bad !== undefined || Array.from(entry.x).some((v) => !(v > 0))) {
    throw new FigureError(
      `${BUILDER}: "${name}" has ${bad === undefined ? 'an x' : `a y of ${bad}`} that is not above zero; ` +
        'logarithmic axes cannot show it. Leave the point out and say so, or use lineFigure.',
    );
  }
  const { as, x, y, seeds } = entry;
  const own = entry.label ?? (as === undefined ? undefined : identityOf(as).label);
  if (entry.fit === false || rows.length === 0)
    return { series: [{ as, label: own, x, y, seeds, points: false, markers: true }], summary: [] };
  const fitted = exponentOf(BUILDER, name, entry, rows);
  const slope = slopeText(fitted.law);
  const line = fitted.x.map((v) => fitted.law.factor * v ** fitted.law.exponent);
  return {
    series: [
      { as, label: `${own ?? 'measured'}, slope ${slope}`, x, y, seeds, points: true, markers: true },
      { as, label: '', x: fitted.x, y: line, markers: false },
    ],
    summary: [
      `  ${own ?? name}: fitted exponent ${slope} over ${fmt(fitted.x[0])} to ${fmt(fitted.x[fitted.x.length - 1])}`,
    ],
  };
}

/** An exact curve, or an exponent drawn through the first measured point. */
function theorySeries(line: NonNullable<LogLogOptions['theory']>[number], first: ScalingSeries | undefined): Series {
  const { label, exponent } = line;
  if (line.y && line.x) return { as: 'reference', label, x: line.x, y: line.y, markers: false };
  if (exponent === undefined || !first)
    throw new FigureError(`${BUILDER}: theory "${label}" needs x and y, or an exponent.`);
  const x = Array.from(first.x);
  const rows = first.seeds ?? [first.y as ArrayLike<number>];
  const start = rows.reduce((sum, row) => sum + row[0], 0) / rows.length;
  return { as: 'reference', label, x, y: x.map((v) => start * (v / x[0]) ** exponent), markers: false };
}

function exponentOf(builder: string, name: string, entry: ScalingSeries, rows: readonly ArrayLike<number>[]) {
  const { from = 0, to = Infinity } = typeof entry.fit === 'object' ? entry.fit : {};
  const all = Array.from(entry.x);
  const inside = all.map((_, i) => i).filter((i) => all[i] >= from && all[i] <= to);
  if (inside.length < 3) {
    throw new FigureError(
      `${builder}: "${name}" has ${inside.length} points to fit a slope to, wanted at least 3. Measure more points, or pass fit: false.`,
    );
  }
  // One value per x: the geometric mean over seeds, which is the mean on the axis that is fitted.
  const y = inside.map((i) => Math.exp(rows.reduce((sum, row) => sum + Math.log(row[i]), 0) / rows.length));
  const x = inside.map((i) => all[i]);
  return { x, law: powerLaw(x, y) };
}

function slopeText(law: PowerLaw): string {
  const error = law.exponentError;
  // A fit without error (three points on a line, an exact law) needs no error bar.
  if (!(error >= 0.5e-4)) return law.exponent.toFixed(3).replace('-', '−');
  // As many decimals as give the error one digit, or two where it begins with a one.
  const first = Math.floor(Math.log10(error));
  const decimals = Math.min(4, Math.max(0, (error / 10 ** first < 2 ? 1 : 0) - first));
  return `${law.exponent.toFixed(decimals).replace('-', '−')} ± ${error.toFixed(decimals)}`;
}
