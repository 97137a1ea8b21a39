/** Heat maps: a value over two settings, such as the gradient norm over input scale and depth. */
import { flag, kind, listOf, needed, type Options, optionsOf, rowsOfNumbers, text as aString } from '../core/checks';
import {
  assemble,
  AXIS_OPTIONS,
  axisTitle,
  decadeTicks,
  escapeHtml,
  expectFigure,
  FigureError,
  heading,
  TEXT_OPTIONS,
  type Axis,
  type Figure,
  type FigureText,
  type PlotlyTrace,
} from './figure';
import { fmt, percent, superscript, textWidth, wrap } from './format';
import { contrast, divergingScale, ink, sequentialScale, size } from './theme';

/** What {@link heatmapFigure} takes. */
export interface HeatmapOptions extends FigureText {
  /** columns; `values` are names or numbers, evenly spaced whatever they are */
  x: Axis & { values: readonly (number | string)[] };
  /** rows, from bottom to top unless `topDown` */
  y: Axis & { values: readonly (number | string)[] };
  /** the value's name, unit, and whether its colours are logarithmic */
  z: Axis;
  /** side by side with one colour scale; each `values` is [rows of y][columns of x] */
  panels: readonly { title?: string; values: readonly ArrayLike<number>[] }[];
  /** first row on top, as a matrix is written */
  topDown?: boolean;
  /** signed values: white at zero, vermilion below, blue above */
  diverging?: boolean;
  /** write the value into each cell; true up to 60 cells a panel unless told */
  text?: boolean;
}

const NAMES = kind(
  'names or numbers in an array, at least one',
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every((v) => typeof v === 'number' || typeof v === 'string'),
);
const NAMED_AXIS = optionsOf({ ...AXIS_OPTIONS, values: needed(NAMES) });
const HEATMAP_OPTIONS: Options<HeatmapOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(NAMED_AXIS), y: needed(NAMED_AXIS), z: needed(optionsOf(AXIS_OPTIONS)) },
  panels: needed(
    listOf(optionsOf<HeatmapOptions['panels'][number]>({ title: aString, values: needed(rowsOfNumbers) })),
  ),
  ...{ topDown: flag, diverging: flag, text: flag },
};

/**
 * A value over two settings, as colour on an even grid, with one scale for all panels. The scale's lightness rises
 * evenly, so it reads in grey; small grids carry their numbers. Values that are not finite, or not above zero on a
 * logarithmic scale, stay white with a cross, and the summary counts them.
 *
 * @throws FigureError for missing text, panels whose shape is not [y][x], or no value that can be drawn
 */
