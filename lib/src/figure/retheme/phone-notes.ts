/** Titles of panels and names of lines on a phone. */
import { spread } from '../marks/names';
import { type Palette, withOpacity } from '../palette';
import { size } from '../theme';
import {
  type Json,
  LINE_HEIGHT,
  linesOf,
  type OldPanel,
  type PhonePanel,
  shortName,
  widthOf,
  wrapHtml,
} from './phone-page';
import type { StoredFigure } from './stored';

const near = (a: unknown, b: number) => typeof a === 'number' && Math.abs(a - b) < 1e-6;
const onPaper = (note: Json) => note.xref === 'paper' && note.yref === 'paper';

/** Stands above a panel's left edge, as `panelTitle` puts it. */
function isTitle(note: Json, { domainX, domainY }: OldPanel): boolean {
  return onPaper(note) && note.yanchor === 'bottom' && near(note.x, domainX[0]) && near(note.y, domainY[1]);
}

/** Stands right of a panel, as `endNames` puts it. */
function isEndName(note: Json, { domainX, domainY }: OldPanel): boolean {
  const y = note.y as number;
  return (
    onPaper(note) && note.xshift === 8 && near(note.x, domainX[1]) && y >= domainY[0] - 1e-6 && y <= domainY[1] + 1e-6
  );
}

/** Lines of a panel's title, of all frames the most. */
export function titleLines(figure: StoredFigure, panel: OldPanel, width: number): number {
  const frames = (figure.frames ?? []).map((frame) => frame.layout as Json | undefined);
  const lists = [figure.layout, ...frames].map((layout) => (layout?.annotations ?? []) as Json[]);
  const titles = lists.flat().filter((note) => isTitle(note, panel));
  return Math.max(0, ...titles.map((note) => linesOf(wrapHtml(note.text as string, width))));
}

/** All notes of a layout, or of a frame, on their panels' new places. */
export function notesOnPhone(
  notes: readonly Json[],
  panels: readonly PhonePanel[],
  figure: StoredFigure,
  palette: Palette,
): Json[] {
  const inside = new Map(panels.flatMap((panel) => [...namesInside(notes, panel, palette)]));
  const font = pictureFont(notes, panels[0], figure.layout);
  return notes.map((note) => {
    const named = inside.get(note);
    if (named) return named;
    const panel = panels.find((one) => isTitle(note, one.old));
    if (panel) return { ...note, text: wrapHtml(note.text as string, panel.width), x: 0, y: panel.domainY[1] };
    if (note.xref === 'paper' && note.xshift === -10) return { ...note, text: wrapHtml(note.text as string, 84) };
    return font ? { ...note, font: { ...(note.font as Json), size: font } } : note;
  });
}

/** Names at line ends move to the inside of the right edge, above their lines, and keep apart. */
function namesInside(notes: readonly Json[], panel: PhonePanel, palette: Palette): Map<Json, Json> {
  const names = notes.filter((note) => isEndName(note, panel.old));
  const yName = shortName(panel.old.yaxis);
  const atTop = notes.some(
    (note) => (note.yref === `${yName} domain` || note.yref === 'paper') && note.y === 1 && !onPaper(note),
  );
  const gap = LINE_HEIGHT * Math.max(1, ...names.map((note) => linesOf(note.text as string)));
  const room = panel.height - (atTop ? 20 : 0) - gap;
  const [low, high] = panel.old.domainY;
  const placed = spread(
    names.map((note) => (((note.y as number) - low) / (high - low)) * panel.height - gap / 2 + 12),
    gap,
    Math.max(room, 0),
  );
  const background = withOpacity(palette.ink.paper, 0.75);
  return new Map(
    names.map((note, i) => {
      const share = (placed[i] + gap / 2) / panel.height;
      const y = panel.domainY[0] + share * (panel.domainY[1] - panel.domainY[0]);
      return [
        note,
        { ...note, x: 1, xshift: -3, xanchor: 'right', align: 'right', y, bgcolor: background, borderpad: 0 },
      ];
    }),
  );
}

/** Names below pictures shrink with their pictures. */
function pictureFont(notes: readonly Json[], panel: PhonePanel, layout: Json): number | undefined {
  const axis = layout[panel.old.xaxis] as { visible?: boolean; range?: [number, number] };
  if (axis.visible !== false || !axis.range) return undefined;
  const names = notes.filter((note) => note.xref === undefined && note.yanchor === 'top');
  const [first, second] = names.map((note) => note.x as number);
  if (second === undefined || second <= first) return undefined;
  const cell = ((second - first) / (axis.range[1] - axis.range[0])) * panel.width;
  const widest = Math.max(...names.map((note) => widthOf(note.text as string, size.small)));
  return widest > cell ? Math.max(7, Math.floor((size.small * cell) / widest)) : undefined;
}
