/**
 * `npm run report`: executed notebooks as pages that need no network, no server and, for reading, no JavaScript.
 *
 * nbconvert walks the notebook with the project's own template (jupyter/make_report.py); KaTeX renders the mathematics
 * here, to HTML with MathML inside; plotly.js lies beside the pages and is loaded when a figure comes near the screen.
 */
import { type ChildProcessWithoutNullStreams } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Command } from 'commander';
import katex from 'katex';
import { copyAtomically } from '../src/platform/node/write';
import { spawnGuarded } from '../setup/guarded';
import { expectHeld } from '../setup/lock';
import { readCall } from './call';
import { claimsIn } from './claims';
import { nameOf, Notebook, readNotebook, readResult, writeAtomically } from './notebook-file';
import { findNotebooks, home, jupyterGlue, python, shown } from './places';
import { onlyOne, Stop, stoppable } from './running';

const TITLE = 'Batch Normalization, executed';

interface Options {
  from?: string;
  out?: string;
  root: string;
}

/** The command. @returns 0, 1 when a page could not be made, 2 for a bad call, 128 and the signal when stopped */
export async function writeReports(argv: string[]): Promise<number> {
  const command = new Command('npm run report --')
    .description('write executed notebooks as pages')
    .argument('[names...]', 'notebooks by name, number or file; all when none is named')
    .option('--from <folder>', 'take the executed notebooks from here instead of notebooks/')
    .option('--out <folder>', 'where the pages go; reports/ unless told')
    .option('--root <folder>', 'the collection', home);
  const call = readCall(command, argv, () => {
    const options = command.opts<Options>();
    const files = options.from ? executedIn(options.from, command.args) : findNotebooks(options.root, command.args);
    if (files.length === 0)
      throw new Error(`There is no notebook in ${shown(options.from ?? path.join(options.root, 'notebooks'))}.`);
    return { options, files };
  });
  if ('exitCode' in call) return call.exitCode;
  const { options, files } = call.asked;
  const started = performance.now();
  const out = path.resolve(options.out ?? path.join(options.root, 'reports'));
  return stoppable(async (stop) => {
    try {
      const whole = options.from ? files.filter(isWhole) : files;
      if (whole.length === 0) throw new Error(`There is no whole notebook in ${shown(options.from!)}.`);
      const problems = await onlyOne(out, 'npm run report', stop, () => makeReport(options.root, whole, out, stop));
      if (stop.asked) return 1;
      for (const problem of problems) console.error(problem);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(
        `${whole.length} page${whole.length === 1 ? '' : 's'} and their index in ${seconds} s: ${shown(path.join(out, 'index.html'))}`,
      );
      return problems.length ? 1 : 0;
    } catch (error) {
      if (!stop.asked) console.error((error as Error).message);
      return 1;
    }
  });
}

/** A damaged result counts as absent; the others have their pages all the same. */
function isWhole(file: string): boolean {
  if (readResult(file)) return true;
  console.error(`${shown(file)} is empty, cut off or no notebook: it has no page. Run it again, or delete it.`);
  return false;
}

function executedIn(folder: string, names: string[]): string[] {
  if (!fs.existsSync(folder))
    throw new Error(`${shown(folder)}: no such folder. Run \`npm run notebooks -- --out ${folder}\` first.`);
  const files = fs
    .readdirSync(folder)
    .filter((file) => file.endsWith('.ipynb'))
    .sort();
  const wanted = names.map((name) => path.basename(name, '.ipynb'));
  return files
    .filter(
      (file) => names.length === 0 || wanted.some((name) => file === `${name}.ipynb` || file.startsWith(`${name}-`)),
    )
    .map((file) => path.join(folder, file));
}

/** Writes pages, index and assets. @returns formulas that KaTeX does not understand, each with its page */
async function makeReport(root: string, files: string[], out: string, stop: Stop): Promise<string[]> {
  fs.mkdirSync(path.join(out, 'assets'), { recursive: true });
  // Of runs that were killed: this one is alone here.
  for (const name of fs.readdirSync(out).filter((entry) => entry.startsWith('.pages-')))
    fs.rmSync(path.join(out, name), { recursive: true, force: true });
  const notebooks = files.map((file) => ({
    file,
    name: nameOf(file),
    page: `${nameOf(file)}.html`,
    notebook: readNotebook(file),
  }));
  const ledger = path.join(root, 'notebooks', 'CLAIMS.md');
  const texts = fs.existsSync(ledger)
    ? [{ name: 'claims', page: 'claims.html', folder: path.dirname(ledger), source: fs.readFileSync(ledger, 'utf8') }]
    : [];
  const neighbour = (i: number) => notebooks[i] && { name: notebooks[i].name, page: notebooks[i].page };
  const fresh = fs.mkdtempSync(path.join(out, '.pages-'));
  try {
    await callPython(stop, {
      out: fresh,
      site: { title: TITLE },
      links: Object.fromEntries([
        ...notebooks.map(({ name, page }) => [`${name}.ipynb`, page]),
        ...(texts.length ? [['CLAIMS.md', 'claims.html']] : []),
      ]),
      notebooks: notebooks.map(({ file, name, page, notebook }, i) => ({
        notebook: file,
        // Pictures that the text names lie beside the source, wherever the executed copy is.
        folder: path.join(root, 'notebooks'),
        name,
        page,
        facts: factsOf(notebook),
        previous: neighbour(i - 1),
        next: neighbour(i + 1),
      })),
      texts,
      index: {
        title: TITLE,
        lead:
          'Ioffe & Szegedy, “Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift” (2015), ' +
          'read one question at a time. Every number and figure on these pages was computed by the notebook it stands in.',
        rows: notebooks.map(({ name, page, notebook }) => ({ name, page, ...rowOf(notebook) })),
        links: texts.length
          ? [
              {
                page: 'claims.html',
                text: 'The claims ledger: each sentence of the paper that was tested, and what came out',
              },
            ]
          : [],
      },
    });
    const problems: string[] = [];
    expectHeld();
    for (const page of fs.readdirSync(fresh).filter((file) => file.endsWith('.html'))) {
      const text = fs.readFileSync(path.join(fresh, page), 'utf8');
      writeAtomically(
        path.join(out, page),
        renderMathematics(text, (problem) => problems.push(`${page}: ${problem}`)),
      );
    }
    writeAssets(path.join(out, 'assets'));
    return problems;
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
  }
}

