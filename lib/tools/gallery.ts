/**
 * `npm run gallery`: one figure of every kind for every page, as one HTML page that needs no network. The figures are those of
 * test/figure/gallery.ts, made by the sources as they are, not by lib/dist: with `--watch`, a change is on the page in seconds.
 */
import { type ChildProcessWithoutNullStreams } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { spawnGuarded } from '../setup/guarded';
import { escapeHtml } from '../src/core/html';
import { forScript } from './report/html';
import { readCall } from './call';
import { writeAtomically } from './notebook';
import { home, shown } from './places';
import { onlyOne, type Stop, stoppable } from './running';

const library = path.join(home, 'lib', 'src');
const entries = path.join(home, 'test', 'figure', 'gallery.ts');

/** The command. @returns 0, 1 when the figures could not be made, 2 for a bad call */
export async function gallery(argv: string[]): Promise<number> {
  const command = new Command('npm run gallery --')
    .description('show one figure of every kind for every page')
    .option('--watch', 'make the page anew whenever a figure changes, until Ctrl-C')
    .option('--out <folder>', 'where the page goes; reports/gallery/ unless told');
  const call = readCall(command, argv, () => command.opts<{ out?: string; watch?: boolean }>());
  if ('exitCode' in call) return call.exitCode;
  const { out, watch = false } = call.asked;
  const folder = path.resolve(out ?? path.join(home, 'reports', 'gallery'));
  return stoppable((stop) =>
    onlyOne(folder, 'npm run gallery', stop, async () => {
      const code = await writeGallery(folder, { watch }, stop);
      if (!watch || stop.asked) return code;
      console.log('Watching lib/src/figure and test/figure; Ctrl-C ends it.');
      await new Promise<void>((resolve) => {
        const folders = [path.join(library, 'figure'), path.dirname(entries)];
        const end = onChange(folders, () => writeGallery(folder, { watch }, stop));
        stop.onAsked(() => (end(), resolve()));
      });
      return 0;
    }),
  );
}

/**
 * Calls `work` after a file below one of the folders changed; not while it still works, but once more after it. An error of it is
 * printed, and the watching goes on. It looks at the files
 * themselves, twice a second: Node's recursive watching misses files on Linux (Node 20).
 *
 * @returns ends the watching
 */
export function onChange(folders: readonly string[], work: () => Promise<unknown>): () => void {
  let [seen, working] = [stateOf(folders), false];
  const look = async () => {
    const state = stateOf(folders);
    if (working || state === seen) return;
    [seen, working] = [state, true];
    await work().catch((error: Error) => console.error(error.message));
    working = false;
  };
  const timer = setInterval(() => void look(), 500);
  return () => clearInterval(timer);
}

/** Names, sizes and dates of all files below folders. */
function stateOf(folders: readonly string[]): string {
  const files = folders.flatMap((folder) =>
    fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)),
  );
  return files
    .map((file) => {
      const stat = fs.statSync(file, { throwIfNoEntry: false });
      return `${file} ${stat?.size} ${stat?.mtimeMs}`;
    })
    .join('\n');
}

/** Makes the figures in a process of its own, which reads the sources anew, and the page of them. */
async function writeGallery(folder: string, how: { watch: boolean }, stop: Stop): Promise<number> {
  const began = Date.now();
  const program = ['-r', 'ts-node/register/transpile-only', '-e', MAKE, path.join(library, 'index.ts'), entries];
  const child = spawnGuarded(process.execPath, program, { cwd: home }) as ChildProcessWithoutNullStreams;
  const ignore = stop.onAsked(() => child.kill('SIGKILL'));
  let [made, said] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (made += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve(exitCode ?? 1));
  });
  ignore();
  if (stop.asked) return 1;
  if (code !== 0) {
    console.error(`${said.trimEnd()}\nThe figures could not be made; the page is as it was. Mend what is named above.`);
    return 1;
  }
  const figures = JSON.parse(made.slice(made.lastIndexOf(MARK) + MARK.length)) as Themed[];
  fs.copyFileSync(require.resolve('plotly.js-dist'), path.join(folder, 'plotly.js'));
  writeAtomically(path.join(folder, 'built.js'), `window.built = ${began};\n`);
  const page = path.join(folder, 'index.html');
  writeAtomically(page, pageOf(figures, how.watch ? began : undefined));
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  console.log(`${figures.length} figures in ${seconds} s: ${shown(page)}\n  ${pathToFileURL(page).href}`);
  return 0;
}

