/** Rasters: yes or no for each unit and each example, as black and white. */
import { listOf, needed, type Options, optionsOf, rowsOfNumbers, text as aString } from '../core/checks';
import { expectFigure, type Figure, FigureError, type FigureText, TEXT_OPTIONS } from './figure';
import { fmt } from './format';
import { raster } from './marks/raster';
import { panelWidth, plot, type Room } from './plot';
import { type Axis, AXIS_OPTIONS, axisTitle, scaleOf, tickWidth } from './scales';
import { ink } from './theme';

/** What {@link rasterFigure} takes. */
export interface RasterOptions extends FigureText {
  /** Columns: units. */
  x: Axis;
  /** Rows, from top to bottom: examples. */
  y: Axis;
  /** What a white cell means: 'saturated, |h| > 0.99'. */
  white: string;
  /** Side by side, with as many rows and columns each; `values` is [rows][columns], 0 for black and 1 for white. */
  panels: readonly { title?: string; values: readonly ArrayLike<number>[] }[];
}

const RASTER_OPTIONS: Options<RasterOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(optionsOf(AXIS_OPTIONS)), y: needed(optionsOf(AXIS_OPTIONS)), white: needed(aString) },
  panels: needed(listOf(optionsOf<RasterOptions['panels'][number]>({ title: aString, values: needed(rowsOfNumbers) }))),
};

/**
 * Units from left to right, examples from top to bottom, a cell white where the answer is yes. A column that is white throughout is a
 * unit for which it is yes whatever comes in: of saturation, a stuck unit. Such columns are counted above their panel.
 *
 * @throws FigureError for missing text, no panels, panels of different shapes, or a value other than 0 and 1
 */
export function rasterFigure(options: RasterOptions): Figure {
  expectFigure(BUILDER, options, RASTER_OPTIONS);
  const { x, y, panels, white } = options;
  const [rows, columns] = shapeOf(options);
  // A frame, since white cells at the edge are not told from the page.
  const framed = { mirror: true, showgrid: false, tickformat: ',d' };
  const scaleX = scaleOf(x, [0.5, columns + 0.5], { ...framed, nticks: 6 });
  const scaleY = scaleOf(y, [rows + 0.5, 0.5], { ...framed, nticks: 6, linecolor: ink.axis });
  const room: Room = {
    ...{ left: Math.ceil(tickWidth(y, [0, rows])) + 40, right: 26, bottom: 54, gapX: 28 },
    head: panels.some((panel) => panel.title) ? 24 : 10,
  };
  const width = panelWidth(room, panels.length);
  const stuck = panels.map(({ values }) => whiteColumns(values, columns));
  const counted = (p: number) => `${fmt(stuck[p])} of ${fmt(columns)} columns white throughout`;
  return plot({
    text: options,
    facts: [`white: ${white}`, ...(panels.length === 1 ? [counted(0)] : [])],
    panels: panels.map(({ title, values }, p) => ({
      title:
        panels.length === 1 ? title : [title, `${fmt(stuck[p])} of ${fmt(columns)} white`].filter(Boolean).join(': '),
      ...{ x: scaleX, y: scaleY, marks: [raster(values, x, y)] },
    })),
    room,
    height: options.height ?? Math.round(Math.min(320, Math.max(140, (width / columns) * rows))),
    hovermode: 'closest',
    summary: [
      `${axisTitle(x)} from left to right, ${axisTitle(y)} from top to bottom; white: ${white}`,
      ...panels.map(({ title, values }, p) => {
        const share =
          values.reduce((sum, row) => sum + Array.from(row).reduce((a, b) => a + b, 0), 0) / (rows * columns);
        return `  ${title ? `${title}: ` : ''}${fmt(100 * share)}% of cells white; ${counted(p)}`;
      }),
    ],
  });
}

const BUILDER = 'rasterFigure';

/** Rows and columns that all panels have. */
function shapeOf({ panels }: RasterOptions): [number, number] {
  if (panels.length < 1 || panels.length > 3) {
    throw new FigureError(`${BUILDER}: wanted 1 to 3 panels side by side, got ${panels.length}.`);
  }
  const [rows, columns] = [panels[0].values.length, panels[0].values[0]?.length ?? 0];
  panels.forEach(({ values }, p) => {
    const lengths = [...new Set(values.map((row) => row.length))];
    if (values.length !== rows || lengths.length !== 1 || lengths[0] !== columns || columns === 0) {
      throw new FigureError(
        `${BUILDER}: panel ${p + 1} is [${values.length}][${lengths.join(' or ')}]; wanted [${rows || 'examples'}][${columns || 'units'}] in every panel, at least one of each.`,
      );
    }
    const odd = values.flatMap((row) => Array.from(row)).find((v) => v !== 0 && v !== 1);
    if (odd !== undefined) {
      throw new FigureError(
        `${BUILDER}: panel ${p + 1} holds ${odd}; a cell is 0 (black) or 1 (white). Compare first: Math.abs(h) > 0.99 ? 1 : 0.`,
      );
    }
  });
  return [rows, columns];
}

function whiteColumns(values: readonly ArrayLike<number>[], columns: number): number {
  return Array.from({ length: columns }, (_, j) => values.every((row) => row[j] === 1)).filter(Boolean).length;
}
