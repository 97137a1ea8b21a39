/** What XLA compiled is kept for the next process: whole or not at all, never for another processor, and within bounds. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { makeScratch, removeScratch } from 'bnlab/dist/tools/scratch';
import { XlaStore } from 'bnlab/dist/src/engine/engines/native/xla-store';
import { sha256 } from 'bnlab/dist/src/platform/node';
import { runScript } from '../support/engines';

const scratch = makeScratch();
process.on('exit', () => removeScratch(scratch));

const holder = { begin: () => true, end: () => '' };

/** A compiler in TensorFlow's place: what it makes of a graph, and what it finds on its desk. */
function stand(folder: string, limit?: number, key = 'key') {
  const desk = fs.mkdtempSync(path.join(scratch, 'desk-'));
  const store = new XlaStore(folder, key, desk, holder, limit);
  let compiled = 0;
  const compile = (graph: string, content = graph) =>
    store.firstRun(graph, {
      run: () => {
        const file = path.join(desk, `${graph}.pb`);
        if (fs.existsSync(file)) return fs.readFileSync(file, 'utf8');
        compiled++;
        fs.writeFileSync(file, content);
        return content;
      },
      anew: () => assert.fail('nothing failed'),
    });
  return { store, desk, compile, compilations: () => compiled };
}
const filesIn = (folder: string) => fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

test('a program is compiled once for all processes of a key, and the desk is empty but for the first run', () => {
  const folder = fs.mkdtempSync(path.join(scratch, 'store-'));
  const [one, two, other] = [stand(folder), stand(folder), stand(folder, undefined, 'another processor')];
  assert.equal(one.compile('graph', 'a program'), 'a program');
  assert.equal(two.compile('graph', 'never made'), 'a program');
  assert.equal(other.compile('graph', 'for another'), 'for another');
  assert.deepEqual(
    [one, two, other].map((side) => side.compilations()),
    [1, 0, 1],
  );
  assert.deepEqual(
    [one, two, other].flatMap(({ desk }) => fs.readdirSync(desk)),
    [],
  );
});

test('a damaged program is compiled again', () => {
  const folder = fs.mkdtempSync(path.join(scratch, 'store-'));
  stand(folder).compile('graph', 'a program');
  const file = path.join(folder, 'key', 'graph.bin');
  const whole = fs.readFileSync(file);
  for (const damaged of [
    whole.subarray(0, 70),
    whole.subarray(0, 10),
    Buffer.alloc(0),
    Buffer.from(whole).fill(1, 85),
  ]) {
    fs.writeFileSync(file, damaged);
    const side = stand(folder);
    assert.equal(side.compile('graph', 'a program'), 'a program');
    assert.equal(side.compilations(), 1);
    assert.deepEqual(fs.readFileSync(file), whole);
  }
});

test('a program that TensorFlow refuses is compiled again, by a graph that is loaded again', () => {
  const folder = fs.mkdtempSync(path.join(scratch, 'store-'));
  stand(folder).compile('graph', 'old');
  const { store, desk } = stand(folder);
  const said: string[] = [];
  const result = store.firstRun('graph', {
    run: () => {
      said.push(fs.readdirSync(desk).includes('graph.pb') ? 'refused' : 'compiled');
      if (said.at(-1) === 'refused') throw new Error('no');
      fs.writeFileSync(path.join(desk, 'graph.pb'), 'new');
      return 'new';
    },
    anew: () => said.push('anew'),
  });
  assert.equal(result, 'new');
  assert.deepEqual(said, ['refused', 'anew', 'compiled']);
  assert.equal(stand(folder).compile('graph', 'never made'), 'new');
});

test('what fails without a kept program fails once, and nothing is kept of it', () => {
  const folder = fs.mkdtempSync(path.join(scratch, 'store-'));
  const { store } = stand(folder);
  let runs = 0;
  const run = () => {
    runs++;
    throw new Error('not for XLA');
  };
  assert.throws(() => store.firstRun('graph', { run, anew: () => assert.fail() }), /not for XLA/);
  assert.equal(runs, 1);
  assert.deepEqual(filesIn(folder), []);
});

test('the store is bounded: what was not used for longest goes, of all keys; what is too large is not kept', () => {
  const folder = fs.mkdtempSync(path.join(scratch, 'store-'));
  const content = 'x'.repeat(1000);
  const [old, side] = [stand(folder, 4000, 'old'), stand(folder, 4000)];
  old.compile('a', content);
  for (const graph of ['b', 'c']) side.compile(graph, content);
  const age = (file: string, seconds: number) => fs.utimesSync(path.join(folder, file), seconds, seconds);
  age('old/a.bin', 1000);
  age('key/b.bin', 2000);
  age('key/c.bin', 3000);
  stand(folder, 4000).compile('b'); // used
  side.compile('d', content);
  assert.deepEqual(filesIn(folder), ['key', 'key/b.bin', 'key/c.bin', 'key/d.bin']);
  side.compile('e', content);
  assert.deepEqual(filesIn(folder), ['key', 'key/b.bin', 'key/d.bin', 'key/e.bin']);
  side.compile('huge', content.repeat(5));
  assert.deepEqual(filesIn(folder), ['key', 'key/b.bin', 'key/d.bin', 'key/e.bin']);
});

test('a cache that cannot be written changes nothing', () => {
  const folder = path.join(scratch, 'a file');
  fs.writeFileSync(folder, '');
  const side = stand(folder);
  assert.equal(side.compile('graph', 'a program'), 'a program');
  assert.deepEqual(fs.readdirSync(side.desk), []);
});

