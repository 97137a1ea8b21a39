import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DataError, loadDataset } from 'bnlab';
import { dataCacheFolder, datasetText, IMAGE_PIXELS, obtainFiles } from 'bnlab/internal';
import { cacheFolder } from 'bnlab/dist/src/platform/node/cache';
import { given } from '../support/home';
import { FILES, LARGE, NAMES, temporaryFolder, writeManifest } from './fixture';

/** The real files, where this checkout has them. */
const REAL = [given.BNLAB_DATA, join(__dirname, '..', '..', '..', 'shared', 'data')].find(
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
  const path = join(folder, 'mnist', LARGE);
  const wanted = new RegExp(
    `wanted small MNIST's file of ${FILES[LARGE].length} bytes, sha256 .* or what it holds: 470416 bytes`,
  );
  const wrong: [bytes: Uint8Array, given: RegExp, advice: RegExp][] = [
    [
      Buffer.concat([FILES[LARGE].subarray(0, 5000)]),
      /5000 bytes, sha256 [0-9a-f]{64}: damaged, cut off/,
      /or unset it/,
    ],
    // An intact file of the reader's own, and not the one of this name.
    [
      FILES[NAMES[1]],
      /an IDX file of other contents, uint8 of shape \[600\]/,
      /It is whole.* read them with readDataset/,
    ],
    [gzipSync('<html><p>Please log in.'), /damaged, cut off, or no IDX file/, /or unset it/],
    [Buffer.from('\x80\x02}q\x00(U\x04data', 'latin1'), /a pickle/, /or unset it/],
  ];
  for (const [bytes, given, advice] of wrong) {
    fs.writeFileSync(path, bytes);
    for (const name of ['auto', 'mnist'] as const) {
      await fails(loadDataset(name, { environment }), 'checksum', wanted, given, advice, /The file is left as it is/);
    }
    assert.deepEqual(fs.readFileSync(path), Buffer.from(bytes));
  }
});

test('the same pictures in another form are the same data: decompressed, compressed anew, of another element type, named otherwise', async () => {
  const contents = gunzipSync(FILES[LARGE]);
  const values = contents.subarray(16);
  const ofType = (code: number, width: number, write: (view: DataView, at: number, value: number) => void) => {
    const bytes = new Uint8Array(16 + width * values.length);
    bytes.set(contents.subarray(0, 16));
    bytes[2] = code;
    values.forEach((value, i) => write(new DataView(bytes.buffer), 16 + width * i, value));
    return bytes;
  };
  const forms: Record<string, [name: string, bytes: Uint8Array]> = {
    decompressed: ['train-images-idx3-ubyte', contents],
    'decompressed, dotted': ['train-images.idx3-ubyte', contents],
    'compressed, dotted': ['train-images.idx3-ubyte.gz', FILES[LARGE]],
    'compressed anew': [LARGE, gzipSync(contents, { level: 1 })],
    'decompressed under the name of the compressed': [LARGE, contents],
    int16: [LARGE, gzipSync(ofType(0x0b, 2, (view, at, value) => view.setInt16(at, value)))],
    int32: ['train-images-idx3-ubyte', ofType(0x0c, 4, (view, at, value) => view.setInt32(at, value))],
    float32: [LARGE, ofType(0x0d, 4, (view, at, value) => view.setFloat32(at, value))],
    float64: [LARGE, ofType(0x0e, 8, (view, at, value) => view.setFloat64(at, value))],
  };
  const whole = await loadDataset('mnist', { environment: localFolder().environment });
  for (const [form, [name, bytes]] of Object.entries(forms)) {
    const { folder, environment } = localFolder();
    fs.rmSync(join(folder, 'mnist', LARGE));
    fs.writeFileSync(join(folder, 'mnist', name), bytes);
    const data = await loadDataset('mnist', { environment });
    assert.deepEqual(data, whole, form);
  }
  // One value more or less is other data.
  const { folder, environment } = localFolder();
  const other = ofType(0x0d, 4, (view, at, value) => view.setFloat32(at, at === 16 ? value + 0.5 : value));
  fs.writeFileSync(join(folder, 'mnist', LARGE), other);
  await fails(loadDataset('mnist', { environment }), 'checksum', /float32 of shape \[600, 28, 28\]/, /readDataset/);
});

test('a cache whose files were decompressed is used as it is', async () => {
  const cache = temporaryFolder();
  const folder = join(cache, 'bnlab', 'data', 'mnist');
  fs.mkdirSync(folder, { recursive: true });
  for (const name of NAMES) fs.writeFileSync(join(folder, name.replace('.gz', '')), gunzipSync(FILES[name]));
  const BNLAB_MANIFEST = writeManifest(temporaryFolder(), ['http://127.0.0.1:9/']);
  const data = await loadDataset('mnist', {
    environment: { XDG_CACHE_HOME: cache, BNLAB_MANIFEST, BNLAB_OFFLINE: '1' },
  });
  assert.equal(data.from, 'cache');
  assert.equal(data.train.n, 600);
});

