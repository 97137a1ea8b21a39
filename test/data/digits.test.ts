import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { batchIndices, DataError, generateDigits, loadDataset, Random, ready, tf, toTensors } from 'bnlab';
import { IMAGE_PIXELS, IMAGE_SIDE } from 'bnlab/internal';

test('the first pictures are those whose results are known', () => {
  const { train, test: held } = generateDigits({ train: 60, test: 10 });
  const hash = createHash('sha256');
  for (const values of [train.images, train.labels, held.images, held.labels]) hash.update(values);
  assert.equal(hash.digest('hex'), '99a63f13997021cc861f7bb774b8329e3b8dbf009ec885335c3320505c12ea97');
});

test('the same seed draws the same pictures, and fewer are the first of more', () => {
  const many = generateDigits({ train: 120, test: 40 });
  const few = generateDigits({ train: 35, test: 7 });
  assert.deepEqual(few.train.images, many.train.images.subarray(0, 35 * IMAGE_PIXELS));
  assert.deepEqual(few.test.labels, many.test.labels.subarray(0, 7));
  const other = generateDigits({ train: 35, test: 7, seed: 2 });
  assert.notDeepEqual(other.train.images, few.train.images);
  assert.notDeepEqual(many.test.images.subarray(0, IMAGE_PIXELS), many.train.images.subarray(0, IMAGE_PIXELS));
});

test('the whole set is the one whose results are known, drawn in seconds, each class equally often', async () => {
  const before = process.cpuUsage();
  const data = await loadDataset('digits');
  const { user } = process.cpuUsage(before);
  assert.ok(user / 1e6 < 12, `${user / 1e6} s of processor time`);
  assert.equal(data.checksum, '82b1757307ab2dc640fe43caf5c30d445f8229bdc4fc1cb7777df61fed42a654');
  for (const { labels, n } of [data.train, data.test]) {
    const counts = new Array<number>(10).fill(0);
    labels.forEach((label) => counts[label]++);
    assert.deepEqual(counts, new Array(10).fill(n / 10));
  }
  assert.deepEqual([data.train.n, data.test.n], [60000, 10000]);
});

test('every picture has ink, as much as handwriting has, and all of it inside', () => {
  const { images, n } = generateDigits({ train: 3000, test: 1 }).train;
  let atTheEdge = 0;
  for (let i = 0; i < n; i++) {
    const picture = images.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS);
    const ink = picture.reduce((sum, grey) => sum + grey, 0) / 255 / IMAGE_PIXELS;
    // Among MNIST's 60,000 training pictures it runs from 0.025 to 0.398.
    assert.ok(ink > 0.02 && ink < 0.4, `picture ${i}: ${ink}`);
    const edge = picture.some((grey, at) => grey > 0 && [0, IMAGE_SIDE - 1].includes(at % IMAGE_SIDE));
    atTheEdge += +edge;
  }
  assert.ok(atTheEdge / n < 0.01, `${atTheEdge} of ${n} touch the edge`);
});

test('wrong counts are refused', () => {
  const wrong = (error: unknown) =>
    error instanceof DataError && /train must be a whole number from 1 to \d+, got 0/.test(error.message);
  assert.throws(() => generateDigits({ train: 0 }), wrong);
});

test('neither trivial nor hopeless: logistic regression is clearly below a small network', async () => {
  await ready();
  const data = generateDigits({ train: 20_000, test: 4_000 });
  const train = toTensors(data.train);
  const held = toTensors(data.test);
  const accuracy = (sizes: number[]) => {
    const random = new Random(1, sizes.join('-'));
    const weights = sizes.slice(1).map((outputs, k) => {
      const values = random.child(k).normals(sizes[k] * outputs, 0, 1 / Math.sqrt(sizes[k]));
      return tf.variable(tf.tensor2d(values, [sizes[k], outputs]));
    });
    const biases = sizes.slice(1).map((outputs) => tf.variable(tf.zeros([outputs])));
    const logits = (x: tf.Tensor2D) =>
      weights.reduce((h, w, k) => {
        const s = tf.add(tf.matMul(h, w), biases[k]) as tf.Tensor2D;
        return k < weights.length - 1 ? (tf.relu(s) as tf.Tensor2D) : s;
      }, x);
    const optimizer = tf.train.adam(0.002);
    const rows = batchIndices({ n: data.train.n, batchSize: 100, steps: 2_000, random: random.child('batches') });
    for (let at = 0; at < rows.length; at += 100) {
      tf.tidy(() => {
        const these = tf.tensor1d(rows.subarray(at, at + 100), 'int32');
        const x = tf.gather(train.x, these);
        const y = tf.gather(train.y, these);
        optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, logits(x)) as tf.Scalar);
      });
    }
    return tf.tidy(() => tf.mean(tf.equal(tf.argMax(logits(held.x), 1), tf.argMax(held.y, 1))).dataSync()[0]);
  };
  const linear = accuracy([IMAGE_PIXELS, 10]);
  const network = accuracy([IMAGE_PIXELS, 100, 10]);
  console.log(`logistic regression ${linear.toFixed(4)}, 784-100-10 ${network.toFixed(4)}`);
  assert.ok(linear > 0.75 && linear < 0.92, `logistic regression: ${linear}`);
  assert.ok(network > 0.95 && network < 0.99, `784-100-10: ${network}`);
  assert.ok(network - linear > 0.05, `${network} - ${linear}`);
});
