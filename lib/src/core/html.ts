/**
 * Text as HTML text, also inside an attribute. A quotation mark goes by its number: Plotly, whose labels are a little HTML
 * too, knows no `&quot;`.
 */
export function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&#34;');
}
