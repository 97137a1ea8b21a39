/** The picture that README opens with: Figure 1 (a) as the notebook last drew it, so that it never shows another run. */
import * as path from 'node:path';
import { displays, MIME, type Notebook, writeAtomically } from '../notebook';

const COVER = { notebook: '10-figure-1', cell: 'a-figure', file: 'figure-1.svg' } as const;

/** Writes the picture beside the notebook when this is the notebook that holds it. @returns whether it did */
export function writeCover(root: string, name: string, notebook: Notebook): boolean {
  if (name !== COVER.notebook) return false;
  for (const { cell, data } of displays(notebook)) {
    const svg = data[MIME.svg];
    if (cell.id !== COVER.cell || svg === undefined) continue;
    writeAtomically(path.join(root, 'notebooks', COVER.file), [svg].flat().join('') + '\n');
    return true;
  }
  return false;
}
