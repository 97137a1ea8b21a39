import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { batchIndices, DataError, type Examples, generateDigits, imageShape, Random, subset, toTensors } from 'bnlab';
import { examplesAt, IMAGE_PIXELS, oneClassBatchIndices, sizeOf, stratifiedBatchIndices } from 'bnlab/internal';

const wrongArgument = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof DataError, String(error));
  assert.equal(error.code, 'argument');
  assert.match(error.message, message);
  return true;
};

const counts = (values: Iterable<number>) => {
  const count = new Map<number, number>();
  for (const value of values) count.set(value, (count.get(value) ?? 0) + 1);
  return count;
};

const settings = fc.integer({ min: 1, max: 60 }).chain((n) =>
  fc.record({
    n: fc.constant(n),
    batch: fc.integer({ min: 1, max: n }),
    steps: fc.integer({ min: 1, max: 50 }),
    seed: fc.integer(),
  }),
);

test('batches are epochs of permutations, the remainder dropped', () => {
  fc.assert(
    fc.property(settings, ({ n, batch, steps, seed }) => {
      const rows = batchIndices({ n, batchSize: batch, steps, random: new Random(seed) });
      assert.equal(rows.length, steps * batch);
      const perEpoch = n - (n % batch);
      for (let start = 0; start < rows.length; start += perEpoch) {
        const epoch = rows.subarray(start, start + perEpoch);
        assert.equal(new Set(epoch).size, epoch.length, 'no example twice in an epoch');
      }
      assert.ok(rows.every((row) => row >= 0 && row < n));
      assert.deepEqual(
        rows,
        batchIndices({ n, batchSize: batch, steps, random: new Random(seed) }),
        'the seed repeats',
      );
    }),
  );
});

test('with wrap, every example is seen equally often', () => {
  fc.assert(
    fc.property(settings, ({ n, batch, steps, seed }) => {
      const rows = batchIndices({ n, batchSize: batch, steps, random: new Random(seed), remainder: 'wrap' });
      const epochs = Math.floor(rows.length / n);
      const whole = counts(rows.subarray(0, epochs * n));
      for (let row = 0; row < n && epochs > 0; row++) assert.equal(whole.get(row), epochs);
      const rest = rows.subarray(epochs * n);
      assert.equal(new Set(rest).size, rest.length);
    }),
  );
});

test('no more orders are drawn than there are epochs, so that what follows on the same stream stays the same', () => {
  for (const [n, batch, steps, remainder, orders] of [
    [10, 5, 4, 'drop', 2],
    [10, 4, 4, 'drop', 2],
    [10, 4, 5, 'drop', 3],
    [10, 4, 5, 'wrap', 2],
  ] as const) {
    const [random, other] = [new Random(3), new Random(3)];
    batchIndices({ n, batchSize: batch, steps, random, remainder });
    for (let k = 0; k < orders; k++) other.permutation(n);
    assert.equal(random.bits(), other.bits(), `${steps} batches of ${batch}, ${remainder}`);
  }
});

test('epochs differ from each other, and with the seed', () => {
  const rows = batchIndices({ n: 1000, batchSize: 100, steps: 20, random: new Random(1) });
  assert.notDeepEqual(rows.subarray(0, 1000), rows.subarray(1000));
  assert.notDeepEqual(rows, batchIndices({ n: 1000, batchSize: 100, steps: 20, random: new Random(2) }));
});

const labelled = fc.record({
  labels: fc.uint8Array({ minLength: 1, maxLength: 80, max: 9 }),
  batch: fc.integer({ min: 1, max: 40 }),
  steps: fc.integer({ min: 1, max: 12 }),
  seed: fc.integer(),
});

test('stratified batches hold each class equally often, give or take one', () => {
  fc.assert(
    fc.property(labelled, ({ labels, batch, steps, seed }) => {
      const rows = stratifiedBatchIndices({ labels, batchSize: batch, steps, random: new Random(seed) });
      assert.equal(rows.length, steps * batch);
      const classes = new Set(labels);
      for (let step = 0; step < steps; step++) {
        const count = counts(Array.from(rows.subarray(step * batch, (step + 1) * batch), (row) => labels[row]));
        const each = [...classes].map((label) => count.get(label) ?? 0);
        assert.ok(Math.max(...each) - Math.min(...each) <= 1, each.join(' '));
      }
    }),
  );
});

