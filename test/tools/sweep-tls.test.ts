/** A queue behind a password and TLS, on a real server: what is wrong is said without the password, and runs are made through it. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import test, { type TestContext } from 'node:test';
import { loadSweep } from 'bnlab';
import { type Address, addressOf, expectServer } from 'bnlab/dist/tools/sweep/queue/address';
import { selfSigned, tlsDoor } from '../support/certificate';
import { sweeping, working } from '../support/sweeps';
import { Server } from '../support/valkey';

const PASSWORD = 'secr3t';

function scratch(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-tls-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

test('a wrong authority, a wrong password and the wrong protocol are told apart, and the password is not said', async (t) => {
  const folder = scratch(t);
  const [own, other] = [selfSigned(t, folder, 'own'), selfSigned(t, folder, 'other')];
  const server = await Server.start(t, '--requirepass', PASSWORD);
  if (!own || !other || !server) return;
  const port = await tlsDoor(t, server.port, own);
  /** What is said of an address by who trusts a certificate. */
  const said = async (url: string, trusted?: string, change: Partial<Address['options']> = {}): Promise<string> => {
    const address = addressOf(url, {});
    const { tls } = address.options;
    const options = {
      ...address.options,
      ...change,
      ...(tls && trusted && { tls: { ...tls, ca: fs.readFileSync(trusted) } }),
    };
    const text = await expectServer({ ...address, options }).then(
      () => 'it answers',
      (error: Error) => error.message,
    );
    assert.ok(!/secr3t|0ther/.test(text), text);
    return text;
  };
  const right = `rediss://:${PASSWORD}@localhost:${port}`;
  assert.equal(await said(right, own.certificate), 'it answers');
  assert.equal(await said(right.replace('localhost', '127.0.0.1'), own.certificate), 'it answers');
  const untrusted =
    /^The queue at rediss:\/\/localhost:\d+ does not answer \(self-signed certificate\)\. .*NODE_EXTRA_CA_CERTS=/;
  assert.match(await said(right), untrusted);
  assert.match(await said(right, other.certificate), untrusted);
  for (const wrong of [right.replace(PASSWORD, '0ther'), right.replace(`:${PASSWORD}@`, '')])
    assert.match(
      await said(wrong, own.certificate),
      /does not answer \((WRONGPASS|NOAUTH) .*\)\. The password goes into BNLAB_QUEUE_PASSWORD\.$/,
    );
  assert.match(
    await said(right.replace('rediss', 'redis')),
    /does not answer \(Connection is closed\.\)\. .*; a server with TLS is rediss:\/\/\.$/,
  );
  const impatient = { connectTimeout: 500 };
  const plain = `rediss://:${PASSWORD}@localhost:${server.port}`;
  assert.match(
    await said(plain, own.certificate, impatient),
    /does not answer \(.*\)\. .*; a server without TLS is redis:\/\/\.$/,
  );
});

test('a sweep and a worker with the authority in NODE_EXTRA_CA_CERTS and the password in the environment make its runs', async (t) => {
  const folder = scratch(t);
  const own = selfSigned(t, folder, 'own');
  const server = await Server.start(t, '--requirepass', PASSWORD);
  if (!own || !server) return;
  const url = `rediss://localhost:${await tlsDoor(t, server.port, own)}`;
  const env = { NODE_EXTRA_CA_CERTS: own.certificate, BNLAB_QUEUE_PASSWORD: PASSWORD, BNLAB_TEST_EMPTY: '3' };
  const worker = working(t, url, { name: 'empty', env });
  const sweep = sweeping(t, 'empty', folder, url, { env });
  assert.equal(await sweep.end(), 0, sweep.text);
  assert.equal((await loadSweep(path.join(folder, 'empty'))).length, 3);
  worker.kill('SIGTERM');
  assert.equal(await worker.end(), 143);
  for (const { text } of [worker, sweep]) assert.ok(!text.includes(PASSWORD), text);
});
