/**
 * Ticks and grid lines of a drawing, joined: plotly.js draws each as an element of its own that names its place in `transform`, which is
 * a sixth of a site. Those that follow one another and differ in their place alone become one element, as exact as they were.
 */

const DRAWING = /<svg\b[^>]*>[^]*?<\/svg>/g;
const ATTRIBUTES = '(?: [\\w-]+="[^"]*")*?';

/** Straight lines that go across or down, one after another with nothing between. */
const RUN = new RegExp(`(?:<path${ATTRIBUTES} d="M-?[\\d.]+,-?[\\d.]+[hv]-?[\\d.]+"${ATTRIBUTES}/>){2,}`, 'g');
const LINE = /<path([^>]*)\/>/g;
const FORM = / d="M(-?[\d.]+),(-?[\d.]+)([hv]-?[\d.]+)"/;
const PLACE = / transform="translate\((-?[\d.]+),(-?[\d.]+)\)"/;

/** The page with the lines of its drawings joined. */
export function joinedLines(html: string): string {
  return html.replace(DRAWING, (drawing) => drawing.replace(RUN, joined));
}

function joined(run: string): string {
  const parts: { attributes: string; d: string }[] = [];
  for (const [, given] of run.matchAll(LINE)) {
    const [, x, y, stroke] = FORM.exec(given)!;
    const [, dx, dy] = PLACE.exec(given) ?? ['', '0', '0'];
    const attributes = given.replace(FORM, '').replace(PLACE, '');
    const d = `M${sum(x, dx)},${sum(y, dy)}${stroke}`;
    const last = parts.at(-1);
    if (last?.attributes === attributes) last.d += d;
    else parts.push({ attributes, d });
  }
  return parts.map(({ attributes, d }) => `<path${attributes} d="${d}"/>`).join('');
}

/** Drawings name tenths of a pixel; their sum is no longer than they are. */
function sum(a: string, b: string): string {
  return String(Math.round((Number(a) + Number(b)) * 100) / 100);
}