function callPython(stop: Stop, task: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawnGuarded(python(), ['-B', path.join(jupyterGlue, 'make_report.py')], {
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
      env: { ...process.env, JUPYTER_PLATFORM_DIRS: '1' },
    }) as ChildProcessWithoutNullStreams;
    const ignore = stop.onAsked(() => child.kill('SIGKILL'));
    child.once('close', ignore);
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`nbconvert could not make the pages:\n${said.trim().split('\n').slice(-12).join('\n')}`)),
    );
    child.stdin.on('error', () => undefined);
    child.stdin.end(JSON.stringify(task));
  });
}

/** Replaces the `<bn-math>` elements by what KaTeX makes of them. */
export function renderMathematics(page: string, onProblem: (problem: string) => void): string {
  return page.replace(/<bn-math( display)?>([^]*?)<\/bn-math>/g, (_, display: string | undefined, escaped: string) => {
    const tex = escaped.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
    try {
      return katex.renderToString(tex.trim(), {
        displayMode: Boolean(display),
        output: 'htmlAndMathml',
        strict: 'ignore',
        throwOnError: true,
      });
    } catch (error) {
      onProblem(`the formula '${tex.trim()}' is not understood: ${(error as Error).message}`);
      return `<code>${escaped}</code>`;
    }
  });
}

function writeAssets(folder: string): void {
  const css = fs.readFileSync(path.join(jupyterGlue, 'template', 'bnlab', 'page.css'), 'utf8');
  writeAtomically(path.join(folder, 'page.css'), `${mathStyle()}\n${css}`);
  const plotly = require.resolve('plotly.js-dist');
  const target = path.join(folder, 'plotly.js');
  if (!fs.existsSync(target) || fs.statSync(target).size !== fs.statSync(plotly).size) {
    copyAtomically(plotly, target);
  }
}

/** KaTeX's style with its fonts inside: browsers refuse fonts beside a page that was opened as a file. */
function mathStyle(): string {
  const folder = path.join(path.dirname(require.resolve('katex/package.json')), 'dist');
  return fs
    .readFileSync(path.join(folder, 'katex.min.css'), 'utf8')
    .replace(/src:(url\([^;}]*)/g, (_, sources: string) => {
      const file = /url\(([^)]+\.woff2)\)/.exec(sources)?.[1];
      if (!file) throw new Error(`KaTeX's style names no woff2 font in '${sources}'.`);
      return `src:url(data:font/woff2;base64,${fs.readFileSync(path.join(folder, file)).toString('base64')}) format("woff2")`;
    });
}

/** What stands at the foot of a page: where its numbers come from. */
function factsOf(notebook: Notebook): { name: string; value: string }[] {
  const said = notebook.metadata.bnlab?.provenance;
  if (!said) return [];
  const engine = said.engine ?? {};
  const version = (key: string, title: string) => (engine[key] ? `${title} ${String(engine[key])}` : '');
  const facts: [string, string][] = [
    ['Engine', [engine.engine, engine.device].filter(Boolean).join(', ')],
    [
      'Software',
      [version('tensorflow', 'TensorFlow'), version('tfjs', 'TensorFlow.js'), version('node', 'Node')]
        .filter(Boolean)
        .join(', '),
    ],
    ['Data', said.data.join(', ')],
    ['Seeds', said.seeds.join(', ')],
    ['Profile', said.profile],
    ['Time', minutesText(said.minutes)],
    ['Code', said.commit ?? ''],
    ['Sources', said.hash],
  ];
  return facts.filter(([, value]) => value !== '').map(([name, value]) => ({ name, value }));
}

function minutesText(minutes: number): string {
  if (minutes < 1) return `${Math.round(minutes * 60)} s`;
  return `${minutes} min`;
}

function rowOf(notebook: Notebook) {
  const said = notebook.metadata.bnlab?.provenance;
  const counts = new Map<string, number>();
  for (const { verdict } of claimsIn(notebook)) {
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  return {
    verdicts: [...counts].map(([text, n]) => ({
      kind: text.split(' ')[0],
      text: n > 1 ? `${text} (${n})` : text,
    })),
    data: said?.data.join(', ') || 'none needed',
    engine: String(said?.engine?.engine ?? '–'),
    profile: said?.profile ?? 'not executed',
    minutes: said
      ? said.minutes < 0.1
        ? '< 0.1'
        : said.minutes < 10
          ? said.minutes.toFixed(1)
          : Math.round(said.minutes).toString()
      : '–',
  };
}
