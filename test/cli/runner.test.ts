/** The notebook runner, on notebooks that are broken in every way it must notice, and on ones that are not. */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { settings } from 'bnlab/dist/cli/notebooks';
import { FILES, temporaryFolder, writeManifest } from '../data/fixture';
import { collection, figureCode, notebookOf, start } from './sample';

const read = (root: string, name: string) => fs.readFileSync(path.join(root, 'notebooks', `${name}.ipynb`), 'utf8');
const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
async function until(what: () => boolean, limit = 30_000): Promise<void> {
  const deadline = Date.now() + limit;
  while (!what()) {
    assert.ok(Date.now() < deadline, `still not so after ${limit} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Each must fail, name its cell, show the cell's source, and say this. */
const broken: Record<string, { cells: string[]; cell: number | null; says: RegExp[] }> = {
  throws: {
    cells: ['const a = 1;', "throw new Error('thrown in a cell');"],
    cell: 2,
    says: [/the cell failed/, /Error: thrown in a cell/],
  },
  'rejects-awaited': {
    cells: ["await Promise.reject(new Error('awaited and rejected'));"],
    cell: 1,
    says: [/the cell failed/, /Error: awaited and rejected/],
  },
  'rejects-unawaited': {
    cells: ['const b = 1;', "void Promise.reject(new Error('nobody waits'));", 'const c = b;'],
    cell: 2,
    says: [/a promise that nobody awaited/, /Error: nobody waits/],
  },
  // The fault comes after the last cell has ended, and belongs to the first.
  'timer-throws': {
    cells: ["setTimeout(() => { throw new Error('from a timer'); }, 400);", 'const d = 1;'],
    cell: 1,
    says: [/an exception outside of any cell/, /Error: from a timer/],
  },
  // The kernel itself is not strict and would run both.
  'strict-null': {
    cells: ['const e = 1;', 'const s: string = null;'],
    cell: 2,
    says: [/type error/, /cell 2, line 1/, /TS2322/],
  },
  'strict-any': { cells: ['const f = (x) => x;'], cell: 1, says: [/type error/, /TS7006/] },
  'too-long': { cells: ['while (true) {}'], cell: 1, says: [/over its time limit/, /limit of 6 s/] },
  dies: { cells: ['const g = 1;', 'process.exit(3);'], cell: 2, says: [/the kernel died/] },
  empty: { cells: ['', '  \n'], cell: null, says: [/nothing ran/] },
  edited: {
    cells: ["require('fs').appendFileSync('edited.ipynb', ' ');"],
    cell: null,
    says: [/was edited while it ran/],
  },
};

test('a notebook that is broken fails, says where and why, and stays as it was', async () => {
  const notebooks = Object.fromEntries(Object.entries(broken).map(([name, { cells }]) => [name, notebookOf(cells)]));
  // One good notebook among them: it is kept, and has no twin, because this browser does not exist.
  notebooks.good = notebookOf([figureCode()]);
  const root = collection(notebooks);
  const { code, said } = await start(
    'notebooks.js',
    'runNotebooks',
    ['--root', root, '--cell-limit', '6', '--jobs', '3'],
    {
      BNLAB_BROWSER: '/no/such/browser',
      BNLAB_PROFILE: 'quick',
    },
  ).ended;
  assert.equal(code, 1, said);
  const parts = said.split(/^(?=[✓✗] )/m);
  for (const [name, { cells, cell, says }] of Object.entries(broken)) {
    const part = parts.find((text) => text.startsWith(`✗ ${name}: `));
    assert.ok(part, `${name} did not fail:\n${said}`);
    if (cell !== null) {
      assert.match(part, new RegExp(`^✗ ${name}: cell ${cell}: `), part);
      assert.ok(part.includes(`1 | ${cells[cell - 1]}`), `the source is missing:\n${part}`);
    }
    for (const text of says) assert.match(part, text);
    assert.doesNotMatch(part, /kernel-preload|tslab[\\/]dist/, 'only the cell’s own stack');
    assert.equal(read(root, name).trimEnd(), notebooks[name].trimEnd(), `${name} was changed`);
  }
  assert.match(said, /✓ good: .* of 60 s; 1 cell, 1 figure without twins/);
  assert.match(said, /no SVG twins: BNLAB_BROWSER=\/no\/such\/browser: no such file/);
  assert.match(
    said,
    new RegExp(`1 of ${Object.keys(broken).length + 1} notebooks executed .*; ${Object.keys(broken).length} failed`),
  );
  assert.deepEqual(
    fs.readdirSync(path.join(root, 'notebooks')).filter((file) => file.startsWith('.')),
    [],
    'leftovers',
  );
  fs.rmSync(root, { recursive: true });
});

test('a good notebook is executed in order, is the same twice, and fills the ledger', async () => {
  const claim = {
    id: 'squares',
    claim: 'Squares | grow',
    source: 'section 1',
    expected: '16',
    measured: 'the largest: 16',
    verdict: 'holds',
    rule: 'above 1',
    profile: 'quick',
    seeds: [2, 1],
    data: 'made up',
  };
  const root = collection({
    '01-good': notebookOf([
      { md: '# Do squares grow?' },
      "import { Random } from 'bnlab';\nconst r = new Random(1);\nr.integer(1000)",
      '',
      figureCode(),
      "console.log('\\x1b[31mred\\x1b[0m');\nconsole.log('old\\rnew');\nawait Promise.resolve();\nconsole.log({ nested: [1, 'two'] });",
      `require('tslab/dist/jupyter').lastWriteDisplayData({ data: { 'application/vnd.bnlab.claim+json': ${JSON.stringify(claim)} }, metadata: {} });`,
      { code: "throw new Error('skipped')", tags: ['skip-execution'] },
      // Handled later than it happened, but handled: nothing to complain about.
      'const late = new Promise((resolve) => setTimeout(resolve, 100));\nvoid late;',
    ]),
  });
  const run = (...more: string[]) =>
    start('notebooks.js', 'runNotebooks', ['--root', root, ...more], { BNLAB_PROFILE: 'quick', FORCE_COLOR: '1' })
      .ended;
  const first = await run();
  assert.equal(first.code, 0, first.said);
  const once = read(root, '01-good');
  const notebook = JSON.parse(once);
  const cells = notebook.cells as {
    execution_count: number | null;
    outputs: { text?: string[]; data?: Record<string, unknown> }[];
    id: string;
  }[];
  assert.deepEqual(
    cells.map((cell) => cell.execution_count ?? null),
    [null, 1, null, 2, 3, 4, null, 5],
  );
  assert.match(cells[1].outputs[0].text!.join(''), /^\d+\n$/);
  assert.equal(cells[4].outputs.length, 1, 'one stream is one output');
  assert.equal(cells[4].outputs[0].text!.join(''), "red\nnew\n{ nested: [ 1, 'two' ] }\n");
  const svg = (cells[3].outputs[0].data!['image/svg+xml'] as string[]).join('');
  assert.match(svg, /^<svg /);
  assert.match(svg, /Squares grow/);
  assert.match(svg.slice(0, svg.indexOf('>')), /role="img" aria-label="A curve that rises from 1 to 16"/);
  assert.ok(svg.length < 12_000, `${svg.length} characters for a curve of four points`);
  assert.doesNotMatch(once, /\\u001b|\d{4}-\d\d-\d\dT/, 'colours or timestamps');
  const { provenance } = notebook.metadata.bnlab;
  assert.equal(provenance.profile, 'quick');
  assert.match(provenance.hash, /^[0-9a-f]{16}$/);
  assert.deepEqual(provenance.seeds, [1, 2]);
  assert.deepEqual(provenance.data, ['made up']);
  assert.ok(provenance.minutes > 0);

  const ledger = JSON.parse(fs.readFileSync(path.join(root, 'data', 'claims.json'), 'utf8'));
  assert.equal(ledger['01-good'].length, 1);
  assert.equal(ledger['01-good'][0].cell, 6);
  assert.match(
    fs.readFileSync(path.join(root, 'notebooks', 'CLAIMS.md'), 'utf8'),
    /“Squares \\\| grow” \(section 1; `squares`, \[cell 6\]\(01-good\.ipynb#cell-6\)\) \| 16 \| the largest: 16 .*✓ \*\*holds\*\*/,
  );

  const out = path.join(root, 'executed copies');
  const [second, copied] = [await run(), await run('--out', out, '--no-twins')];
  assert.equal(second.code, 0, second.said);
  assert.equal(read(root, '01-good'), once, 'the second run changed the file');
  assert.equal(copied.code, 0, copied.said);
  assert.doesNotMatch(fs.readFileSync(path.join(out, '01-good.ipynb'), 'utf8'), /svg/);
  assert.equal(read(root, '01-good'), once, '--out wrote over the notebook');
  const nothing = await run('--out', out, '--stale');
  assert.match(nothing.said, /up to date/);

  // A change of a cell makes both stale.
  fs.writeFileSync(path.join(root, 'notebooks', '01-good.ipynb'), once.replace('Do squares grow?', 'Do they?'));
  const stale = await start('check.js', 'check', ['--root', root, '--stale']).ended;
  assert.equal(stale.code, 1);
  assert.match(stale.said, /01-good\.ipynb: stale: its cells changed/);
  fs.rmSync(root, { recursive: true });
});

test('replicate: the verdicts on Fashion-MNIST stand beside the others, and the notebook is as before', async () => {
  const folder = temporaryFolder();
  const manifest = writeManifest(folder, []);
  fs.mkdirSync(path.join(folder, 'fashion'));
  for (const [name, bytes] of Object.entries(FILES)) fs.writeFileSync(path.join(folder, 'fashion', name), bytes);
  const cells = [
    "import { loadDataset } from 'bnlab';\nconst { title } = await loadDataset();",
    "const claim = { id: 'named', claim: 'It has a name', source: 'section 1', expected: '', measured: 'its name: ' + title,\n" +
      "  verdict: 'undecided', rule: 'any', profile: 'quick', data: title };\n" +
      "require('tslab/dist/jupyter').lastWriteDisplayData({ data: { 'application/vnd.bnlab.claim+json': claim }, metadata: {} });",
  ];
  const root = collection({ '01-named': notebookOf(cells) });
  const environment = { BNLAB_MANIFEST: manifest, BNLAB_DATA: folder, BNLAB_PROFILE: 'quick' };
  const call = (module: string, name: string, argv: string[], more = {}) =>
    start(module, name, ['--root', root, ...argv], { ...environment, ...more }).ended;
  const first = await call('notebooks.js', 'runNotebooks', [], { BNLAB_DATASET: 'digits' });
  assert.equal(first.code, 0, first.said);
  const executed = read(root, '01-named');

  const { code, said } = await call('replicate.js', 'replicate', []);
  assert.equal(code, 0, said);
  assert.equal(read(root, '01-named'), executed);
  const kept = JSON.parse(fs.readFileSync(path.join(root, 'data', 'claims-fashion.json'), 'utf8'));
  assert.equal(kept.data, 'small Fashion');
  assert.equal(kept.notebooks['01-named'].records[0].measured, 'its name: small Fashion');
  assert.equal(kept.notebooks['01-named'].hash, JSON.parse(executed).metadata.bnlab.provenance.hash);
  const page = fs.readFileSync(path.join(root, 'notebooks', 'CLAIMS.md'), 'utf8');
  assert.match(page, /On small Fashion \|$/m);
  assert.match(page, /its name: generated digits .*\| \? \*\*undecided\*\*\. \|$/m);

  const [absent, wrong] = await Promise.all([
    call('replicate.js', 'replicate', [], { BNLAB_DATA: root }),
    call('replicate.js', 'replicate', ['--fast']),
  ]);
  assert.equal(absent.code, 1);
  assert.match(absent.said, /fashion/);
  assert.equal(wrong.code, 2);
  assert.match(wrong.said, /unknown option '--fast'/);
  fs.rmSync(root, { recursive: true });
});

test('what decides on the results besides the sources: engine, and data set', () => {
  const folder = temporaryFolder();
  assert.equal(settings({ BNLAB_DATA: folder }), 'best engine, no MNIST files');
  assert.equal(settings({ BNLAB_DATA: folder, BNLAB_DATASET: 'fashion', BNLAB_ENGINE: 'js' }), 'engine js, fashion');
});

test('an interrupted run leaves the notebook, and no process', async () => {
  const cells = [
    "require('fs').writeFileSync('pid', String(process.pid));",
    'await new Promise((resolve) => setTimeout(resolve, 60000));',
  ];
  for (const [signal, wanted] of [
    ['SIGINT', 130],
    ['SIGKILL', null],
  ] as const) {
    const text = notebookOf(cells);
    const root = collection({ long: text });
    const pid = path.join(root, 'notebooks', 'pid');
    const { child, ended, said } = start('notebooks.js', 'runNotebooks', ['--root', root]);
    await until(() => fs.existsSync(pid) && fs.readFileSync(pid, 'utf8') !== '' && child.exitCode === null, 60_000);
    const kernel = Number(fs.readFileSync(pid, 'utf8'));
    assert.ok(alive(kernel), said());
    child.kill(signal);
    assert.equal((await ended).code, wanted, said());
    await until(() => !alive(kernel));
    assert.equal(read(root, 'long'), text);
    fs.rmSync(root, { recursive: true });
  }
});

test('a call that makes no sense says what would', async () => {
  const root = collection({
    '01-one': notebookOf(['1']),
    other: notebookOf(['1'], { kernelspec: { name: 'python3' } }),
  });
  const call = async (argv: string[], environment = {}) =>
    start('notebooks.js', 'runNotebooks', ['--root', root, ...argv], environment).ended;
  const [unknown, kernel, profile, jobs] = await Promise.all([
    call(['02']),
    call(['other']),
    call(['01'], { BNLAB_PROFILE: 'fast' }),
    call(['--jobs', 'many']),
  ]);
  assert.deepEqual([unknown.code, kernel.code, profile.code, jobs.code], [2, 2, 2, 2]);
  assert.match(unknown.said, /no notebook '02'\. There are: 01-one, other/);
  assert.match(kernel.said, /other\.ipynb is written for the kernel 'python3'; this project runs 'tslab'/);
  assert.match(profile.said, /BNLAB_PROFILE=fast is none of quick, full, paper/);
  assert.match(jobs.said, /Wanted a number above zero/);
  fs.rmSync(root, { recursive: true });
});
