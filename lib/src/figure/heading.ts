/** What stands above a figure: its finding in bold, below it the data, the seeds and more, in grey. */
import { escapeHtml, unescapeHtml } from '../core/html';
import { dataTitle, type FigureText } from './figure';
import { wrap } from './format';
import { ink, type Ink, size } from './theme';

/** A heading as Plotly's title, and the pixels that it takes. @internal */
export interface Heading {
  readonly title: Record<string, unknown>;
  readonly height: number;
}

/** Width of a page and font sizes of its headings, pixels. @internal */
export interface Page {
  readonly width: number;
  readonly title: number;
  readonly subtitle: number;
}

/** Left edge of a heading, pixels. @internal */
export const MARGIN = 12;

/** The heading of a figure: what it found; the data, `facts` and the note. @internal */
export function heading(text: FigureText, facts: readonly string[]): Heading {
  const under = [dataTitle(text), ...facts, ...(text.note ? [text.note] : [])].filter((part) => part !== '');
  return headingOn(size, ink, text.title, under.join(' · '));
}

/** A heading, wrapped for a page, in its inks. @internal */
export function headingOn(page: Page, inks: Ink, finding: string, under: string): Heading {
  const available = page.width - 2 * MARGIN;
  const title = wrap(finding, available, page.title, true).map((line) => `<b>${escapeHtml(line)}</b>`);
  const subtitle = wrap(under, available, page.subtitle).map(
    (line) =>
      `<span style="font-size:${page.subtitle}px;color:${inks.muted};font-weight:normal">${escapeHtml(line)}</span>`,
  );
  return {
    title: {
      text: [...title, ...subtitle].join('<br>'),
      font: { size: page.title, color: inks.text },
      x: MARGIN / page.width,
      xanchor: 'left',
      xref: 'container',
      y: 1,
      // The first line's foot stands 24 pixels below the page's upper edge. Anchored at its top, the text would have a shift of its own
      // (dy), which browsers and resvg drop where a line has one, and librsvg and Inkscape add: title on subtitle.
      yanchor: 'bottom',
      yref: 'container',
      pad: { t: 0, l: 0, r: 0, b: -24 },
    },
    // Plotly spaces all lines of a title by 1.3 times the title's own font size.
    height: 12 + Math.ceil((title.length + subtitle.length) * page.title * 1.3) + 6,
  };
}

/** What {@link headingOn} was given, read back from its title. @internal */
export function readHeading(html: string): { finding: string; under: string } {
  const lines = html.split('<br>').map((line) => ({ bold: line.startsWith('<b>'), text: plainText(line) }));
  const joined = (bold: boolean) =>
    lines
      .filter((line) => line.bold === bold)
      .map((line) => line.text)
      .join(' ');
  return { finding: joined(true), under: joined(false) };
}

/** Plotly's small HTML as plain text. @internal */
export function plainText(html: string): string {
  return unescapeHtml(html.replace(/<[^>]*>/g, ''));
}
