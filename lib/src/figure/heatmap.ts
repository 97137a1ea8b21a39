/** Heat maps: a value over two settings, such as the gradient norm over input scale and depth. */
import { flag, kind, listOf, needed, type Options, optionsOf, rowsOfNumbers, text as aString } from '../core/checks';
import { expectFigure, type Figure, FigureError, type FigureText, TEXT_OPTIONS } from './figure';
import { fmt, percent, textWidth } from './format';
import { cellTexts, colorScale, drawable, heatmap, textsFit } from './marks/heatmap';
import { panelWidth, plot, type Room } from './plot';
import { type Axis, AXIS_OPTIONS, axisTitle, stepScale } from './scales';
import { size } from './theme';

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
  expectFigure(BUILDER, options, HEATMAP_OPTIONS);
  requireGrid(options);
  const { x, y, z, panels } = options;
  const [rows, columns] = [named(y), named(x)];
  const all = panels.flatMap((panel) => panel.values.flatMap((row) => Array.from(row)));
  const scale = colorScale(z, all, options.diverging);
  if (!scale) {
    throw new FigureError(
      `${BUILDER}: "${z.label}" has no value that can be drawn${z.log ? ' on a logarithmic scale' : ''}.`,
    );
  }
  const widest = (names: readonly string[]) => Math.max(...names.map((name) => textWidth(name, size.tick)));
  const left = Math.ceil(widest(rows.names)) + 44;
  const columnWidth =
    panelWidth({ left, right: 96, gapX: 24, head: 0, bottom: 0 }, panels.length) / columns.names.length;
  // Slanted names where the columns are narrower than their names.
  const slanted = widest(columns.names) > columnWidth - 2;
  const head = panels.some((panel) => panel.title) ? 24 : 10;
  const room: Room = { left, right: 96, gapX: 24, head, bottom: slanted ? 84 : 56 };
  const cell = Math.min(44, Math.max(14, 300 / rows.names.length));
  const height = options.height ?? Math.round(Math.max(120, rows.names.length * cell));
  const withText = options.text ?? rows.names.length * columns.names.length <= 60;
  const legible = withText && textsFit(scale, all, columnWidth);
  const scaleX = stepScale(x, columns.names, {
    ...{ pixels: slanted ? 15 : 0, room: columnWidth * columns.names.length },
    more: { tickangle: slanted ? -40 : 0, showline: false },
  });
  const scaleY = (p: number) =>
    stepScale(y, rows.names, {
      ...{ pixels: 15, room: height, reversed: options.topDown },
      more: { showgrid: false, showline: false, ...(p === 0 ? {} : { ticks: '' }) },
    });
  const cells = panels.map(({ values }, p) => ({ values, rows, columns, scale, bar: p === panels.length - 1 }));
  const undrawn = all.filter((v) => !drawable(z, v)).length;
  return plot({
    text: options,
    panels: panels.map(({ title }, p) => ({
      ...{ title, x: scaleX, y: scaleY(p) },
      marks: [heatmap(cells[p]), cellTexts(cells[p], legible)],
    })),
    room,
    height,
    hovermode: 'closest',
    summary: [
      `${axisTitle(z)} over ${axisTitle(x)} and ${axisTitle(y)}`,
      ...panels.flatMap((panel) => extremes(panel, options, rows.names, columns.names)),
      ...(undrawn > 0 ? [`  ${undrawn} cells without a value are marked with a cross`] : []),
    ],
  });
}

const BUILDER = 'heatmapFigure';

function requireGrid({ x, y, z, panels, diverging }: HeatmapOptions): void {
  if (panels.length < 1 || panels.length > 3) {
    throw new FigureError(`${BUILDER}: wanted 1 to 3 panels side by side, got ${panels.length}.`);
  }
  const [rows, columns] = [y.values.length, x.values.length];
  panels.forEach((panel, p) => {
    const shape = [panel.values.length, ...new Set(panel.values.map((row) => row.length))];
    if (shape.length !== 2 || shape[0] !== rows || shape[1] !== columns) {
      throw new FigureError(
        `${BUILDER}: panel ${p + 1} must be [${rows} rows of "${y.label}"][${columns} columns of "${x.label}"], got [${shape.join('][')}].`,
      );
    }
  });
  if (z.log && diverging) throw new FigureError(`${BUILDER}: signed values cannot have a logarithmic scale.`);
}

function named(axis: HeatmapOptions['x']): { axis: Axis; names: string[] } {
  return { axis, names: axis.values.map((v) => (typeof v === 'number' ? fmt(v) : v)) };
}

/** Where a panel is lowest and highest, in words. */
function extremes(
  { title, values }: HeatmapOptions['panels'][number],
  { x, y, z }: HeatmapOptions,
  rows: readonly string[],
  columns: readonly string[],
): string[] {
  const said = (v: number) => (z.percent ? percent(v) : fmt(v));
  const flat = values
    .flatMap((row, i) => Array.from(row, (v, j) => ({ v, at: `${x.label} ${columns[j]}, ${y.label} ${rows[i]}` })))
    .filter((e) => drawable(z, e.v));
  if (flat.length === 0) return [];
  const least = flat.reduce((a, b) => (b.v < a.v ? b : a));
  const most = flat.reduce((a, b) => (b.v > a.v ? b : a));
  return [`  ${title ? `${title}: ` : ''}from ${said(least.v)} (${least.at}) to ${said(most.v)} (${most.at})`];
}
