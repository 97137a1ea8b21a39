/** Results as tables for other programs: what is read back is what was kept. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import test, { type TestContext } from 'node:test';
import { parquetReadObjects } from 'hyparquet';
import { sweep } from 'bnlab/dist/tools/sweep';
import { codeOf } from 'bnlab/dist/tools/sweep/code';
import { columnsOf } from 'bnlab/dist/tools/sweep/columns';
import { writeTable } from 'bnlab/dist/tools/sweep/export';
import { loadSweepFile } from 'bnlab/dist/tools/sweep/load';
import { type Result, Store } from 'bnlab/dist/tools/sweep/store';
import { given } from '../support/home';
import { fileOf } from '../support/sweeps';

const root = path.resolve(__dirname, '..', '..');

function scratch(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-export-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Everything that an answer may hold, and texts that a careless writer of CSV breaks. */
const SIDES = ['no BN', 'BN, "folded"', 'two\r\nlines'];
const RESULTS: Result[] = SIDES.map((network, i) => ({
  identity: `run ${i}`,
  at: { network, learningRate: [0.1, 1, 1e-7][i], seed: i + 1 },
  answer: {
    ...{ final: [0.1 + 0.2, 1e-300, 1][i], steps: 1000 * i, large: 2 ** 40 + i, never: null, ok: i !== 1 },
    ...{ loss: [[2.3, null, 0.1], [], [1, 2]][i], diverged: i === 2 ? { step: 7, reason: 'NaN' } : null },
    ...(i > 0 && { some: -0.5 }),
  },
  ...{ seconds: 1.5, code: 'c0de', engine: 'TensorFlow 2.21.0' },
}));
/** What a row of them is, by the columns' names. */
const ROWS = RESULTS.map(({ at, answer: given, seconds, engine, code }, i) => {
  const answer = given as Record<string, unknown>;
  const names = ['final', 'steps', 'large', 'never', 'ok', 'loss'];
  return {
    ...Object.fromEntries(Object.entries(at).map(([name, value]) => [`at.${name}`, value])),
    ...Object.fromEntries(names.map((name) => [`answer.${name}`, answer[name]])),
    ...{ seconds, engine, code, 'answer.some': i > 0 ? -0.5 : null },
    ...{ 'answer.diverged.step': i === 2 ? 7 : null, 'answer.diverged.reason': i === 2 ? 'NaN' : null },
  };
});

test('Parquet holds numbers, lists, texts and what is missing as they are', async (t) => {
  const file = path.join(scratch(t), 'all.parquet');
  writeTable(file, 'parquet', RESULTS);
  const bytes = fs.readFileSync(file);
  const rows = await parquetReadObjects({
    file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
  });
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    ROWS,
  );
  const kinds = Object.fromEntries(columnsOf(RESULTS).map(({ name, kind }) => [name, kind]));
  assert.deepEqual(
    ['at.seed', 'answer.large', 'answer.ok', 'answer.loss', 'at.network'].map((name) => kinds[name]),
    ['whole', 'number', 'flag', 'numbers', 'text'],
  );
});

test('CSV is read back by a reader of RFC 4180, quotes and line ends within texts included', (t) => {
  const file = path.join(scratch(t), 'all.csv');
  writeTable(file, 'csv', RESULTS);
  const read =
    'import csv, json, sys; print(json.dumps(list(csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8")))))';
  const python = path.join(root, '.venv', 'bin', 'python');
  const rows = JSON.parse(execFileSync(python, ['-c', read, file], { encoding: 'utf8' })) as Record<string, string>[];
  const text = (value: unknown) => (typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value));
  const wanted = ROWS.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, text(value)])));
  assert.deepEqual(rows, wanted);
});

test('pandas reads both to the same numbers', (t) => {
  const python = given.BNLAB_TEST_PANDAS;
  if (!python) return t.skip('BNLAB_TEST_PANDAS names a Python that has pandas and pyarrow');
  const folder = scratch(t);
  const [csv, parquet] = [path.join(folder, 'all.csv'), path.join(folder, 'all.parquet')];
  writeTable(csv, 'csv', RESULTS);
  writeTable(parquet, 'parquet', RESULTS);
  const read = `import json, sys, pandas
a, b = pandas.read_csv(sys.argv[1], float_precision="round_trip"), pandas.read_parquet(sys.argv[2])
assert list(a) == list(b), (list(a), list(b))
print(json.dumps([[t["answer.final"].tolist(), t["answer.large"].tolist(), t["at.network"].tolist(), str(t["at.seed"].dtype)] for t in (a, b)]
  + [[list(map(float, b["answer.loss"][2])), str(b["at.seed"].dtype), str(b["answer.ok"].dtype)]]))`;
  const [a, b, kinds] = JSON.parse(
    execFileSync(python, ['-c', read, csv, parquet], { encoding: 'utf8' }),
  ) as unknown[][];
  const finals = RESULTS.map(({ answer }) => (answer as { final: number }).final);
  const larges = RESULTS.map(({ answer }) => (answer as { large: number }).large);
  assert.deepEqual(a.slice(0, 3), [finals, larges, SIDES]);
  assert.deepEqual(b.slice(0, 3), [finals, larges, SIDES]);
  assert.deepEqual(kinds, [[1, 2], 'int32', 'bool']);
});

test('the command writes the runs of the grid that are there, and leaves out those of other code', async (t) => {
  const out = scratch(t);
  const file = fileOf('empty');
  const described = loadSweepFile(file, { check: false });
  const store = await Store.open(path.join(out, 'empty'));
  const code = codeOf(described, file);
  const resultOf = (i: number, of: string): Result => {
    const { identity, at } = described.runs[i];
    return { identity, at, answer: { n: i }, seconds: 0.25, engine: 'js', code: of };
  };
  await store.put(resultOf(1, code), resultOf(0, code), resultOf(2, 'c0de'));
  const said: string[] = [];
  t.mock.method(console, 'log', (text: string) => said.push(text));
  const [csv, parquet] = [path.join(out, 'a', 'n.csv'), path.join(out, 'n.parquet')];
  assert.equal(await sweep([file, '--out', out, '--csv', csv, '--parquet', parquet]), 0);
  assert.equal(
    fs.readFileSync(csv, 'utf8'),
    `at.n,answer.n,seconds,engine,code\r\n0,0,0.25,js,${code}\r\n1,1,0.25,js,${code}\r\n`,
  );
  assert.equal(fs.readFileSync(parquet).subarray(0, 4).toString(), 'PAR1');
  assert.match(said.join('\n'), /n\.csv: 2 runs of 20\n.*n\.parquet: 2 runs of 20\n1 result of other code left out$/);
  said.length = 0;
  const beside = path.join(out, 'beside.csv');
  assert.equal(await sweep([file, '--out', out, '--list', '--csv', beside]), 0);
  assert.match(said.join('\n'), /^there {7}n 0\nthere {7}n 1\nother code {2}n 2\n.*beside\.csv: 2 runs of 20\n/s);
  assert.equal(fs.readFileSync(beside, 'utf8'), fs.readFileSync(csv, 'utf8'));
  await assert.rejects(sweep([file, '--out', path.join(out, 'none'), '--csv', csv]), /There are no results yet/);
});
