/** `npm start` and its parts, ended at their worst moments: nothing runs on, nothing is half written, and the same command goes on. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import test, { after, before } from 'node:test';
import { readResult } from 'bnlab/dist/tools/notebook';
import { marked } from 'bnlab/dist/setup/marked';
import { statOf } from 'bnlab/dist/src/platform/node/processes';
import { until } from '../support/until';
import { figureCode, notebookOf } from '../support/sample';
import { hasEnded, Project, processesAt, type Running } from '../support/project';

const linux = process.platform === 'linux' ? false : 'looks at /proc';

/** Set up whole, with small notebooks in the place of its own. */
let project: Project;
const executed = (name: string) => project.file('reports/executed', `${name}.ipynb`);
const mark = (name: string) => project.file('notebooks', name);
/** For temporary files of this project alone: other tests run beside this one, and what a killed run left is swept by the next. */
const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-stopped-'));
const settings = { BNLAB_DATASET: 'digits', BNLAB_OFFLINE: '1', TMPDIR: temporary };

/** Whether a file is there, with what it holds: one that is being made is empty at first. */
const isWritten = (file: string) => (fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;

/** The cell runs for ever at its first time, and says that it runs; afterwards it is quick. */
const endless = `const fs = require('fs');
fs.appendFileSync('runs', 'x');
if (!fs.existsSync('go-on')) { fs.writeFileSync('at-work', String(process.pid)); for (;;); }`;

before(async () => {
  project = new Project(['node_modules', '.venv', 'dist', 'engine']);
  for (const name of fs.readdirSync(project.file('notebooks'))) fs.rmSync(mark(name), { recursive: true });
  project.write('notebooks/01-endless.ipynb', notebookOf([endless]));
  project.write('notebooks/02-drawn.ipynb', notebookOf([figureCode()]));
  project.write('data/claims.json', '{}\n');
  const { code, output } = await project.run(['setup']);
  assert.equal(code, 0, output);
});
after(() => {
  project.remove();
  fs.rmSync(temporary, { recursive: true, force: true });
});

const start = (env: NodeJS.ProcessEnv = {}) => project.start(['start'], { env: { ...settings, ...env } });

/** `npm start`, once its first notebook is in the cell that runs for ever. */
async function startUntilAtWork(): Promise<Running> {
  fs.rmSync(mark('at-work'), { force: true });
  const running = start();
  await until(() => isWritten(mark('at-work')) || running.child.exitCode !== null);
  return running;
}

function expectNothingHalf(): void {
  const names = fs.readdirSync(project.root, { recursive: true, encoding: 'utf8' });
  const left = names.filter(
    (name) => !name.includes('node_modules') && /\.tmp-|\.bnlab\.lock$|setup\.lock$/.test(name),
  );
  assert.deepEqual(left, []);
}

/** Waits for the moment, sends the signal to the command, and until nothing of it runs. */
async function endAt(running: Running, moment: () => boolean, signal: NodeJS.Signals): Promise<void> {
  await until(() => moment() || running.child.exitCode !== null);
  assert.equal(running.child.exitCode, null, running.output);
  running.child.kill(signal);
  const { code, output } = await running.ended;
  await until(() => processesAt(project.root).length === 0, 'nothing of it runs');
  if (signal === 'SIGKILL') return;
  assert.equal(code, 128 + os.constants.signals[signal], output);
  assert.match(output, /Stopped\. The same command goes on from here\.\n$/);
  assert.doesNotMatch(output, /ended with exit code/);
  expectNothingHalf();
}

async function expectGreen(): Promise<string> {
  const { code, output } = await start().ended;
  assert.equal(code, 0, output);
  assert.match(output, /Done in/);
  for (const name of ['index', '01-endless', '02-drawn'])
    assert.ok(fs.existsSync(project.file('reports', `${name}.html`)));
  assert.match(fs.readFileSync(executed('02-drawn'), 'utf8'), /image\/svg\+xml/);
  expectNothingHalf();
  return output;
}

test('ended while a cell computes for ever, by each signal: kernel and Python end', { skip: linux }, async () => {
  for (const signal of ['SIGKILL', 'SIGHUP'] as const) {
    fs.rmSync(mark('at-work'), { force: true });
    await endAt(start(), () => fs.existsSync(mark('at-work')), signal);
    assert.ok(!fs.existsSync(executed('01-endless')), 'no half result');
    // What a killed run may leave is swept by the next one, which leaves nothing when it is told to end.
    if (signal !== 'SIGKILL') assert.deepEqual(scratchFolders(), []);
  }
});

const scratchFolders = () => fs.readdirSync(temporary).filter((name) => name.startsWith('bnlab-run-'));

test(
  'the Python process that runs a kernel is killed: the kernel ends, and the failure is named',
  { skip: linux },
  async () => {
    const running = await startUntilAtWork();
    // The parent of the kernel that is in the cell: the other notebook may have a Python process, too.
    const python = Number(statOf(fs.readFileSync(mark('at-work'), 'utf8'))[1]);
    assert.match(fs.readFileSync(`/proc/${python}/cmdline`, 'utf8'), /run_notebook\.py/, running.output);
    process.kill(python, 'SIGKILL');
    const { code, output } = await running.ended;
    assert.equal(code, 1, output);
    assert.match(output, /✗ 01-endless: /);
    await until(() => processesAt(project.root).length === 0, 'nothing of it runs');
  },
);

test(
  'the commands under `npm start` are killed: what they started ends, and the guard, killed too, is replaced',
  { skip: linux },
  async () => {
    const running = await startUntilAtWork();
    const guards = () => processesAt(project.root).filter((line) => line.includes('guard.js'));
    const [first] = guards();
    for (const line of guards()) process.kill(Number(line.split(' ')[0]), 'SIGKILL');
    await until(() => guards().length > 0 && !guards().includes(first), 'there is another guard');
    const runner = processesAt(project.root).find((line) => line.includes('main.js notebooks'));
    assert.ok(runner, running.output);
    process.kill(Number(runner.split(' ')[0]), 'SIGKILL');
    const { code, output } = await running.ended;
    assert.equal(code, 137, output);
    await until(() => processesAt(project.root).length === 0, 'nothing of it runs');
  },
);

test('npm itself is killed: nobody is left who wants the work, and it ends', { skip: linux }, async () => {
  fs.rmSync(mark('at-work'), { force: true });
  const program = [process.execPath, project.file('lib/setup/main.js'), 'start'];
  const npm = spawn('sh', ['-c', '"$0" "$@" & wait', ...program], {
    cwd: project.root,
    env: { ...process.env, ...settings, npm_lifecycle_event: 'start' },
    stdio: 'ignore',
  });
  const gone = new Promise((resolve) => npm.on('close', resolve));
  await until(() => fs.existsSync(mark('at-work')) || npm.exitCode !== null);
  assert.equal(npm.exitCode, null);
  npm.kill('SIGKILL');
  await gone;
  await until(() => processesAt(project.root).length === 0, 'nothing of it runs');
});

test('ended while a figure is drawn: the browser ends', { skip: linux }, async () => {
  fs.writeFileSync(mark('go-on'), '');
  // A browser that starts and never answers. The other notebook runs beside: it is done, and nothing of it is left for the last run.
  const began = path.join(project.folder, 'browser began');
  const browser = `#!/bin/sh\necho $$ > '${began}'\nexec sleep 100000\n`;
  const env = { BNLAB_BROWSER: path.join(project.binaries({ browser }), 'browser') };
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    fs.rmSync(began, { force: true });
    fs.rmSync(executed('02-drawn'), { force: true });
    await endAt(start(env), () => fs.existsSync(executed('01-endless')) && isWritten(began), signal);
    const pid = Number(fs.readFileSync(began, 'utf8'));
    await until(() => hasEnded(pid), 'the browser has ended');
    assert.ok(!fs.existsSync(executed('02-drawn')), 'no half result');
  }
  const output = await expectGreen();
  assert.match(output, /1 of 1 notebook executed/);
  assert.match(output, /Its page can be read: reports\/02-drawn\.html[^]*1 of 1 notebook executed/);
});

