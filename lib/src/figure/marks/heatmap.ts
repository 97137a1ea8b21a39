/** Values as colours on an even grid, with a colour bar beside the last panel and the numbers in the cells where they fit. */
import { escapeHtml } from '../../core/html';
import type { PlotlyTrace } from '../figure';
import { fmt, percent, superscript, textWidth, wrap } from '../format';
import { light, type ScaleRole } from '../palette';
import type { DrawMark } from '../plot';
import { type Axis, axisTitle, decadeTicks } from '../scales';
import { contrast, ink, size } from '../theme';

/** The colours of a heat map: which value has which, shared by all panels. @internal */
export interface ColorScale {
  readonly axis: Axis;
  /** Ends, log10 of the values on a logarithmic scale. */
  readonly low: number;
  readonly high: number;
  readonly colors: [number, string][];
  readonly role: ScaleRole;
}

/** The scale that spans `values`; undefined where none can be drawn. @internal */
export function colorScale(axis: Axis, values: readonly number[], diverging = false): ColorScale | undefined {
  const finite = values.filter((v) => drawable(axis, v));
  if (finite.length === 0) return undefined;
  const scaled = (v: number) => scaledOn(axis, v);
  let low = Math.min(...finite.map(scaled));
  let high = Math.max(...finite.map(scaled));
  if (axis.range) [low, high] = axis.range.map(scaled);
  if (diverging) [low, high] = [-Math.max(-low, high), Math.max(-low, high)];
  if (!(low < high)) [low, high] = [low - 0.5, high + 0.5];
  const role = diverging ? 'diverging' : 'sequential';
  return { axis, low, high, colors: light.scale(role), role };
}

/** Whether a value has a colour. @internal */
export function drawable(axis: Axis, v: number): boolean {
  return Number.isFinite(v) && (!axis.log || v > 0);
}

function scaledOn(axis: Axis, v: number): number {
  return !drawable(axis, v) ? NaN : axis.log ? Math.log10(v) : v;
}

/** What {@link heatmap} draws: [rows][columns], with the names of rows and columns. @internal */
export interface Cells {
  readonly values: readonly ArrayLike<number>[];
  readonly rows: { readonly axis: Axis; readonly names: readonly string[] };
  readonly columns: { readonly axis: Axis; readonly names: readonly string[] };
  readonly scale: ColorScale;
  readonly bar: boolean;
  /** Pixels between cells; 1 unless told. */
  readonly gap?: number;
}

/** @internal */
export function heatmap({ values, rows, columns, scale, bar, gap = 1 }: Cells): DrawMark {
  const { axis } = scale;
  const said = (v: number) => (axis.percent ? percent(v) : fmt(v));
  return ({ axes }) => ({
    data: [
      {
        type: 'heatmap',
        x: columns.names.map((_, i) => i),
        y: rows.names.map((_, i) => i),
        z: values.map((row) => Array.from(row, (v) => round(scaledOn(axis, v)))),
        customdata: values.map((row, i) => Array.from(row, (v, j) => [said(v), columns.names[j], rows.names[i]])),
        hovertemplate:
          `${escapeHtml(columns.axis.label)} %{customdata[1]}, ${escapeHtml(rows.axis.label)} %{customdata[2]}<br>` +
          `${escapeHtml(axis.label)}: %{customdata[0]}${axis.unit ? ` ${escapeHtml(axis.unit)}` : ''}<extra></extra>`,
        zmin: scale.low,
        zmax: scale.high,
        colorscale: scale.colors,
        meta: { scale: scale.role },
        xgap: gap,
        ygap: gap,
        ...axes,
        showscale: bar,
        ...(bar ? { colorbar: colorBar(scale) } : {}),
      } satisfies PlotlyTrace,
    ],
  });
}

/** The colour bar right of the panels. @internal */
export function colorBar({ axis, low, high }: Pick<ColorScale, 'axis' | 'low' | 'high'>): Record<string, unknown> {
  return {
    title: {
      text: wrap(axisTitle(axis), 84, size.small).map(escapeHtml).join('<br>'),
      side: 'top',
      font: { size: size.small },
    },
    thickness: 12,
    len: 1,
    x: 1.02,
    xanchor: 'left',
    outlinewidth: 0,
    ticks: 'outside',
    ticklen: 3,
    tickfont: { size: size.small, color: ink.muted },
    ...(axis.log ? logTicks(low, high) : {}),
    ...(axis.percent ? { tickformat: '.0%' } : {}),
  };
}

/** Whether the numbers of all panels fit into cells of this width. @internal */
export function textsFit({ axis }: ColorScale, all: readonly number[], columnWidth: number): boolean {
  const finite = all.filter((v) => drawable(axis, v));
  return Math.max(...finite.map((v) => textWidth(inCell(axis, v), size.small))) <= columnWidth - 4;
}

/** The numbers in the cells where they are `legible`, and a cross where there is no value. @internal */
export function cellTexts({ values, scale }: Pick<Cells, 'values' | 'scale'>, legible: boolean): DrawMark {
  const { axis, low, high, colors } = scale;
  return ({ axes }) => ({
    annotations: values.flatMap((row, y) =>
      Array.from(row).flatMap((v, x) => {
        const known = drawable(axis, v);
        if (known && !legible) return [];
        const color = known ? textOn(colors, (scaledOn(axis, v) - low) / (high - low)) : ink.muted;
        const font = { size: size.small, color };
        return [{ text: known ? inCell(axis, v) : '×', font, xref: axes.xaxis, yref: axes.yaxis, x, y }];
      }),
    ),
  });
}

function round(v: number): number | null {
  return Number.isFinite(v) ? Number(v.toPrecision(5)) : null;
}

function inCell(axis: Axis, v: number): string {
  return axis.percent ? percent(v) : shortNumber(v);
}

/** A number for a cell: two digits, short. */
function shortNumber(v: number): string {
  const a = Math.abs(v);
  if (a !== 0 && (a < 0.01 || a >= 10000)) {
    const exponent = Math.floor(Math.log10(a));
    const mantissa = Math.round(v / 10 ** exponent);
    const carry = Math.abs(mantissa) === 10;
    return `${fmt(carry ? mantissa / 10 : mantissa)}·10${superscript(carry ? exponent + 1 : exponent)}`;
  }
  return fmt(v, 2);
}

/** Ticks of a colour bar whose values are logarithms. */
function logTicks(low: number, high: number): { tickvals: number[]; ticktext: string[] } {
  const { tickvals, ticktext } = decadeTicks(low, high);
  if (tickvals.length >= 2) return { tickvals: tickvals.map(Math.log10), ticktext };
  return { tickvals: [low, high], ticktext: [low, high].map((k) => fmt(10 ** k, 2)) };
}

/** Black or white, whichever is easier to read on the scale's colour at `share`. @internal */
export function textOn(scale: [number, string][], share: number): string {
  const s = Math.min(1, Math.max(0, share));
  const nearest = scale.reduce((a, b) => (Math.abs(b[0] - s) < Math.abs(a[0] - s) ? b : a));
  return contrast(nearest[1], '#ffffff') >= contrast(nearest[1], '#1f1f1f') ? '#ffffff' : '#1f1f1f';
}
