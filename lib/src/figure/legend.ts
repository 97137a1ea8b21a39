/** The legend above the panels: one row of entries, or as many rows as they need. */
import { textWidth } from './format';
import { size } from './theme';

/** Names that a figure explains above its panels, and what stands before each: a stretch of the line, or a point. @internal */
export interface Legend {
  readonly names: readonly string[];
  readonly key: 'line' | 'point';
}

/** Length of a line in the legend, pixels: two dashes of the longest dash. @internal */
export const LINE = 40;

/**
 * Room for the longest legend entry. Plotly would measure the text with the font of the machine that draws; a reader's font
 * may be wider, and a legend clips.
 */
function entryRoom(names: readonly string[]): { entrywidth: number; entrywidthmode: 'pixels' } {
  const widest = Math.max(0, ...names.map((name) => textWidth(name, size.text)));
  return { entrywidth: Math.ceil(widest) + 10, entrywidthmode: 'pixels' };
}

/** Pixels that a legend takes on a page whose panels have `width`. @internal */
export function legendHeight({ names, key }: Legend, width: number): number {
  const entries = new Set(names.filter((name) => name !== ''));
  const { entrywidth } = entryRoom([...entries]);
  const rows = Math.ceil(entries.size / Math.max(1, Math.floor(width / (entrywidth + LINE + 12))));
  return rows * 21 + (key === 'point' ? 3 : 0);
}

/** Plotly's legend, its lower edge at `y` (1 is the upper edge of the panels). @internal */
export function plotlyLegend({ names, key }: Legend, y: number): Record<string, unknown> {
  return {
    orientation: 'h',
    x: 0,
    xanchor: 'left',
    y,
    yanchor: 'bottom',
    ...(key === 'line' ? { font: { size: size.text }, itemwidth: LINE, tracegroupgap: 0 } : { itemsizing: 'constant' }),
    ...entryRoom(names),
  };
}
