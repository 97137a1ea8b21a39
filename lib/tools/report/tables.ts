/** Tables on a telephone: one of sentences is read row by row, each cell below the name of its column; one of numbers stays a table. */

const TABLE = /<table\b([^>]*)>(<caption[^]*?<\/caption>)?\s*<thead>([^]*?)<\/thead>([^]*?)<\/table>/g;

/** A cell with more letters holds sentences. */
const SENTENCE = 30;

/** The HTML, in which tables of sentences have the class `stacks`, and their cells the names of their columns. */
export function stacking(html: string): string {
  return html.replace(TABLE, (whole, attributes: string, caption: string | undefined, head: string, body: string) => {
    const cells = [...body.matchAll(/<td\b[^>]*>([^]*?)<\/td>/g)].map(([, inner]) => lettersOf(inner));
    const names = [...head.matchAll(/<th\b[^>]*>([^]*?)<\/th>/g)].map(([, inner]) => lettersOf(inner));
    if (names.length < 3 || !cells.some((text) => text.length > SENTENCE)) return whole;
    const rows = body.replace(/<tr\b[^]*?<\/tr>/g, (row) => {
      let at = -1;
      return row.replace(/<(td|th)\b/g, (cell) => `${cell} data-label="${names[++at] ?? ''}"`);
    });
    return `<table class="stacks"${attributes}>${caption ?? ''}<thead>${head}</thead>${rows}</table>`;
  });
}

/** What is read of HTML; it stays escaped. */
function lettersOf(html: string): string {
  return html
    .replace(/<span class="katex-html"[^]*?<\/span><\/span>/g, '')
    .replace(/<[^>]*>/g, '')
    .replace(/"/g, '&quot;')
    .trim();
}
