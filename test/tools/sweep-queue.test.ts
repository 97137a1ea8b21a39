/** Sweeps through a queue, on a real server: whatever is killed or cut, no run is lost, none counts twice, and what happened is said. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import test, { type TestContext } from 'node:test';
import { Queue } from 'bullmq';
import { loadSweep } from 'bnlab';
import { Screen } from 'bnlab/dist/tools/run/screen';
import { Stop } from 'bnlab/dist/tools/running';
import { codeOf } from 'bnlab/dist/tools/sweep/code';
import { loadSweepFile } from 'bnlab/dist/tools/sweep/load';
import { addressOf } from 'bnlab/dist/tools/sweep/queue/address';
import { jobOf, type Offer, offers, PREFIX, publish, queueOf } from 'bnlab/dist/tools/sweep/queue/offer';
import { QueueWorker } from 'bnlab/dist/tools/sweep/queue/work';
import { commanded, fileOf, sweeping, working } from '../support/sweeps';
import { until } from '../support/until';
import { Server, Wire } from '../support/valkey';

function scratch(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-queue-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** How many lines the file with all results has. */
function there(folder: string): number {
  const index = path.join(folder, 'results.ndjson');
  return fs.existsSync(index) ? fs.readFileSync(index, 'utf8').split('\n').length - 1 : 0;
}

async function numbers(folder: string): Promise<string[]> {
  const results = await loadSweep<Record<string, unknown>>(folder);
  return results.map(({ at, answer: { origin: _, ...rest } }) => JSON.stringify([at, rest])).sort();
}

test('sixty runs have the same numbers by one process and through a queue whose workers, server and sweep are killed', async (t) => {
  const server = await Server.start(t);
  if (!server) return;
  const quiet = scratch(t);
  const alone = sweeping(t, 'small-networks', quiet);
  assert.equal(await alone.end(), 0, alone.text);
  const out = scratch(t);
  const folder = path.join(out, 'small-networks');
  const workers = [working(t, server.url), working(t, server.url)];
  let sweep = sweeping(t, 'small-networks', out, server.url);
  await until(() => there(folder) > 5);
  workers[0].kill('SIGKILL');
  workers.push(working(t, server.url));
  await until(() => there(folder) > 15);
  await server.kill(); // without a disk: it forgets all
  workers[1].kill('SIGKILL');
  await sweep.says(/the queue does not answer .*: waiting for it/);
  await server.again();
  await sweep.says(/the queue answers again/);
  await until(() => there(folder) > 25);
  sweep.kill('SIGKILL');
  await until(() => sweep.code !== undefined);
  workers.push(working(t, server.url));
  sweep = sweeping(t, 'small-networks', out, server.url);
  await until(() => there(folder) > 40);
  workers[2].kill('SIGKILL');
  assert.equal(await sweep.end(), 0, sweep.text);
  const wanted = await numbers(path.join(quiet, 'small-networks'));
  assert.equal(wanted.length, 60);
  assert.deepEqual(await numbers(folder), wanted);
  assert.equal(there(folder), 60);
  assert.deepEqual(await offers(server.client(t)), []);
});

test('a run that always fails is set aside after three tries, jobs of others stay, and the password is not said', async (t) => {
  const server = await Server.start(t, '--requirepass', 'secr3t');
  if (!server) return;
  const out = scratch(t);
  const marks = { BNLAB_TEST_MARKS: scratch(t) };
  const command = (queue: string, env = {}) => commanded(t, 'squares', out, { words: ['--queue', queue], env });
  const wrong = command(server.url.replace('//', '//:0ther@'));
  assert.equal(await wrong.end(), 1);
  assert.match(
    wrong.text,
    /The queue at redis:\/\/127\.0\.0\.1:\d+ does not answer \(.*\)\. The password goes into BNLAB_QUEUE_PASSWORD\./,
  );
  const client = server.client(t, 'secr3t');
  await client.hset('bnlab:sweeps', 'not-of-us', 'no offer');
  const worker = working(t, server.url.replace('//', '//:secr3t@'), { name: 'squares', env: marks });
  const sweep = command(server.url, { BNLAB_QUEUE_PASSWORD: 'secr3t' });
  await until(() => /squares: 6 runs/.test(sweep.text));
  let offer: Offer | undefined;
  while (!offer) [offer] = await offers(client);
  const queue = new Queue(queueOf(offer), { connection: client, prefix: PREFIX });
  await queue.add('mail', { to: 'somebody' }, { jobId: 'mail-1' });
  await sweep.says(/set aside after 3 tries: x 13, seed 1: squares of 13 bring bad luck/);
  assert.equal(await sweep.end(), 1);
  assert.match(sweep.text, /4 of 6 runs there, 4 of them made/);
  assert.match(sweep.text, /2 runs set aside/);
  assert.deepEqual(fs.readdirSync(marks.BNLAB_TEST_MARKS).sort(), ['1', '2']); // each process that died was begun again
  await until(() => worker.text.includes('no run of a sweep'));
  assert.deepEqual((await queue.getJob('mail-1'))?.data, { to: 'somebody' });
  worker.kill('SIGTERM');
  assert.equal(await worker.end(), 143);
  for (const { text } of [wrong, worker, sweep]) assert.ok(!/secr3t|0ther/.test(text), text);
  await queue.close();
});

