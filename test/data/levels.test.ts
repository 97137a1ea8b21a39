/** Pictures stay bytes on the native engine's processor, and are the numbers that they were, bit for bit. */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { compile, engineCard, ready, tf, toTensors } from 'bnlab';
import { runScript } from '../support/engines';

const [N, PIXELS] = [6000, 784];
const images = Uint8Array.from({ length: N * PIXELS }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 255);
const examples = { images, labels: Uint8Array.from({ length: N }, (_, i) => i % 10), n: N };
const MEANINGS = {
  grey: (level: number) => level / 255,
  binary: (level: number) => +(level / 255 >= 0.5),
};

const bits = (values: tf.TypedArray) => new Int32Array(Float32Array.from(values).buffer);
const handles = () => (tf.backend() as unknown as { binding: { getNumOfTensors(): number } }).binding.getNumOfTensors();

before(async () => {
  await ready();
});

for (const pixels of ['grey', 'binary'] as const) {
  const wanted = Float32Array.from(images, MEANINGS[pixels]);

  test(`all 256 levels have the bits of value / 255, whoever asks (${pixels})`, async () => {
    const { x, y } = toTensors(examples, { pixels });
    assert.deepEqual(bits(tf.tidy(() => x.slice([100, 3], [50, 20]).dataSync())), bits(part(wanted)));
    const rows = [5, 5999, 0, 5];
    const few = tf.tidy(() => tf.gather(x, rows).dataSync());
    assert.deepEqual(bits(few), bits(Float32Array.from(rows.flatMap((row) => [...rowOf(wanted, row)]))));
    assert.throws(() => tf.gather(x, [N]), /6000/);
    for (const xla of [true, false]) {
      const step = compile(({ x }) => ({ x }), { xla });
      const batches = Int32Array.from({ length: N }, (_, i) => i);
      const { outputs } = await step.run({ data: { x }, batches, batchSize: 60 });
      assert.deepEqual(bits(outputs.x.dataSync()), bits(wanted), `in a loop: ${step.loops}`);
      outputs.x.dispose();
      step.dispose();
    }
    assert.deepEqual(bits(x.dataSync()), bits(wanted));
    assert.deepEqual(bits(tf.tidy(() => x.mul(1).dataSync())), bits(wanted), 'an operation on the whole');
    assert.deepEqual(bits(x.dataSync()), bits(wanted));
    tf.dispose([x, y]);
  });
}

test('a step may take such a tensor from outside, a variable may begin with it, and nothing is left behind', async () => {
  const native = engineCard().engine === 'native';
  const tensors = tf.memory().numTensors;
  const before = native ? handles() : 0;
  const { x, y } = toTensors(examples);
  const w = tf.variable(x);
  const step = compile(({ x: batch }) => {
    const first = tf.gather(x, [7]);
    w.assign(w.mul(2) as typeof w);
    return { sum: batch.add(first).sum() };
  });
  const { outputs } = await step.run({ data: { x }, batches: Int32Array.of(1, 2, 3), batchSize: 1 });
  const sum = (row: number) => [...rowOf(images, row)].reduce((a, b) => a + b / 255, 0);
  outputs.sum.dataSync().forEach((value, i) => assert.ok(Math.abs(value - sum(i + 1) - sum(7)) < 1e-2));
  const part = tf.tidy(() => w.slice([7, 0], [1, PIXELS]).dataSync());
  assert.deepEqual(bits(part), bits(Float32Array.from(rowOf(images, 7), (level) => (level / 255) * 8)));
  step.dispose();
  const copy = x.clone();
  x.dispose();
  assert.equal(copy.dataSync()[0], Math.fround(images[0] / 255), 'a clone outlives it');
  tf.dispose([copy, w, y, outputs.sum]);
  assert.equal(tf.memory().numTensors, tensors);
  if (native) assert.equal(handles(), before);
});

test('of 60,000 pictures the device has one byte a pixel, and so it stays while they are trained on', async (t) => {
  if (engineCard().engine !== 'native') return t.skip('native only');
  const { stdout } = await runScript(
    `const { compile, ready, tf, toTensors } = require('bnlab');
    (async () => {
      await ready();
      const n = 60000;
      const images = new Uint8Array(n * 784).map((_, i) => i & 255);
      const few = { images: images.subarray(0, 784), labels: new Uint8Array(1), n: 1 };
      const train = async ({ x, y }, n) => {
        const step = compile(({ x }) => ({ mean: x.mean() }), { xla: false });
        const batches = Int32Array.from({ length: 60 * 50 }, (_, i) => (i * 997) % n);
        tf.dispose((await step.run({ data: { x }, batches, batchSize: 60 })).outputs);
        step.dispose();
        tf.slice(x, 0, 1).dispose();
        tf.dispose([y]);
        return x;
      };
      await train(toTensors(few), 1);
      const before = process.memoryUsage.rss();
      const x = await train(toTensors({ images, labels: new Uint8Array(n), n }), n);
      console.log((process.memoryUsage.rss() - before) / x.size);
    })();`,
    { BNLAB_ENGINE: 'native' },
  );
  assert.ok(Number(stdout) < 2, `${stdout} bytes a pixel`);
});

function part(values: Float32Array): Float32Array {
  const rows = Array.from({ length: 50 }, (_, i) => [...rowOf(values, 100 + i).subarray(3, 23)]);
  return Float32Array.from(rows.flat());
}

function rowOf<T extends Float32Array | Uint8Array>(values: T, row: number): T {
  return values.subarray(row * PIXELS, (row + 1) * PIXELS) as T;
}
