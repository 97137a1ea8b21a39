/**
 * A figure for 390 pixels: panels below each other, names of lines inside, fewer ticks, every text wrapped anew. All is read from the
 * stored layout, whose panels, titles and names stand where `plot` and the marks put them.
 */
import { headingOn, readHeading } from '../heading';
import type { Palette } from '../palette';
import { axesOnPhone, bottomOf, leftOf } from './phone-axes';
import { chainsOnPhone } from './phone-chains';
import { legendOnPhone } from './phone-legend';
import { colorBarBelow, fittingCells, hasColorBar } from './phone-heatmap';
import { notesOnPhone, titleLines } from './phone-notes';
import { isRows, rowAxis, rowHeights, rowNotes } from './phone-rows';
import { type Json, LINE_HEIGHT, type OldPanel, panelsOf, PHONE, type PhonePanel } from './phone-page';
import type { StoredFigure } from './stored';

/** A figure that this library did not make, or a diagram that does not say what it is made of, stays as it is. @internal */
export function forPhone(figure: StoredFigure, palette: Palette): StoredFigure {
  if (!isBuilt(figure.layout)) return figure;
  const chains = chainsOnPhone(figure, palette);
  if (chains) return chains;
  const old = panelsOf(figure.layout);
  const rows = isRows(figure.layout);
  const left = rows ? 16 : leftOf(figure, old);
  const width = PHONE.width - left - PHONE.right;
  const legend = legendOnPhone(figure, left);
  const heading = headingOf(figure.layout, palette);
  const panels = stacked(figure, old, { left, width, rows });
  const axes = bottomOf(figure, width);
  const below = axes + (hasColorBar(figure) ? PHONE.colorBar : 0);
  const top = heading.height + legend.height + panels[0].space;
  const inner = panels[panels.length - 1].bottom;
  const notes = (list: readonly Json[]) =>
    rows
      ? rowNotes(list, figure.layout, width, palette)
      : notesOnPhone(fittingCells(list, figure, width), panels, figure, palette);
  const layout: Json = {
    ...figure.layout,
    ...{ width: PHONE.width, height: Math.round(top + inner + below) },
    margin: { t: top, r: PHONE.right, b: below, l: left },
    title: heading.title,
    ...(legend.layout ? { legend: { ...legend.layout, y: 1 + (panels[0].space + 2) / inner } } : {}),
    ...axesOnPhone(figure, panels, width),
    ...(rows ? { yaxis: rowAxis(figure.layout) } : {}),
    ...(figure.layout.annotations ? { annotations: notes(figure.layout.annotations as Json[]) } : {}),
  };
  const frames = figure.frames?.map((frame) => {
    const given = frame.layout as { annotations?: Json[]; title?: Json } | undefined;
    if (!given) return frame;
    const title = given.title ? headingOf(given as Json, palette).title : undefined;
    return { ...frame, layout: { ...given, annotations: notes(given.annotations ?? []), ...(title ? { title } : {}) } };
  });
  const data = legend.data(figure.data).map((trace) => colorBarBelow(trace, width, -axes / inner));
  return { data, layout, ...(frames ? { frames } : {}) };
}

/** Whether a builder of this library made the layout: with a heading and margins in pixels. */
function isBuilt({ width, height, margin, title }: Json): boolean {
  const { t, r, b, l } = (margin ?? {}) as Record<string, unknown>;
  const numbers = [width, height, t, r, b, l].every(Number.isFinite);
  return numbers && typeof (title as { text?: unknown } | undefined)?.text === 'string';
}

function headingOf(layout: Json, palette: Palette) {
  const { text = '' } = (layout.title ?? {}) as { text?: string };
  const { finding, under } = readHeading(text);
  return headingOn(PHONE, palette.ink, finding, under);
}

/** Panels below each other, with the pixels that their titles need above them. */
function stacked(
  figure: StoredFigure,
  old: readonly OldPanel[],
  page: { left: number; width: number; rows: boolean },
): PhonePanel[] {
  const { equal } = (figure.layout.meta ?? {}) as { equal?: boolean };
  let y = 0;
  const placed = old.map((panel, p) => {
    const lines = page.rows ? 0 : titleLines(figure, panel, page.width);
    const reference = page.rows && figure.layout.shapes ? 1 : 0;
    const space = lines + reference > 0 ? (lines + reference) * LINE_HEIGHT + 8 : 10;
    const height = page.rows
      ? rowHeights(figure.layout, page.width)
      : equal
        ? (panel.height * page.width) / panel.width
        : panel.height;
    if (p > 0) y += 14 + space;
    const top = y;
    y += height;
    return { ...panel, old: panel, space, width: page.width, height, top, bottom: y };
  });
  const inner = y;
  return placed.map((panel) => ({
    ...panel,
    domainX: [0, 1] as const,
    domainY: [1 - panel.bottom / inner, 1 - panel.top / inner] as const,
  }));
}
