/** What the kernel sends arrives whole and in order, however fast it is sent. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as path from 'node:path';

const repair = path.resolve(__dirname, '../../lib/src/cli/bootstrap/kernel-watch.js');
const many = `
  const { Router, Dealer } = require('zeromq');
  (async () => {
    const router = new Router();
    await router.bind('tcp://127.0.0.1:*');
    const dealer = new Dealer();
    // Nobody is connected yet, so the first message has to wait, as it may on a busy machine.
    const sent = Promise.all(Array.from({ length: 500 }, (_, i) => dealer.send([String(i)])));
    sent.catch((error) => { console.error(error.message); process.exit(1); });
    dealer.connect(router.lastEndpoint);
    for (let i = 0; i < 500; i++) {
      const [, message] = await router.receive();
      if (message.toString() !== String(i)) throw new Error('message ' + i + ' is ' + message);
    }
    await sent;
    process.exit();
  })().catch((error) => { console.error(error.message); process.exit(1); });`;

test('messages sent without awaiting wait for their turn', () => {
  const run = (...preload: string[]) =>
    spawnSync(process.execPath, [...preload, '-e', many], { cwd: path.resolve(__dirname, '../..'), timeout: 60_000 });
  assert.match(run().stderr.toString(), /busy writing/, 'without the repair ZeroMQ refuses: is it still needed?');
  const repaired = run('--require', repair);
  assert.equal(repaired.status, 0, repaired.stderr.toString());
});
