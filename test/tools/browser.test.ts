/** A browser that starts and never answers: who is asked to stop ends it, and starts no other. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import test, { type TestContext } from 'node:test';
import { launchBrowser } from 'bnlab/dist/tools/browser';
import { Stop } from 'bnlab/dist/tools/running';
import { makeScratch, removeScratch } from 'bnlab/dist/tools/scratch';
import { hasEnded } from '../support/project';
import { until } from '../support/until';

/** Names such a browser to the library; the numbers of those that have begun. */
function mute(t: TestContext): () => number[] {
  const folder = makeScratch();
  const [program, begun] = ['browser', 'begun'].map((name) => path.join(folder, name));
  fs.writeFileSync(program, `#!/bin/sh\necho $$ >> '${begun}'\nexec sleep 100000\n`, { mode: 0o755 });
  fs.writeFileSync(begun, '');
  process.env.BNLAB_BROWSER = program;
  t.after(() => {
    delete process.env.BNLAB_BROWSER;
    removeScratch(folder);
  });
  return () => fs.readFileSync(begun, 'utf8').split('\n').slice(0, -1).map(Number);
}

// Whoever is not root starts a browser without its sandbox when it has not started with it.
for (const user of [0, 1000]) {
  test(`asked to stop while it has not answered, for user ${user}: it ends, and no other begins`, async (t) => {
    const begun = mute(t);
    t.mock.method(process as { getuid(): number }, 'getuid', () => user);
    const stop = new Stop();
    const launched = launchBrowser([], stop);
    await until(() => begun().length > 0, 'the browser has begun');
    stop.ask({ signal: 'SIGTERM' });
    await assert.rejects(launched);
    assert.equal(begun().length, 1);
    await until(() => begun().every(hasEnded), 'the browser has ended');
  });
}

test('asked to stop before it is launched, it does not begin', async (t) => {
  const begun = mute(t);
  const stop = new Stop();
  stop.ask({ signal: 'SIGTERM' });
  await assert.rejects(launchBrowser([], stop), /it was asked to stop/);
  assert.deepEqual(begun(), []);
});
