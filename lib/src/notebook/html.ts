/** HTML for notebook outputs: plain elements that also read well where styles are stripped, as on code hosts. */

import { escapeHtml } from '../core/html';

/** The little Markdown that a sentence may hold: **bold**, *italics*, `code`, [text](address). */
export function inline(text: string): string {
  return escapeHtml(text)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replace(/(^|[^\w*])\*([^*\s][^*]*)\*/g, '$1<em>$2</em>')
    .replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, '<a href="$2">$1</a>');
}

/** The same sentence as plain text. */
export function unmark(text: string): string {
  return text
    .replace(/`([^`]+)`/g, '$1')
    .replace(/\*\*([^*]+)\*\*/g, '$1')
    .replace(/(^|[^\w*])\*([^*\s][^*]*)\*/g, '$1$2')
    .replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, '$1 ($2)');
}

const cellStyle = 'text-align:left;vertical-align:top;padding:3px 14px 3px 0;white-space:normal';

/** Names and what they stand for, as a table without head. */
export function htmlFacts(rows: readonly (readonly [string, string])[]): string {
  const name = cellStyle.replace('white-space:normal', 'white-space:nowrap');
  return `<table style="border-collapse:collapse"><tbody>${rows
    .map(
      ([key, text]) =>
        `<tr><th scope="row" style="${name}">${inline(key)}</th><td style="${cellStyle}">${inline(text)}</td></tr>`,
    )
    .join('')}</tbody></table>`;
}

/** A table whose cells are HTML already. */
export function htmlTable(head: string[], rows: string[][], align: ('left' | 'right')[] = []): string {
  const style = (i: number) => cellStyle.replace('text-align:left', `text-align:${align[i] ?? 'left'}`);
  const cells = (tag: string, row: string[]) =>
    row.map((cell, i) => `<${tag}${tag === 'th' ? ' scope="col"' : ''} style="${style(i)}">${cell}</${tag}>`).join('');
  const header = head.length > 0 ? `<thead><tr>${cells('th', head)}</tr></thead>` : '';
  return `<table style="border-collapse:collapse">${header}<tbody>${rows
    .map((row) => `<tr>${cells('td', row)}</tr>`)
    .join('')}</tbody></table>`;
}

/** A framed block with a coloured edge. */
export function card(kind: string, edge: string, body: string): string {
  return `<div class="bnlab-${kind}" style="max-width:740px;margin:6px 0;padding:8px 16px;border:1px solid #d0d0d0;border-left:6px solid ${edge}">${body}</div>`;
}

/** Rows of text in columns of equal width, for terminals. */
export function textTable(rows: string[][], align: ('left' | 'right')[] = []): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => [...(row[i] ?? '')].length)));
  const pad = (text: string, i: number) => {
    const space = ' '.repeat(widths[i] - [...text].length);
    return align[i] === 'right' ? space + text : text + space;
  };
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}