test('ended while the report is written: the next one is whole', { skip: linux }, async () => {
  // Enough pages, with enough formulas, that it is at work when the first of them is there.
  const names = Array.from({ length: 40 }, (_, i) => `50-formulas-${i}`);
  const page = (name: string) => project.file('reports', `${name}.html`);
  for (const name of names) fs.writeFileSync(executed(name), notebookOf([{ md: '$\\frac{a}{b}$ '.repeat(500) }]));
  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    for (const name of names) fs.rmSync(page(name), { force: true });
    await endAt(start(), () => fs.existsSync(page(names[0])), signal);
    assert.ok(!names.every((name) => fs.existsSync(page(name))), 'it ended before its last page');
  }
  for (const name of names) for (const file of [executed(name), page(name)]) fs.rmSync(file, { force: true });
  assert.match(await expectGreen(), /up to date/);
});

test('where nothing changed, nothing is made; a page that was changed is made again', async () => {
  const page = project.file('reports', '02-drawn.html');
  const made = fs.readFileSync(page, 'utf8');
  const { mtimeMs } = fs.statSync(page);
  assert.match(await expectGreen(), /up to date, and so is the report/);
  assert.equal(fs.statSync(page).mtimeMs, mtimeMs);
  fs.writeFileSync(page, `${made}changed`);
  assert.doesNotMatch(await expectGreen(), /so is the report/);
  assert.equal(fs.readFileSync(page, 'utf8'), made);
});

