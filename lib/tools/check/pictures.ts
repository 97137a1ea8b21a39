import { displays, MIME, type Notebook } from '../notebook';
import { figureText } from '../notebook/figure-text';
import type { Finding } from './finding';
import { lineAt, text } from './walk';

/** Pictures and figures that say nothing to a reader who cannot see them. */
export function pictures(file: string, notebook: Notebook): Finding[] {
  const findings: Finding[] = [];
  const rule = 'alt text';
  for (const { cell, number } of text(notebook)) {
    for (const picture of cell.source.matchAll(/!\[\s*\][([]|<img\b[^>]*>/gi)) {
      if (/\balt\s*=\s*("[^"]+"|'[^']+')/i.test(picture[0])) continue;
      const line = lineAt(cell.source, picture.index);
      findings.push({ file, cell: number, line, rule, message: 'a picture without alt text' });
    }
  }
  for (const { index, data } of displays(notebook)) {
    if (data[MIME.plotly]) {
      if (!figureText(data[MIME.plotly]).alt) {
        findings.push({
          file,
          cell: index + 1,
          line: null,
          rule,
          message: 'a figure without alt text: pass `alt` to the figure',
        });
      }
    } else if (['image/png', 'image/jpeg', MIME.svg].some((type) => data[type])) {
      const described = typeof data['text/plain'] === 'string' && data['text/plain'].trim() !== '';
      if (!described)
        findings.push({ file, cell: index + 1, line: null, rule, message: 'a picture without a text beside it' });
    } else if (
      /<img\b(?![^>]*\balt\s*=\s*["'][^"']+)|<svg\b(?![^>]*\baria-(?:label|hidden)\s*=)(?![^>]*>\s*<title\b)/i.test(
        String(data['text/html'] ?? ''),
      )
    ) {
      findings.push({
        file,
        cell: index + 1,
        line: null,
        rule,
        message: 'a picture without alt text in an HTML output',
      });
    }
  }
  return findings;
}