test('a manifest without checksums of the contents is as good for the published files', async () => {
  const { environment } = localFolder();
  type Json = { datasets: Record<string, { files: Record<string, { contents?: unknown }> }> };
  const manifest = JSON.parse(fs.readFileSync(environment.BNLAB_MANIFEST, 'utf8')) as Json;
  for (const { files } of Object.values(manifest.datasets))
    for (const file of Object.values(files)) delete file.contents;
  fs.writeFileSync(environment.BNLAB_MANIFEST, JSON.stringify(manifest));
  assert.equal((await loadDataset('mnist', { environment })).train.n, 600);
});

test('the manifest has the checksums of the contents of the real files', { skip }, () => {
  type Files = Record<string, { name: string; contents: { bytes: number; sha256: string } }>;
  const manifest = JSON.parse(fs.readFileSync(join(__dirname, '../../data/manifest.json'), 'utf8')) as {
    datasets: Record<string, { files: Files }>;
  };
  for (const [set, { files }] of Object.entries(manifest.datasets)) {
    for (const { name, contents } of Object.values(files)) {
      const bytes = gunzipSync(fs.readFileSync(join(REAL!, set, name)));
      assert.deepEqual({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }, contents);
    }
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
  type File = { sha256: string; contents: { sha256: string } };
  type Json = { datasets: { mnist: { mirrors: string[]; files: { trainImages: File } } } };
  const sound = JSON.parse(fs.readFileSync(path, 'utf8')) as Json;
  const changes: [change: (manifest: Json) => void, words: RegExp][] = [
    [({ datasets }) => delete (datasets as Partial<typeof datasets>).mnist, /has no datasets.mnist/],
    [({ datasets }) => (datasets.mnist.mirrors = ['http://somewhere/mnist']), /mirrors must be .* end in a slash/],
    [({ datasets }) => (datasets.mnist.files.trainImages.sha256 = 'abc'), /mnist.files.trainImages needs/],
    [({ datasets }) => (datasets.mnist.files.trainImages.contents.sha256 = 'abc'), /mnist.files.trainImages needs/],
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

test('options that are misspelt or of another kind are refused, and nothing is read', async () => {
  const refused = (name: unknown, options: unknown, ...words: RegExp[]) =>
    fails(loadDataset(name as 'digits', options as object), 'argument', ...words);
  await refused('digits', { digts: { train: 10 } }, /^loadDataset: no option 'digts'\. Did you mean 'digits'\?/);
  await refused(
    'digits',
    { digits: { trian: 10 } },
    /^loadDataset: digits: no option 'trian'\. Did you mean 'train'\?/,
  );
  await refused('digits', { digits: { train: 3n } }, /digits: train must be a whole number from 1 to \d+, got 3/);
  await refused('digits', { digits: 10 }, /digits must be an object of options, got 10/);
  await refused('mnist', { enviroment: {} }, /Did you mean 'environment'\?/);
  await refused('mnist', { environment: { BNLAB_DATA: 5 } }, /environment\.BNLAB_DATA must be a string, got 5/);
  await refused(
    'mnist',
    { environment: 'x' },
    /environment must be environment variables, such as process\.env, got 'x'/,
  );
  await refused('mnist', { onProgress: 'x' }, /onProgress must be a function, got 'x'/);
  await refused('mnist', { signal: {} }, /signal must be an AbortSignal/);
  await refused('mnist', { answerMs: '5' }, /answerMs must be a finite number above 0, got '5'/);
  for (const none of [null, 5, [], 'mnist']) await refused('mnist', none, /loadDataset: the options must be an object/);
  await refused(null, {}, /No data set null; wanted 'mnist'/);
  const { environment } = localFolder();
  await fails(
    obtainFiles('fashoin' as 'mnist', { environment }),
    'argument',
    /name must be one of mnist, fashion, got 'fashoin'/,
  );
  await fails(
    obtainFiles('mnist', { environment, unlessSilnt: true } as object),
    'argument',
    /^obtainFiles: no option 'unlessSilnt'\. Did you mean 'unlessSilent'\?/,
  );
  const wrong = { code: 'argument', message: /dataCacheFolder: environment\.BNLAB_CACHE must be a string, got 5/ };
  assert.throws(() => dataCacheFolder({ BNLAB_CACHE: 5 } as never), wrong);
  assert.throws(() => datasetText(undefined as never), {
    code: 'argument',
    message: /datasetText: dataset must be a data set/,
  });
});

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
