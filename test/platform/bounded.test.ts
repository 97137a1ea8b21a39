/** A folder that may take so many bytes: what stays, what goes, and what another process has taken away. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import test from 'node:test';
import { BoundedFolder } from 'bnlab/dist/src/platform/node/bounded';

test('what was not used for longest goes, with a folder of which nothing is left; what is wanted and other files stay', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-bounded-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const kept = new BoundedFolder(folder, '.bin', 25);
  assert.equal(kept.read('a/1'), undefined);
  for (const [i, name] of ['a/1', 'b/1', 'b/2', '3'].entries()) {
    kept.write(name, 'x'.repeat(10));
    fs.utimesSync(path.join(folder, `${name}.bin`), 1000 + i, 1000 + i);
  }
  fs.writeFileSync(path.join(folder, 'other'), 'x'.repeat(100));
  const names = () => fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  assert.equal(kept.read('b/1')?.toString(), 'xxxxxxxxxx'); // the last to be used
  kept.prune((name) => name === 'b/2');
  assert.deepEqual(names(), ['3.bin', 'b', 'b/1.bin', 'b/2.bin', 'other']);
  kept.prune();
  assert.deepEqual(names(), ['3.bin', 'b', 'b/1.bin', 'other']);
  for (const name of ['b/1', '3', '3']) kept.forget(name);
  assert.deepEqual(names(), ['other']);
  new BoundedFolder(path.join(folder, 'none'), '.bin', 25).prune();
  fs.rmSync(path.join(folder, 'other'));
  assert.ok(fs.existsSync(folder), 'the folder itself stays');
});
