/** What the kernel sends arrives whole and in order, however fast it is sent and however late it is read. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as path from 'node:path';

const repair = path.resolve(__dirname, '../../lib/tools/kernel/watch.js');
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

/** A publisher sends far more than ZeroMQ keeps by itself, to a subscriber that reads only when all is sent. */
const unread = `
  const { Publisher, Subscriber } = require('zeromq');
  const most = 20000;
  (async () => {
    const publisher = new Publisher();
    await publisher.bind('tcp://127.0.0.1:*');
    const subscriber = new Subscriber({ receiveHighWaterMark: 1 });
    subscriber.connect(publisher.lastEndpoint);
    subscriber.subscribe();
    // Nothing is published to a subscriber that is not there yet.
    let started = false;
    const first = subscriber.receive().then(() => (started = true));
    while (!started) await publisher.send('start').then(() => new Promise((ok) => setTimeout(ok, 1)));
    let sent = Promise.resolve();
    try {
      for (let i = 0; i < most; i++) sent = publisher.send(i + ' ' + 'x'.repeat(1000));
    } catch (error) { console.error(error.message); process.exit(1); }
    await sent;
    publisher.send('end');
    let next = 0;
    for await (const [message] of subscriber) {
      const text = message.toString();
      if (text === 'start') continue;
      if (text === 'end') break;
      if (parseInt(text) !== next++) throw new Error('instead of ' + (next - 1) + ' came ' + text.slice(0, 10));
    }
    if (next !== most) throw new Error(next + ' of ' + most);
    process.exit();
  })().catch((error) => { console.error(error.message); process.exit(1); });`;

const run = (code: string, ...preload: string[]) =>
  spawnSync(process.execPath, [...preload, '-e', code], { cwd: path.resolve(__dirname, '../..') });

test('messages that nobody has read yet are kept', () => {
  assert.notEqual(run(unread).status, 0, 'without the repair ZeroMQ refuses or drops: is it still needed?');
  const repaired = run(unread, '--require', repair);
  assert.equal(repaired.status, 0, repaired.stderr.toString());
});

test('messages sent without awaiting wait for their turn', () => {
  assert.match(run(many).stderr.toString(), /busy writing/, 'without the repair ZeroMQ refuses: is it still needed?');
  const repaired = run(many, '--require', repair);
  assert.equal(repaired.status, 0, repaired.stderr.toString());
});
