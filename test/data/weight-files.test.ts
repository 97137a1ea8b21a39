/** Files that hold weights: written and read again to the bit, and refused where they are damaged. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import test from 'node:test';
import { DataError } from 'bnlab';
import {
  type DataArray,
  readNpy,
  readNpz,
  readSafetensors,
  readTfjsWeights,
  tfjsFiles,
  writeNpy,
  writeNpz,
  writeSafetensors,
  writeTfjsWeights,
} from 'bnlab/internal';

const folder = path.join(__dirname, '../../data/golden/zoo/networks');
const file = (name: string): Uint8Array => new Uint8Array(fs.readFileSync(path.join(folder, name)));

const array = (shape: number[], values: DataArray['values'], type: string): DataArray => ({ shape, values, type });
const ARRAYS: Record<string, DataArray> = {
  'a.weight': array([2, 3], Float32Array.of(0.1, -0, 3e38, 1e-45, Infinity, NaN), 'float32'),
  'b/gamma': array([1], Float64Array.of(Math.PI), 'float64'),
  scalar: array([], Int32Array.of(-7), 'int32'),
  none: array([0, 4], new Float32Array(0), 'float32'),
  __proto__x: array([3], Uint8Array.of(1, 2, 255), 'uint8'),
  i8: array([2], Int8Array.of(-128, 127), 'int8'),
  u16: array([1], Uint16Array.of(65535), 'uint16'),
  i16: array([1], Int16Array.of(-32768), 'int16'),
  u32: array([1], Uint32Array.of(4294967295), 'uint32'),
};

const refused =
  (words: RegExp, code = 'format') =>
  (error: unknown) => {
    assert.ok(error instanceof DataError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return true;
  };

test('.npy, .npz and .safetensors: what is written is read again to the bit, and written the same each time', () => {
  for (const [name, given] of Object.entries(ARRAYS)) assert.deepEqual(readNpy(writeNpy(given), name), given, name);
  assert.deepEqual(readNpz(writeNpz(ARRAYS)), ARRAYS);
  assert.deepEqual(Object.keys(readNpz(writeNpz(ARRAYS))), Object.keys(ARRAYS));
  assert.deepEqual(readSafetensors(writeSafetensors(ARRAYS)), ARRAYS);
  assert.deepEqual(readSafetensors(writeSafetensors({})), {});
  for (const write of [writeNpz, writeSafetensors]) assert.deepEqual(write(ARRAYS), write(ARRAYS));
  // Part of a larger buffer, as readFile may give it.
  const bytes = writeSafetensors(ARRAYS);
  const larger = new Uint8Array(bytes.length + 7);
  larger.set(bytes, 5);
  assert.deepEqual(readSafetensors(larger.subarray(5, 5 + bytes.length)), ARRAYS);
});

test('numpy, safetensors and this library read the same from the files of one network', () => {
  for (const framework of ['pytorch', 'keras']) {
    const [zip, tensors] = [readNpz(file(`${framework}.npz`)), readSafetensors(file(`${framework}.safetensors`))];
    assert.deepEqual(Object.keys(zip).sort(), Object.keys(tensors).sort());
    for (const [name, given] of Object.entries(zip)) assert.deepEqual(tensors[name], given, name);
  }
  const { '0.weight': weight, '1.num_batches_tracked': count } = readSafetensors(file('pytorch.safetensors'));
  assert.deepEqual([weight.shape, weight.type], [[6, 1, 3, 3], 'float32']);
  assert.deepEqual(count, { shape: [], values: Float64Array.of(200), type: 'int64' });
});

/** A .safetensors file with this header and so many bytes of values. */
function tensors(header: unknown, size: number): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + json.length + size);
  new DataView(out.buffer).setUint32(0, json.length, true);
  out.set(json, 8);
  return out;
}

test('.safetensors: half precision and bfloat16 are read exactly', () => {
  const header = {
    h: { dtype: 'F16', shape: [2], data_offsets: [0, 4] },
    b: { dtype: 'BF16', shape: [2], data_offsets: [4, 8] },
  };
  const bytes = tensors(header, 8);
  bytes.set([0x00, 0x3c, 0x01, 0x80, 0xc0, 0x3f, 0x80, 0xff], bytes.length - 8);
  const { h, b } = readSafetensors(bytes);
  assert.deepEqual([...h.values], [1, -(2 ** -24)]);
  assert.deepEqual([...b.values], [1.5, -Infinity]);
});

