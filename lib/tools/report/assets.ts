/** What lies beside the pages: style, fonts inside, and plotly.js. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { runInNewContext } from 'node:vm';
import { buildSync } from 'esbuild';
import { copyAtomically } from '../../src/platform/node/write';
import { writeAtomically } from '../notebook';
import { home } from '../places';
import type { Figure } from './blocks';
import { forScript } from './html';

/** The browser's files are not compiled, so they are read from the sources. */
const sources = path.join(home, 'lib', 'tools', 'report', 'assets');

/** What live figures need: plotly.js, and what draws a figure for another page. */
export interface FigureScripts {
  plotly: string;
  retheme: string;
}

/**
 * The pages' own script.
 *
 * @param held what live figures need, for a page that has nothing beside it; within the script, so that the page's policy knows it
 *   and no element of a notebook can pass for it
 */
export function pageScript(held?: FigureScripts): string {
  const script = fs.readFileSync(path.join(sources, 'page.js'), 'utf8');
  return `\n(function () {\nvar held = ${held === undefined ? 'null' : forScript(held)};\n${script}})();\n`;
}

/** Texts of the scripts that these live figures need. */
export function figureScripts(figures: readonly Figure[]): FigureScripts {
  return { plotly: fs.readFileSync(plotlyFor(figures), 'utf8'), retheme: rethemeText() };
}

/** Traces that plotly.js draws in its part for figures on two axes, a third of the whole. */
const CARTESIAN = new Set('scatter bar box violin heatmap histogram histogram2d contour image pie'.split(' '));

/** The smallest minified plotly.js that draws the figures. */
function plotlyFor(figures: readonly Figure[]): string {
  const isCartesian = figures.every(({ drawing }) =>
    drawing.data.every(({ type = 'scatter' }) => CARTESIAN.has(String(type))),
  );
  return require.resolve(isCartesian ? 'plotly.js-cartesian-dist-min' : 'plotly.js-dist-min');
}

/** The library's `retheme` for a browser. */
function rethemeText(): string {
  const { outputFiles } = buildSync({
    entryPoints: [require.resolve('../../src/figure/retheme/retheme')],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    globalName: 'bnlabFigures',
    platform: 'browser',
  });
  return outputFiles[0].text;
}

/** The pages' style, that of formulas among it. */
export function pageStyle(): string {
  return `${mathStyle()}\n${fs.readFileSync(path.join(sources, 'page.css'), 'utf8')}`;
}

/** Writes style and scripts into a folder. @param search what searches all pages @param figures those of all pages */
export function writeAssets(folder: string, search: string, figures: readonly Figure[]): void {
  writeAtomically(path.join(folder, 'search.js'), search);
  writeAtomically(path.join(folder, 'page.css'), pageStyle());
  writeAtomically(path.join(folder, 'retheme.js'), rethemeText());
  const plotly = plotlyFor(figures);
  const target = path.join(folder, 'plotly.js');
  if (fs.statSync(target, { throwIfNoEntry: false })?.size !== fs.statSync(plotly).size) copyAtomically(plotly, target);
}

/**
 * The letters of verdicts (✓, ◐, ✗), which the packaged browser's fonts lack; a PDF keeps the few that it uses. The font has digits too,
 * as the caps of keys, and must not be asked for these where it is the first of a list that is there.
 */
export function signStyle(): string {
  const file = require.resolve('@fontsource/noto-sans-symbols-2/files/noto-sans-symbols-2-symbols-400-normal.woff2');
  const font = fs.readFileSync(file).toString('base64');
  return `@font-face{font-family:"Noto Sans Symbols 2";src:url(data:font/woff2;base64,${font}) format("woff2");unicode-range:U+2010-2BFF}`;
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

/** The decks' own script. */
export function deckScript(): string {
  return `\n(function () {\n${fs.readFileSync(path.join(sources, 'deck.js'), 'utf8')}})();\n`;
}

/** reveal.js has its window for a speaker as a text that it writes; a deck's policy must know the script in it. */
export function speakerScript(): string {
  const text = fs.readFileSync(require.resolve('reveal.js/plugin/notes'), 'utf8');
  const written = /document\.write\(`((?:[^`\\]|\\[^])*)`\)/.exec(text)?.[1];
  const page = written === undefined ? '' : (runInNewContext(`\`${written}\``) as string);
  const script = /<script>([^]*?)<\/script>/.exec(page)?.[1];
  if (script === undefined) throw new Error('reveal.js brings no script for the speaker’s window where 6.0.2 has it.');
  return script;
}

/** Writes a deck's style and scripts into a folder. */
export function writeDeckAssets(folder: string): void {
  writeAtomically(path.join(folder, 'page.css'), pageStyle());
  for (const [name, file] of [
    ['reveal.js', require.resolve('reveal.js')],
    ['notes.js', require.resolve('reveal.js/plugin/notes')],
    ['reveal.css', require.resolve('reveal.js/reveal.css')],
    ['slides.css', path.join(sources, 'slides.css')],
  ])
    writeAtomically(path.join(folder, name), fs.readFileSync(file, 'utf8'));
}