test('within a class, no row comes again before the others came', () => {
  fc.assert(
    fc.property(labelled, ({ labels, batch, steps, seed }) => {
      for (const deal of [stratifiedBatchIndices, oneClassBatchIndices]) {
        const count = counts(deal({ labels, batchSize: batch, steps, random: new Random(seed) }));
        for (const label of new Set(labels)) {
          const mine = [...labels.keys()].filter((row) => labels[row] === label).map((row) => count.get(row) ?? 0);
          assert.ok(Math.max(...mine) - Math.min(...mine) <= 1, `class ${label}: ${mine.join(' ')}`);
        }
      }
    }),
  );
});

test('stratified batches: which classes get one more than the others changes, and so does the order inside', () => {
  const labels = Uint8Array.from({ length: 100 }, (_, i) => i % 10);
  const extras = new Set<number>();
  const rows = stratifiedBatchIndices({ labels, batchSize: 11, steps: 60, random: new Random(1) });
  for (let step = 0; step < 60; step++) {
    const count = counts(Array.from(rows.subarray(step * 11, (step + 1) * 11), (row) => labels[row]));
    for (const [label, times] of count) if (times > 1) extras.add(label);
  }
  assert.equal(extras.size, 10);
  const twice = stratifiedBatchIndices({ labels, batchSize: 20, steps: 5, random: new Random(1) });
  const periodic = Array.from({ length: 100 }, (_, i) => i).filter(
    (i) => i % 20 < 10 && labels[twice[i]] === labels[twice[i + 10]],
  );
  assert.ok(periodic.length < 25, `${periodic.length} of 50 classes ten places after themselves`);

  const [random, other] = [new Random(4), new Random(4)];
  stratifiedBatchIndices({ labels, batchSize: 20, steps: 2, random });
  for (const n of [10, 20, 10, 20]) other.permutation(n);
  assert.equal(random.bits(), other.bits(), 'no more orders are drawn than there are batches');
});

test('the classes come in the same order wherever their rows lie', () => {
  const sorted = Uint8Array.from({ length: 30 }, (_, i) => Math.floor(i / 10));
  const classes = (labels: Uint8Array) =>
    Array.from(oneClassBatchIndices({ labels, batchSize: 2, steps: 12, random: new Random(3) }), (row) => labels[row]);
  assert.deepEqual(classes(sorted.slice().reverse()), classes(sorted));
});

test('one-class batches hold one class, and every class has its turn in each round', () => {
  fc.assert(
    fc.property(labelled, ({ labels, batch, steps, seed }) => {
      const rows = oneClassBatchIndices({ labels, batchSize: batch, steps, random: new Random(seed) });
      const turns = Array.from({ length: steps }, (_, step) => {
        const classes = new Set(Array.from(rows.subarray(step * batch, (step + 1) * batch), (row) => labels[row]));
        assert.equal(classes.size, 1);
        return [...classes][0];
      });
      const round = new Set(labels).size;
      for (let start = 0; start < turns.length; start += round) {
        const these = turns.slice(start, start + round);
        assert.equal(new Set(these).size, these.length);
      }
    }),
  );
});

const small = generateDigits({ train: 200, test: 1, seed: 5 }).train;
const picture = ({ images }: Examples, row: number) => images.subarray(row * IMAGE_PIXELS, (row + 1) * IMAGE_PIXELS);

test('a subset is balanced, of different examples, with their own labels', () => {
  const rowOf = new Map(Array.from({ length: small.n }, (_, row) => [picture(small, row).join(), row]));
  assert.equal(rowOf.size, small.n, 'the pictures differ');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: small.n }), fc.integer(), (n, seed) => {
      const some = subset(small, n, new Random(seed));
      assert.equal(some.n, n);
      const rows = Array.from({ length: n }, (_, i) => rowOf.get(picture(some, i).join())!);
      assert.equal(new Set(rows).size, n);
      rows.forEach((row, i) => assert.equal(some.labels[i], small.labels[row]));
      const count = counts(some.labels);
      const each = Array.from({ length: 10 }, (_, label) => count.get(label) ?? 0);
      assert.ok(Math.max(...each) - Math.min(...each) <= 1);
    }),
    { numRuns: 30 },
  );
});

