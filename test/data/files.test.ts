import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  cifarFiles,
  type DataArray,
  DataError,
  type DatasetFiles,
  emnistFiles,
  kmnistFiles,
  loadDataset,
  readDataset,
} from 'bnlab';
import { examplesFrom, imageGrid, readCifar, readIdx, readNpy, readNpz } from 'bnlab/internal';
import { ascii, contentsOf, firstBytes, foreign } from 'bnlab/dist/src/data/arrays';
import { pixelsOf } from 'bnlab/dist/src/data/examples';
import { given } from '../support/home';
import { FILES, idxBytes, NAMES, temporaryFolder, writeManifest } from './fixture';

interface Case {
  name: string;
  file: string;
  shape: number[];
  type: string;
  values: number[];
}
const FOLDER = join(__dirname, '../../data/golden/files');
const golden = JSON.parse(fs.readFileSync(join(FOLDER, 'arrays.json'), 'utf8')) as {
  generator: string;
  npy: Case[];
  idx: Case[];
  npz: { name: string; file: string; arrays: Record<string, Case> }[];
  refused: Record<string, string>;
  pickle: Record<string, string>;
};
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));

const isFailure =
  (code: string, ...words: RegExp[]) =>
  (error: unknown) => {
    assert.ok(error instanceof DataError, String(error));
    assert.equal(error.code, code);
    for (const word of words) assert.match(error.message, word);
    assert.doesNotMatch(error.message, /delete/i);
    return true;
  };

function assertHolds(array: DataArray, wanted: Case): void {
  assert.deepEqual(array.shape, wanted.shape, wanted.name);
  assert.equal(array.type, wanted.type, wanted.name);
  assert.equal(array.values.length, wanted.values.length, wanted.name);
  wanted.values.forEach((value, i) => assert.ok(Object.is(array.values[i], value), `${wanted.name}: element ${i}`));
}

test('the golden file is what its generator wrote', () => {
  const source = fs.readFileSync(join(FOLDER, 'generate.py'));
  assert.equal(
    createHash('sha256').update(source).digest('hex'),
    golden.generator,
    'run data/golden/files/generate.py',
  );
});

test('.npy: every element type, byte order, memory order, version and rank that NumPy writes is read to the bit', () => {
  assert.equal(golden.npy.length, 12 * 4 + 14 + 3);
  for (const wanted of golden.npy) {
    assertHolds(readNpy(bytesOf(wanted.file)), wanted);
    // Also from an odd place of a larger buffer, where elements are not aligned.
    const file = bytesOf(wanted.file);
    const larger = new Uint8Array(file.length + 9);
    larger.set(file, 3);
    assertHolds(readNpy(larger.subarray(3, 3 + file.length)), wanted);
  }
});

/** An .npy file of version 1 with this header. */
function npyFile(header: string, ...body: number[]): Uint8Array {
  const padded = header.padEnd(64 - 10 - 1, ' ') + '\n';
  return Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length, 0, ...Buffer.from(padded), ...body);
}

test('.npy: special values of half precision, and the header that Python 2 wrote', () => {
  const halves = npyFile("{'descr': '<f2', 'fortran_order': False, 'shape': (4,)}", 0, 0x7c, 0, 0xfc, 0, 0x7e, 1, 0);
  assert.deepEqual([...readNpy(halves).values], [Infinity, -Infinity, NaN, 2 ** -24]);
  const old = npyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (1L, 3L)}", 7, 8, 9);
  assert.deepEqual(readNpy(old), { shape: [1, 3], values: Uint8Array.of(7, 8, 9), type: 'uint8' });
});

