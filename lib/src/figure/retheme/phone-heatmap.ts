/** Heat maps on a phone: the colour bar below, and numbers in the cells only where they fit. */
import { escapeHtml } from '../../core/html';
import type { PlotlyTrace } from '../figure';
import { plainText } from '../heading';
import { size } from '../theme';
import { type Json, widthOf, wrapHtml } from './phone-page';
import type { StoredFigure } from './stored';

/** Whether a colour bar is drawn. */
export function hasColorBar(figure: StoredFigure): boolean {
  return figure.data.some((trace) => trace.colorbar !== undefined);
}

/** A colour bar lies below the panels, as wide as they are; its upper edge at `y`, in shares of the panels' height. */
export function colorBarBelow(trace: PlotlyTrace, width: number, y: number): PlotlyTrace {
  const bar = trace.colorbar as (Json & { title?: { text?: string } }) | undefined;
  if (!bar) return trace;
  const { x: _x, xanchor: _anchor, ...kept } = bar;
  const title = plainText((bar.title?.text ?? '').replace(/<br>/g, ' '));
  const text = wrapHtml(escapeHtml(title), width, size.small);
  const place = {
    orientation: 'h',
    x: 0,
    xanchor: 'left',
    xpad: 0,
    yref: 'paper',
    y,
    yanchor: 'top',
    ypad: 6,
  };
  return { ...trace, colorbar: { ...kept, ...place, thickness: 10, title: { ...bar.title, text } } };
}

/** Without the numbers of a heat map whose cells are too narrow for them; crosses stay. */
export function fittingCells(notes: readonly Json[], figure: StoredFigure, width: number): readonly Json[] {
  const maps = figure.data.filter((trace) => trace.type === 'heatmap' && trace.xaxis !== undefined);
  const mapOf = (note: Json) => maps.find((map) => map.xaxis === note.xref && map.yaxis === note.yref);
  const numbers = notes.filter((note) => mapOf(note) && note.text !== '×');
  const columns = Math.max(1, ...maps.map((map) => (map.x as unknown[] | undefined)?.length ?? 1));
  const widest = Math.max(0, ...numbers.map((note) => widthOf(note.text as string, size.small)));
  return widest <= width / columns - 3 ? notes : notes.filter((note) => !numbers.includes(note));
}
