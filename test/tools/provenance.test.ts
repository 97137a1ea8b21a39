/** Stale outputs on the real library: what a change makes stale, what it does not, and what is said of it. */
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as prettier from 'prettier';
import { nameOf, type Notebook, type Provenance, readNotebook } from 'bnlab/dist/tools/notebook';
import { findNotebooks } from 'bnlab/dist/tools/places';
import { codeCommit } from 'bnlab/dist/src/platform/node/commit';
import { hashes, readLibrary, staleReasons } from 'bnlab/dist/tools/notebook/provenance';
import { home } from '../support/sample';

const notebooks = findNotebooks(home, []).map((file) => ({ name: nameOf(file), notebook: readNotebook(file) }));
const numbered = (name: string) => name.split('-')[0];
const roots: string[] = [];
after(() => roots.forEach((root) => fs.rmSync(root, { recursive: true, force: true })));

/** A copy of what hashes look at. */
function checkout(): string {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab naïve 批 '));
  roots.push(root);
  const copy = (name: string) => fs.cpSync(path.join(home, name), path.join(root, name), { recursive: true });
  for (const name of ['lib/src', 'lib/tools', 'data/manifest.json', 'data/paper', 'package-lock.json']) copy(name);
  return root;
}

const file = (root: string, name: string) => path.join(root, name);
const read = (root: string, name: string) => fs.readFileSync(file(root, name), 'utf8');

function replace(root: string, name: string, from: string, to: string): void {
  const text = read(root, name);
  assert.ok(text.includes(from), `${name} holds no '${from}': choose another place for this test`);
  fs.writeFileSync(file(root, name), text.replace(from, to));
}

