/** `npm test` itself: what a test may touch, and what is said at the end. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import test from 'node:test';
import { LARGE, NAMES } from '../data/fixture';
import { Project } from '../support/project';

/** A test that lets the command fetch a fixture under the name of MNIST, and tells of the reader's settings that it sees. */
const fetching = `
import test from 'node:test';
import { startMirror, temporaryFolder, writeManifest } from './data/fixture';
import { start } from './support/sample';
test('own', async () => {
  const mirror = await startMirror();
  const manifest = writeManifest(temporaryFolder(), [mirror.url('good')]);
  const { code, said } = await start('data.js', 'data', ['mnist'], { BNLAB_MANIFEST: manifest }).ended;
  console.log('SAID', code, said);
  const own = ['BNLAB_GUARD', 'BNLAB_LANES=1'];
  const seen = Object.entries(process.env).map((pair) => pair.join('=')).filter((pair) => pair.startsWith('BNLAB_') && !own.some((one) => pair.startsWith(one)));
  console.log('SEEN', seen.join() || 'nothing');
  await mirror.close();
});
`;

test("a test sees none of the reader's settings, leaves the reader's data alone, and its file's seconds are said", async () => {
  const project = new Project(['node_modules', '.venv', 'dist', 'engine']);
  try {
    const cache = path.join(project.folder, "the reader's cache");
    const own = path.join(cache, 'data', 'mnist');
    fs.mkdirSync(own, { recursive: true });
    for (const name of NAMES) fs.writeFileSync(path.join(own, name), `the reader's ${name}`);
    const before = fs.statSync(path.join(own, LARGE));
    project.write('test/own.test.ts', fetching);
    const env = {
      BNLAB_CACHE: cache,
      BNLAB_PROFILE: 'paper',
      BNLAB_ENGINE: 'js',
      BNLAB_DATASET: 'fashion',
      BNLAB_DATA: '/nowhere',
      BNLAB_OFFLINE: '1',
      BNLAB_BROWSER: '/nowhere',
      BNLAB_LANES: '7',
      BNLAB_MANIFEST: '/nowhere',
    };
    const { code, output } = await project.run(['test', 'test/own'], { env });
    assert.equal(code, 0, output);
    assert.match(output, /SAID 0 .*small MNIST: fetched, checksums right/s);
    assert.match(output, /SEEN nothing/);
    for (const name of NAMES) {
      assert.equal(fs.readFileSync(path.join(own, name), 'utf8'), `the reader's ${name}`);
    }
    assert.equal(fs.statSync(path.join(own, LARGE)).ino, before.ino);
    assert.deepEqual(fs.readdirSync(cache), ['data'], 'nothing else appears in it');
    assert.match(output, /Seconds per file:\n +\d+\.\d {2}test\/own\.test\.ts\n/);
  } finally {
    project.remove();
  }
});

/**
 * Files that never end: in a test within a test; in a loop that leaves no timer a turn; by a program that holds the output. Those that can
 * leave a mark, a while after they have come to where they stay.
 */
const hanging = {
  waits: `
import * as fs from 'node:fs';
import test from 'node:test';
test('ends', () => {});
test('outer', (t) => t.test('inner', () => new Promise(() => setInterval(() => fs.writeFileSync('waits', ''), 1000))));`,
  spins: `
import test from 'node:test';
test('round and round', () => { for (;;); });`,
  holds: `
import { spawn } from 'node:child_process';
import test from 'node:test';
const program = "setInterval(() => require('node:fs').writeFileSync('holds', ''), 1000)";
test('starts', () => { spawn(process.execPath, ['-e', program], { stdio: 'inherit' }); });`,
};

test('a file that does not end is ended and named, with the test that it was in, and the others go on', async () => {
  const project = new Project(['node_modules', '.venv', 'dist', 'engine']);
  try {
    for (const [name, text] of Object.entries(hanging)) project.write(`test/hang/${name}.test.ts`, text);
    project.write('test/hang/well.test.ts', "import test from 'node:test';\ntest('well', () => {});");
    // A machine may be too busy for a file to come to where it hangs: then the limit was too short, and a longer one is tried.
    let limit = 6;
    const marks = ['waits', 'holds'].map((name) => project.file(name));
    const tried = async () => {
      for (const mark of marks) fs.rmSync(mark, { force: true });
      return project.run(['test', 'test/hang', `--limit=${limit}`]);
    };
    const arrived = (output: string) =>
      marks.every((mark) => fs.existsSync(mark)) && !output.includes('well.test.ts: not done');
    let { code, output } = await tried();
    while (!arrived(output)) {
      limit *= 2;
      ({ code, output } = await tried());
    }
    assert.equal(code, 1, output);
    const ended = (output.split('Ended, because they were not done:\n')[1] ?? '').split('\n');
    const line = (name: string, where: string) =>
      `test/hang/${name}.test.ts: not done after ${limit} s, ended ${where}`;
    assert.deepEqual(ended.slice(0, 3).sort(), [
      line('holds', "after the test 'starts'"),
      line('spins', 'before the end of its first test'),
      line('waits', "in the test 'outer > inner'"),
    ]);
    assert.match(output, /✔ well/);
  } finally {
    project.remove();
  }
});

test('a limit that is no number of seconds is refused', async () => {
  const project = new Project();
  try {
    const { code, output } = await project.run(['test', '--limit=soon']);
    assert.equal(code, 2, output);
    assert.match(output, /--limit wants the seconds that a test file may take; it got: soon/);
  } finally {
    project.remove();
  }
});