test('.npy: what cannot be read is named, with what to do', () => {
  const refused = (name: string, ...words: RegExp[]) =>
    assert.throws(() => readNpy(bytesOf(golden.refused[name])), isFailure('format', ...words), name);
  refused('objects', /type '\|O' \(Python objects\)/, /astype/);
  refused('text', /type '<U2' \(text\)/);
  refused('complex numbers', /type '<c16' \(complex numbers\)/);
  refused('dates', /'<M8\[D\]' \(dates\)/);
  refused('fields', /records of several fields/, /Save each field by itself/);
  refused('f16', /type '<f16'/, /wanted one of bool, uint8, .*float64/);
  refused('beyond 2^53', /element 1 of int64 is beyond 2\^53/);
  const whole = bytesOf(golden.npy[0].file);
  for (const length of [0, 5, 9, 11, 40, whole.length - 1]) {
    assert.throws(
      () => readNpy(whole.subarray(0, length)),
      isFailure('format', new RegExp(`${length < whole.length - 1 ? length : 23} bytes`)),
    );
  }
  assert.throws(
    () => readNpy(Uint8Array.of(...whole, 0)),
    isFailure('format', /25 bytes after the header \(too long\)/),
  );
  assert.throws(
    () => readNpy(Uint8Array.of(...whole.subarray(0, 6), 9, ...whole.subarray(7))),
    isFailure('format', /version 9\.0/),
  );
  for (const version of [0, 4]) {
    const other = Uint8Array.of(...whole.subarray(0, 6), version, ...whole.subarray(7));
    assert.throws(
      () => readNpy(other),
      isFailure('format', new RegExp(`version ${version}\\.0 of the format; wanted 1, 2 or 3`)),
    );
  }
  for (const [at, byte] of [
    [0, 0x92],
    [2, 0x56],
  ]) {
    const other = Uint8Array.from(whole);
    other[at] = byte;
    assert.throws(() => readNpy(other), isFailure('format', /wanted an \.npy file/));
  }
  const keys = ["'descr': '|u1'", "'fortran_order': False", "'shape': (1,)"];
  assert.deepEqual(readNpy(npyFile(`{${keys.join(', ')}}`, 5)).values, Uint8Array.of(5));
  for (const left of keys) {
    const header = `{${keys.filter((key) => key !== left).join(', ')}}`;
    assert.throws(
      () => readNpy(npyFile(header, 5)),
      isFailure('format', /wanted a dictionary of 'descr', 'fortran_order'/),
    );
  }
  const large = npyFile("{'descr': '<i8', 'fortran_order': False, 'shape': (1,)}", 0, 0, 0, 0, 0, 0, 0x20, 0);
  assert.throws(() => readNpy(large), isFailure('format', /element 0 of int64 is beyond 2\^53/));
  assert.throws(() => readNpy(gzipSync(whole)), isFailure('format', /gzip/, /Decompress/));
});

test('.npz: arrays by name, stored and compressed; a bit that fell over is noticed', () => {
  for (const { name, file, arrays } of golden.npz) {
    const bytes = bytesOf(file);
    const read = readNpz(bytes);
    assert.deepEqual(Object.keys(read), Object.keys(arrays));
    for (const key of Object.keys(arrays)) assertHolds(read[key], arrays[key]);
    assert.deepEqual(Object.keys(readNpz(bytes, name, 'y')), ['y']);
    assert.throws(() => readNpz(bytes, name, 'z'), isFailure('format', /no array 'z'; wanted one of x, y/));
    assert.throws(() => readNpz(bytes.subarray(0, bytes.length - 30), name), isFailure('format', /zip says/));
  }
  const wrong = bytesOf(golden.npz[0].file);
  // The last byte of the first array's values: stored, so nothing but the checksum can tell.
  const at = Buffer.from(wrong).indexOf('PK\x03\x04', 4, 'latin1') - 1;
  wrong[at] ^= 1;
  assert.throws(() => readNpz(wrong), isFailure('format', /checksum of x\.npy is another/));
  assert.throws(() => readNpz(Uint8Array.of(1, 2, 3)), isFailure('format', /zip says/, /numpy\.savez/));
  assert.throws(() => readNpz(Uint8Array.of(0x50, 0x4b, 3)), isFailure('format', /zip says/, /numpy\.savez/));
  assert.throws(() => readNpz(gzipSync(wrong)), isFailure('format', /gzip; wanted an \.npz file/, /Decompress/));
});

test('IDX: every element type, from one dimension to five, is read to the bit', () => {
  assert.equal(golden.idx.length, 6 * 5);
  for (const wanted of golden.idx) {
    const file = bytesOf(wanted.file);
    assertHolds(readIdx(file), wanted);
    const larger = new Uint8Array(file.length + 9);
    larger.set(file, 3);
    assertHolds(readIdx(larger.subarray(3, 3 + file.length)), wanted);
    const cut = file.subarray(0, file.length - 1);
    assert.throws(
      () => readIdx(cut),
      isFailure('format', new RegExp(`${cut.length} bytes \\(truncated\\); wanted ${file.length}`)),
    );
  }
});

