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
  const builder = 'logLogFigure';
  expectFigure(builder, options, LOG_LOG_OPTIONS);
  const series: Series[] = [];
  const summary: string[] = [];
  options.series.forEach((entry, i) => {
    const name = entry.label ?? entry.as ?? `series ${i + 1}`;
    const rows = entry.seeds ?? (entry.y ? [entry.y] : []);
    const bad = rows.flatMap((row) => Array.from(row)).find((v) => !(v > 0 && Number.isFinite(v)));
    if (bad !== undefined || Array.from(entry.x).some((v) => !(v > 0))) {
      throw new FigureError(
        `${builder}: "${name}" has ${bad === undefined ? 'an x' : `a y of ${bad}`} that is not above zero; ` +
          'logarithmic axes cannot show it. Leave the point out and say so, or use lineFigure.',
      );
    }
    const law = entry.fit === false || rows.length === 0 ? undefined : exponentOf(builder, name, entry, rows);
    const own = entry.label ?? (entry.as === undefined ? undefined : identityOf(entry.as).label);
    const label = law ? `${own ?? 'measured'}, slope ${slopeText(law.law)}` : own;
    series.push({
      as: entry.as,
      label,
      x: entry.x,
      y: entry.y,
      seeds: entry.seeds,
      points: law !== undefined,
      markers: true,
    });
    if (law) {
      series.push({
        as: entry.as,
        label: '',
        x: law.x,
        y: law.x.map((v) => law.law.factor * v ** law.law.exponent),
        markers: false,
      });
      summary.push(
        `  ${own ?? name}: fitted exponent ${slopeText(law.law)} over ${fmt(law.x[0])} to ${fmt(law.x[law.x.length - 1])}`,
      );
    }
  });
  const first = options.series[0];
  for (const line of options.theory ?? []) {
    if (line.y && line.x) {
      series.push({ as: 'reference', label: line.label, x: line.x, y: line.y, markers: false });
    } else if (line.exponent !== undefined && first) {
      const x = Array.from(first.x);
      const rows = first.seeds ?? [first.y as ArrayLike<number>];
      const start = rows.reduce((sum, row) => sum + row[0], 0) / rows.length;
      const exponent = line.exponent;
      series.push({
        as: 'reference',
        label: line.label,
        x,
        y: x.map((v) => start * (v / x[0]) ** exponent),
        markers: false,
      });
    } else {
      throw new FigureError(`${builder}: theory "${line.label}" needs x and y, or an exponent.`);
    }
  }
  return drawPanels({
    builder,
    text: options,
    panels: [{ series, marks: options.marks }],
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
