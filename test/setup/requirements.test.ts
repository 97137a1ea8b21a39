/**
 * requirements.txt: every pin has a wheel, with a checksum that is listed, for the lowest Python of each minor version on each system
 * that set-up serves. uv answers that without installing anything and without those systems.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import test, { after, before } from 'node:test';
import { SetupError } from 'bnlab/dist/setup/errors';
import { temporaryName } from 'bnlab/dist/setup/files';
import { layout } from 'bnlab/dist/setup/layout';
import { cacheFolder } from 'bnlab/dist/src/platform/node/cache';
import { pip } from 'bnlab/dist/setup/python';

const pythons = ['3.10.0', '3.11.0', '3.12.0', '3.13.0', '3.14.0', '3.15.0'];
const systems = {
  'Linux on x64': 'x86_64-manylinux_2_28',
  'Linux on arm64': 'aarch64-manylinux_2_28',
  'macOS on arm64': 'aarch64-apple-darwin',
};
const input = path.join(layout.root, '.config', 'requirements.in');
const text = fs.readFileSync(layout.requirements, 'utf8');
/** The first lines' own word on how the file is made, without `uv`. */
const command = /^# +uv (pip compile .*)$/m.exec(text)?.[1] ?? '';
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab requirements '));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

const pinsOf = (file: string) => file.split('\n').filter((line) => /^\w/.test(line));

test('every pin is exact and has checksums, and what is asked for is among them', () => {
  const blocks = text.split(/\n(?=\w)/).slice(1);
  assert.ok(blocks.length > 90);
  for (const block of blocks) {
    assert.match(block, /^[\w.-]+==[\w.]+( ; [^\n]+)? \\\n/);
    assert.match(block, /^ +--hash=sha256:[0-9a-f]{64}/m);
  }
  const asked = pinsOf(fs.readFileSync(input, 'utf8'));
  assert.ok(asked.length > 0);
  for (const line of asked) assert.ok(pinsOf(text).includes(`${line} \\`), line);
});

let uv = '';
/** Why nothing can be resolved here. */
let unreachable = '';
before(async () => {
  const version = /with uv ([\d.]+) of PyPI/.exec(fs.readFileSync(input, 'utf8'))?.[1] ?? '';
  const folder = path.join(cacheFolder(), 'uv', version);
  uv = path.join(folder, 'bin', 'uv');
  if (fs.existsSync(uv)) return;
  const made = temporaryName(path.join(cacheFolder(), 'tmp'));
  try {
    fs.mkdirSync(made, { recursive: true });
    const failure = { step: 'uv', what: `uv ${version} could not be fetched`, fix: 'See the log.' };
    await pip(['install', '--only-binary=:all:', '--no-deps', '--target', made, `uv==${version}`], failure);
    fs.mkdirSync(path.dirname(folder), { recursive: true });
    if (!fs.existsSync(folder)) fs.renameSync(made, folder);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    unreachable = `registry not reached: ${error.message}`;
  } finally {
    fs.rmSync(made, { recursive: true, force: true });
  }
});

async function askUv(words: string[]): Promise<{ ok: boolean; said: string }> {
  const env = { ...process.env, UV_CACHE_DIR: path.join(cacheFolder(), 'uv', 'cache'), UV_NO_PROGRESS: '1' };
  const options = { cwd: layout.root, env, maxBuffer: 1e8 };
  return new Promise((resolve) =>
    execFile(uv, words, options, (error, stdout, stderr) => resolve({ ok: error === null, said: stdout + stderr })),
  );
}

const isUnreachable = (said: string) => /Failed to fetch|error sending request|Request failed|timed out/.test(said);

test('wheels for each Python on each system, without installing anything', async (t) => {
  if (unreachable) return t.skip(unreachable);
  const lacking: string[] = [];
  for (const python of pythons) {
    for (const [system, platform] of Object.entries(systems)) {
      const target = path.join(scratch, 'nothing');
      const { ok, said } = await askUv([
        ...['pip', 'install', '--dry-run', '--require-hashes', '--only-binary', ':all:', '-r', layout.requirements],
        ...['--python', layout.python, '--target', target],
        ...['--python-version', python, '--python-platform', platform],
      ]);
      if (isUnreachable(said)) return t.skip(`registry not reached: ${said.trim().split('\n').at(-1)}`);
      if (!ok) lacking.push(`Python ${python}, ${system}: ${said}`);
      else assert.match(said, /Would install \d+ packages/);
      assert.ok(!fs.existsSync(target) || fs.readdirSync(target).filter((name) => !name.startsWith('.')).length === 0);
    }
  }
  assert.deepEqual(lacking, []);
});

test('the command in its first lines makes the same pins', async (t) => {
  if (unreachable) return t.skip(unreachable);
  const made = path.join(scratch, 'requirements.txt');
  fs.copyFileSync(layout.requirements, made);
  const words = command.split(' ').map((word) => (word === 'requirements.txt' ? made : word));
  assert.ok(words.includes('--universal') && words.includes(made), command);
  const { ok, said } = await askUv([...words, '--quiet']);
  if (isUnreachable(said)) return t.skip(`registry not reached: ${said.trim().split('\n').at(-1)}`);
  assert.ok(ok, said);
  assert.deepEqual(pinsOf(fs.readFileSync(made, 'utf8')), pinsOf(text));
});

test('set-up counts the pins that concern this machine and sees one that differs', () => {
  const ask = (file: string) =>
    JSON.parse(
      execFileSync(layout.python, ['-I', path.join(__dirname, '../../lib/setup/check_environment.py'), file])
        .toString()
        .trim(),
    ) as { pins: number; differs: string[] };
  const now = ask(layout.requirements);
  assert.deepEqual(now.differs, []);
  assert.ok(now.pins > 80 && now.pins < pinsOf(text).length);
  const other = path.join(scratch, 'other.txt');
  fs.writeFileSync(other, text.replace(/^nbclient==\S+/m, 'nbclient==0.1.0'));
  assert.match(ask(other).differs.join(), /^nbclient is 0\.11\.0$/);
});
