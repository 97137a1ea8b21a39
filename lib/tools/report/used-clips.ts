/** Clip paths of a drawing that something in it names: plotly.js defines them for every pair of axes, and uses few of them. */

const DRAWING = /<svg\b[^>]*>[^]*?<\/svg>/g;
const CLIP = /<clipPath id="([\w-]+)">[^]*?<\/clipPath>/g;
const EMPTY = /<defs id="[\w-]+"><g><\/g><\/defs>/g;

/** The page without clip paths that its drawings do not use. */
export function usedClips(html: string): string {
  return html.replace(DRAWING, (drawing) => {
    const named = new Set([...drawing.matchAll(/#([\w-]+)/g)].map(([, id]) => id));
    return drawing.replace(CLIP, (clip, id: string) => (named.has(id) ? clip : '')).replace(EMPTY, '');
  });
}