test('what files are instead is told by their first bytes, and nothing else is taken for them', () => {
  const at = (offset: number, text: string) => {
    const bytes = new Uint8Array(offset + text.length);
    bytes.set(Buffer.from(text, 'latin1'), offset);
    return bytes;
  };
  const known: [bytes: Uint8Array, what: RegExp][] = [
    [Uint8Array.of(0x1f, 0x8b), /^gzip$/],
    ...[2, 3, 4, 5].map((protocol): [Uint8Array, RegExp] => [Uint8Array.of(0x80, protocol), /^a pickle/]),
    [at(257, 'ustar'), /^a tar archive$/],
    [at(0, 'MATLAB 5.0 MAT-file'), /^a MATLAB or HDF5 file$/],
    [at(0, '\x89HDF\r\n'), /^a MATLAB or HDF5 file$/],
    [at(0, 'PK\x03\x04'), /^a zip archive$/],
    [at(0, '\x93NUMPY'), /^an \.npy file/],
    [at(0, '\n <!DOCTYPE html>'), /^a page in HTML/],
    [at(0, '<html>'), /^a page in HTML/],
    [at(0, '<?xml version="1.0"?>'), /^a page in HTML or XML$/],
  ];
  for (const [bytes, what] of known) assert.match(foreign(bytes)!.what, what);
  const strangers = [
    Uint8Array.of(),
    ...[[0x1f, 0], [0x8b, 0x8b], [0x80, 1], [0x80, 6], [0x81, 2], [0x02, 0x80]].map((bytes) => Uint8Array.from(bytes)),
    ...[at(256, 'ustar '), at(258, 'ustar'), at(257, 'ustbr'), at(0, 'MATLAB 6.0'), at(1, 'MATLAB 5.0')],
    ...[at(0, 'xHDF'), at(0, 'PQ'), at(1, 'PK'), at(0, '\x92NUMPY'), at(0, '<svg>'), at(0, 'a<html>')],
  ]; // prettier-ignore
  for (const bytes of strangers) assert.equal(foreign(bytes), undefined, Buffer.from(bytes).toString('latin1'));
  assert.equal(firstBytes(Uint8Array.of(1, 0xab, 3, 4, 5)), '01 ab 03 04');
  assert.equal(ascii(Buffer.from('abcdef'), 2, 3), 'cde');
});

test('a file is decompressed where it is gzip, and only there', () => {
  assert.deepEqual(contentsOf(gzipSync('text'), 'file'), Buffer.from('text'));
  for (const bytes of [Uint8Array.of(0x1f, 1, 2), Uint8Array.of(1, 0x8b, 2), new Uint8Array(0)]) {
    assert.equal(contentsOf(bytes, 'file'), bytes);
  }
  const cut = gzipSync('text').subarray(0, 15);
  assert.throws(() => contentsOf(cut, 'file'), isFailure('format', /^file: 15 bytes of gzip that does not decompress/));
});

// ---- CIFAR ----

/** A file of the binary version, as its description says: label (coarse label first), then red, green and blue planes. */
function cifarBytes(
  labels: number[][],
  value: (record: number, channel: number, row: number, column: number) => number,
) {
  return Buffer.concat(
    labels.map((label, i) =>
      Buffer.from([
        ...label,
        ...Array.from({ length: 3072 }, (_, k) => value(i, Math.floor(k / 1024), Math.floor((k % 1024) / 32), k % 32)),
      ]),
    ),
  );
}
const colour = (record: number, channel: number, row: number, column: number) =>
  (record * 50 + channel * 80 + row * 3 + column) % 256;

test('CIFAR, binary version: labels, and the channels of a pixel side by side', () => {
  const files = [cifarBytes([[6], [9]], colour), cifarBytes([[0]], (_, ...at) => colour(2, ...at))];
  for (const given of [files, files.map((file) => gzipSync(file))]) {
    const read = readCifar(given);
    assert.deepEqual([read.n, [...read.labels], read.shape, read.classCount], [3, [6, 9, 0], [32, 32, 3], 10]);
    for (const [i, row, column] of [
      [0, 0, 0],
      [1, 31, 0],
      [1, 0, 31],
      [2, 17, 5],
    ]) {
      const at = ((i * 32 + row) * 32 + column) * 3;
      assert.deepEqual(
        [...read.images.subarray(at, at + 3)],
        [0, 1, 2].map((channel) => colour(i, channel, row, column)),
      );
    }
  }
  const hundred = readCifar(
    [
      cifarBytes(
        [
          [19, 99],
          [0, 1],
        ],
        colour,
      ),
    ],
    'cifar100',
  );
  assert.deepEqual([hundred.n, [...hundred.labels], hundred.classCount], [2, [99, 1], 100]);
  assert.equal(hundred.images[3], colour(0, 0, 0, 1));
});

