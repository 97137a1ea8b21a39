/** A reader's own data through the whole path: files, mini-batches, tensors, networks, evaluation, provenance. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import {
  cifarFiles,
  compare,
  convNet,
  type Dataset,
  emnistFiles,
  evaluate,
  ignoredJacobian,
  imageShape,
  mlp,
  Random,
  readDataset,
  ready,
  subset,
  toTensors,
  trainNetwork,
} from 'bnlab';
import { sizeOf, stratifiedBatchIndices } from 'bnlab/internal';
import { idxBytes, temporaryFolder } from './fixture';

/** 40 + 20 pictures of CIFAR's kind, each class of one colour of its own. */
async function colours(): Promise<Dataset> {
  const folder = temporaryFolder();
  const random = new Random(1, 'colours');
  const file = (n: number) =>
    Buffer.concat(
      Array.from({ length: n }, (_, i) => {
        const label = i % 10;
        const level = (k: number) => (((label >> Math.floor(k / 1024)) & 1) * 150 + random.integer(100)) & 0xff;
        return Buffer.from([label, ...Array.from({ length: 3072 }, (_, k) => level(k))]);
      }),
    );
  for (let k = 1; k <= 5; k++) fs.writeFileSync(join(folder, `data_batch_${k}.bin`), file(20));
  fs.writeFileSync(join(folder, 'test_batch.bin'), file(30));
  return readDataset(cifarFiles(folder));
}

/** Pictures of EMNIST's kind: class k has a dot at place k. */
async function letters(): Promise<Dataset> {
  const folder = temporaryFolder();
  for (const [part, n] of Object.entries({ train: 260, test: 52 })) {
    const images = new Uint8Array(n * 784);
    const labels = Uint8Array.from({ length: n }, (_, i) => 1 + (i % 26));
    labels.forEach((label, i) => images.fill(250, i * 784 + 28 * (label - 1), i * 784 + 28 * label));
    fs.writeFileSync(join(folder, `emnist-letters-${part}-images-idx3-ubyte`), idxBytes([n, 28, 28], images));
    fs.writeFileSync(join(folder, `emnist-letters-${part}-labels-idx1-ubyte`), idxBytes([n], labels));
  }
  return readDataset(emnistFiles(folder, 'letters'));
}

test('pictures in colour: mini-batches, a convolutional network, evaluation, provenance', async () => {
  await ready();
  const data = await colours();
  const rows = stratifiedBatchIndices({ labels: data.train.labels, batchSize: 10, steps: 3, random: new Random(1) });
  assert.deepEqual(
    [...rows.subarray(0, 10)].map((row) => data.train.labels[row]).sort(),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  const few = subset(data.train, 20, new Random(2));
  assert.deepEqual([few.shape, few.classCount, sizeOf(few)], [[32, 32, 3], 10, 3072]);
  const { x, y } = toTensors(few);
  assert.deepEqual([x.shape, y.shape], [[20, 3072], [20, 10]]); // prettier-ignore
  x.dispose();
  y.dispose();

  const network = convNet({
    image: imageShape(data.train),
    filters: [4],
    hidden: 16,
    norm: 'batch',
    seed: 1,
  });
  const history = await trainNetwork({ network, data, steps: 4, batchSize: 20, learningRate: 0.05, seed: 1 });
  const { accuracy, n } = history.evaluations.at(-1)!.test as { accuracy: number; n: number };
  assert.equal(n, 30);
  const held = toTensors(data.test);
  assert.equal(evaluate({ network, ...held }).accuracy, accuracy);
  held.x.dispose();
  held.y.dispose();
  const described = history.provenance.data as Record<string, unknown>;
  const { title, shape, classes, train, checksum } = described;
  assert.deepEqual({ title, shape, classes, train, checksum }, {
    title: 'CIFAR-10', shape: [32, 32, 3], classes: 10, train: 100, checksum: data.checksum,
  }); // prettier-ignore
});

test('26 classes: networks of both kinds and a comparison learn them', async () => {
  await ready();
  const data = await letters();
  const sizes = [sizeOf(data.train), 32, data.classCount];
  const comparison = await compare({
    sides: [{ name: 'BN', build: (seed) => mlp({ sizes, activation: 'sigmoid', norm: 'batch', seed }) }],
    data, seeds: [1, 2], learningRates: [1], steps: 60, batchSize: 52, pixels: 'binary',
  }); // prettier-ignore
  for (const { history } of comparison.runs) {
    assert.equal((history.provenance.data as { classes: number }).classes, 26);
    assert.ok((history.evaluations.at(-1)!.test as { accuracy: number }).accuracy > 0.9);
  }
  const runs = await ignoredJacobian({
    data, norms: ['center'], learningRates: [0.1], seeds: [1], steps: 2, batchSize: 40, features: 4,
  }); // prettier-ignore
  assert.ok(runs.every(({ loss }) => loss.length === 2 && loss.every(Number.isFinite)));
});

test('a network that does not fit the data says both numbers', async () => {
  await ready();
  const data = await letters();
  const wrong = mlp({ sizes: [784, 8, 10], activation: 'relu', seed: 1 });
  await assert.rejects(
    trainNetwork({ network: wrong, data, steps: 1, batchSize: 10, learningRate: 0.1, seed: 1 }),
    /10.*26|26.*10/s,
  );
});