function sources(root: string): string[] {
  return fs
    .readdirSync(file(root, 'lib/src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `lib/src/${name.split(path.sep).join('/')}`);
}

/** The notebooks as if they had been executed with the library as it is. */
const executed = (() => {
  const library = readLibrary(home);
  return notebooks.map(({ name, notebook }) => ({
    name,
    notebook: withProvenance(notebook, hashes(home, notebook, library)),
  }));
})();

function withProvenance(notebook: Notebook, said: object): Notebook {
  return { ...notebook, metadata: { ...notebook.metadata, bnlab: { provenance: said as Provenance } } };
}

/** The reasons by notebook number; those that are fresh are left out. */
function stale(root: string): Record<string, string[]> {
  const library = readLibrary(root);
  const found = executed.map(({ name, notebook }) => [numbered(name), staleReasons(root, notebook, library)] as const);
  return Object.fromEntries(found.filter(([, reasons]) => reasons.length > 0));
}

/** A file that names `module` is one piece, of all that it holds. */
const ONE_PIECE = new Set(['lib/src/engine/engines/webgpu/node/paths.ts']);

test('comments, types, layout, places, tools and what no notebook reaches make nothing stale', async () => {
  const root = checkout();
  for (const name of sources(root)) {
    if (ONE_PIECE.has(name) || name.includes('/webgpu/shaders/')) continue; // all of it counts, the texts of shaders too
    const text = read(root, name);
    const beside =
      'export interface Beside { a: number }\nexport const unreached = (x: number) => 2 * x;\nunreached satisfies unknown;\n';
    // not in the text of a shader or of a module for XLA, which stands between backticks
    const noting = (part: string) => part.replaceAll(/^( *)return /gm, '$1// the value\n$1return ');
    const parts = text.split('`').map((part, i) => (i % 2 === 0 ? noting(part) : part));
    const noted = `/** Of this file. */\n${parts.join('`')}\n// The end.\n`;
    fs.writeFileSync(file(root, name), noted + beside);
  }
  for (const name of [
    'lib/src/statistics/statistics.ts',
    'lib/src/nn/normalization/norms.ts',
    'lib/src/figure/format.ts',
  ]) {
    const options = {
      parser: 'typescript',
      printWidth: 60,
      tabWidth: 4,
      trailingComma: 'none',
      singleQuote: false,
      quoteProps: 'preserve',
    } as const;
    fs.writeFileSync(file(root, name), await prettier.format(read(root, name), options));
  }
  // One file goes to another folder, under another name.
  fs.mkdirSync(file(root, 'lib/src/nn/weights/first'));
  const moved = read(root, 'lib/src/nn/weights/initializers.ts').replaceAll(/from '(\.\.?)\//g, "from '../$1/");
  fs.writeFileSync(file(root, 'lib/src/nn/weights/first/start.ts'), moved);
  fs.rmSync(file(root, 'lib/src/nn/weights/initializers.ts'));
  for (const name of sources(root))
    fs.writeFileSync(
      file(root, name),
      read(root, name).replaceAll(/'(\.[./a-z]*)\/initializers'/g, "'$1/first/start'"),
    );
  fs.appendFileSync(file(root, 'lib/tools/report.ts'), 'export const more = 1;\n');
  fs.appendFileSync(file(root, 'lib/src/probe/curvature.ts'), 'export const more = 1;\n');
  assert.deepEqual(stale(root), {});
});

test('a formula makes stale the notebooks that use it, and is named', () => {
  const root = checkout();
  replace(root, 'lib/src/experiments/weight-growth.ts', 'scales.length === 0', 'scales.length < 1');
  replace(root, 'lib/src/experiments/bias-growth.ts', 'units = 100', 'units = 101');
  replace(root, 'lib/src/probe/activations.ts', 'percentiles.map(() => NaN)', '[NaN]');
  replace(root, 'lib/src/figure/blocks.ts', 'rows.length === 0', 'rows.length < 1');
  const growth = 'weightGrowth in lib/src/experiments/weight-growth.ts';
  const shifted = 'trainShifted in lib/src/experiments/bias-growth.ts';
  const percentiles = 'percentileProbe in lib/src/probe/activations.ts';
  const diagram = 'blockDiagram in lib/src/figure/blocks.ts';
  const named = ([reason, ...more]: string[]) => {
    assert.deepEqual(more, []);
    return reason.replace('the library changed: ', '').split(', ').sort();
  };
  const found = Object.fromEntries(Object.entries(stale(root)).map(([name, reasons]) => [name, named(reasons)]));
  const wanted = { '05': [shifted], '05b': [diagram], '07': [growth, diagram], '10': [percentiles] };
  assert.deepEqual(found, Object.fromEntries(Object.entries(wanted).map(([name, reasons]) => [name, reasons.sort()])));
});

test('what only archives want makes stale the notebook that reads weights, and no other', () => {
  const root = checkout();
  replace(root, 'lib/src/data/zip.ts', '0xedb88320', '0xedb88321');
  assert.deepEqual(stale(root), { '09': ['the library changed: crcTable in lib/src/data/zip.ts'] });
});

/** A notebook that runs experiments by name reaches those: see reach.test.ts. */
const byName = ({ notebook }: { notebook: Notebook }) => /\brunExperiment\b/.test(code(notebook));

/** The file of an experiment that a function of the public face is. */
const BY_FUNCTION: Record<string, string> = {
  ...{ ignoredTerm: 'ignored-jacobian', inputDescent: 'input-descent', sideBySide: 'side-by-side' },
};

test('a notebook reaches the experiments that it names, and no other', () => {
  const library = readLibrary(home);
  for (const { name, notebook } of executed.filter((one) => !byName(one))) {
    const cells = notebook.cells.flatMap((c) => (c.cell_type === 'code' ? [c.source] : []));
    const reached = library.reach(cells);
    const definitions = reached.pieces.filter((piece) => /^definition in lib\/src\/experiments\//.test(piece.name));
    const imported = new Set(
      cells.flatMap((source) => /import \{([^}]*)\} from 'bnlab'/.exec(source)?.[1].split(/[\s,]+/) ?? []),
    );
    const named = Object.keys(BY_FUNCTION).filter((one) => imported.has(one)).map((one) => BY_FUNCTION[one]); // prettier-ignore
    const wanted = named.map((file) => `definition in lib/src/experiments/${file}.ts`);
    assert.deepEqual(definitions.map((piece) => piece.name), wanted, name); // prettier-ignore
  }
});

test('the batch norm of every network, and its epsilon: all that build or normalize', () => {
  const root = checkout();
  replace(root, 'lib/src/nn/normalization/shared.ts', 'DEFAULT_EPSILON = 1e-5', 'DEFAULT_EPSILON = 1e-3');
  const found = stale(root);
  const builds = executed.filter(({ notebook }) =>
    /\b(?:mlp|batchNorm|placedMlp|runExperiment)\b/.test(code(notebook)),
  );
  assert.deepEqual(Object.keys(found).sort(), builds.map(({ name }) => numbered(name)).sort());
  for (const reasons of Object.values(found))
    assert.deepEqual(reasons, ['the library changed: DEFAULT_EPSILON in lib/src/nn/normalization/shared.ts']);
});

function code(notebook: Notebook): string {
  return notebook.cells.flatMap((cell) => (cell.cell_type === 'code' ? [cell.source] : [])).join('\n');
}

test('reasons: cells, data, packages, what is gone, what was never recorded', () => {
  const root = checkout();
  const manifest = JSON.parse(read(root, 'data/manifest.json'));
  fs.writeFileSync(file(root, 'data/manifest.json'), JSON.stringify(manifest));
  const lock = JSON.parse(read(root, 'package-lock.json'));
  lock.packages['node_modules/undici'].version = '0.0.1';
  lock.packages['node_modules/plotly.js-dist'].version = '0.0.1';
  const writeLock = () => fs.writeFileSync(file(root, 'package-lock.json'), JSON.stringify(lock));
  writeLock();
  assert.deepEqual(stale(root), {}, 'layout of the manifest, versions of what computes nothing');

  const { version } = lock.packages['node_modules/ml-matrix'];
  lock.packages['node_modules/ml-matrix'].version = '0.0.1';
  writeLock();
  fs.writeFileSync(file(root, 'data/manifest.json'), JSON.stringify({ ...manifest, more: 1 }));
  const { notebook } = executed.find(({ name }) => name.startsWith('06'))!;
  assert.deepEqual(staleReasons(root, notebook), ['data/manifest.json changed', `ml-matrix is 0.0.1, was ${version}`]);

  const library = readLibrary(home);
  const [first, ...rest] = notebook.cells;
  const edited = { ...notebook, cells: [{ ...first, source: `${first.source} ` }, ...rest] };
  assert.deepEqual(staleReasons(home, edited, library), ['its cells changed']);
  const said = notebook.metadata.bnlab!.provenance!;
  assert.equal(
    staleReasons(
      home,
      withProvenance(notebook, { ...said, versions: { ...said.versions, tensorflow: '1.0' } }),
      library,
    ).length,
    1,
  );
  assert.deepEqual(staleReasons(home, withProvenance(notebook, { ...said, hash: '0' }), library), [
    'its recorded hash is not that of its parts',
  ]);
  // Marks of declarations that are gone by now.
  assert.deepEqual(
    staleReasons(home, withProvenance(notebook, { ...said, library: '0', reached: `AAAA${said.reached}` }), library),
    ['the library changed: what its names stand for'],
  );
  const { versions, reached, ...older } = said;
  assert.ok(Object.keys(versions).length > 0 && reached.length > 0);
  assert.equal(
    staleReasons(home, withProvenance(notebook, { ...older, library: '0' }), library)[0],
    'the library changed',
  );
  assert.match(staleReasons(home, { ...notebook, metadata: {} }, library)[0], /never been executed/);
});

test('what is recorded is small', () => {
  for (const { name, notebook } of executed) {
    const said = notebook.metadata.bnlab!.provenance!;
    const { reached = '', ...rest } = said;
    assert.ok(JSON.stringify(rest).length < 1000, `${name}: ${JSON.stringify(rest).length} characters`);
    // Four for each piece of code.
    assert.ok(reached.length < 8000, `${name}: ${reached.length} characters`);
  }
});

test('every function that a run calls is among what its imports reach', () => {
  const cells = [
    "import { ready, loadDataset, trainNetwork, mlp, median, lineFigure, show, say, check, engineCell } from 'bnlab';",
    `engineCell(await ready());
     const data = await loadDataset('digits', { digits: { train: 60, test: 30, seed: 1 } });
     for (const norm of ['batch', 'layer', 'whiten']) {
       const network = mlp({ sizes: [784, 8, 10], activation: 'tanh', norm, seed: 1 });
       const optimizer = { kind: 'adam' };
       const history = await trainNetwork({ network, data, steps: 4, batchSize: 30, learningRate: 0.01, seed: 1, optimizer });
       say('loss ' + median(history.losses.values));
     }
     const series = [{ label: 'BN', x: [1, 2], y: [3, 4] }];
     show(lineFigure({ title: 'A', alt: 'a', caption: 'a', data: 'none', x: { label: 'x' }, y: { label: 'y' }, series }));
     check('equal', { got: [1, 2], want: [1, 2] });`,
  ];
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-coverage-'));
  roots.push(folder);
  const script = cells[0].replace(/import (\{.*\}) from 'bnlab'/, "const $1 = require('bnlab')");
  // What only loading calls gives values that the run may never look at: the counters start anew after it.
  const counters =
    "require('node:v8').takeCoverage();\nconst fs = require('node:fs'), folder = process.env.NODE_V8_COVERAGE;\n" +
    "for (const file of fs.readdirSync(folder)) fs.rmSync(require('node:path').join(folder, file));\n";
  const run = spawnSync(
    process.execPath,
    [
      '-e',
      `${script}\n${counters}(async () => {${cells[1]}})().catch((e) => { console.error(e); process.exitCode = 1; })`,
    ],
    {
      cwd: home,
      env: { ...process.env, NODE_V8_COVERAGE: folder },
      encoding: 'utf8',
    },
  );
  assert.equal(run.status, 0, run.stderr);
  const reached = new Set(
    readLibrary(home)
      .reach([cells[0]])
      .pieces.map(({ name }) => name),
  );
  const dist = path.join(fs.realpathSync(file(home, 'lib')), 'dist', 'src');
  const missed: string[] = [];
  let called = 0;
  for (const one of fs.readdirSync(folder)) {
    const { result } = JSON.parse(read(folder, one)) as {
      result: { url: string; functions: { functionName: string; ranges: { count: number }[] }[] }[];
    };
    for (const { url, functions } of result) {
      if (!url.startsWith('file:') || !decodeURIComponent(url).includes(dist)) continue;
      const name = `lib/src${decodeURIComponent(url).split(dist)[1].replace(/\.js$/, '.ts')}`;
      for (const { functionName, ranges } of functions) {
        const isTopLevel = new RegExp(`^(?:export )?(?:async )?function\\*? ${functionName}\\b`, 'm').test(
          functionName && fs.existsSync(file(home, name)) ? read(home, name) : '',
        );
        if (!isTopLevel || ranges[0].count === 0 || ONE_PIECE.has(name)) continue;
        called++;
        if (!reached.has(`${functionName} in ${name}`)) missed.push(`${functionName} in ${name}`);
      }
    }
  }
  assert.ok(called > 100, `only ${called} functions were called:\n${run.stdout}${run.stderr}`);
  assert.deepEqual(missed, []);
});

test('the commit that is recorded is one that touched the code', () => {
  const said = codeCommit(home);
  if (said === null) return; // delivered without git
  assert.match(said, /^[0-9a-f]{10}\+?$/);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-no-git-'));
  roots.push(folder);
  assert.equal(codeCommit(folder), null);
});