/** Trains a little in a process of its own; prints the losses' bits, how it ran, and how long XLA took. */
const TRAIN = `const { ready, compile, tf } = require('bnlab');
(async () => {
  await ready();
  const w = tf.variable(tf.ones([8, 3]));
  const optimizer = tf.train.sgd(0.1);
  const x = tf.tensor2d(Float32Array.from({ length: 160 }, (_, i) => Math.sin(i)), [20, 8]);
  const step = compile(({ x }) => ({ loss: optimizer.minimize(() => tf.mean(tf.square(tf.matMul(x, w).sub(1))), true) }));
  const { outputs } = await step.run({ data: { x }, batches: Int32Array.from({ length: 60 }, (_, i) => i % 20), batchSize: 5 });
  const bits = [...new Int32Array(outputs.loss.dataSync().slice().buffer)];
  console.log(JSON.stringify({ bits, loops: step.loops }));
})();`;
const READ = /XlaSerializedCacheEntry/;

async function train(cache: string, more: Record<string, string> = {}) {
  const { stdout, stderr } = await runScript(TRAIN, { BNLAB_ENGINE: 'native', BNLAB_CACHE: cache, ...more });
  return { ...(JSON.parse(stdout) as { bits: number[]; loops: string[] }), stderr };
}
const keptIn = (cache: string) => filesIn(cache).filter((name) => name.endsWith('.bin'));

test('the second process takes what the first compiled: the same bits, in silence', async () => {
  const cache = fs.mkdtempSync(path.join(scratch, 'cache of a user-'));
  const loud = { TF_CPP_MIN_LOG_LEVEL: '0' };
  const first = await train(cache, loud);
  assert.doesNotMatch(first.stderr, READ);
  const kept = keptIn(cache);
  assert.equal(kept.length, 1);
  const second = await train(cache, loud);
  assert.match(second.stderr, READ, 'TensorFlow says so of a program that it reads');
  const third = await train(cache);
  assert.equal(third.stderr, '');
  for (const { bits, loops } of [second, third]) assert.deepEqual([bits, loops], [first.bits, first.loops]);
  assert.deepEqual(keptIn(cache), kept);
  assert.deepEqual(first.loops, ['xla']);

  // whole, but nothing that TensorFlow takes
  const file = path.join(cache, kept[0]);
  const content = fs.readFileSync(file);
  const start = content.indexOf('\n') + 1;
  const body = Buffer.concat([content.subarray(64, start), Buffer.from(content.subarray(start)).fill(7, 0, 200)]);
  fs.writeFileSync(file, Buffer.concat([Buffer.from(sha256(body)), body]));
  const mended = await train(cache);
  assert.deepEqual([mended.bits, mended.loops], [first.bits, first.loops]);
  assert.deepEqual(keptIn(cache), kept);
  assert.match((await train(cache, loud)).stderr, READ);
});

test('two processes at once, other settings, and a folder of the reader for TensorFlow', async () => {
  const cache = fs.mkdtempSync(path.join(scratch, 'cache-'));
  const [one, two] = await Promise.all([train(cache), train(cache)]);
  assert.deepEqual(one.bits, two.bits);
  assert.equal(keptIn(cache).length, 1);
  await train(cache, { XLA_FLAGS: '--xla_cpu_prefer_vector_width=128' });
  assert.equal(new Set(keptIn(cache).map(path.dirname)).size, 2, 'code for other settings is other code');

  const own = path.join(scratch, 'own');
  const empty = fs.mkdtempSync(path.join(scratch, 'cache-'));
  await train(empty, { TF_XLA_FLAGS: `--tf_xla_persistent_cache_directory=${own}` });
  assert.deepEqual(keptIn(empty), []);
  assert.ok(fs.readdirSync(own).length > 0);
  // what a process that has a store hands down to those that it starts
  const parents = path.join(os.tmpdir(), 'bnlab-xla-of-a-parent');
  await train(empty, { TF_XLA_FLAGS: `--tf_xla_persistent_cache_directory=${parents}` });
  assert.equal(keptIn(empty).length, 1);
  assert.ok(!fs.existsSync(parents));
});

test('a program that ended the process which took it is not tried again', async () => {
  const cache = fs.mkdtempSync(path.join(scratch, 'cache-'));
  const first = await train(cache);
  const [kept] = keptIn(cache);
  // a process that has ended with it on its desk
  const mark = `require('bnlab/dist/src/platform/node/write').ownMark()`;
  const { stdout } = spawnSync(process.execPath, ['-p', mark], { encoding: 'utf8' });
  // Among temporary files of its own: the next process to start, whosever it is, takes away what it finds.
  const temporary = fs.mkdtempSync(path.join(scratch, 'temporary-'));
  const desk = path.join(temporary, `bnlab-xla-${stdout.trim()}`);
  fs.mkdirSync(desk);
  fs.writeFileSync(path.join(desk, 'handed'), path.relative('xla', kept));
  const second = await train(cache, { TF_CPP_MIN_LOG_LEVEL: '0', TMPDIR: temporary });
  assert.doesNotMatch(second.stderr, READ, 'it was compiled again');
  assert.deepEqual(second.bits, first.bits);
  assert.ok(!fs.existsSync(desk));
  assert.deepEqual(keptIn(cache), [kept]);
});