test('a damaged result counts as absent: it is made again, and the others are kept', async () => {
  const whole = fs.readFileSync(executed('01-endless'), 'utf8');
  const kept = fs.statSync(executed('02-drawn')).mtimeMs;
  const damaged = ['', whole.slice(0, whole.length / 2), 'null', '{"nbformat": 4}', '\0'.repeat(100)];
  for (const text of damaged) {
    fs.writeFileSync(executed('01-endless'), text);
    assert.equal(readResult(executed('01-endless')), undefined, text);
  }
  // The empty one, and one that belongs to no notebook and must not keep the others from their pages.
  fs.writeFileSync(executed('01-endless'), '');
  fs.writeFileSync(executed('99-gone'), whole.slice(0, 100));
  const output = await expectGreen();
  assert.match(output, /1 of 1 notebook executed/);
  assert.match(output, /99-gone\.ipynb is empty, cut off or no notebook: it has no page/);
  assert.equal(fs.statSync(executed('02-drawn')).mtimeMs, kept);
  fs.rmSync(executed('99-gone'));
});

test('two at once on one target: the second waits, and finds everything done', async () => {
  fs.rmSync(executed('01-endless'));
  fs.rmSync(mark('runs'), { force: true });
  const [first, second] = await Promise.all([start().ended, start().ended]);
  for (const { code, output } of [first, second]) assert.equal(code, 0, output);
  assert.equal(fs.readFileSync(mark('runs'), 'utf8'), 'x', 'the cell ran once');
  assert.equal([first, second].filter(({ output }) => /up to date/.test(output)).length, 1);
  expectNothingHalf();
});

test('a lock that a container left behind is succeeded, and the run is green', async () => {
  const left = {
    pid: 1,
    started: '7',
    place: 'ffffffffff',
    token: 'x',
    host: 'gone',
    command: 'npm start',
    since: 0,
    children: [],
  };
  for (const file of ['.bnlab/setup.lock', 'reports/executed/.bnlab.lock'])
    fs.writeFileSync(project.file(file), JSON.stringify(left));
  assert.match(await expectGreen(), /on gone\) has been at work here .*gives no sign/);
});

test('a target that is read-only or full: said with what to do, and afterwards the same command goes on', async (t) => {
  const target = project.file('reports');
  const kept = path.join(project.folder, 'reports before');
  fs.writeFileSync(mark('go-on'), '');
  fs.mkdirSync(target, { recursive: true });
  fs.renameSync(target, kept);
  fs.mkdirSync(target);
  const mount = (options: string) => spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', target]).status === 0;
  try {
    if (!mount('ro,size=1m')) return t.skip('mounting is not permitted here');
    const readOnly = await start().ended;
    spawnSync('umount', [target]);
    assert.equal(readOnly.code, 1, readOnly.output);
    assert.match(readOnly.output, /reports\/executed.* cannot be written \(EROFS.*\)\. Make room or give/);
    assert.ok(mount('size=64k'));
    fs.writeFileSync(path.join(target, 'filler'), Buffer.alloc(60_000));
    const full = await start().ended;
    spawnSync('umount', [target]);
    assert.equal(full.code, 1, full.output);
    assert.match(full.output, /ENOSPC|disk is full/);
    assert.doesNotMatch(full.output, /^\s+at /m, 'no stack');
  } finally {
    spawnSync('umount', [target]);
    fs.rmSync(target, { recursive: true, force: true });
    fs.renameSync(kept, target);
  }
  await expectGreen();
});

test('a mark finds what was started, in a session of its own and without its parent', { skip: linux }, async () => {
  const [outer, inner] = [`outer${process.pid}`, `a${process.pid}`];
  const env = { ...process.env, BNLAB_GUARD: `${outer} ${inner}.1` };
  spawnSync('sh', ['-c', 'setsid sleep 1000 > /dev/null 2>&1 < /dev/null &'], { env });
  await until(() => marked(`${inner}.1`).length === 1);
  assert.deepEqual(marked(inner), []);
  const [pid] = marked(outer);
  process.kill(pid, 'SIGKILL');
  await until(() => marked(`${inner}.1`).length === 0);
});
