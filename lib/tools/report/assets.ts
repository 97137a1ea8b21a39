/** What lies beside the pages: style, fonts inside, and plotly.js. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { copyAtomically } from '../../src/platform/node/write';
import { writeAtomically } from '../notebook';
import { home } from '../places';

/** The browser's files are not compiled, so they are read from the sources. */
const sources = path.join(home, 'lib', 'tools', 'report', 'assets');

/** The pages' own script. */
export function pageScript(): string {
  return `\n${fs.readFileSync(path.join(sources, 'page.js'), 'utf8')}`;
}

/** The pages' style, that of formulas among it. */
export function pageStyle(): string {
  return `${mathStyle()}\n${fs.readFileSync(path.join(sources, 'page.css'), 'utf8')}`;
}

/** Writes style and plotly.js into a folder. */
export function writeAssets(folder: string): void {
  writeAtomically(path.join(folder, 'page.css'), pageStyle());
  const plotly = require.resolve('plotly.js-dist');
  const target = path.join(folder, 'plotly.js');
  if (fs.statSync(target, { throwIfNoEntry: false })?.size !== fs.statSync(plotly).size) copyAtomically(plotly, target);
}

/** KaTeX's style with its fonts inside: browsers refuse fonts beside a page that was opened as a file. */
function mathStyle(): string {
  const folder = path.join(path.dirname(require.resolve('katex/package.json')), 'dist');
  return fs
    .readFileSync(path.join(folder, 'katex.min.css'), 'utf8')
    .replace(/src:(url\([^;}]*)/g, (_, listed: string) => {
      const file = /url\(([^)]+\.woff2)\)/.exec(listed)?.[1];
      if (!file) throw new Error(`KaTeX's style names no woff2 font in '${listed}'.`);
      return `src:url(data:font/woff2;base64,${fs.readFileSync(path.join(folder, file)).toString('base64')}) format("woff2")`;
    });
}
