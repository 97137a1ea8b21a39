/** The notebook runner, on notebooks that are broken in every way it must notice, and on ones that are not. */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { execFileSync } from 'node:child_process';
import { settings } from 'bnlab/dist/tools/run/job';
import { FILES, temporaryFolder, writeManifest } from '../data/fixture';
import { hasEnded } from '../support/project';
import { collection, figureCode, notebookOf, start } from '../support/sample';

const read = (root: string, name: string) => fs.readFileSync(path.join(root, 'notebooks', `${name}.ipynb`), 'utf8');
/** Waits until it is so, for as long as the command is there that makes it so. */
async function until(
  what: () => boolean,
  command?: { child: { exitCode: number | null }; said(): string },
): Promise<void> {
  while (!what()) {
    assert.equal(command?.child.exitCode ?? null, null, `ended before ${what}: ${command?.said()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
/** A cell that displays this, JSON or code. */
const displaying = (bundle: object | string) =>
  `require('tslab/dist/jupyter').lastWriteDisplayData({ data: ${typeof bundle === 'string' ? bundle : JSON.stringify(bundle)}, metadata: {} });`;

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
  // Long after the last cell has ended.
  'rejects-late': {
    cells: [
      'const h = 1;',
      "void new Promise((_, no) => setTimeout(() => no(new Error('3.5 s later')), 3500));",
      'const i = 1;',
    ],
    cell: 2,
    says: [/a promise that nobody awaited/, /Error: 3.5 s later/],
  },
  'timer-pending': {
    cells: ['const j = 1;', 'setInterval(() => undefined, 100);', 'const k = 1;'],
    cell: 2,
    says: [/work that had not ended/, /a timer was still pending .* await it in its cell, or clear it/],
  },
  'throws-null': { cells: ['throw null;'], cell: 1, says: [/the cell failed/, /^ {4}null$/m] },
  'throws-hostile': {
    cells: ["throw { [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('not to be printed'); } };"],
    cell: 1,
    says: [/the cell failed/, /Error: not to be printed/],
  },
  dies: { cells: ['const g = 1;', 'process.exit(3);'], cell: 2, says: [/the kernel died/, /process\.exit\(3\)/] },
  killed: {
    cells: ["process.kill(process.pid, 'SIGKILL');"],
    cell: 1,
    says: [/the kernel died/, /\(SIGKILL\) .* when memory/],
  },
  'prints-for-ever': {
    cells: ['const l = 1;', "while (true) console.log('x'.repeat(99));"],
    cell: 2,
    says: [/too much output/, /pass 20 MB: print less/],
  },
  'child-prints-for-ever': {
    cells: ["require('child_process').execSync('yes', { stdio: 'inherit' });"],
    cell: 1,
    says: [/too much output/, /a child process printed more than 20 MB/],
  },
  // The message is taken away on its way out, as a busy socket might.
  'loses-output': {
    cells: [
      'const m = 1;',
      `const { Publisher } = require('zeromq');
const { send } = Publisher.prototype;
Publisher.prototype.send = function (this: unknown, parts: unknown[]) {
  return String(parts).includes('taken away') ? Promise.resolve() : send.call(this, parts);
};
console.log('taken away');`,
    ],
    cell: 2,
    says: [/output was lost/, /of 11 characters of text 0 arrived/],
  },
  'empty-picture': {
    cells: ['const n = 1;', displaying({ 'image/png': '' })],
    cell: 2,
    says: [/a display that shows nothing/, /image\/png is empty/],
  },
  'claim-lacks': {
    cells: [displaying({ 'application/vnd.bnlab.claim+json': { id: 'mine', claim: 'It is so.', verdict: 'holds' } })],
    cell: 1,
    says: [/a display that shows nothing/, /claim 'mine' lacks source, profile, expected, measured, rule/],
  },
  'no-json': {
    cells: ['const ring: { it?: object } = {};\nring.it = ring;', displaying("{ 'application/json': ring }")],
    cell: 2,
    says: [/the cell failed/, /circular structure/],
  },
  empty: { cells: ['', '  \n'], cell: null, says: [/nothing ran/] },
  edited: {
    cells: ["require('fs').appendFileSync('edited.ipynb', ' ');"],
    cell: null,
    says: [/was edited while it ran/],
  },
  deleted: {
    cells: ["require('fs').renameSync('deleted.ipynb', 'kept.txt');"],
    cell: null,
    says: [/was deleted or moved while it ran; nothing is written/],
  },
};

test('a notebook that is broken fails, says where and why, and stays as it was', async () => {
  const notebooks = Object.fromEntries(Object.entries(broken).map(([name, { cells }]) => [name, notebookOf(cells)]));
  // One good notebook among them: it is kept, and has no twin, because this browser does not exist.
  notebooks.good = notebookOf([figureCode()]);
  const root = collection(notebooks);
  const { code, said } = await start('notebooks.js', 'runNotebooks', ['--root', root, '--jobs', '3'], {
    BNLAB_BROWSER: '/no/such/browser',
    BNLAB_PROFILE: 'quick',
  }).ended;
  assert.equal(code, 1, said);
  const parts = said.split(/^(?=[✓✗] )/m);
  for (const [name, { cells, cell, says }] of Object.entries(broken)) {
    const part = parts.find((text) => text.startsWith(`✗ ${name}: `));
    assert.ok(part, `${name} did not fail:\n${said}`);
    if (cell !== null) {
      assert.match(part, new RegExp(`^✗ ${name}: cell ${cell}: `), part);
      assert.ok(part.includes(`1 | ${cells[cell - 1].split('\n')[0]}`), `the source is missing:\n${part}`);
    }
    for (const text of says) assert.match(part, text);
    assert.match(part, new RegExp(`\\(.*notebooks/${name}\\.ipynb\\)$`, 'm'), 'the file is not named');
    assert.doesNotMatch(part, /^\s+at .*(tools[\\/]kernel|tslab[\\/]dist)/m, 'only the cell’s own stack');
    if (name === 'deleted')
      fs.renameSync(path.join(root, 'notebooks', 'kept.txt'), path.join(root, 'notebooks', 'deleted.ipynb'));
    assert.equal(read(root, name).trimEnd(), notebooks[name].trimEnd(), `${name} was changed`);
  }
  assert.match(said, /✓ good: .* of 60 s(?:: over budget)?; 1 cell, 1 figure without twins/);
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

test('files beside a notebook are compiled with it, those that they import too; one that is edited makes it stale', async () => {
  const root = collection({
    mine: notebookOf(["import { four } from './helper';", 'console.log(`four is ${four}`);']),
  });
  const beside = (name: string, text: string) => fs.writeFileSync(path.join(root, 'notebooks', name), text);
  beside('helper.ts', "import { two } from './deeper';\nexport const four: number = 2 * two;\n");
  beside('deeper.ts', 'export const two = 2;\n');
  const run = await start('notebooks.js', 'runNotebooks', ['mine', '--root', root], { BNLAB_PROFILE: 'quick' }).ended;
  assert.equal(run.code, 0, run.said);
  assert.match(read(root, 'mine'), /four is 4/);
  const check = () => start('check.js', 'check', ['mine', '--root', root]).ended;
  assert.doesNotMatch((await check()).said, /stale: /);
  beside('deeper.ts', 'export const two = 3;\n');
  assert.match((await check()).said, /mine\.ipynb: stale: deeper\.ts changed\./);
  fs.rmSync(root, { recursive: true });
});

/** Files that are no notebooks that can be run, and what is to be said of each; no kernel starts. */
const unreadable: Record<string, [text: string | Buffer, says: RegExp]> = {
  empty: ['', /empty\.ipynb is empty; wanted a notebook as JSON/],
  cut: [notebookOf(['1']).slice(0, 60), /cut\.ipynb is not a notebook: .* JSON.* Restore it/],
  list: ['[]', /list\.ipynb holds a list/],
  'null-cell': [
    '{"cells": [{"cell_type": "code", "source": "1"}, null], "nbformat": 4}',
    /cell 2 is null; wanted an object/,
  ],
  'source-number': [
    '{"cells": [{"cell_type": "code", "source": 5}], "nbformat": 4}',
    /cell 1: its source is 5; wanted text/,
  ],
  'half-a-pair': ['{"cells": [{"cell_type": "code", "source": "\\ud800"}], "nbformat": 4}', /cell 1: .* surrogate/],
  'kind-unknown': [
    '{"cells": [{"cell_type": "heading", "source": ""}], "nbformat": 4}',
    /cell 1: its cell_type is "heading"/,
  ],
  'output-null': [
    '{"cells": [{"cell_type": "code", "source": "", "outputs": [null]}], "nbformat": 4}',
    /cell 1: output 1 is null/,
  ],
  tags: [
    '{"cells": [{"cell_type": "code", "source": "", "metadata": {"tags": "a"}}], "nbformat": 4}',
    /cell 1: its tags are "a"/,
  ],
  'metadata-list': ['{"cells": [], "metadata": [], "nbformat": 4}', /its metadata are a list/],
  'format-3': ['{"worksheets": [], "nbformat": 3}', /nbformat is 3.* current JupyterLab/],
  'format-5': ['{"cells": [], "nbformat": 5}', /nbformat is 5/],
  budget: [notebookOf(['1'], { bnlab: { budget: { quick: 'much' } } }), /budget gives quick "much"; wanted seconds/],
  python: [notebookOf(['1'], { kernelspec: { name: 'python3' } }), /the kernel 'python3'; this project runs 'tslab'/],
  latin: [Buffer.from('{"é": 1}', 'latin1'), /is not UTF-8 text/],
  utf16: [Buffer.from('\ufeff{}', 'utf16le'), /is in UTF-16\. Save it as UTF-8/],
  'read-only': [notebookOf(['1']), /is read-only\. Run `chmod u\+w`/],
};

test('a file that cannot be run is named, with its cell, and stops no other', async () => {
  const root = collection({ types: notebookOf(['const s: string = 1;']) });
  const at = (name: string) => path.join(root, 'notebooks', `${name}.ipynb`);
  for (const [name, [text]] of Object.entries(unreadable)) fs.writeFileSync(at(name), text);
  fs.chmodSync(at('read-only'), 0o444);
  fs.mkdirSync(at('folder'));
  fs.symlinkSync('nowhere.ipynb', at('link'));
  execFileSync('mkfifo', [at('pipe')]);
  const { code, said } = await start('notebooks.js', 'runNotebooks', ['--root', root]).ended;
  assert.equal(code, 1, said);
  const parts = said.split(/^(?=[✓✗] )/m);
  const expected = {
    ...Object.fromEntries(Object.entries(unreadable).map(([name, [, says]]) => [name, says])),
    folder: /is a folder, not a notebook/,
    link: /is a link to nowhere\.ipynb, which is not there/,
    pipe: /is no regular file/,
    types: /cell 1: type error[^]*TS2322/, // the others were looked at all the same
  };
  for (const [name, says] of Object.entries(expected)) {
    const part = parts.find((text) => text.startsWith(`✗ ${name}: `));
    assert.ok(part, `${name} did not fail:\n${said}`);
    assert.match(part, says);
    assert.ok(part.includes(`${name}.ipynb`), part);
  }
  for (const [name, [text]] of Object.entries(unreadable))
    assert.deepEqual(fs.readFileSync(at(name)), Buffer.from(text));
  fs.rmSync(root, { recursive: true });
});

test('what every run needs is looked at before any notebook runs', async () => {
  const root = collection({ '01-one': notebookOf(['1']) });
  fs.mkdirSync(path.join(root, 'data'));
  const run = async (environment = {}) => start('notebooks.js', 'runNotebooks', ['--root', root], environment).ended;
  const missing = await run({ TMPDIR: path.join(root, 'nowhere') });
  assert.match(missing.said, /temporary files, .*nowhere, cannot be used .*set TMPDIR to another folder/);
  const nowhere = await start('notebooks.js', 'runNotebooks', ['--root', root, '--out', '/dev/null/x']).ended;
  assert.match(nowhere.said, /\/dev\/null\/x cannot be written \(ENOTDIR.*\)\. Make room or give permission there/);
  for (const name of ['claims-fashion', 'rule-changes', 'manifest']) {
    const file = path.join(root, 'data', `${name}.json`);
    for (const text of ['', '{"a": [']) {
      fs.writeFileSync(file, text);
      const { code, said } = await run();
      assert.notEqual(code, 0, said);
      assert.match(said, new RegExp(`data/${name}\\.json (is empty|cannot be read).*Restore it.*git checkout`));
      assert.doesNotMatch(said, /started/);
      assert.equal(fs.readFileSync(file, 'utf8'), text);
    }
    fs.rmSync(file);
  }
  fs.rmSync(root, { recursive: true });
});

test('a cell that never ends is stopped at its limit, while it runs and in what it leaves behind', async () => {
  const cells = {
    loop: ['while (true) {}'],
    waits: ['await new Promise(() => undefined);'],
    leaves: ['setTimeout(() => { while (true); }, 1);'],
  };
  const root = collection(
    Object.fromEntries(Object.entries(cells).map(([name, source]) => [name, notebookOf(source)])),
  );
  const { code, said } = await start('notebooks.js', 'runNotebooks', [
    '--root',
    root,
    '--cell-limit',
    '1',
    '--jobs',
    '2',
  ]).ended;
  assert.equal(code, 1, said);
  for (const [name, [source]] of Object.entries(cells)) {
    assert.match(said, new RegExp(`^✗ ${name}: cell 1: over its time limit`, 'm'));
    assert.match(said, /longer than its limit of 1 s; --cell-limit sets another/);
    assert.equal(read(root, name), notebookOf([source]));
  }
  fs.rmSync(root, { recursive: true });
});

test('all that a notebook prints arrives: bursts, what comes later, what others print; in order, each with its cell', async () => {
  const text = notebookOf([
    "for (let i = 0; i < 20000; i++) console.log('line ' + i);",
    "for (let i = 0; i < 600; i++) {\n  process.stdout.write('o');\n  if (i % 3 === 0) process.stderr.write('e');\n  if (i % 100 === 99) " +
      displaying("{ 'text/plain': String(i) }") +
      '\n}',
    "void setTimeout(() => console.log('later'), 30);\nconsole.log('at once');",
    "await new Promise((ok) => setTimeout(ok, 200));\nconsole.log('a cell later');",
    "require('child_process').spawnSync('seq', ['5000'], { stdio: 'inherit' });",
    'await new Promise<void>((ok) => void process.stdout.write(Buffer.from([0xe6, 0x89]), () => ok()));\nvoid process.stdout.write(Buffer.from([0xb9, 0x0a]));',
    "console.log('\\ud800 half \\u2028 a pair');\nvoid setTimeout(() => console.log('the last'), 700);",
  ]);
  // With a byte order mark, the same id twice, and behind a link.
  const root = collection({});
  const real = path.join(root, 'elsewhere.ipynb');
  fs.writeFileSync(real, '\ufeff' + text.replaceAll(/code-[12]/g, 'same'), { mode: 0o640 });
  fs.symlinkSync('../elsewhere.ipynb', path.join(root, 'notebooks', 'prints.ipynb'));
  const { code, said } = await start('notebooks.js', 'runNotebooks', ['--root', root], { BNLAB_PROFILE: 'quick' })
    .ended;
  assert.equal(code, 0, said);
  const { cells } = JSON.parse(fs.readFileSync(real, 'utf8')) as {
    cells: { id: string; outputs: { name?: string; text?: string[]; data?: Record<string, string[]> }[] }[];
  };
  const printed = cells.map(({ outputs }) => outputs.flatMap((output) => output.text ?? []).join(''));
  assert.equal(printed[0], Array.from({ length: 20000 }, (_, i) => `line ${i}\n`).join(''));
  assert.equal(printed[1].length, 800);
  const order = cells[1].outputs
    .map(({ data, name }) => data?.['text/plain'].join('') ?? name)
    .filter((kind) => kind !== 'stderr');
  assert.deepEqual(
    order.filter((kind) => kind !== 'stdout'),
    ['99', '199', '299', '399', '499', '599'],
  );
  const before99 = cells[1].outputs.slice(
    0,
    cells[1].outputs.findIndex(({ data }) => data),
  );
  const letters = before99.flatMap((output) => output.text ?? []).join('');
  assert.equal(letters, 'oeoo'.repeat(33) + 'oe', 'what was printed before a display stands before it');
  assert.equal(printed[2], 'at once\nlater\n');
  assert.equal(printed[3], 'a cell later\n');
  assert.equal(printed[4].match(/^\d+$/gm)?.length, 5000);
  assert.equal(printed[5], '批\n');
  assert.equal(printed[6], '\ud800 half \u2028 a pair\nthe last\n');
  assert.equal(new Set(cells.map(({ id }) => id)).size, cells.length);
  assert.ok(fs.lstatSync(path.join(root, 'notebooks', 'prints.ipynb')).isSymbolicLink());
  assert.equal(fs.statSync(real).mode & 0o777, 0o640);
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
  // A damaged ledger is made again of what the notebooks say.
  fs.mkdirSync(path.join(root, 'data'));
  fs.writeFileSync(path.join(root, 'data', 'claims.json'), '');
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
    /“Squares \\\| grow” \| \[01-good\]\(01-good\.ipynb#cell-6\) `squares` \| 16 \| the largest: 16 .*✓ \*\*holds\*\*/,
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

test('replicate: the verdicts on Fashion-MNIST stand beside the others, how a newcomer fares is kept, and the notebook is as before', async () => {
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

  const { code, said } = await call('replicate.js', 'replicate', ['--only', 'fashion']);
  assert.equal(code, 0, said);
  assert.equal(read(root, '01-named'), executed);
  const kept = JSON.parse(fs.readFileSync(path.join(root, 'data', 'claims-fashion.json'), 'utf8'));
  assert.equal(kept.data, 'small Fashion');
  assert.equal(kept.notebooks['01-named'].records[0].measured, 'its name: small Fashion');
  assert.equal(kept.notebooks['01-named'].hash, JSON.parse(executed).metadata.bnlab.provenance.hash);
  const page = fs.readFileSync(path.join(root, 'notebooks', 'CLAIMS.md'), 'utf8');
  assert.match(page, /On small Fashion \|$/m);
  assert.match(page, /its name: generated digits .*\| \? \*\*undecided\*\*\. \|$/m);

  // As a newcomer: digits and profile quick, whatever is at hand and asked for; what fails is kept as well.
  const fails = 'if (process.env.BNLAB_OFFLINE) throw new Error(`${process.env.BNLAB_DATASET}: nothing trains`);';
  fs.writeFileSync(path.join(root, 'notebooks', '02-fails.ipynb'), notebookOf([fails]));
  const newcomer = await call('replicate.js', 'replicate', ['--only', 'newcomer'], { BNLAB_PROFILE: 'full' });
  assert.equal(newcomer.code, 1, newcomer.said);
  assert.match(newcomer.said, /profile quick/);
  const fared = JSON.parse(fs.readFileSync(path.join(root, 'data', 'newcomer.json'), 'utf8'));
  const { seconds, ...named } = fared['01-named'];
  assert.deepEqual(named, { hash: kept.notebooks['01-named'].hash, verdicts: { named: 'undecided' } });
  assert.ok(Number.isInteger(seconds), String(seconds));
  assert.match(fared['02-fails'].failed.join('\n'), /^✗ 02-fails: cell 1: [^]*digits: nothing trains/);
  assert.match(fared['02-fails'].hash, /^[0-9a-f]{16}$/);

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
    'await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1));',
  ];
  for (const [signal, wanted] of [
    ['SIGINT', 130],
    ['SIGKILL', null],
  ] as const) {
    const text = notebookOf(cells);
    const root = collection({ long: text });
    const pid = path.join(root, 'notebooks', 'pid');
    const command = start('notebooks.js', 'runNotebooks', ['--root', root]);
    const { child, ended, said } = command;
    await until(() => fs.existsSync(pid) && fs.readFileSync(pid, 'utf8') !== '', command);
    const kernel = Number(fs.readFileSync(pid, 'utf8'));
    assert.ok(!hasEnded(kernel), said());
    child.kill(signal);
    assert.equal((await ended).code, wanted, said());
    if (signal === 'SIGINT') assert.match(said(), /^0 of 1 notebook executed; the others are as they were\.$/m);
    await until(() => hasEnded(kernel));
    assert.equal(read(root, 'long'), text);
    fs.rmSync(root, { recursive: true });
  }
});

test('a call that makes no sense says what would', async () => {
  const root = collection({
    '01-one': notebookOf(['1']),
    other: notebookOf(['1']),
  });
  const call = async (argv: string[], environment = {}) =>
    start('notebooks.js', 'runNotebooks', ['--root', root, ...argv], environment).ended;
  const [unknown, profile, jobs] = await Promise.all([
    call(['02']),
    call(['01'], { BNLAB_PROFILE: 'fast' }),
    call(['--jobs', 'many']),
  ]);
  assert.deepEqual([unknown.code, profile.code, jobs.code], [2, 2, 2]);
  assert.match(unknown.said, /no notebook '02'\. There are: 01-one, other/);
  assert.match(profile.said, /BNLAB_PROFILE=fast is none of quick, full, paper/);
  assert.match(jobs.said, /Wanted a number above zero/);
  fs.rmSync(root, { recursive: true });
});
