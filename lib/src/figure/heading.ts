/** What stands above a figure: its finding in bold, below it the data, the seeds and more, in grey. */
import { escapeHtml } from '../core/html';
import { dataTitle, type FigureText } from './figure';
import { wrap } from './format';
import { ink, size } from './theme';

/** Title (bold, wrapped) and subtitle (grey) as Plotly's title; returns the pixels they take. @internal */
export function heading(text: FigureText, facts: string[]): { title: Record<string, unknown>; height: number } {
  const available = size.width - 24;
  const titleLines = wrap(text.title, available, size.title, true);
  const under = [dataTitle(text), ...facts, ...(text.note ? [text.note] : [])]
    .filter((part) => part !== '')
    .join(' · ');
  const subtitleLines = wrap(under, available, size.subtitle);
  const subtitle = subtitleLines.map(
    (line) =>
      `<span style="font-size:${size.subtitle}px;color:${ink.muted};font-weight:normal">${escapeHtml(line)}</span>`,
  );
  return {
    title: {
      text: [...titleLines.map((line) => `<b>${escapeHtml(line)}</b>`), ...subtitle].join('<br>'),
      font: { size: size.title, color: ink.text },
      x: 12 / size.width,
      xanchor: 'left',
      xref: 'container',
      y: 1,
      yanchor: 'top',
      yref: 'container',
      pad: { t: 24, l: 0, r: 0, b: 0 },
    },
    // Plotly spaces all lines of a title by 1.3 times the title's own font size.
    height: 12 + Math.ceil((titleLines.length + subtitleLines.length) * size.title * 1.3) + 6,
  };
}