test('a worker whose library, engine or data are others says so and takes nothing', async (t) => {
  const server = await Server.start(t);
  if (!server) return;
  const client = server.client(t);
  const sweep = loadSweepFile(fileOf('small-networks'), { check: false });
  const code = codeOf(sweep, fileOf('small-networks'));
  const [{ identity, at, options }] = sweep.runs;
  const stop = new Stop();
  const said: string[] = [];
  const screen = new Screen();
  screen.line = (text) => said.push(text);
  const address = addressOf(server.url);
  const worker = new QueueWorker({ address, files: [], width: 1, grace: 0 }, stop, screen).run();
  const cases: [string, Partial<Offer>, RegExp][] = [
    [
      'library',
      { need: { code: 'c0de', engine: 'any', data: {} } },
      /Nothing is taken of library: it is of other code \(c0de; here /,
    ],
    [
      'engine',
      { need: { code, engine: 'TensorFlow 1.0', data: {} } },
      /of engine: it is computed with TensorFlow 1\.0; here is /,
    ],
    ['file', { own: true }, /of file: its experiment is of its own file, which this worker was not started with/],
    ['unknown', { experiment: 'of-tomorrow' }, /of unknown: No file of .* defines the experiment 'of-tomorrow'/],
  ];
  for (const [name, part, words] of cases) {
    const need = { code, engine: 'any', data: {} };
    const offer: Offer = { sweep: name, experiment: 'training-run', own: false, need, ...part };
    const queue = new Queue(queueOf(offer), { connection: client, prefix: PREFIX });
    await queue.add('run', { identity, at, options }, { jobId: jobOf(identity) });
    await publish(client, offer);
    await until(() => said.some((line) => words.test(line)), `${words} is said; ${said.join('\n')}`);
    assert.equal(await queue.getWaitingCount(), 1);
    assert.equal(await queue.getWorkersCount(), 0);
    await queue.close();
  }
  stop.ask({ signal: 'SIGTERM' });
  assert.equal(await worker, 0);
});

test('a worker that is told to end gives back what it is at, and another makes it; two sweeps of one name take turns', async (t) => {
  const server = await Server.start(t);
  if (!server) return;
  const env = { BNLAB_TEST_MARKS: scratch(t) };
  const begun = () => fs.readdirSync(env.BNLAB_TEST_MARKS).filter((name) => name.startsWith('begun')).length;
  const [first, second] = [scratch(t), scratch(t)];
  const sweep = sweeping(t, 'patient', first, server.url);
  const worker = working(t, server.url, { name: 'patient', env });
  await until(() => begun() === 1);
  const other = sweeping(t, 'patient', second, server.url);
  await other.says(/patient is handed out through this queue by .*, process \d+; waiting for it to end/);
  worker.kill('SIGTERM');
  assert.equal(await worker.end(), 143);
  const client = server.client(t);
  const [offer] = await offers(client);
  const queue = new Queue(queueOf(offer), { connection: client, prefix: PREFIX });
  const counts = await queue.getJobCounts('waiting', 'active', 'failed');
  assert.deepEqual(counts, { waiting: 2, active: 0, failed: 0 });
  await queue.close();
  fs.writeFileSync(path.join(env.BNLAB_TEST_MARKS, 'go'), '');
  working(t, server.url, { name: 'patient', env });
  assert.equal(await sweep.end(), 0, sweep.text);
  assert.equal(await other.end(), 0, other.text);
  for (const out of [first, second]) assert.equal((await loadSweep(path.join(out, 'patient'))).length, 2);
});

test('what the workers made while nobody fetched it is taken from the queue, and not made again', async (t) => {
  const server = await Server.start(t);
  if (!server) return;
  const out = scratch(t);
  const env = { BNLAB_TEST_MARKS: scratch(t) };
  const begun = () => fs.readdirSync(env.BNLAB_TEST_MARKS).filter((name) => name.startsWith('begun')).length;
  const sweep = sweeping(t, 'patient', out, server.url);
  const worker = working(t, server.url, { name: 'patient', env });
  await until(() => begun() === 1);
  sweep.kill('SIGKILL');
  await until(() => sweep.code !== undefined);
  const client = server.client(t);
  const [offer] = await offers(client);
  const queue = new Queue(queueOf(offer), { connection: client, prefix: PREFIX });
  fs.writeFileSync(path.join(env.BNLAB_TEST_MARKS, 'go'), '');
  while ((await queue.getCompletedCount()) < 2) await new Promise((resolve) => setTimeout(resolve, 50));
  await queue.close();
  await client.del(`${PREFIX}:lease:patient`); // else it ends by itself, 15 seconds after the command
  const again = sweeping(t, 'patient', out, server.url);
  assert.equal(await again.end(), 0, again.text);
  assert.match(again.text, /patient: 2 runs of patient, 0 of them there.*2 of 2 runs there, 2 of them made/s);
  await worker.says(/patient: \d+ runs? made here with/);
  assert.match(worker.text, /patient: 2 runs made here with/);
});

test('when the network is cut, both ends say so and go on afterwards', async (t) => {
  const server = await Server.start(t);
  if (!server) return;
  const [near, far] = [await Wire.to(t, server.port), await Wire.to(t, server.port)];
  const out = scratch(t);
  const env = { BNLAB_TEST_MARKS: scratch(t) };
  const sweep = sweeping(t, 'patient', out, near.url);
  const worker = working(t, far.url, { name: 'patient', env });
  await until(() => fs.readdirSync(env.BNLAB_TEST_MARKS).some((name) => name.startsWith('begun')));
  for (const wire of [near, far]) wire.cut();
  fs.writeFileSync(path.join(env.BNLAB_TEST_MARKS, 'go'), '');
  await sweep.says(/the queue does not answer/);
  await worker.says(/The queue does not answer/);
  for (const wire of [near, far]) wire.mend();
  assert.equal(await sweep.end(), 0, sweep.text);
  assert.match(worker.text, /The queue answers again/);
  assert.equal(there(path.join(out, 'patient')), 2);
});

test('a run that failed where the clock is ahead is tried again by others as soon as any run', async (t) => {
  const server = await Server.start(t);
  if (!server) return;
  const out = scratch(t);
  const env = { BNLAB_TEST_MARKS: scratch(t) };
  const ahead = path.join(scratch(t), 'ahead.cjs');
  fs.writeFileSync(ahead, 'const now = Date.now; Date.now = () => now() + 36e5;');
  const sweep = sweeping(t, 'squares', out, server.url);
  const early = working(t, server.url, { name: 'squares', env: { ...env, NODE_OPTIONS: `--require "${ahead}"` } });
  await early.says(/failed: x 13/);
  early.kill('SIGKILL');
  working(t, server.url, { name: 'squares', env });
  assert.equal(await sweep.end(), 1, sweep.text);
  assert.match(sweep.text, /4 of 6 runs there/);
  assert.match(sweep.text, /2 runs set aside/);
});

test('an address is read without its password being shown', () => {
  const { shown, options } = addressOf('rediss://me:se%40cret@queue.example:7000/2', {});
  assert.equal(shown, 'rediss://queue.example:7000/2');
  assert.deepEqual(
    [options.host, options.port, options.username, options.password, options.db, options.tls],
    ['queue.example', 7000, 'me', 'se@cret', 2, { servername: 'queue.example' }],
  );
  const given = { BNLAB_QUEUE: 'redis://queue.example', BNLAB_QUEUE_PASSWORD: 'hidden' };
  assert.deepEqual([addressOf(true, given).options.password, addressOf(true, given).options.port], ['hidden', 6379]);
  assert.throws(() => addressOf(undefined, {}), /No queue was named\. Wanted redis:\/\/HOST:PORT/);
  for (const wrong of ['http://me:secret@a', 'redis://me:secret@host:port', 'me:secret@a', 'redis://me:secret@a/b'])
    assert.throws(
      () => addressOf(wrong, {}),
      (error: Error) => /cannot be read/.test(error.message) && !error.message.includes('secret'),
    );
});
