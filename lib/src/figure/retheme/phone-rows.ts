/** Rows of intervals on a phone: name and numbers stand above each row's bar. */
import { textWidth } from '../format';
import { plainText } from '../heading';
import { type Palette, withOpacity } from '../palette';
import { size } from '../theme';
import { type Json, LINE_HEIGHT, linesOf, wrapHtml } from './phone-page';

interface RowAxis {
  tickvals?: number[];
  ticktext?: string[];
  ticks?: string;
  range?: [number, number];
}

const axisOf = (layout: Json) => layout.yaxis as RowAxis;
const isNumbers = (note: Json) => note.xref === 'paper' && note.yref === 'y' && note.xshift === 8;

/** Whether a figure is made of rows that are named at the left and have their numbers at the right. */
export function isRows(layout: Json): boolean {
  return axisOf(layout).ticktext !== undefined && ((layout.annotations ?? []) as Json[]).some(isNumbers);
}

/** Names with their numbers, side by side where there is room, else one below the other. */
function texts(layout: Json, width: number): { name: string; numbers: string; beside: boolean }[] {
  const names = axisOf(layout).ticktext ?? [];
  const numbers = ((layout.annotations ?? []) as Json[]).filter(isNumbers).map((note) => note.text as string);
  return names.map((name, i) => {
    const both = textWidth(plainText(name), size.text) + textWidth(plainText(numbers[i]), size.small) + 12;
    return { name: wrapHtml(name, width), numbers: numbers[i], beside: both <= width };
  });
}

function linesAbove(layout: Json, width: number): number {
  return Math.max(...texts(layout, width).map(({ name, beside }) => linesOf(name) + (beside ? 0 : 1)));
}

/** Pixels of all rows. */
export function rowHeights(layout: Json, width: number): number {
  return texts(layout, width).length * rowHeight(layout, width);
}

/** The bar lies in the middle of its row, so the texts above it have half of a row. */
function rowHeight(layout: Json, width: number): number {
  return 2 * (linesAbove(layout, width) * LINE_HEIGHT + 9);
}

/** Its y axis, without the names. */
export function rowAxis(layout: Json): Json {
  const { tickfont: _font, ...axis } = layout.yaxis as Json;
  return { ...axis, showticklabels: false };
}

/** The notes of such a figure: a name and its numbers in each row, and what else there was. */
export function rowNotes(notes: readonly Json[], layout: Json, width: number, palette: Palette): Json[] {
  const bgcolor = withOpacity(palette.ink.paper, 0.75);
  const place = { xref: 'paper', yref: 'y', yanchor: 'top', yshift: -2, bgcolor, borderpad: 0 };
  const rows = texts(layout, width).flatMap(({ name, numbers, beside }, i) => [
    {
      ...place,
      text: name,
      align: 'left',
      font: { size: size.text, color: palette.ink.text },
      x: 0,
      xanchor: 'left',
      y: i - 0.5,
    },
    {
      ...place,
      ...{ text: numbers, font: { size: size.small, color: palette.ink.text }, y: i - 0.5 },
      ...(beside ? { x: 1, xanchor: 'right' } : { x: 0, xanchor: 'left', yshift: -2 - LINE_HEIGHT * linesOf(name) }),
    },
  ]);
  const others = notes.filter((note) => !isNumbers(note));
  return [...rows, ...others.map((note) => (note.yref === 'paper' ? keptInside(note, layout, width) : note))];
}

/** The name of the reference line stands over it, or begins or ends there where it would leave the page. */
function keptInside(note: Json, layout: Json, width: number): Json {
  const { range } = layout.xaxis as { range: [number, number] };
  const at = (((note.x as number) - range[0]) / (range[1] - range[0])) * width;
  const half = textWidth(plainText(note.text as string), size.small) / 2;
  return { ...note, xanchor: at < half ? 'left' : width - at < half ? 'right' : 'center' };
}
