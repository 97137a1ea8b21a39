/** Sweeps from the command line: results are kept as they end, nothing is made twice or lost, and the numbers do not depend on the way. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import nodeFs, * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import test, { type TestContext } from 'node:test';
import { loadSweep } from 'bnlab';
import { runPath } from 'bnlab/dist/src/experiments/kept-results';
import type { Sweeping } from 'bnlab/dist/src/experiments';
import { Stop } from 'bnlab/dist/tools/running';
import { sweep } from 'bnlab/dist/tools/sweep';
import { codeOf } from 'bnlab/dist/tools/sweep/code';
import { loadSweepFile } from 'bnlab/dist/tools/sweep/load';
import type { Hands } from 'bnlab/dist/tools/sweep/pool';
import { SweepInProgress } from 'bnlab/dist/tools/sweep/run';
import { idOf, type Result, Results, Store } from 'bnlab/dist/tools/sweep/store';
import { fileOf } from '../support/sweeps';

const root = path.resolve(__dirname, '..', '..');

function scratch(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-sweep-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What the command printed. */
async function run(t: TestContext, ...argv: string[]): Promise<{ code: number; text: string }> {
  const lines: unknown[] = [];
  const { mock } = t.mock.method(console, 'log', (...words: unknown[]) => lines.push(words.join(' ')));
  try {
    return { code: await sweep(argv), text: lines.join('\n') };
  } finally {
    mock.restore();
  }
}

