/** One command at a time on one target, whatever becomes of the one that is at work. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import test, { after, mock } from 'node:test';
import { look } from 'bnlab/dist/setup/lock-file';
import { makeScratch, removeScratch } from 'bnlab/dist/tools/scratch';
import { readJson, writeAtomically } from 'bnlab/dist/src/platform/node/write';
import '../support/home';
import { until } from '../support/until';

/** The module itself, whose functions can be replaced. */
const systemFs = require('node:fs') as typeof fs;
const folder = makeScratch();
const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill('SIGKILL');
  removeScratch(folder);
});
const linux = process.platform === 'linux' ? false : 'looks at /proc';

const dist = path.dirname(require.resolve('bnlab/dist/setup/lock'));
let count = 0;
const lockFile = () => path.join(folder, `${++count}.lock`);

/**
 * A command that takes the lock, says HELD, works until it is told a line, asks whether it still holds it, and releases.
 *
 * @param elsewhere it is a process of another machine, or of a container that is no more
 * @param busy its main thread computes all the time
 */
function command(file: string, { elsewhere = false, busy = false, deadAfter = 2500 } = {}) {
  const program = `
    const processes = require(${JSON.stringify(path.join(dist, '../src/platform/node/processes.js'))});
    const self = processes.self();
    if (${elsewhere}) processes.self = () => ({ ...self, place: 'elsewhere' });
    const lock = require(${JSON.stringify(path.join(dist, 'lock.js'))});
    const say = (text) => require('fs').writeSync(1, text + '\\n');
    (async () => {
      const held = await lock.acquire(${JSON.stringify(file)}, {
        command: 'npm run test', waiting: (message) => say('WAITING ' + message), stopIfAsked() {}, deadAfter: ${deadAfter},
      });
      held.onLost = () => say('LOST');
      say('HELD');
      if (${busy}) for (;;);
      await new Promise((resolve) => process.stdin.once('data', resolve));
      try { lock.expectHeld(); say('MINE'); } catch (error) { say('REFUSED ' + error.message); }
      held.release();
      process.exit(0);
    })();`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.add(child);
  const running = { child, said: '', ended: false, finish: () => child.stdin.write('\n') };
  child.stdout.on('data', (text: Buffer) => (running.said += text.toString()));
  child.on('close', (code) => {
    running.ended = true;
    // Whoever waits for a word of it would wait for ever.
    if (code) throw new Error(`the command that was to take the lock ended with exit code ${code}`);
  });
  return running;
}

test('the second waits for the first, says for whom, and has its turn', async () => {
  const file = lockFile();
  const first = command(file);
  await until(() => first.said.includes('HELD'));
  const second = command(file);
  await until(() => second.said.includes('WAITING'));
  assert.match(
    second.said,
    new RegExp(`\`npm run test\`, process ${first.child.pid}\\) has been at work here for \\d+ s`),
  );
  assert.doesNotMatch(second.said, /HELD/);
  first.finish();
  await until(() => second.said.includes('HELD'));
  second.finish();
  await until(() => second.ended);
  assert.match(second.said, /MINE/);
  assert.deepEqual(
    fs.readdirSync(folder).filter((name) => name.includes('.lock')),
    [],
    'neither lock nor temporary file is left',
  );
});

test('a killed holder is succeeded at once, by one of many', { skip: linux }, async () => {
  const file = lockFile();
  const first = command(file, { deadAfter: 3_600_000 });
  await until(() => first.said.includes('HELD'));
  const others = [1, 2, 3, 4].map(() => command(file, { deadAfter: 3_600_000 }));
  await until(() => others.every(({ said }) => said.includes('WAITING')));
  first.child.kill('SIGKILL');
  const waiting = new Set(others);
  while (waiting.size > 0) {
    await until(() => [...waiting].some(({ said }) => said.includes('HELD')));
    const holders = [...waiting].filter(({ said }) => said.includes('HELD'));
    assert.equal(holders.length, 1);
    assert.equal(look(file).holder?.pid, holders[0].child.pid);
    holders[0].finish();
    await until(() => holders[0].ended);
    assert.match(holders[0].said, /MINE/);
    waiting.delete(holders[0]);
  }
});

test('a stopped holder keeps its turn, and who waits is told how to end that', { skip: linux }, async () => {
  const file = lockFile();
  const first = command(file);
  await until(() => first.said.includes('HELD'));
  first.child.kill('SIGSTOP');
  const second = command(file, { deadAfter: 1 });
  await until(() => second.said.includes('is stopped'));
  assert.match(second.said, new RegExp(`kill -CONT ${first.child.pid}.*kill -KILL ${first.child.pid}`));
  first.child.kill('SIGCONT');
  first.finish();
  await until(() => second.said.includes('HELD'));
  assert.match(first.said, /MINE/);
  second.finish();
  await until(() => second.ended);
});

