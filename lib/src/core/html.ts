/**
 * Text as HTML text, also inside an attribute. A quotation mark goes by its number: Plotly, whose labels are a little HTML
 * too, knows no `&quot;`.
 */
export function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&#34;');
}

/** The text that {@link escapeHtml} was given. */
export function unescapeHtml(html: string): string {
  return html.replace(/&#34;/g, '"').replace(/&gt;/g, '>').replace(/&lt;/g, '<').replace(/&amp;/g, '&');
}
