/** What a page may do: a notebook may come from anyone, and so may what its cells display. */
import { createHash } from 'node:crypto';
import type { Figure } from './blocks';

/** Traces that Plotly draws by WebGL, with programs that it puts together as text and evaluates. */
const WEBGL = /gl$|3d$|^(?:splom|parcoords|surface|cone|streamtube|isosurface|volume)$/;

/** True when a figure needs `eval`; that lets no script in. */
export function evaluates({ drawing }: Figure): boolean {
  return drawing.data.some(({ type }) => WEBGL.test(String(type ?? '')));
}

/**
 * The page's Content-Security-Policy. Of scripts the page's own runs, known by its hash, and what that one loads
 * ('strict-dynamic': plotly.js); none that stands in Markdown, HTML or SVG. Styles and pictures may stand in the text. Nothing is
 * asked from a network; `file:` is beside 'self' for browsers to which no two files have the same origin.
 *
 * @param scripts the page's own, to the letter
 * @param extra whether the page shows itself in frames, as a speaker's window does; the script of what computes on the page, where something
 *   does: it runs WebAssembly, in a worker that the page holds as text
 */
export function policy(
  scripts: readonly string[],
  figures: readonly Figure[],
  extra: { frames?: boolean; compute?: string } = {},
): string {
  const { compute } = extra;
  const all = compute === undefined ? scripts : [...scripts, compute];
  const digests = all.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  const may = [...(figures.some(evaluates) ? ["'unsafe-eval'"] : []), ...(compute ? ["'wasm-unsafe-eval'"] : [])];
  const rules = {
    'default-src': "'none'",
    'script-src': [...digests, "'strict-dynamic'", ...may].join(' '),
    ...(compute && { 'worker-src': 'blob:' }),
    'style-src': "'self' file: 'unsafe-inline'",
    'img-src': "'self' file: data: blob:",
    'media-src': "'self' file: data: blob:",
    'font-src': 'data:',
    ...(extra.frames ? { 'frame-src': "'self' file:" } : {}),
    'base-uri': "'none'",
    'form-action': "'none'",
  };
  return Object.entries(rules)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');
}
