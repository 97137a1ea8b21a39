/** Dots with intervals: one row per condition, for verdicts and comparisons of a single number. */
import { escapeHtml } from '../core/html';
import {
  counting,
  finite,
  listOf,
  needed,
  numbers as numberList,
  type Options,
  optionsOf,
  text as aString,
} from '../core/checks';
import { medianInterval } from '../statistics';
import { expectFigure, type Figure, FigureError, type FigureText, TEXT_OPTIONS } from './figure';
import { fmt, fmtInterval, percent, textWidth } from './format';
import { interval, type Interval } from './marks/intervals';
import { reference as referenceLine } from './marks/rules';
import { textsBeside } from './marks/text';
import { plot } from './plot';
import { type Axis, AXIS_OPTIONS, axisTitle, rangeOf, type Scale, scaleOf } from './scales';
import { IDENTITY, identityOf, type IdentityName, ink, size } from './theme';

/** One row of {@link intervalFigure}. */
export interface IntervalRow {
  /** Left of the row. */
  label: string;
  /** Whose colour and symbol it wears. */
  as?: IdentityName;
  /** one value per seed: drawn are the median, a bar (see {@link intervalFigure}), and each value as a faint dot */
  values?: ArrayLike<number>;
  /** or a value with an interval computed elsewhere */
  center?: number;
  /** Lower end of the interval, in units of x. */
  low?: number;
  /** Upper end. */
  high?: number;
  /** Number of values behind it. */
  n?: number;
  /** what theory or the paper says for this row: an open diamond */
  expected?: number;
}

/** What {@link intervalFigure} takes. */
export interface IntervalOptions extends FigureText {
  /** The axis that all rows share. */
  x: Axis;
  /** From top to bottom. */
  rows: readonly IntervalRow[];
  /** one reference for all rows: a vertical line */
  reference?: { value: number; label: string };
  /** what the open diamonds are; 'expected' unless told */
  expectedLabel?: string;
}

const BAR = { bootstrap: '95% bootstrap interval', extremes: 'smallest to largest' } as const;
const ROW = optionsOf<IntervalRow>({
  ...{ label: needed(aString), as: IDENTITY, values: numberList, center: finite, low: finite, high: finite },
  ...{ n: counting, expected: finite },
});
const INTERVAL_OPTIONS: Options<IntervalOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(optionsOf(AXIS_OPTIONS)), rows: needed(listOf(ROW)), expectedLabel: aString },
  reference: optionsOf<NonNullable<IntervalOptions['reference']>>({ value: needed(finite), label: needed(aString) }),
};

/**
 * One number per condition with its interval: a dot at the median, a bar from the smallest to the largest value (of ten or more
 * values: the 95% bootstrap interval of their median), the seeds themselves as faint dots, and what was expected as an open diamond.
 *
 * @throws FigureError for missing text, no rows, or a row with neither values nor a center
 */
export function intervalFigure(options: IntervalOptions): Figure {
  expectFigure(BUILDER, options, INTERVAL_OPTIONS);
  if (options.rows.length === 0) throw new FigureError(`${BUILDER}: wanted at least one row, got none.`);
  const { x, reference, expectedLabel = 'expected' } = options;
  const rows = options.rows.map((_, i) => prepare(options, i));
  const texts = rows.map((row) => row.text);
  const widest = (list: readonly string[], fontSize: number) =>
    Math.ceil(Math.max(...list.map((entry) => textWidth(entry, fontSize)))) + 24;
  const labels = rows.map((row) => row.label);
  const bars = new Set(rows.flatMap((row) => (row.ends && row.values.length > 1 ? [BAR[row.ends]] : [])));
  return plot({
    text: options,
    facts: [
      ...(bars.size > 0 ? [`median over seeds, bar: ${[...bars].join(' or ')}`] : []),
      ...(rows.some((row) => row.expected !== undefined) ? [`open diamond: ${expectedLabel}`] : []),
    ],
    panels: [
      {
        x: scaleOf(x, rangeOf(BUILDER, x, valuesOf(rows, reference?.value), 0.06), { showgrid: true }),
        y: rowScale(labels),
        marks: [
          ...rows.map((row, i) => interval(row, i, expectedLabel)),
          textsBeside(
            texts,
            rows.map((_, i) => i),
          ),
          ...(reference ? [referenceLine(reference.value, reference.label)] : []),
        ],
      },
    ],
    room: {
      left: widest(labels, size.text),
      right: widest(texts, size.small),
      head: reference ? 24 : 8,
      bottom: 56,
    },
    height: options.height ?? rows.length * 34,
    hovermode: 'closest',
    summary: [
      axisTitle(x),
      ...rows.map((row) => {
        const expected = row.expected === undefined ? '' : `; ${expectedLabel} ${shown(x, row.expected)}`;
        return `  ${row.label}: ${row.text}${expected}`;
      }),
      ...(reference ? [`  ${reference.label}: ${shown(x, reference.value)}`] : []),
    ],
  });
}

const BUILDER = 'intervalFigure';

type Row = Interval & { ends?: keyof typeof BAR };

/** A row with its centre and ends: the median and interval of its values, or what was computed elsewhere. */
function prepare({ rows, x }: IntervalOptions, i: number): Row {
  const row = rows[i];
  const { symbol } = identityOf(row.as, i, rows.length);
  const role = row.as ?? 'batch';
  const look = { label: row.label, color: identityOf(role).color, role, symbol };
  const values = row.values ? Array.from(row.values).filter(Number.isFinite) : [];
  const said = (center: number, low: number, high: number, n: number | undefined) =>
    (low < high ? fmtInterval(center, low, high, { percent: x.percent }) : shown(x, center)) +
    (n !== undefined && n > 1 ? `, n = ${n}` : '');
  if (row.center !== undefined) {
    const { center, low = center, high = center, n, expected } = row;
    return { ...look, values: [], center, low, high, expected, text: said(center, low, high, n) };
  }
  if (values.length === 0) {
    throw new FigureError(
      `${BUILDER}: row "${row.label}" has no finite value. Pass values (one per seed), or center, low and high.`,
    );
  }
  const { median, low, high, n, ends } = medianInterval(values);
  const text = said(median, low, high, n);
  return { ...look, values, center: median, low, high, expected: row.expected, text, ends };
}

function valuesOf(rows: readonly Row[], reference: number | undefined): number[] {
  const optional = (v: number | undefined) => (v === undefined ? [] : [v]);
  return [
    ...rows.flatMap((row) => [row.center, row.low, row.high, ...row.values, ...optional(row.expected)]),
    ...optional(reference),
  ];
}

/** Rows from top to bottom, named at the left. */
function rowScale(labels: readonly string[]): Scale {
  const range: [number, number] = [labels.length - 0.5, -0.5];
  const ticks = { tickmode: 'array', tickvals: labels.map((_, i) => i), ticktext: labels.map(escapeHtml) };
  const look = { tickfont: { size: size.text, color: ink.text }, showgrid: false, showline: false, ticks: '' };
  return { axis: { label: '' }, range, plotly: { range, ...ticks, ...look } };
}

function shown(axis: Axis, v: number): string {
  return axis.percent ? percent(v) : fmt(v);
}