export function heatmapFigure(options: HeatmapOptions): Figure {
  const builder = 'heatmapFigure';
  expectFigure(builder, options, HEATMAP_OPTIONS);
  const { x, y, z, panels } = options;
  if (panels.length < 1 || panels.length > 3) {
    throw new FigureError(`${builder}: wanted 1 to 3 panels side by side, got ${panels.length}.`);
  }
  const [rows, columns] = [y.values.length, x.values.length];
  panels.forEach((panel, p) => {
    const shape = [panel.values.length, ...new Set(panel.values.map((row) => row.length))];
    if (shape.length !== 2 || shape[0] !== rows || shape[1] !== columns) {
      throw new FigureError(
        `${builder}: panel ${p + 1} must be [${rows} rows of "${y.label}"][${columns} columns of "${x.label}"], got [${shape.join('][')}].`,
      );
    }
  });
  if (z.log && options.diverging) throw new FigureError(`${builder}: signed values cannot have a logarithmic scale.`);

  const drawable = (v: number) => Number.isFinite(v) && (!z.log || v > 0);
  const scaled = (v: number) => (!drawable(v) ? NaN : z.log ? Math.log10(v) : v);
  const all = panels.flatMap((panel) => panel.values.flatMap((row) => Array.from(row)));
  const said = (v: number) => (z.percent ? percent(v) : fmt(v));
  const inCell = (v: number) => (z.percent ? percent(v) : shortNumber(v));
  const finite = all.filter(drawable);
  if (finite.length === 0) {
    throw new FigureError(
      `${builder}: "${z.label}" has no value that can be drawn${z.log ? ' on a logarithmic scale' : ''}.`,
    );
  }
  let low = Math.min(...finite.map(scaled));
  let high = Math.max(...finite.map(scaled));
  if (z.range) [low, high] = z.range.map(scaled);
  if (options.diverging) [low, high] = [-Math.max(-low, high), Math.max(-low, high)];
  if (!(low < high)) [low, high] = [low - 0.5, high + 0.5];
  const scale = options.diverging ? divergingScale : sequentialScale;

  const names = (axis: { values: readonly (number | string)[] }) =>
    axis.values.map((v) => (typeof v === 'number' ? fmt(v) : v));
  const [xNames, yNames] = [names(x), names(y)];
  const left = Math.ceil(Math.max(...yNames.map((name) => textWidth(name, size.tick)))) + 44;
  const right = 96;
  const gap = 24;
  const width = (size.width - left - right - (panels.length - 1) * gap) / panels.length;
  const cell = Math.min(44, Math.max(14, 300 / rows));
  const height = options.height ?? Math.round(Math.max(120, rows * cell));
  const withText = options.text ?? rows * columns <= 60;
  const widestText = Math.max(...finite.map((v) => textWidth(inCell(v), size.small)));
  const legible = withText && widestText <= width / columns - 4;

  const { title, height: headHeight } = heading(options, []);
  const top = headHeight + (panels.some((panel) => panel.title) ? 24 : 10);
  // Slanted names where the columns are narrower than their names.
  const slanted = Math.max(...xNames.map((name) => textWidth(name, size.tick))) > width / columns - 2;
  const bottom = slanted ? 84 : 56;
  const inner = size.width - left - right;

  const data: PlotlyTrace[] = [];
  const annotations: Record<string, unknown>[] = [];
  const layout: Record<string, unknown> = {
    width: size.width,
    height: top + height + bottom,
    margin: { t: top, r: right, b: bottom, l: left },
    title,
    hovermode: 'closest',
  };
  let undrawn = 0;
  const summary: string[] = [];
  panels.forEach((panel, p) => {
    const suffix = p === 0 ? '' : String(p + 1);
    const domain = [(p * (width + gap)) / inner, (p * (width + gap) + width) / inner];
    layout[`xaxis${suffix}`] = {
      title: { text: escapeHtml(axisTitle(x)) },
      domain,
      anchor: `y${suffix}`,
      range: [-0.5, columns - 0.5],
      tickmode: 'array',
      ...thinned(xNames, columns * (slanted ? 15 : 0), width),
      tickangle: slanted ? -40 : 0,
      showline: false,
    };
    layout[`yaxis${suffix}`] = {
      title: { text: p === 0 ? escapeHtml(axisTitle(y)) : '' },
      anchor: `x${suffix}`,
      range: options.topDown ? [rows - 0.5, -0.5] : [-0.5, rows - 0.5],
      tickmode: 'array',
      ...thinned(yNames, rows * 15, height),
      showgrid: false,
      showline: false,
      ...(p === 0 ? {} : { showticklabels: false, ticks: '' }),
    };
    data.push({
      type: 'heatmap',
      x: xNames.map((_, i) => i),
      y: yNames.map((_, i) => i),
      z: panel.values.map((row) => Array.from(row, (v) => round(scaled(v)))),
      customdata: panel.values.map((row, i) => Array.from(row, (v, j) => [said(v), xNames[j], yNames[i]])),
      hovertemplate:
        `${escapeHtml(x.label)} %{customdata[1]}, ${escapeHtml(y.label)} %{customdata[2]}<br>` +
        `${escapeHtml(z.label)}: %{customdata[0]}${z.unit ? ` ${escapeHtml(z.unit)}` : ''}<extra></extra>`,
      zmin: low,
      zmax: high,
      colorscale: scale,
      xgap: 1,
      ygap: 1,
      xaxis: `x${suffix}`,
      yaxis: `y${suffix}`,
      showscale: p === panels.length - 1,
      ...(p < panels.length - 1
        ? {}
        : {
            colorbar: {
              title: {
                text: wrap(axisTitle(z), 84, size.small).map(escapeHtml).join('<br>'),
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
              ...(z.log ? logTicks(low, high) : {}),
              ...(z.percent ? { tickformat: '.0%' } : {}),
            },
          }),
    });
    panel.values.forEach((row, i) =>
      Array.from(row).forEach((v, j) => {
        if (!drawable(v)) undrawn++;
        if (drawable(v) && !legible) return;
        const color = drawable(v) ? textOn(scale, (scaled(v) - low) / (high - low)) : ink.muted;
        annotations.push({
          text: drawable(v) ? inCell(v) : '×',
          font: { size: size.small, color },
          xref: `x${suffix}`,
          yref: `y${suffix}`,
          x: j,
          y: i,
        });
      }),
    );
    if (panel.title) {
      annotations.push({
        text: `<b>${escapeHtml(panel.title)}</b>`,
        font: { size: size.text, color: ink.text },
        xref: 'paper',
        yref: 'paper',
        x: domain[0],
        y: 1,
        yshift: 3,
        xanchor: 'left',
        yanchor: 'bottom',
      });
    }
    const flat = panel.values
      .flatMap((row, i) => Array.from(row, (v, j) => ({ v, at: `${x.label} ${xNames[j]}, ${y.label} ${yNames[i]}` })))
      .filter((e) => drawable(e.v));
    if (flat.length > 0) {
      const least = flat.reduce((a, b) => (b.v < a.v ? b : a));
      const most = flat.reduce((a, b) => (b.v > a.v ? b : a));
      summary.push(
        `  ${panel.title ? `${panel.title}: ` : ''}from ${said(least.v)} (${least.at}) to ${said(most.v)} (${most.at})`,
      );
    }
  });
  if (undrawn > 0) summary.push(`  ${undrawn} cells without a value are marked with a cross`);
  if (annotations.length > 0) layout.annotations = annotations;
  return assemble(options, {
    data,
    layout,
    summary: [`${axisTitle(z)} over ${axisTitle(x)} and ${axisTitle(y)}`, ...summary],
  });
}

function round(v: number): number | null {
  return Number.isFinite(v) ? Number(v.toPrecision(5)) : null;
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

/** Every k-th name, so that labels of `need` pixels in all fit into `room`. */
function thinned(names: string[], need: number, room: number): { tickvals: number[]; ticktext: string[] } {
  const every = Math.max(1, Math.ceil(need / room));
  const kept = names.map((_, i) => i).filter((i) => i % every === 0);
  return { tickvals: kept, ticktext: kept.map((i) => names[i]) };
}

/** Ticks of a colour bar whose values are logarithms. */
function logTicks(low: number, high: number): { tickvals: number[]; ticktext: string[] } {
  const { tickvals, ticktext } = decadeTicks(low, high);
  if (tickvals.length >= 2) return { tickvals: tickvals.map(Math.log10), ticktext };
  return { tickvals: [low, high], ticktext: [low, high].map((k) => fmt(10 ** k, 2)) };
}

/** Black or white, whichever is easier to read on the scale's colour at `share`. */
function textOn(scale: [number, string][], share: number): string {
  const s = Math.min(1, Math.max(0, share));
  const nearest = scale.reduce((a, b) => (Math.abs(b[0] - s) < Math.abs(a[0] - s) ? b : a));
  return contrast(nearest[1], '#ffffff') >= contrast(nearest[1], '#1f1f1f') ? '#ffffff' : '#1f1f1f';
}
