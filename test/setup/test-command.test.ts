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
  console.log('SEEN', Object.keys(process.env).filter((name) => name.startsWith('BNLAB_') && name !== 'BNLAB_GUARD').join() || 'nothing');
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