/** Before the figures on standard output, after whatever else was written there. */
const MARK = '\n<figures>';
const THEMES = ['light', 'dark', 'print', 'phone'] as const;

/** One figure for every page. */
interface Themed {
  name: string;
  alt: string;
  caption: string;
  themes: Record<(typeof THEMES)[number], { data: unknown; layout: unknown; frames?: unknown }>;
}

/** The program that makes the figures: 'bnlab' and 'bnlab/internal' are the library's sources there. */
const MAKE = `
const [library, entries] = process.argv.slice(1);
const Module = require('node:module');
const resolve = Module._resolveFilename;
const sources = { bnlab: library, 'bnlab/internal': library.replace('index.ts', 'internal.ts') };
Module._resolveFilename = (name, ...rest) => resolve.call(Module, sources[name] ?? name, ...rest);
const { retheme } = require(library);
const figures = Object.entries(require(entries).gallery()).map(([name, figure]) => ({
  name, alt: figure.alt, caption: figure.caption,
  themes: Object.fromEntries(${JSON.stringify(THEMES)}.map((theme) => {
    const { data, layout, frames } = retheme(figure, theme);
    return [theme, { data, layout, frames }];
  })),
}));
process.stdout.write(${JSON.stringify(MARK)} + JSON.stringify(figures));
`;

function pageOf(figures: readonly Themed[], built: number | undefined): string {
  const sections = figures.map(({ name, alt, caption }, i) => {
    const pages = THEMES.map(
      (theme) =>
        `<figure><figcaption>${theme}</figcaption><div class="plot" data-figure="${i}" data-theme="${theme}" role="img" aria-label="${escapeHtml(alt)}"></div></figure>`,
    );
    return `<section id="${name}"><h2>${name}</h2><p>${escapeHtml(caption)}</p><div class="pages">${pages.join('')}</div></section>`;
  });
  const links = figures.map(({ name }) => `<a href="#${name}">${name}</a>`).join(' ');
  const json = forScript(figures.map(({ themes }) => themes));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Figures</title><style>
body { margin: 16px; font: 15px/1.45 system-ui, sans-serif; background: #f0f0f0; color: #1f1f1f; }
nav a { margin-right: 10px; } figure { margin: 0; } figcaption { color: #595959; }
.pages { display: flex; flex-wrap: wrap; gap: 12px; align-items: flex-start; }
</style></head><body><h1>Figures</h1><nav>${links}</nav>
${sections.join('\n')}
<script src="plotly.js"></script>
<script type="application/json" id="figures">${json}</script>
<script>${DRAW}${built === undefined ? '' : reloading(built)}</script>
</body></html>
`;
}

/** A figure is drawn when it comes near the window. */
const DRAW = `
const figures = JSON.parse(document.getElementById('figures').textContent);
const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    const { data, layout, frames } = figures[target.dataset.figure][target.dataset.theme];
    Plotly.newPlot(target, { data, layout, frames, config: { displayModeBar: false } });
  }
}, { rootMargin: '600px' });
for (const place of document.querySelectorAll('.plot')) {
  const { layout } = figures[place.dataset.figure][place.dataset.theme];
  place.style.cssText = 'width:' + layout.width + 'px;height:' + layout.height + 'px';
  near.observe(place);
}`;

/** A script can be read from a file's page where \`fetch\` cannot. */
function reloading(built: number): string {
  return `
setInterval(() => {
  const script = document.createElement('script');
  script.src = 'built.js?' + Date.now();
  script.onload = () => { script.remove(); if (window.built !== ${built}) location.reload(); };
  document.body.append(script);
}, 1000);`;
}
