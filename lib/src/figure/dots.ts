/** Dots with intervals: one row per condition, for verdicts and comparisons of a single number. */
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
import {
  assemble,
  AXIS_OPTIONS,
  axisTitle,
  escapeHtml,
  expectFigure,
  FigureError,
  heading,
  numbers,
  plotlyAxis,
  rangeOf,
  TEXT_OPTIONS,
  type Axis,
  type Figure,
  type FigureText,
  type PlotlyTrace,
} from './figure';
import { fmt, fmtInterval, percent, textWidth } from './format';
import { IDENTITY, identityOf, ink, size, translucent, type IdentityName } from './theme';

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
  const builder = 'intervalFigure';
  expectFigure(builder, options, INTERVAL_OPTIONS);
  if (options.rows.length === 0) throw new FigureError(`${builder}: wanted at least one row, got none.`);
  const rows = options.rows.map((row, i) => {
    const identity = identityOf(row.as, i, options.rows.length);
    const values = row.values ? Array.from(row.values).filter(Number.isFinite) : [];
    if (values.length === 0 && row.center === undefined) {
      throw new FigureError(
        `${builder}: row "${row.label}" has no finite value. Pass values (one per seed), or center, low and high.`,
      );
    }
    const color = row.as === undefined ? identityOf('batch').color : identity.color;
    if (row.center !== undefined) {
      return {
        row,
        color,
        symbol: identity.symbol,
        values: [] as number[],
        center: row.center,
        low: row.low ?? row.center,
        high: row.high ?? row.center,
        n: row.n,
        ends: undefined,
      };
    }
    const { median, low, high, n, ends } = medianInterval(values);
    return { row, color, symbol: identity.symbol, values, center: median, low, high, n, ends };
  });
  const { x, reference } = options;
  const shown = (v: number) => (x.percent ? percent(v) : fmt(v));
  const range = rangeOf(
    builder,
    x,
    [
      ...rows.flatMap((r) => [
        r.center,
        r.low,
        r.high,
        ...r.values,
        ...(r.row.expected === undefined ? [] : [r.row.expected]),
      ]),
      ...(reference ? [reference.value] : []),
    ],
    0.06,
  );
  const texts = rows.map(
    (r) =>
      (r.low < r.high ? fmtInterval(r.center, r.low, r.high, { percent: x.percent }) : shown(r.center)) +
      (r.n !== undefined && r.n > 1 ? `, n = ${r.n}` : ''),
  );
  const left = Math.ceil(Math.max(...rows.map((r) => textWidth(r.row.label, size.text)))) + 24;
  const right = Math.ceil(Math.max(...texts.map((t) => textWidth(t, size.small)))) + 24;
  const bars = new Set(rows.flatMap((r) => (r.ends && r.values.length > 1 ? [BAR[r.ends]] : [])));
  const expected = rows.some((r) => r.row.expected !== undefined);
  const { title, height: headHeight } = heading(options, [
    ...(bars.size > 0 ? [`median over seeds, bar: ${[...bars].join(' or ')}`] : []),
    ...(expected ? [`open diamond: ${options.expectedLabel ?? 'expected'}`] : []),
  ]);
  const top = headHeight + (reference ? 24 : 8);
  const height = options.height ?? rows.length * 34;
  const bottom = 56;
  const data: PlotlyTrace[] = [];
  const symbolFor = (symbol: string) => (symbol.startsWith('line') ? 'circle' : symbol);
  rows.forEach((r, i) => {
    const name = escapeHtml(r.row.label);
    data.push({
      type: 'scatter',
      mode: 'lines',
      x: numbers([r.low, r.high]),
      y: [i, i],
      line: { color: translucent(r.color, 0.55), width: 7 },
      hoverinfo: 'skip',
      name: `${name}, interval`,
    });
    if (r.values.length > 1) {
      data.push({
        type: 'scatter',
        mode: 'markers',
        x: numbers(r.values),
        y: r.values.map(() => i + 0.26),
        marker: { color: r.color, opacity: 0.55, size: 4 },
        hovertemplate: `${name}, one seed: %{x:.4~g}<extra></extra>`,
        name: `${name}, seeds`,
      });
    }
    data.push({
      type: 'scatter',
      mode: 'markers',
      x: numbers([r.center]),
      y: [i],
      marker: { color: r.color, size: 10, symbol: symbolFor(r.symbol), line: { color: ink.paper, width: 1 } },
      hovertemplate: `${name}: ${escapeHtml(texts[i])}<extra></extra>`,
      name,
    });
    if (r.row.expected !== undefined) {
      data.push({
        type: 'scatter',
        mode: 'markers',
        x: numbers([r.row.expected]),
        y: [i],
        marker: { color: ink.text, size: 12, symbol: 'diamond-open', line: { width: 1.5 } },
        hovertemplate: `${name}, ${escapeHtml(options.expectedLabel ?? 'expected')}: %{x:.4~g}<extra></extra>`,
        name: `${name}, expected`,
      });
    }
  });
  return assemble(options, {
    data,
    layout: {
      width: size.width,
      height: top + height + bottom,
      margin: { t: top, r: right, b: bottom, l: left },
      title,
      showlegend: false,
      hovermode: 'closest',
      xaxis: { ...plotlyAxis(x, range), showgrid: true },
      yaxis: {
        range: [rows.length - 0.5, -0.5],
        tickmode: 'array',
        tickvals: rows.map((_, i) => i),
        ticktext: rows.map((r) => escapeHtml(r.row.label)),
        tickfont: { size: size.text, color: ink.text },
        showgrid: false,
        showline: false,
        ticks: '',
      },
      ...(reference
        ? {
            shapes: [
              {
                type: 'line',
                xref: 'x',
                yref: 'paper',
                x0: reference.value,
                x1: reference.value,
                y0: 0,
                y1: 1,
                line: { color: ink.muted, width: 1, dash: 'dot' },
              },
            ],
          }
        : {}),
      annotations: [
        ...texts.map((text, i) => ({
          text: escapeHtml(text),
          font: { size: size.small, color: ink.text },
          xref: 'paper',
          yref: 'y',
          x: 1,
          xshift: 8,
          y: i,
          xanchor: 'left',
        })),
        ...(reference
          ? [
              {
                text: escapeHtml(reference.label),
                xref: 'x',
                yref: 'paper',
                x: x.log ? Math.log10(reference.value) : reference.value,
                y: 1,
                yanchor: 'bottom',
                yshift: 2,
              },
            ]
          : []),
      ],
    },
    summary: [
      axisTitle(x),
      ...rows.map(
        (r, i) =>
          `  ${r.row.label}: ${texts[i]}${r.row.expected === undefined ? '' : `; ${options.expectedLabel ?? 'expected'} ${shown(r.row.expected)}`}`,
      ),
      ...(reference ? [`  ${reference.label}: ${shown(reference.value)}`] : []),
    ],
  });
}