test('.safetensors: everything malformed is refused by what is wrong with it', () => {
  const at = (from: number, to: number, more: object = {}) => ({
    dtype: 'F32',
    shape: [1],
    data_offsets: [from, to],
    ...more,
  });
  const wrong: [Uint8Array, RegExp][] = [
    [new Uint8Array(3), /3 bytes; wanted a \.safetensors file/],
    [file('pytorch.npz'), /a zip archive; wanted/],
    [Uint8Array.of(0x80, 2, 0, 0, 0, 0, 0, 0, 0, 0), /a pickle.*; wanted/],
    [file('keras.safetensors').subarray(0, 100), /100 bytes \(truncated\); wanted a header/],
    [file('keras.safetensors').subarray(0, -1), /truncated/],
    [tensors('{"a":', 0), /a header that is no JSON/],
    [tensors({ a: at(0, 4) }, 5), /5 bytes of values; wanted 4/],
    [tensors({ a: at(1, 5) }, 5), /'a' start at 1; wanted 0/],
    [tensors({ a: at(0, 4), b: at(0, 4) }, 4), /start at 0; wanted 4/],
    [tensors({ a: at(0, 4), b: at(8, 12) }, 12), /'b' start at 8; wanted 4/],
    [tensors({ a: at(0, 8) }, 8), /'a' has 8 bytes; wanted 4 for float32 of shape \[1\]/],
    [tensors({ a: at(4, 0) }, 4), /data_offsets: two places/],
    [tensors({ a: at(0, 4, { data_offsets: [0] }) }, 4), /data_offsets/],
    [tensors({ a: at(0, 4, { dtype: 'F8_E4M3' }) }, 4), /of type "F8_E4M3"; wanted one of BOOL/],
    [tensors({ a: at(0, 4, { dtype: 'constructor' }) }, 4), /of type "constructor"/],
    [tensors({ a: at(0, 4, { shape: [-1] }) }, 4), /of shape \[-1\]/],
    [tensors({ a: at(0, 4, { shape: [1e8, 1e8] }) }, 4), /has 4 bytes; wanted/],
    [tensors({ a: null }, 0), /of type undefined/],
  ];
  for (const [bytes, words] of wrong) assert.throws(() => readSafetensors(bytes), refused(words), String(words));
  const large = tensors({ a: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, 8);
  large.set([0, 0, 0, 0, 0, 0, 0x20, 0x40], large.length - 8);
  assert.throws(() => readSafetensors(large), refused(/beyond 2\^53/));
});

test('.npz: a damaged directory is refused, and a size that cannot be', () => {
  const whole = writeNpz({ a: ARRAYS['a.weight'], b: ARRAYS['b/gamma'] });
  const directory = Buffer.from(whole).indexOf('PK\x01\x02', 0, 'latin1');
  const changed = (offset: number, ...bytes: number[]) => {
    const copy = whole.slice();
    copy.set(bytes, directory + offset);
    return copy;
  };
  assert.throws(() => readNpz(changed(0, 0)), refused(/entry 0 of the directory is damaged/));
  assert.throws(() => readNpz(changed(8, 1)), refused(/a\.npy is encrypted/));
  assert.throws(() => readNpz(changed(16, 0)), refused(/checksum of a\.npy is another/));
  assert.throws(() => readNpz(changed(24, 0, 0, 0, 0x7f)), refused(/does not fit into it/));
  assert.throws(() => readNpz(changed(46, 98)), refused(/two files are called b\.npy/));
  assert.throws(() => readNpz(whole.subarray(0, whole.length - 5)), refused(/no directory at its end/));
});

test('writers refuse what is no array, and write nothing', () => {
  const short = array([2, 2], Float32Array.of(1, 2), 'float32');
  for (const write of [
    writeNpz,
    writeSafetensors,
    (given: Record<string, DataArray>) => writeTfjsWeights(given, 'w.bin'),
  ]) {
    assert.throws(() => write({ short }), refused(/2 values; wanted 4/, 'argument'));
    assert.throws(() => write({ a: [1, 2] as unknown as DataArray }), refused(/a must be/, 'argument'));
  }
  assert.throws(() => writeNpy(short), refused(/2 values; wanted 4/, 'argument'));
  assert.throws(() => writeSafetensors({ __metadata__: ARRAYS.i8 }), refused(/__metadata__/, 'argument'));
});

test('model.json of TensorFlow.js: written and read again; other files, types and folders are refused', () => {
  const arrays = {
    'dense_Dense1/kernel': array([2, 1], Float32Array.of(0.1, 2), 'float32'),
    b: array([], Float32Array.of(3), 'float32'),
  };
  const { manifest, bytes } = writeTfjsWeights(arrays, 'w.bin');
  assert.deepEqual(tfjsFiles(manifest), ['w.bin']);
  assert.deepEqual(readTfjsWeights(manifest, [bytes]), arrays);
  assert.throws(() => readTfjsWeights(manifest, [bytes.subarray(1)]), refused(/11 bytes in w\.bin; wanted 12/));
  assert.throws(() => readTfjsWeights(manifest, []), refused(/0 bytes/));
  const other = (from: string, to: string) => () => tfjsFiles(manifest.replace(from, to));
  assert.throws(other('w.bin', '../w.bin'), refused(/"\.\.\/w\.bin", which is no file beside it/));
  assert.throws(other('"float32"', '"uint8"'), refused(/the weight .*uint8/));
  assert.throws(other('"shape":[2,1]', '"shape":[2,-1]'), refused(/the weight/));
  assert.throws(other('weightsManifest', 'weights'), refused(/JSON without a weightsManifest/));
  assert.throws(() => tfjsFiles('{'), refused(/no JSON/));
});
