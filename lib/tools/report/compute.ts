/**
 * What lets a report compute: the library on WebAssembly in a worker, and the page's controls around it (lib/page), as one script that
 * needs no network. A worker of a page opened as a file can fetch nothing, so that script and module travel as text.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { deflateSync } from 'node:zlib';
import { buildSync, type BuildOptions } from 'esbuild';
import type { EmbeddedSet } from '../../src/data/embedded';
import { ownCommit } from '../../src/platform/node/commit';
import { writeAtomically } from '../notebook';
import { home } from '../places';
import { forScript } from './html';

/** The browser's files are bundled from the sources. */
const sources = path.join(home, 'lib', 'page');

const COMMON: BuildOptions = {
  absWorkingDir: home,
  bundle: true,
  minify: true,
  platform: 'browser',
  format: 'iife',
  target: 'es2022',
  // One copy of TensorFlow.js, whether a file imports or requires it; and of it only what the library uses.
  mainFields: ['browser', 'module', 'main'],
  alias: { '@tensorflow/tfjs': path.join(sources, 'tf.ts') },
  legalComments: 'none',
  write: false,
  logLevel: 'silent',
};

function bundled(entry: string, options: BuildOptions = {}): string {
  const { outputFiles } = buildSync({ ...COMMON, ...options, entryPoints: [path.join(sources, entry)] });
  return outputFiles![0].text;
}

let made: { worker: string; page: string } | undefined;

/** The script of a page that computes. @param embedded pictures that travel with it */
export function computeScript(embedded?: EmbeddedSet): string {
  made ??= {
    // Packed, it is a third of what it is otherwise: a page is mailed, and read from a slow disk.
    worker: deflateSync(bundled('worker.ts'), { level: 9 }).toString('base64'),
    page: bundled('main.ts', { globalName: 'bnlabPage' }),
  };
  const wasm = fs.readFileSync(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'));
  const parts = { worker: made.worker, wasm: wasm.toString('base64'), commit: ownCommit(), embedded };
  return `\n(function () {\n${made.page}\nvar parts = ${forScript(parts)};\nbnlabPage.begin(parts);\n})();\n`;
}

/** The script of a page that has this one beside it, and the playground. */
export const COMPUTE_LOADER = `
(function () {
  document.documentElement.dataset.explore = 'explore.html';
  var script = document.createElement('script');
  script.src = 'assets/compute.js';
  document.head.appendChild(script);
})();
`;

/** The style of what computes. */
export function computeStyle(): string {
  return fs.readFileSync(path.join(sources, 'page.css'), 'utf8');
}

/** Writes the script beside the pages. */
export function writeCompute(folder: string, embedded?: EmbeddedSet): void {
  writeAtomically(path.join(folder, 'compute.js'), computeScript(embedded));
}
