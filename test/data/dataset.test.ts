import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { dataCacheFolder, DataError, datasetText, IMAGE_PIXELS, loadDataset } from 'bnlab';
import { cacheFolder } from 'bnlab/dist/cli/bootstrap/layout';
import { FILES, LARGE, NAMES, temporaryFolder, writeManifest } from './fixture';

/** The real files, where this checkout has them. */
const REAL = [process.env.BNLAB_DATA, join(__dirname, '..', '..', '..', 'shared', 'data')].find(
  (folder) => folder && fs.existsSync(folder),
);
const skip = REAL ? false : 'needs the real files: set BNLAB_DATA to a folder that holds mnist/ and fashion/';

test('MNIST is MNIST', { skip }, async () => {
  const data = await loadDataset('auto', { environment: { BNLAB_DATA: REAL } });
  assert.equal(data.name, 'mnist');
  assert.equal(data.title, 'MNIST');
  assert.equal(data.from, 'BNLAB_DATA');
  assert.equal(data.note, undefined);
  assert.deepEqual([data.train.n, data.test.n], [60000, 10000]);
  // The well-known beginnings of the two label files.
  assert.deepEqual([...data.train.labels.subarray(0, 10)], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  assert.deepEqual([...data.test.labels.subarray(0, 10)], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  // The mean and standard deviation of its pixels that everybody uses: 0.1307 and 0.3081.
  const { images } = data.train;
  const mean = images.reduce((sum, grey) => sum + grey, 0) / images.length / 255;
  const square = images.reduce((sum, grey) => sum + grey * grey, 0) / images.length / 255 ** 2;
  assert.equal(mean.toFixed(4), '0.1307');
  assert.equal(Math.sqrt(square - mean * mean).toFixed(4), '0.3081');
  assert.match(datasetText(data), /^MNIST: 60,000 training and 10,000 test pictures, sha256 [0-9a-f]{12}$/);
});

test('Fashion-MNIST is Fashion-MNIST', { skip }, async () => {
  const data = await loadDataset('fashion', { environment: { BNLAB_DATA: REAL } });
  assert.equal(data.title, 'Fashion-MNIST');
  assert.deepEqual([...data.train.labels.subarray(0, 4)], [9, 0, 0, 3]);
  assert.equal(data.classes[data.test.labels[0]], 'Ankle boot');
  for (const set of [data.train, data.test]) {
    const counts = new Array<number>(10).fill(0);
    set.labels.forEach((label) => counts[label]++);
    assert.deepEqual(counts, new Array(10).fill(set.n / 10));
  }
});

/** A folder as BNLAB_DATA should be, with the small set under mnist/. */
function localFolder() {
  const folder = temporaryFolder();
  fs.mkdirSync(join(folder, 'mnist'));
  for (const name of NAMES) fs.writeFileSync(join(folder, 'mnist', name), FILES[name]);
  const BNLAB_MANIFEST = writeManifest(temporaryFolder(), ['http://127.0.0.1:9/']);
  return { folder, environment: { BNLAB_DATA: folder, BNLAB_MANIFEST } };
}

const fails = (promise: Promise<unknown>, code: string, ...words: RegExp[]) =>
  assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof DataError, String(error));
    assert.equal(error.code, code);
    for (const word of words) assert.match(error.message, word);
    return true;
  });

test('a local folder is read, and a call with the same settings gives the same object', async () => {
  const { environment } = localFolder();
  const data = await loadDataset('mnist', { environment });
  assert.deepEqual([data.train.n, data.test.n, data.classCount], [600, 100, 10]);
  assert.equal(data.train.images.length, 600 * IMAGE_PIXELS);
  assert.equal(await loadDataset('mnist', { environment }), data);
});