test('the classes that get one more than the others are drawn, not always the first', () => {
  const extras = new Map<number, number>();
  for (let seed = 0; seed < 60; seed++) {
    for (const label of subset(small, 2, new Random(seed)).labels) extras.set(label, (extras.get(label) ?? 0) + 1);
  }
  assert.deepEqual([...extras.keys()].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(subset(small, 1, new Random(1)).n, 1);
});

test('examples of other sizes and classes, and floating-point ones, keep what they are', () => {
  const shape = [2, 1, 3];
  const images = Float32Array.from({ length: 18 }, (_, i) => i / 8 - 1);
  const three = { images, labels: Int32Array.of(299, 0, 26), n: 3, shape, classCount: 300 };
  const some = examplesAt(three, [2, 2, 0]);
  assert.deepEqual(some, {
    images: Float32Array.of(...images.slice(12), ...images.slice(12), ...images.slice(0, 6)),
    labels: Int32Array.of(26, 26, 299), n: 3, shape, classCount: 300,
  }); // prettier-ignore
  const { x, y } = toTensors(three, { limit: 2 });
  assert.deepEqual([x.shape, y.shape], [[2, 6], [2, 300]]); // prettier-ignore
  assert.deepEqual(x.dataSync(), images.slice(0, 12), 'as they are');
  assert.deepEqual([...y.dataSync().keys()].filter((i) => y.dataSync()[i] === 1), [299, 300]); // prettier-ignore
  x.dispose();
  y.dispose();
  assert.throws(
    () => toTensors(three, { pixels: 'binary' }),
    wrongArgument(/'binary' with the value -1 at position 0/),
  );
  const above = { ...three, images: new Float32Array(18).fill(1.5, 4) };
  assert.throws(() => toTensors(above, { pixels: 'binary' }), wrongArgument(/the value 1\.5 at position 4; .* 0 to 1/));
  const shares = { ...three, images: Float32Array.from({ length: 18 }, (_, i) => Math.max(0, 1 - i / 16)) };
  const binary = toTensors(shares, { pixels: 'binary' });
  const ink = Array.from({ length: 18 }, (_, i) => +(i <= 8));
  assert.deepEqual([...binary.x.dataSync()], ink, 'half is ink');
  binary.x.dispose();
  binary.y.dispose();
});

test("the shape of a picture and the size of an example, MNIST's unless they say another", () => {
  assert.deepEqual([imageShape({}), sizeOf({})], [[28, 28, 1], 784]); // prettier-ignore
  assert.deepEqual([imageShape({ shape: [4, 5, 3] }), sizeOf({ shape: [4, 5, 3] })], [[4, 5, 3], 60]); // prettier-ignore
  assert.equal(sizeOf({ shape: [7] }), 7);
  assert.throws(() => imageShape({ shape: [7] }), wrongArgument(/shape \[7\]; wanted pictures/));
});

test('labels that are no class, and pictures of another size, do not run into the next row', () => {
  const two = { images: new Uint8Array(2 * IMAGE_PIXELS), labels: Uint8Array.of(3, 10), n: 2 };
  const uses: [string, (examples: Examples) => unknown][] = [
    ['toTensors', toTensors],
    ['examplesAt', (examples) => examplesAt(examples, [0])],
    ['subset', (examples) => subset(examples, 1, new Random(1))],
  ];
  for (const [name, use] of uses) {
    const refused = (change: object, words: RegExp) =>
      assert.throws(() => use({ ...two, ...change }), wrongArgument(new RegExp(`^${name}: .*${words.source}`)));
    refused({}, /label 10 at position 1; wanted 0 to 9\. .*classCount/);
    const labels = Uint8Array.of(3, 9);
    refused(
      { labels, images: new Uint8Array(2 * 1024) },
      /2048 values for 2 pictures \(1024 each\); wanted 2 \* 784 .*shape/,
    );
    refused({ labels, shape: [32, 32, 1] }, /1568 values .*; wanted 2 \* 1024 for shape \[32, 32, 1\]/);
    refused({ labels: Uint8Array.of(3) }, /1 labels for 2 pictures/);
    refused({ labels, shape: [] }, /shape \[\]; wanted whole numbers/);
    refused({ labels, shape: [28, 0] }, /shape \[28, 0\]; wanted whole numbers/);
    refused({ labels, n: 1.5 }, /n: 1\.5/);
    refused({ labels, shape: [28, 28, 0.5] }, /shape \[28, 28, 0\.5\]; wanted whole numbers/);
    refused({ labels, classCount: 0 }, /classCount is 0/);
    refused({ labels, images: new Uint8ClampedArray(1568) }, /images: Uint8ClampedArray/);
    refused({ labels: Float32Array.of(1, 2) }, /labels: Float32Array/);
    refused({ labels: Int32Array.of(1, -1) }, /label -1 at position 1/);
    refused({ labels: Int32Array.of(10, 1) }, /label 10 at position 0/);
    refused({ labels: Uint8Array.of(0, 1), classCount: 1 }, /label 1 at position 1; wanted 0 to 0/);
    assert.throws(() => use(undefined as unknown as Examples), wrongArgument(/images: Undefined/));
  }
});

test('a subset that cannot be balanced says which class is short', () => {
  const unbalanced = examplesAt(
    small,
    [...small.labels.keys()].filter((row) => row < 100 || small.labels[row] !== 3),
  );
  assert.throws(() => subset(unbalanced, 150, new Random(1)), wrongArgument(/10 examples of class 3; wanted 15/));
});

test('tensors: scale, threshold, one-hot, limit', () => {
  const images = new Uint8Array(2 * IMAGE_PIXELS);
  images.set([51, 127, 128, 255, 0]);
  const two = { images, labels: Uint8Array.of(9, 0), n: 2 };
  const grey = toTensors(two);
  assert.deepEqual(grey.x.shape, [2, 784]);
  assert.deepEqual([...grey.x.dataSync().slice(0, 5)], [51 / 255, 127 / 255, 128 / 255, 1, 0].map(Math.fround));
  assert.deepEqual([...grey.y.dataSync()], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  const binary = toTensors(two, { pixels: 'binary', limit: 1 });
  assert.deepEqual(binary.x.shape, [1, 784]);
  assert.deepEqual(binary.y.shape, [1, 10]);
  assert.deepEqual([...binary.x.dataSync().slice(0, 5)], [0, 0, 1, 1, 0]);
  for (const { x, y } of [grey, binary]) {
    assert.equal(x.dtype, 'float32');
    x.dispose();
    y.dispose();
  }
});

test('wrong arguments are named with what was wanted', () => {
  const random = new Random(1);
  const labels = Uint8Array.of(1, 2);
  assert.throws(
    () => batchIndices({ n: 5, batchSize: 6, steps: 1, random }),
    wrongArgument(/batchSize is 6; .* from 1 to 5/),
  );
  assert.throws(() => batchIndices({ n: 5, batchSize: 2.5, steps: 1, random }), wrongArgument(/batchSize is 2.5/));
  assert.throws(() => batchIndices({ n: 5, batchSize: 5, steps: NaN, random }), wrongArgument(/steps is NaN/));
  assert.throws(
    () => stratifiedBatchIndices({ labels, batchSize: 0, steps: 1, random }),
    wrongArgument(/batchSize is 0/),
  );
  const none = new Uint8Array(0);
  assert.throws(
    () => oneClassBatchIndices({ labels: none, batchSize: 1, steps: 1, random }),
    wrongArgument(/no labels/),
  );
  assert.throws(() => toTensors(small, { limit: 201 }), wrongArgument(/limit is 201; .* from 1 to 200/));
  assert.throws(
    () => toTensors(small, { pixels: 'gray' as 'grey' }),
    wrongArgument(/'gray'; wanted 'grey' or 'binary'/),
  );
  assert.throws(() => examplesAt(small, [0, 200]), wrongArgument(/row is 200/));
  assert.throws(() => subset(small, 201, random), wrongArgument(/n is 201/));
});
