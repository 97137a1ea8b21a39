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
 * @param script the page's own, to the letter
 * @param compute that of what computes on the page, where something does: it runs WebAssembly, in a worker that the page holds as text
 */
export function policy(script: string, figures: readonly Figure[], compute?: string): string {
  const scripts = compute === undefined ? [script] : [script, compute];
  const digests = scripts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  const may = [...(figures.some(evaluates) ? ["'unsafe-eval'"] : []), ...(compute ? ["'wasm-unsafe-eval'"] : [])];
  const rules = {
    'default-src': "'none'",
    'script-src': [...digests, "'strict-dynamic'", ...may].join(' '),
    ...(compute && { 'worker-src': 'blob:' }),
    'style-src': "'self' file: 'unsafe-inline'",
    'img-src': "'self' file: data: blob:",
    'media-src': "'self' file: data: blob:",
    'font-src': 'data:',
    'base-uri': "'none'",
    'form-action': "'none'",
  };
  return Object.entries(rules)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');
}
