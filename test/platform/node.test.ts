/** Node as the host, and what is said where there is none. */
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import 'bnlab';
import { nodePlatform } from 'bnlab/dist/src/platform/node';
import { platform, setPlatform, usedMemory } from 'bnlab/dist/src/platform/port';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab platform 批 '));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

test('the entry sets Node; a room loaded by itself says what to import', () => {
  assert.equal(platform(), nodePlatform);
  const port = require.resolve('bnlab/dist/src/platform/port');
  const alone = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(port)}).platform()`], {
    encoding: 'utf8',
  });
  assert.equal(alone.status, 1);
  assert.match(alone.stderr, /PlatformError: No platform is set: .* Import 'bnlab' .* or call setPlatform\(\)/);
});

test('files are written whole, with their folders, and read as bytes and text', async () => {
  const { files } = nodePlatform;
  const file = path.join(folder, 'new', 'ä.txt');
  assert.equal(await files.exists(file), false);
  await assert.rejects(files.readText(file), { code: 'ENOENT' });
  await files.writeAtomically(file, 'μ = 0');
  assert.equal(await files.exists(file), true);
  assert.equal(await files.readText(file), 'μ = 0');
  assert.deepEqual([...(await files.readBytes(file))], [...Buffer.from('μ = 0')]);
  await assert.rejects(files.writeAtomically(path.join(file, 'below'), ''));
  assert.deepEqual(fs.readdirSync(path.dirname(file)), ['ä.txt']);
});

test('environment variables are those of this moment', () => {
  delete process.env.BNLAB_OF_A_TEST;
  assert.equal(platform().environment.BNLAB_OF_A_TEST, undefined);
  process.env.BNLAB_OF_A_TEST = '1';
  assert.equal(platform().environment.BNLAB_OF_A_TEST, '1');
  delete process.env.BNLAB_OF_A_TEST;
});

test('memory: what is used is part of what may be used; a host that does not tell is asked for nothing', () => {
  const { used, free, limit } = nodePlatform.memory();
  assert.ok(used! > 1e7 && used! < limit! && free! > 0 && limit! <= os.totalmem());
  assert.ok(Math.abs(usedMemory() - used!) < 0.5 * used!);
  try {
    setPlatform({ ...nodePlatform, memory: () => ({ used: undefined, free: undefined, limit: undefined }) });
    assert.throws(() => usedMemory(), /does not tell how much memory is used\. Leave budget\.bytes out/);
  } finally {
    setPlatform(nodePlatform);
  }
});

test('yielding lets timers and input have their turn, and the clock goes forward', async () => {
  let fired = 0;
  const timer = setInterval(() => void fired++, 0);
  const began = nodePlatform.milliseconds();
  while (fired < 2) await nodePlatform.yieldToEvents();
  clearInterval(timer);
  assert.ok(nodePlatform.milliseconds() > began);
});
