/** What a notebook says to programs that show it as slides: which cell begins a slide, which follows below, and what only a reader needs. */
import type { Cell, Notebook } from './index';

/** What nbconvert and RISE know, in `metadata.slideshow.slide_type`. */
type SlideType = 'slide' | 'subslide' | 'fragment' | '-' | 'skip' | 'notes';

/** Sets each cell's slide type; one that says its own keeps it. */
export function presentAsSlides(notebook: Notebook): void {
  let isFirst = true;
  for (const cell of notebook.cells) {
    const said = cell.metadata.slideshow as { slide_type?: unknown } | undefined;
    const type = slideType(cell, isFirst);
    if (cell.cell_type === 'markdown') isFirst = false;
    if (said?.slide_type === undefined) cell.metadata.slideshow = { ...said, slide_type: type };
  }
}

function slideType(cell: Cell, isFirst: boolean): SlideType {
  if (cell.cell_type === 'markdown') {
    if (isFirst || /^#{1,2} /m.test(cell.source)) return 'slide';
    return /\*\*Reading in a group\*\*/.test(cell.source) ? 'notes' : 'subslide';
  }
  const outputs = cell.outputs ?? [];
  const roles = outputs.map(({ metadata }) => (metadata?.bnlab as { role?: string } | undefined)?.role);
  if (roles.some((role) => role === 'figure' || role === 'claim-card' || role === 'verdict')) return 'subslide';
  const isShown = roles.some(
    (role) => !['progress', 'check', 'engine', 'provenance', 'exercise-check', undefined].includes(role),
  );
  return isShown ? '-' : 'skip';
}
