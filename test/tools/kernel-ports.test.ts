/** Two kernels that start at the same moment may be given the same port: the one that comes second is started again. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { python } from 'bnlab/dist/tools/places';
import { makeScratch, removeScratch } from 'bnlab/dist/tools/scratch';

const root = path.join(__dirname, '..', '..');
const scratch = makeScratch();
process.on('exit', () => removeScratch(scratch));

/** Runs a notebook of one cell whose kernel finds its port taken the first times; the events. */
async function run(times: number): Promise<Record<string, unknown>[]> {
  const folder = fs.mkdtempSync(path.join(scratch, 'run-'));
  const cell = {
    cell_type: 'code',
    id: 'a',
    source: 'console.log(1);',
    metadata: {},
    outputs: [],
    execution_count: null,
  };
  const notebook = path.join(folder, 'one.ipynb');
  fs.writeFileSync(notebook, JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  const kernel = [process.execPath, '--require', path.join(root, 'lib', 'dist', 'tools', 'kernel', 'preload.js')];
  kernel.push(path.join(root, 'node_modules', 'tslab', 'bin', 'tslab'), 'kernel', '--config-path', '{connection_file}');
  const [output, notes] = ['executed.ipynb', 'notes'].map((name) => path.join(folder, name));
  const settle = { seconds: 10, source: "await globalThis['bnlabKernel'].settle(10_000);" };
  const task = { notebook, output, notes, cwd: root, cellLimit: 60, kernel, settle, cells: null };
  const driver = path.join(root, 'test', 'support', 'taken-ports.py');
  const child = spawn(python(), ['-B', driver, String(times)]);
  child.stdin.write(`${JSON.stringify(task)}\n`); // and stays open: its end would end the kernel
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.notEqual(stdout, '', stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a kernel whose port was taken is started again with others, and a message of another kernel is ignored', async () => {
  const events = await run(1);
  assert.deepEqual(
    events.map(({ event }) => event),
    ['cell', 'done'],
  );
});

test('where ports are taken again and again, that is said', async () => {
  const [failed, ...rest] = await run(Infinity);
  assert.deepEqual(rest, []);
  assert.equal(failed.kind, 'dead kernel');
  assert.match(String(failed.error), /The kernel cannot start: tcp:\/\/127\.0\.0\.1:\d+ was taken by another program/);
});