test('a holder on another machine is waited for while its heart beats, however busy it is, and no longer', async () => {
  const file = lockFile();
  const first = command(file, { elsewhere: true, busy: true });
  await until(() => first.said.includes('HELD'));
  const second = command(file);
  await until(() => second.said.includes('WAITING'));
  assert.match(second.said, new RegExp(`on ${os.hostname()}\\).*If it gives no sign for 2.5 s, this one goes on`));
  // Five beats are more than the time after which it would count as dead.
  for (let beats = 0, sign = look(file).sign; beats < 5; beats += 1) {
    await until(() => look(file).sign !== sign);
    sign = look(file).sign;
  }
  assert.doesNotMatch(second.said, /HELD/);
  first.child.kill('SIGKILL');
  await until(() => second.said.includes('HELD'));
  second.finish();
  await until(() => second.ended);
});

test('who was stopped until another took its place writes nothing more, and leaves the other its lock', async () => {
  const file = lockFile();
  const first = command(file, { elsewhere: true });
  await until(() => first.said.includes('HELD'));
  first.child.kill('SIGSTOP');
  const second = command(file);
  await until(() => second.said.includes('HELD'));
  first.child.kill('SIGCONT');
  await until(() => first.said.includes('LOST'));
  first.finish();
  await until(() => first.ended);
  assert.match(first.said, /REFUSED this command gave no sign for a while .* another command took its place/);
  assert.equal(look(file).holder?.pid, second.child.pid);
  second.finish();
  await until(() => second.ended);
  assert.match(second.said, /MINE/);
});

test('a lock that cannot be read is taken away, whatever the clocks say', async () => {
  const lasts = Date.now() / 1000;
  for (const [content, written] of [
    ['', lasts],
    ['{"pid": 12', lasts + 1e7],
    ['null', lasts - 1e7],
    ['{"pid": 1, "host": "gone", "since": 0, "children": []}', lasts + 1e7],
  ] as const) {
    const file = lockFile();
    fs.writeFileSync(file, content);
    fs.utimesSync(file, written, written);
    const one = command(file, { deadAfter: 500 });
    await until(() => one.said.includes('HELD'));
    assert.match(one.said, /is a lock that cannot be read; it is taken away/);
    one.finish();
    await until(() => one.ended);
    assert.match(one.said, /MINE/);
  }
  const file = lockFile();
  fs.mkdirSync(path.join(file, 'inside'), { recursive: true });
  const one = command(file, { deadAfter: 500 });
  await until(() => one.said.includes('HELD'));
  one.finish();
  await until(() => one.ended);
});

test('a file is written whole, flushed before it has its name, and what a killed writer left is swept', () => {
  const file = path.join(folder, 'written.json');
  const order: string[] = [];
  const { fsyncSync, renameSync } = systemFs;
  mock.method(systemFs, 'fsyncSync', (handle: number) => {
    order.push('flush');
    fsyncSync(handle);
  });
  mock.method(systemFs, 'renameSync', (from: string, to: string) => {
    order.push('rename');
    assert.equal(fs.readFileSync(from, 'utf8'), '{"whole": true}');
    renameSync(from, to);
  });
  try {
    writeAtomically(file, '{"whole": true}');
  } finally {
    mock.restoreAll();
  }
  assert.deepEqual(order, ['flush', 'rename']);
  assert.deepEqual(readJson(file), { whole: true });

  // A writer that dies between the two leaves its temporary file; the next one takes it away, and keeps a living one's.
  const kill = `const fs = require('fs'); fs.renameSync = () => process.kill(process.pid, 'SIGKILL');
    require(${JSON.stringify(require.resolve('bnlab/dist/src/platform/node/write'))}).writeAtomically(${JSON.stringify(file)}, 'half');`;
  const dead = spawn(process.execPath, ['-e', kill]);
  return new Promise<void>((resolve) => dead.on('close', () => resolve())).then(() => {
    const temporary = () => fs.readdirSync(folder).filter((name) => name.startsWith('.written.json.tmp-'));
    assert.equal(temporary().length, 1);
    assert.deepEqual(readJson(file), { whole: true });
    const [left] = temporary();
    const living = left.replace(/-([0-9a-f]+)\.\d+\.\d*/, (_, place: string) => {
      const stat = linux ? '' : fs.readFileSync('/proc/self/stat', 'utf8').split(' ')[21];
      return `-${place}.${process.pid}.${stat}`;
    });
    fs.writeFileSync(path.join(folder, living), 'busy');
    writeAtomically(file, '{"whole": 2}');
    if (!linux) assert.deepEqual(temporary(), [living]);
    fs.rmSync(path.join(folder, living), { force: true });
  });
});

test('a full disk leaves the file as it was', () => {
  const file = path.join(folder, 'kept.txt');
  writeAtomically(file, 'before');
  mock.method(systemFs, 'writeFileSync', () => {
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  });
  try {
    assert.throws(() => writeAtomically(file, 'after'), /ENOSPC/);
  } finally {
    mock.restoreAll();
  }
  assert.equal(fs.readFileSync(file, 'utf8'), 'before');
  assert.deepEqual(
    fs.readdirSync(folder).filter((name) => name.startsWith('.kept')),
    [],
  );
  assert.equal(readJson(file), undefined);
});