test('CIFAR of another version says which one is wanted', async () => {
  const wanted = /binary version of CIFAR-10 \(cifar-10-binary\.tar\.gz: data_batch_1\.bin/;
  for (const text of Object.values(golden.pickle)) {
    assert.throws(() => readCifar([bytesOf(text)]), isFailure('format', /a pickle, Python's own format/, wanted));
  }
  const tar = new Uint8Array(512);
  tar.set(Buffer.from('ustar'), 257);
  assert.throws(() => readCifar([gzipSync(tar)]), isFailure('format', /a tar archive/, wanted, /Unpack it/));
  const matlab = Buffer.from('MATLAB 5.0 MAT-file, Platform: GLNXA64'.padEnd(200));
  assert.throws(() => readCifar([matlab]), isFailure('format', /MATLAB/, wanted));
  const whole = cifarBytes([[6], [9]], colour);
  assert.throws(
    () => readCifar([whole.subarray(1)]),
    isFailure('format', /6145 bytes; wanted a multiple of 3073/, wanted),
  );
  assert.throws(() => readCifar([whole, new Uint8Array(0)]), isFailure('format', /file 2: 0 bytes; wanted a multiple/));
  assert.throws(() => readCifar([whole], 'cifar100'), isFailure('format', /6146 bytes; wanted a multiple of 3074/));
  assert.throws(
    () => readCifar([cifarBytes([[6], [10]], colour)]),
    isFailure('format', /label 10 in record 1; wanted 0 to 9/),
  );
  assert.throws(
    () => readCifar([], 'cifar' as 'cifar10'),
    isFailure('argument', /kind must be one of cifar10, cifar100, got 'cifar'/),
  );

  assert.throws(() => readCifar([], 'toString' as 'cifar10'), isFailure('argument', /got 'toString'/));
  assert.throws(() => readCifar(new Uint8Array(3073) as never), isFailure('argument', /files must be an array, got a/));
  assert.throws(() => cifarFiles('x', 'cifar-100' as 'cifar100'), isFailure('argument', /got 'cifar-100'/));

  // The folder of the Python version, whose files have no ending.
  const folder = temporaryFolder();
  for (const name of ['data_batch_1', 'test_batch']) fs.writeFileSync(join(folder, name), bytesOf(golden.pickle[2]));
  await assert.rejects(
    readDataset(cifarFiles(folder)),
    isFailure(
      'folder',
      /data_batch_1\.bin: no such file/,
      /There is data_batch_1, which is a pickle/,
      /cifar-10-binary/,
    ),
  );
});

test('CIFAR-10 as a data set', async () => {
  const folder = temporaryFolder();
  for (let k = 1; k <= 5; k++) {
    fs.writeFileSync(
      join(folder, `data_batch_${k}.bin`),
      cifarBytes([[k], [9 - k]], (i, ...at) => colour(2 * k + i, ...at)),
    );
  }
  fs.writeFileSync(join(folder, 'test_batch.bin'), cifarBytes([[3]], colour));
  const data = await readDataset(cifarFiles(folder));
  assert.deepEqual([data.train.n, data.test.n, data.classCount, data.classes[6]], [10, 1, 10, 'frog']);
  assert.deepEqual([...data.train.labels], [1, 8, 2, 7, 3, 6, 4, 5, 5, 4]);
  assert.deepEqual([data.title, data.name, data.from], ['CIFAR-10', 'cifar-10', 'files']);
});

// ---- EMNIST, KMNIST ----

test('EMNIST: pictures are put upright, labels of letters count from 0, the classes have their names', async () => {
  const [n, side] = [4, 28];
  const upright = (i: number, row: number, column: number) => (i * 60 + row * 5 + column) % 256;
  const stored = Uint8Array.from({ length: n * side * side }, (_, k) =>
    upright(Math.floor(k / 784), k % side, Math.floor((k % 784) / side)),
  );
  const counts = { byclass: 62, bymerge: 47, balanced: 47, letters: 26, digits: 10, mnist: 10 };
  for (const [split, count] of Object.entries(counts) as [keyof typeof counts, number][]) {
    const first = split === 'letters' ? 1 : 0;
    const folder = temporaryFolder();
    for (const part of ['train', 'test']) {
      const labels = Uint8Array.of(first, first + 1, first + count - 1, first + 2);
      fs.writeFileSync(
        join(folder, `emnist-${split}-${part}-images-idx3-ubyte.gz`),
        gzipSync(idxBytes([n, side, side], stored)),
      );
      fs.writeFileSync(join(folder, `emnist-${split}-${part}-labels-idx1-ubyte`), idxBytes([n], labels));
    }
    const data = await readDataset(emnistFiles(folder, split));
    assert.deepEqual([data.classCount, data.classes.length], [count, count]);
    assert.deepEqual([...data.test.labels], [0, 1, count - 1, 2]);
    assert.equal(data.title, `EMNIST ${split}`);
    for (const [i, row, column] of [
      [0, 0, 27],
      [1, 27, 0],
      [3, 13, 20],
    ]) {
      assert.equal(data.train.images[(i * side + row) * side + column], upright(i, row, column));
    }
    const last = { byclass: 'z', bymerge: 't', balanced: 't', letters: 'Z', digits: '9', mnist: '9' }[split];
    assert.equal(data.classes.at(-1), last);
    // A label outside, such as the 0 that letters do not have, is no class.
    const wrong = first === 1 ? 0 : count;
    fs.writeFileSync(
      join(folder, `emnist-${split}-test-labels-idx1-ubyte`),
      idxBytes([n], Uint8Array.of(1, 2, 3, wrong)),
    );
    await assert.rejects(
      readDataset(emnistFiles(folder, split)),
      isFailure(
        'format',
        new RegExp(`label ${wrong} at position 3; wanted whole numbers ${first} to ${first + count - 1}`),
      ),
    );
  }
  assert.throws(
    () => emnistFiles('x', 'letter' as 'letters'),
    isFailure('argument', /split must be one of byclass, .*got 'letter'/),
  );
});

test('KMNIST bears the names of MNIST, and is not taken for it', async () => {
  const folder = temporaryFolder();
  for (const name of NAMES) fs.writeFileSync(join(folder, name), FILES[name]);
  const data = await readDataset(kmnistFiles(folder));
  assert.deepEqual([data.title, data.train.n, data.test.n, data.classes[0]], ['KMNIST', 600, 100, 'お']);
  const beside = temporaryFolder();
  fs.mkdirSync(join(beside, 'mnist'));
  const other = gzipSync(idxBytes([2, 28, 28], new Uint8Array(2 * 784).fill(9)));
  for (const name of NAMES) fs.writeFileSync(join(beside, 'mnist', name), other);
  const BNLAB_MANIFEST = writeManifest(temporaryFolder(), ['http://127.0.0.1:9/']);
  await assert.rejects(
    loadDataset('mnist', { environment: { BNLAB_DATA: beside, BNLAB_MANIFEST } }),
    isFailure('checksum', /uint8 of shape \[2, 28, 28\]/, /read them with readDataset/),
  );
});

// ---- arrays as examples ----

const array = (shape: number[], values: DataArray['values'], type = 'uint8'): DataArray => ({ shape, values, type });
const labelsOf = (...labels: number[]) => array([labels.length], Uint8Array.from(labels));

test('pixels: levels stay bytes, numbers stay numbers, and what is neither has to be said', () => {
  const of = (values: DataArray['values'], type: string, white?: number) =>
    examplesFrom(array([2, 1, 2], values, type), labelsOf(0, 1), { white }).images;
  const levels = [0, 2, 200, 255];
  assert.deepEqual(of(Uint8Array.from(levels), 'uint8'), Uint8Array.from(levels));
  assert.deepEqual(of(Int32Array.from(levels), 'int32'), Uint8Array.from(levels));
  assert.deepEqual(of(Float64Array.from(levels), 'float64'), Uint8Array.from(levels));
  const shares = [0, 0.25, 1, 0.5];
  assert.deepEqual(of(Float64Array.from(shares), 'float64'), Float32Array.from(shares));
  const standard = [-1.5, 0.25, 300, 2];
  assert.deepEqual(of(Float32Array.from(standard), 'float32'), Float32Array.from(standard));
  // 0 and 1 are ink or none, not two levels next to each other.
  for (const type of ['bool', 'uint8'])
    assert.deepEqual(of(Uint8Array.of(0, 1, 1, 0), type), Float32Array.of(0, 1, 1, 0));
  assert.deepEqual(of(Uint8Array.of(0, 1, 1, 0), 'uint8', 255), Uint8Array.of(0, 1, 1, 0));
  assert.deepEqual(of(Uint16Array.of(0, 65535, 13107, 0), 'uint16', 65535), Float32Array.of(0, 1, 0.2, 0));
  for (const type of ['uint8', 'float64']) {
    const values = [0, 1, 2, 0];
    const given = type === 'uint8' ? Uint8Array.from(values) : Float64Array.from(values);
    assert.deepEqual(of(given, type), Uint8Array.from(values));
  }
  assert.deepEqual(of(Float32Array.of(0, 0.5, 1, 3), 'float32', 1), Float32Array.of(0, 0.5, 1, 3));
  const mixed = [array([1], Int8Array.of(-5), 'int8'), array([1], Uint8Array.of(7))];
  for (const both of [mixed, mixed.slice().reverse()]) {
    assert.throws(() => pixelsOf(both, undefined, 'both'), isFailure('format', /whole numbers from -5 to 255/));
  }
  assert.throws(
    () => of(Uint16Array.of(0, 256, 3, 4), 'uint16'),
    isFailure('format', /whole numbers from 0 to 256/, /white: 65535/),
  );
  assert.throws(() => of(Int8Array.of(0, -1, 3, 4), 'int8'), isFailure('format', /whole numbers from -1 to 4/));
  assert.throws(() => of(Float32Array.of(0, 1, NaN, 4), 'float32'), isFailure('format', /value NaN at position 2/));
  assert.throws(() => of(Uint8Array.of(0, 1, 2, 4), 'uint8', 0), isFailure('argument', /white is 0/));
});

test('a training and a test set are taken alike', async () => {
  const folder = temporaryFolder();
  const save = (name: string, shape: number[], values: number[]) => {
    const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`.padEnd(117) + '\n';
    const head = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0);
    fs.writeFileSync(join(folder, name), Buffer.concat([head, Buffer.from(header), Uint8Array.from(values)]));
    return name;
  };
  const train = { images: save('a.npy', [2, 1, 2], [0, 200, 255, 1]), labels: save('b.npy', [2, 1], [0, 2]) };
  const test = { images: save('c.npy', [1, 1, 2], [0, 1]), labels: save('d.npy', [1], [1]) };
  const data = await readDataset({ title: 'Mine', folder, train, test });
  // The test set alone would look like 0 and 1.
  assert.deepEqual(data.test.images, Uint8Array.of(0, 1));
  assert.deepEqual([data.classCount, data.classes], [3, ['0', '1', '2']]);
  const other = { images: save('e.npy', [1, 2, 1], [0, 1]), labels: 'd.npy' };
  await assert.rejects(
    readDataset({ title: 'Mine', folder, train, test: other }),
    isFailure('format', /\[1, 2, 1\] and test pictures of \[2, 1, 1\]/),
  );
});

test('orientation and channels', () => {
  const values = Uint8Array.from({ length: 2 * 2 * 3 * 3 }, (_, i) => i + 100);
  const labels = labelsOf(0, 1);
  const last = examplesFrom(array([2, 2, 3, 3], values), labels);
  assert.deepEqual([last.shape, [...last.images]], [[2, 3, 3], [...values]]);
  const first = examplesFrom(array([2, 3, 2, 3], values), labels, { channels: 'first' });
  assert.deepEqual(first.shape, [2, 3, 3]);
  assert.deepEqual([...first.images.subarray(0, 6)], [100, 106, 112, 101, 107, 113]);
  assert.deepEqual([...first.images.subarray(18, 24)], [118, 124, 130, 119, 125, 131]);
  const turned = examplesFrom(array([2, 2, 3, 3], values), labels, { transposed: true });
  assert.deepEqual(turned.shape, [3, 2, 3]);
  assert.deepEqual([...turned.images.subarray(0, 9)], [100, 101, 102, 109, 110, 111, 103, 104, 105]);
  assert.deepEqual([...turned.images.subarray(18, 24)], [118, 119, 120, 127, 128, 129]);
  assert.throws(
    () => examplesFrom(array([2, 1, 1, 5], new Uint8Array(10).fill(7)), labels),
    isFailure('format', /5 channels/),
  );
  assert.deepEqual(examplesFrom(array([2, 1, 1, 4], new Uint8Array(8).fill(7)), labels).shape, [1, 1, 4]);
  const wide = array([2, 3, 8, 8], new Uint8Array(384).fill(7));
  assert.throws(() => examplesFrom(wide, labels), isFailure('format', /8 channels/, /channels: 'first'/));
  assert.deepEqual(examplesFrom(wide, labels, { channels: 'last' }).shape, [3, 8, 8]);
  assert.deepEqual(examplesFrom(wide, labels, { channels: 'first' }).shape, [8, 8, 3]);
  const features = examplesFrom(
    array(
      [2, 5],
      Float32Array.from({ length: 10 }, (_, i) => i / 7),
      'float32',
    ),
    labels,
  );
  assert.deepEqual([features.shape, features.images.length], [[5], 10]);
});

test('labels: more than 256 classes, of any type, one-hot refused with what to do', () => {
  const images = array([3, 1, 1], Uint8Array.of(7, 8, 9));
  const many = examplesFrom(images, array([3], Float64Array.of(999, 0, 300), 'int64'), { classCount: 1000 });
  assert.deepEqual(many.labels, Int32Array.of(999, 0, 300));
  for (const [classCount, kind] of [
    [256, Uint8Array],
    [257, Int32Array],
  ] as const) {
    assert.ok(examplesFrom(images, array([3], Int16Array.of(0, 1, 2)), { classCount }).labels instanceof kind);
  }
  const hot = array([3, 10], new Float32Array(30));
  assert.throws(() => examplesFrom(images, hot), isFailure('format', /labels: shape \[3, 10\]/, /one-hot.*argmax/));
  const other = array([2, 10], new Float32Array(20));
  assert.throws(
    () => examplesFrom(images, other),
    isFailure('format', /labels: shape \[2, 10\]; wanted \[n\]\. Check that/),
  );
  for (const shape of [[3], [3, 1, 1, 1, 1], [0, 28, 28], [3, 0, 2], [3, 2, 0]]) {
    const size = shape.reduce((product, length) => product * length, 1);
    const wrong = array(shape, new Uint8Array(size).fill(9));
    assert.throws(
      () => examplesFrom(wrong, labelsOf(0, 1, 2)),
      isFailure('format', /images: shape .*; wanted \[n, height, width\]/),
    );
  }
  const half = array([3], Float32Array.of(1, 0.5, 2), 'float32');
  assert.throws(() => examplesFrom(images, half), isFailure('format', /label 0\.5 at position 1/));
  assert.throws(
    () => examplesFrom(images, labelsOf(1, 2, 10)),
    isFailure('format', /label 10 at position 2; wanted whole numbers 0 to 9/),
  );
});

test('files in an .npz, by name; files that are not there, and settings that make no sense', async () => {
  const folder = temporaryFolder();
  fs.writeFileSync(join(folder, 'all.npz'), bytesOf(golden.npz[1].file));
  const part = { images: { file: 'all.npz', array: 'x' }, labels: { file: 'all.npz', array: 'y' } };
  const files: DatasetFiles = { title: 'Mine', folder, train: part, test: part };
  await assert.rejects(readDataset(files), isFailure('format', /Mine train labels: label -?\d+ at position 0/));
  const unnamed = { ...files, train: { ...part, images: 'all.npz' } };
  await assert.rejects(readDataset(unnamed), isFailure('format', /the arrays x, y; wanted one of them by name/));
  await assert.rejects(
    readDataset({ ...files, folder: join(folder, 'x') }),
    isFailure('folder', /no such file/, /no folder/),
  );
  await assert.rejects(
    readDataset({ ...files, test: { ...part, images: 'some.npy' } }),
    isFailure('folder', /some\.npy: no such file/, /there is: all\.npz/),
  );
  fs.writeFileSync(join(folder, 'page.npy'), '<!DOCTYPE html><p>Log in');
  await assert.rejects(
    readDataset({ ...files, test: { ...part, images: 'page.npy' } }),
    isFailure('format', /a page in HTML/),
  );
  const wrong = (change: object, words: RegExp) =>
    assert.rejects(readDataset({ ...files, ...change }), isFailure('argument', words));
  await wrong({ title: '' }, /title/);
  await wrong({ clases: ['a'] }, /no option 'clases'\. Did you mean 'classes'\? Known: title, /);
  await wrong(
    { train: { images: 'x' } },
    /train must be \{ images, labels \}, or \{ cifar10 \}, .*got an object with images/,
  );
  await wrong({ channels: 'fist' }, /channels must be one of first, last, got 'fist'/);
  await wrong({ classes: [] }, /classes must be a list of names, by label, got \[\]/);
  await wrong({ classes: ['a', 2] }, /classes\[1\] must be a string, got 2/);
  await wrong(
    { train: { images: { fiel: 'x.npz' }, labels: 'y.npy' } },
    /train\.images: no option 'fiel'\. Did you mean 'file'/,
  );
  await wrong({ folder: 5 }, /folder must be a string, got 5/);
  await wrong({ firstLabel: 0.5 }, /firstLabel must be a whole number, got 0\.5/);
});

// ---- real MNIST in each form ----

const REAL = [given.BNLAB_DATA, join(__dirname, '..', '..', '..', 'shared', 'data')].find(
  (folder) => folder && fs.existsSync(folder),
);
const skip = REAL ? false : 'needs the real files: set BNLAB_DATA to a folder that holds mnist/ and fashion/';

test(
  'the first 500 pictures of MNIST, written as .npy, IDX of float64 and transposed IDX, are the same data',
  { skip },
  async () => {
    const n = 500;
    const read = (name: string) => new Uint8Array(gunzipSync(fs.readFileSync(join(REAL!, 'mnist', name))));
    const [images, labels] = [read(NAMES[0]).subarray(16, 16 + n * 784), read(NAMES[1]).subarray(8, 8 + n)];
    const folder = temporaryFolder();
    const npy = (shape: number[], type: string, values: Uint8Array) => {
      const header =
        `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`.padEnd(117) + '\n';
      const head = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0);
      return Buffer.concat([head, Buffer.from(header), values]);
    };
    const doubles = new DataView(new ArrayBuffer(16 + 8 * images.length));
    Buffer.from(idxBytes([n, 28, 28], images)).copy(Buffer.from(doubles.buffer), 0, 0, 16);
    doubles.setUint8(2, 0x0e);
    images.forEach((value, i) => doubles.setFloat64(16 + 8 * i, value));
    const turned = images.map((_, k) => images[Math.floor(k / 784) * 784 + (k % 28) * 28 + Math.floor((k % 784) / 28)]);
    const longs = new Uint8Array(new BigInt64Array([...labels].map(BigInt)).buffer);
    fs.writeFileSync(join(folder, 'y.idx'), idxBytes([n], labels));
    fs.writeFileSync(join(folder, 'y.npy'), npy([n], '<i8', longs));
    const forms: [name: string, bytes: Uint8Array, more: Partial<DatasetFiles>][] = [
      ['x.idx', idxBytes([n, 28, 28], images), {}],
      ['x.npy', npy([n, 28, 28, 1], '|u1', images), {}],
      ['x.float64.gz', gzipSync(new Uint8Array(doubles.buffer)), {}],
      ['x.turned', idxBytes([n, 28, 28], turned), { transposed: true }],
    ];
    const checksums = new Set<string>();
    for (const [name, bytes, more] of forms) {
      fs.writeFileSync(join(folder, name), bytes);
      for (const y of ['y.idx', 'y.npy']) {
        const part = { images: name, labels: y };
        const data = await readDataset({ title: 'MNIST again', folder, train: part, test: part, ...more });
        assert.deepEqual(data.train.images, images, name);
        assert.deepEqual(data.train.labels, labels, y);
        checksums.add(data.checksum);
      }
    }
    assert.equal(checksums.size, 1);
  },
);

test('pictures in colour and of other sizes are drawn as they are', () => {
  const { images, shape } = readCifar([cifarBytes([[6]], colour)]);
  const text = { title: 'A frog', data: 'made', alt: 'a frog', caption: 'made for the test' };
  const figure = imageGrid({ ...text, images: [images, images], shape, columns: 2, white: 255 });
  const [trace] = figure.data as unknown as { type: string; z: number[][][] }[];
  assert.equal(trace.type, 'image');
  assert.deepEqual(trace.z[5][7], [...images.subarray((5 * 32 + 7) * 3, (5 * 32 + 7) * 3 + 3), 255]);
  assert.deepEqual(trace.z[5][32], [255, 255, 255, 0], 'a gutter, through which the page shows');
  assert.match(figure.summary, /2 pictures of 32 x 32 pixels in colour/);
  const grey = imageGrid({ ...text, images: [[0, 1, 2, 3, 4, 255]], shape: [2, 3] });
  assert.deepEqual((grey.data as unknown as { z: number[][] }[])[0].z.slice(0, 2), [[0, 1, 2], [3, 4, 255]]); // prettier-ignore
  assert.throws(
    () => imageGrid({ ...text, images: [[1]], shape: [1, 1, 2] }),
    /shape \[1, 1, 2\]; wanted .* 1 or 3 channels/,
  );
});