test('a wrong local folder is an error, also under auto, and names what is missing', async () => {
  const { folder, environment } = localFolder();
  await fails(loadDataset('fashion', { environment }), 'folder', /has no fashion\/train-images/, /must hold mnist\//);
  for (const name of ['auto', 'mnist'] as const) {
    const missing = { ...environment, BNLAB_DATA: join(folder, 'nowhere') };
    await fails(loadDataset(name, { environment: missing }), 'folder', /no such folder/, /or be unset/);
    const inside = { ...environment, BNLAB_DATA: join(folder, 'mnist') };
    await fails(loadDataset(name, { environment: inside }), 'folder', /has no mnist\/train-images/);
    const file = { ...environment, BNLAB_DATA: join(folder, 'mnist', LARGE) };
    await fails(loadDataset(name, { environment: file }), 'folder', /no such folder/);
  }
  fs.appendFileSync(join(folder, 'mnist', LARGE), 'x');
  for (const name of ['auto', 'mnist'] as const) {
    const wanted = `wanted ${FILES[LARGE].length} bytes, sha256`;
    await fails(loadDataset(name, { environment }), 'checksum', new RegExp(wanted), /replace it, or unset BNLAB_DATA/);
  }
});

test('a failed load is tried again', async () => {
  const { folder, environment } = localFolder();
  fs.renameSync(join(folder, 'mnist'), join(folder, 'elsewhere'));
  await fails(loadDataset('mnist', { environment }), 'folder');
  fs.renameSync(join(folder, 'elsewhere'), join(folder, 'mnist'));
  assert.equal((await loadDataset('mnist', { environment })).train.n, 600);
});

test('a wrong manifest says which file and what is wrong with it', async () => {
  const path = writeManifest(temporaryFolder(), ['http://127.0.0.1:9/']);
  const environment = { BNLAB_MANIFEST: path };
  type Json = { datasets: { mnist: { mirrors: string[]; files: { trainImages: { sha256: string } } } } };
  const sound = JSON.parse(fs.readFileSync(path, 'utf8')) as Json;
  const changes: [change: (manifest: Json) => void, words: RegExp][] = [
    [({ datasets }) => delete (datasets as Partial<typeof datasets>).mnist, /has no datasets.mnist/],
    [({ datasets }) => (datasets.mnist.mirrors = ['http://somewhere/mnist']), /mirrors must be .* end in a slash/],
    [({ datasets }) => (datasets.mnist.files.trainImages.sha256 = 'abc'), /mnist.files.trainImages needs/],
  ];
  for (const [change, words] of changes) {
    const wrong = structuredClone(sound);
    change(wrong);
    fs.writeFileSync(path, JSON.stringify(wrong));
    await fails(loadDataset('mnist', { environment }), 'manifest', words, /unset BNLAB_MANIFEST/);
  }
  fs.writeFileSync(path, '{');
  await fails(loadDataset('mnist', { environment }), 'manifest', /JSON/);
  fs.rmSync(path);
  await fails(loadDataset('mnist', { environment }), 'manifest', /ENOENT/);
});

test('an unknown name lists the known ones', () =>
  fails(loadDataset('cifar' as 'mnist'), 'argument', /'cifar'; wanted 'mnist', 'fashion', 'digits' or 'auto'/));

test('BNLAB_DATASET decides what auto is, and nothing else', async () => {
  const { environment } = localFolder();
  const digits = { train: 10, test: 10 };
  const drawn = { ...environment, BNLAB_DATASET: 'digits' };
  assert.equal((await loadDataset('auto', { environment: drawn, digits })).name, 'digits');
  assert.equal((await loadDataset('mnist', { environment: drawn })).name, 'mnist');
  const wrong = { ...environment, BNLAB_DATASET: 'cifar' };
  await fails(loadDataset('auto', { environment: wrong }), 'argument', /BNLAB_DATASET: No data set 'cifar'/);
});

test('the cache is where the platform keeps caches, and a relative XDG_CACHE_HOME is ignored as its specification says', () => {
  const xdg = temporaryFolder();
  assert.equal(dataCacheFolder({ XDG_CACHE_HOME: xdg }), join(xdg, 'bnlab', 'data'));
  const standard = dataCacheFolder({});
  assert.ok(standard.startsWith(homedir()));
  assert.equal(dataCacheFolder({ XDG_CACHE_HOME: 'relative' }), standard);
  // Set-up keeps its downloads beside the data, and has to work before this library is built: it names the folder itself.
  for (const environment of [{}, { XDG_CACHE_HOME: xdg }, { BNLAB_CACHE: xdg, XDG_CACHE_HOME: '/elsewhere' }]) {
    assert.equal(dataCacheFolder(environment), join(cacheFolder(environment), 'data'));
  }
});
