/** The page of a phone, and the panels that a stored layout holds. */
import { textWidth, wrap } from '../format';
import { plainText } from '../heading';
import { size } from '../theme';

export type Json = Record<string, unknown>;

/** Pixels: the page, its headings, the right margin, and what a colour bar takes below a heat map. */
export const PHONE = { width: 390, title: 15, subtitle: 12, right: 18, colorBar: 66 } as const;

/** Pixels from one line of text to the next. */
export const LINE_HEIGHT = 16.5;

/** A panel as it is stored. */
export interface OldPanel {
  /** Names in the layout: 'xaxis2', 'yaxis2'. */
  readonly xaxis: string;
  readonly yaxis: string;
  readonly domainX: readonly [number, number];
  readonly domainY: readonly [number, number];
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** A panel on the phone's page. */
export interface PhonePanel extends OldPanel {
  /** As it is stored. */
  readonly old: OldPanel;
  /** Pixels above it, for its title. */
  readonly space: number;
  /** Pixels from the upper edge of the first panel. */
  readonly top: number;
  readonly bottom: number;
}

/** The panels of a layout, from the first to the last y axis. */
export function panelsOf(layout: Json): OldPanel[] {
  const margin = layout.margin as { t: number; r: number; b: number; l: number };
  const inner = {
    width: (layout.width as number) - margin.l - margin.r,
    height: (layout.height as number) - margin.t - margin.b,
  };
  const names = Object.keys(layout).filter((key) => /^yaxis\d*$/.test(key));
  return names.map((yaxis) => {
    const own = yaxis.replace('y', 'x');
    const xaxis = own in layout ? own : 'xaxis';
    const domainX = domainOf(layout[xaxis]);
    const domainY = domainOf(layout[yaxis]);
    const width = (domainX[1] - domainX[0]) * inner.width;
    return { xaxis, yaxis, domainX, domainY, width, height: (domainY[1] - domainY[0]) * inner.height };
  });
}

function domainOf(axis: unknown): readonly [number, number] {
  return (axis as { domain?: [number, number] } | undefined)?.domain ?? [0, 1];
}

/** 'x2' for 'xaxis2': what traces and notes call an axis. */
export const shortName = (axis: string): string => axis.replace('axis', '');

/** Plotly's small HTML, each line broken at `width`; a line that begins bold stays bold throughout. */
export function wrapHtml(html: string, width: number, fontSize: number = size.text): string {
  return html
    .split(/<br>| {3}/)
    .flatMap((line) => {
      const bold = line.startsWith('<b>');
      if (textWidth(plainText(line), fontSize, bold) <= width) return [line];
      // Marks inside a line are few: a name in its colour, which fits, or a title in bold.
      const inner = wrap(line.replace(/<[^>]*>/g, ''), width, fontSize, bold);
      return inner.map((part) => (bold ? `<b>${part}</b>` : part));
    })
    .join('<br>');
}

/** Lines of a wrapped text. */
export const linesOf = (html: string): number => html.split('<br>').length;

/** Pixels of the widest line. */
export function widthOf(html: string, fontSize: number = size.text): number {
  return Math.max(...html.split('<br>').map((line) => textWidth(plainText(line), fontSize, line.startsWith('<b>'))));
}