const resultsIn = (folder: string): Result[] =>
  fs
    .readFileSync(path.join(folder, 'results.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Result);

const result = (n: number, code = 'a'): Result => ({
  identity: `run ${n}`,
  ...{ at: { n }, answer: { square: n * n }, seconds: 1, code, engine: 'an engine' },
});

test('a run whose process dies is begun again, one that always fails is set aside, and the rest is made once', async (t) => {
  const out = scratch(t);
  const marks = scratch(t);
  process.env.BNLAB_TEST_MARKS = marks;
  t.after(() => delete process.env.BNLAB_TEST_MARKS);
  const file = fileOf('squares');
  const first = await run(t, file, '--out', out, '--workers', '2');
  assert.equal(first.code, 1);
  assert.match(first.text, /squares: 6 runs of squares, 0 of them there; 2 processes with /);
  assert.match(first.text, /set aside after 3 tries: x 13, seed 2: squares of 13 bring bad luck/);
  assert.match(first.text, /4 of 6 runs there, 4 of them made/);
  assert.deepEqual(fs.readdirSync(marks).sort(), ['1', '2']);
  const folder = path.join(out, 'squares');
  const squares = resultsIn(folder).map(({ at, answer }) => [at.x, at.seed, (answer as { square: number }).square]);
  assert.deepEqual(squares.sort(), [
    [2, 1, 4],
    [2, 2, 4],
    [3, 1, 9],
    [3, 2, 9],
  ]);

  const listed = await run(t, file, '--out', out, '--list');
  assert.equal(listed.code, 0);
  assert.deepEqual(
    listed.text.split('\n').map((line) => line.split(/\s{2,}/)),
    [
      ['there', 'x 2, seed 1'],
      ['there', 'x 2, seed 2'],
      ['there', 'x 3, seed 1'],
      ['there', 'x 3, seed 2'],
      ['set aside', 'x 13, seed 1'],
      ['set aside', 'x 13, seed 2'],
    ],
  );
  const before = fs.readFileSync(path.join(folder, 'results.ndjson'), 'utf8');
  assert.match((await run(t, file, '--out', out)).text, /4 of 6 runs there, 0 of them made/);
  assert.equal(fs.readFileSync(path.join(folder, 'results.ndjson'), 'utf8'), before);
  const again = await run(t, file, '--out', out, '--retry', '--only', 'x 13', '--only', 'seed 2');
  assert.match(again.text, /squares: 1 run of squares, 0 of them there; .*\n.*set aside after 3 tries/);
  await assert.rejects(sweep([file, '--out', out, '--only', 'x 14']), /No run of squares is at x 14/);
});

test('sixty runs have the same numbers by one process and by three that are killed on the way', async (t) => {
  const file = fileOf('small-networks');
  const numbers = (folder: string) =>
    resultsIn(path.join(folder, 'small-networks'))
      .map(({ identity, answer }) => {
        const { origin: _, ...rest } = answer as Record<string, unknown>;
        return JSON.stringify([identity, rest]);
      })
      .sort();
  const quiet = scratch(t);
  assert.equal((await run(t, file, '--out', quiet, '--workers', '1')).code, 0);
  const wild = scratch(t);
  const results = path.join(wild, 'small-networks', 'results.ndjson');
  let kills = 0;
  // Whenever so many results more are there, one of the processes is killed.
  const killer = setInterval(() => {
    const there = fs.existsSync(results) ? fs.readFileSync(results, 'utf8').split('\n').length - 1 : 0;
    if (there < 10 * (kills + 1) || kills >= 4) return;
    const [victim] = workers();
    if (victim === undefined) return;
    process.kill(victim, 'SIGKILL');
    kills += 1;
  }, 20);
  t.after(() => clearInterval(killer));
  assert.equal((await run(t, file, '--out', wild, '--workers', '3')).code, 0);
  assert.ok(kills > 0);
  const wanted = numbers(quiet);
  assert.equal(wanted.length, 60);
  assert.deepEqual(numbers(wild), wanted);
});

/** The numbers of this process's workers. */
function workers(): number[] {
  const children = fs.readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ');
  return children.filter((pid) => pid !== '' && commandOf(pid).includes('sweep/worker.js')).map(Number);
}

function commandOf(pid: string): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

test('when the time is spent, nothing more begins, and the rest is for another time', async (t) => {
  const out = scratch(t);
  const { code, text } = await run(t, fileOf('small-networks'), '--out', out, '--budget', '0s');
  assert.equal(code, 1);
  assert.match(text, /0 of 60 runs there.*\n60 runs left: the same command goes on/);
});

test('results are found again whatever a kill has left of the file with all of them', async (t) => {
  const folder = scratch(t);
  const store = await Store.open(folder);
  for (const n of [1, 2, 3]) await store.put(result(n));
  const all = path.join(folder, 'results.ndjson');
  const whole = fs.readFileSync(all, 'utf8');
  const squaresOf = (results: Results) =>
    [1, 2, 3].map((n) => (results.get(`run ${n}`)?.answer as { square: number } | undefined)?.square);
  const squares = async () => squaresOf(await Store.open(folder));
  for (const damage of [
    whole.slice(0, -20),
    '',
    `${whole}{"identity":"run 4","at"`,
    whole.split('\n').slice(1).join('\n'),
  ]) {
    fs.writeFileSync(all, damage);
    // Who looks finds all of them, and leaves the file to whoever writes.
    assert.deepEqual(squaresOf(await Results.read(folder)), [1, 4, 9]);
    assert.deepEqual(
      (await loadSweep<{ square: number }>(folder)).map(({ answer }) => answer.square).sort(),
      [1, 4, 9],
    );
    assert.equal(fs.readFileSync(all, 'utf8'), damage);
    assert.deepEqual(await squares(), [1, 4, 9]);
    assert.equal(fs.readFileSync(all, 'utf8').trim().split('\n').length, 3);
  }
  fs.rmSync(all);
  assert.equal((await loadSweep(folder)).length, 3);
  assert.ok(!fs.existsSync(all));
  assert.deepEqual(await squares(), [1, 4, 9]);
  // What somebody takes away is gone.
  fs.rmSync(path.join(folder, runPath(idOf('run 2'))));
  assert.deepEqual(await squares(), [1, undefined, 9]);
});

test('a notebook loads results by the name of the sweep, also while a line is being written', async (t) => {
  const folder = path.join(scratch(t), 'squares');
  const store = await Store.open(folder);
  for (const n of [1, 2]) await store.put(result(n));
  fs.appendFileSync(path.join(folder, 'results.ndjson'), '{"identity":"run 3","at');
  const wanted = [1, 2].map((n) => ({ at: { n }, answer: { square: n * n }, seconds: 1, engine: 'an engine' }));
  assert.deepEqual(await loadSweep<{ square: number }>(folder), wanted);
  await assert.rejects(loadSweep('of-nobody'), /no results of 'of-nobody'; looked in of-nobody, sweeps\/of-nobody/);
});

test('the example of README is a sweep', (t) => {
  const readme = fs.readFileSync(path.join(__dirname, '..', '..', 'README.md'), 'utf8');
  const [, example] = /^## Sweeps\n[^#]*?```ts\n(.*?)```/ms.exec(readme)!;
  const folder = fs.mkdtempSync(path.join(__dirname, 'sweeps', '.readme-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.writeFileSync(path.join(folder, 'mine.ts'), example);
  assert.equal(loadSweepFile(path.join(folder, 'mine.ts'), { check: true }).runs.length, 90);
});

test('the types of a sweep are right wherever the command is called', (t) => {
  const before = process.cwd();
  process.chdir(scratch(t));
  t.after(() => process.chdir(before));
  assert.equal(loadSweepFile(fileOf('empty'), { check: true }).runs.length, 20);
});

test('a run that ends twice counts once', async (t) => {
  const folder = scratch(t);
  const store = await Store.open(folder);
  await store.put(result(1));
  await store.put({ ...result(1), seconds: 2 });
  assert.deepEqual(
    resultsIn(folder).map(({ seconds }) => seconds),
    [2],
  );
});

test('where a result cannot be kept, the sweep ends in words and no run is blamed', async (t) => {
  const out = scratch(t);
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const { mock } = t.mock.method(nodeFs, 'appendFileSync', () => {
    throw full;
  });
  const file = fileOf('small-networks');
  await assert.rejects(
    run(t, file, '--out', out, '--workers', '1', '--only', 'seed 1', '--only', 'learningRate 1'),
    /A result cannot be kept in .*small-networks \(.*\)\. What was kept before is whole\./,
  );
  assert.ok(!fs.existsSync(path.join(out, 'small-networks', 'failed')));
  mock.restore();
  // The run whose line was not written is there by its own file.
  const again = await run(t, file, '--out', out, '--workers', '1', '--only', 'seed 1', '--only', 'learningRate 1');
  assert.match(again.text, /small-networks: 2 runs of training-run, 1 of them there/);
});

test('on a disk that is full the sweep ends in words, and goes on when there is room again', (t) => {
  const out = scratch(t);
  const asked = ['-r', 'ts-node/register/transpile-only', 'test/support/queue-sweep.ts', fileOf('empty'), out];
  // A disk of its own, which is there for these commands alone.
  const steps = `mount -t tmpfs -o size=160k tmpfs "${out}" || exit 99
    "$@"; echo "ended with $?"
    mount -o remount,size=20m "${out}"
    "$@"; echo "ended with $?"
    wc -l < "${out}/empty/results.ndjson"; find "${out}/empty" -name '*.tmp-*' | wc -l`;
  const words = ['-rm', 'sh', '-c', steps, 'sh', process.execPath, ...asked];
  const env = { ...process.env, BNLAB_TEST_EMPTY: '60' };
  const { status, stdout, stderr, error } = spawnSync('unshare', words, { cwd: root, env, encoding: 'utf8' });
  if (error || status === 99 || /unshare failed/.test(stderr)) return t.skip('this user may mount nothing');
  assert.match(
    stdout + stderr,
    /A result cannot be kept in .*empty \(.*ENOSPC.*\)\. What was kept before is whole\. Make room/,
  );
  const [, before] = /empty: 60 runs of empty, (\d+) of them there/.exec(stdout.split('ended with 1\n')[1])!;
  assert.ok(Number(before) > 0 && Number(before) < 60, before);
  assert.match(stdout, /60 of 60 runs there, \d+ of them made in .*\nended with 0\n60\n0\n$/);
});

test('results of other code are named, kept apart and made again', async (t) => {
  const out = scratch(t);
  process.env.BNLAB_TEST_MARKS = scratch(t);
  t.after(() => delete process.env.BNLAB_TEST_MARKS);
  const file = fileOf('squares');
  const { runs } = loadSweepFile(file, { check: false });
  const folder = path.join(out, 'squares');
  const { identity, at } = runs[0];
  await (await Store.open(folder)).put({ ...result(1, 'c0de'), identity, at });
  const asked = ['--only', 'x 2', '--only', 'seed 1', '--out', out];
  assert.match((await run(t, file, '--list', ...asked)).text, /^other code\s+x 2, seed 1$/);
  const { code, text } = await run(t, file, ...asked);
  assert.equal(code, 0);
  assert.match(text, /1 result of other code: kept in .*stale, and run again/);
  assert.deepEqual(
    resultsIn(folder).map(({ answer }) => answer),
    [{ square: 4, seed: 1 }],
  );
  assert.ok(fs.existsSync(path.join(folder, 'stale', 'c0de', `${idOf(identity)}.json`)));
});

test('the code of a sweep is what its experiment reaches, and the files beside it where it is its own', (t) => {
  const folder = fs.mkdtempSync(path.join(__dirname, 'sweeps', '.copy-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  for (const name of ['squares.ts', 'squaring.ts'])
    fs.copyFileSync(path.join(__dirname, 'sweeps', name), path.join(folder, name));
  const [squares, copy, networks] = [fileOf('squares'), path.join(folder, 'squares.ts'), fileOf('small-networks')];
  const own = loadSweepFile(squares, { check: false });
  const before = codeOf(own, copy);
  assert.equal(codeOf(own, squares), before);
  fs.appendFileSync(path.join(folder, 'squaring.ts'), 'export const cube = 3;\n');
  assert.notEqual(codeOf(own, copy), before);
  const ofLibrary = loadSweepFile(networks, { check: false });
  assert.notEqual(codeOf(ofLibrary, networks), before);
  assert.equal(codeOf(ofLibrary, copy), codeOf(ofLibrary, networks));
});

test('after the grid has changed, what is there is where the new grid has it: in tables, pages and notebooks', async (t) => {
  const [out, folder] = [scratch(t), fs.mkdtempSync(path.join(__dirname, 'sweeps', '.grids-'))];
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  // One text, hence one code: the file's name says which grid it is.
  const text = `import { defineExperiment, defineSweep } from 'bnlab';
const whole = { words: 'a number', fits: Number.isInteger, needed: true } as const;
const experiment = defineExperiment({
  ...{ name: 'powers', version: 1, question: 'How large is a power?', whenAborted: 'throws' },
  ...{ defaults: { n: 3, power: 2 }, options: { n: whole, power: whole } },
  compute: async ({ n, power }: { n: number; power: number }) => {
    if (n === 13) throw new Error('bad luck');
    return { value: n ** power };
  },
});
const grid: Record<string, number[] | Record<string, number>> = __filename.endsWith('later.ts') ? { n: { three: 3, unlucky: 13 }, power: [2, 3] } : { n: [3, 13] };
export default defineSweep({ name: 'powers', experiment, grid });
`;
  const [earlier, later] = ['earlier.ts', 'later.ts'].map((name) => path.join(folder, name));
  for (const file of [earlier, later]) fs.writeFileSync(file, text);
  assert.equal((await run(t, earlier, '--out', out, '--workers', '1')).code, 1);

  const csv = path.join(out, 'powers.csv');
  const table = async () => {
    assert.equal((await run(t, later, '--out', out, '--csv', csv)).code, 0);
    const rows = fs.readFileSync(csv, 'utf8').trimEnd().split('\r\n');
    return rows.map((row) => row.split(',').slice(0, 3).join(','));
  };
  // Before a run by the new grid, and after it.
  assert.deepEqual(await table(), ['at.n,at.power,answer.value', 'three,2,9']);
  assert.equal((await run(t, later, '--out', out, '--report')).code, 0);
  assert.match(
    fs.readFileSync(path.join(out, 'powers', 'report', 'index.html'), 'utf8'),
    /<td>n unlucky, power 2<\/td>/,
  );
  const { text: said } = await run(t, later, '--out', out, '--workers', '1', '--only', 'power 3', '--only', 'n three');
  assert.match(said, /powers: 1 run of powers, 0 of them there/);
  assert.deepEqual(await table(), ['at.n,at.power,answer.value', 'three,2,9', 'three,3,27']);
  const loaded = await loadSweep<{ value: number }>(path.join(out, 'powers'));
  assert.deepEqual(
    loaded.map(({ at, answer: { value } }) => ({ at, value })),
    [2, 3].map((power) => ({ at: { n: 'three', power }, value: 3 ** power })),
  );
  const [failure] = fs.readdirSync(path.join(out, 'powers', 'failed'));
  const { at } = JSON.parse(fs.readFileSync(path.join(out, 'powers', 'failed', failure), 'utf8')) as { at: object };
  assert.deepEqual(at, { n: 'unlucky', power: 2 });
});

test('what a queue still held of another call is kept, and is none of the runs that are watched', async (t) => {
  const store = await Store.open(scratch(t));
  const runs = [1, 2].map((n) => ({ identity: `run ${n}`, at: { n }, options: { n } }));
  const experiment = { name: 'squares' } as Sweeping['experiment'];
  const sweep: Sweeping = { kind: 'sweep', name: 'squares', own: true, experiment, axes: ['n'], runs };
  const seen: unknown[] = [];
  const lines: string[] = [];
  const hands: Hands = {
    ...{ words: 'a queue', engine: () => Promise.resolve('an engine'), kill: () => undefined },
    async run(work) {
      const ended = [...runs, { identity: 'run 3', at: { n: 3 }, options: { n: 3 } }];
      await work.onDone(ended.map((task) => ({ task, answer: { square: task.at.n ** 2 }, seconds: 1 })));
      await work.onFailed({ identity: 'run 4', at: { n: 4 }, options: { n: 4 } }, 'bad luck');
    },
  };
  const progress = new SweepInProgress(
    sweep,
    runs.slice(0, 1), // as `only` takes them
    {
      ...{ store, code: 'a', hands: () => hands },
      watch: {
        screen: { live: true, line: (line) => lines.push(line), status: () => undefined, clear: () => undefined },
        kept: (results, before) => before || seen.push(...results.map(({ identity }) => identity)),
        aside: (identity) => seen.push(identity),
      },
    },
    new Stop(),
  );
  assert.equal(await progress.run(), 0);
  assert.deepEqual(seen, ['run 1']);
  assert.match(lines.join('\n'), /1 of 1 run there, 1 of them made/);
  for (const n of [1, 2, 3]) assert.deepEqual(store.get(`run ${n}`)?.answer, { square: n * n });
  assert.equal(store.failure('run 4')?.error, 'bad luck');
});

test('a file that is no sweep is refused in words', async (t) => {
  const folder = fs.mkdtempSync(path.join(__dirname, 'sweeps', '.wrong-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const written = (name: string, text: string) => {
    fs.writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  await assert.rejects(sweep([path.join(folder, 'none.ts')]), /There is no file .*none\.ts/);
  await assert.rejects(sweep([written('empty.ts', 'export default 1;\n')]), /empty\.ts exports no sweep/);
  const misspelt =
    "import { defineSweep } from 'bnlab';\nexport default defineSweep({ name: 'a', experiment: 'training-runs', grid: { seed: [1] } });\n";
  await assert.rejects(
    sweep([written('misspelt.ts', misspelt)]),
    /misspelt\.ts has wrong types:.*'"training-runs"' is not assignable/s,
  );
  assert.equal(await sweep([]), 2);
  assert.equal(await sweep(['a.ts', '--budget', 'soon']), 2);
});
