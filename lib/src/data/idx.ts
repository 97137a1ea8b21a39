/**
 * The IDX format of the MNIST files, read strictly: four magic bytes (0, 0, element type, number of dimensions), one
 * big-endian 32-bit size per dimension, then the elements, big-endian, and nothing after them.
 *
 * Source: the description on the MNIST page of LeCun, Cortes and Burges.
 */
import { text } from '../core/checks';
import { type DataArray, decode, type Elements, firstBytes, foreign, plainBytes } from './arrays';
import { bytes as byteArray, expectArguments, expectOptions } from './checks';
import { DataError } from './errors';
import { type Examples, EXAMPLES_OPTIONS, examplesFrom, type ExamplesOptions } from './examples';

/** An IDX file's array. */
export type IdxArray = DataArray;

interface ElementType {
  name: string;
  bytes: number;
  read: (bytes: Uint8Array, length: number) => Elements;
}

/** Element types by the third byte of the file. */
const ELEMENT_TYPES: Record<number, ElementType> = {
  0x08: { name: 'uint8', bytes: 1, read: (bytes) => plainBytes(bytes) },
  0x09: { name: 'int8', bytes: 1, read: (bytes, n) => decode(bytes, n, Int8Array, (view, at) => view.getInt8(at)) },
  0x0b: { name: 'int16', bytes: 2, read: (bytes, n) => decode(bytes, n, Int16Array, (view, at) => view.getInt16(at)) },
  0x0c: { name: 'int32', bytes: 4, read: (bytes, n) => decode(bytes, n, Int32Array, (view, at) => view.getInt32(at)) },
  0x0d: {
    name: 'float32',
    bytes: 4,
    read: (bytes, n) => decode(bytes, n, Float32Array, (view, at) => view.getFloat32(at)),
  },
  0x0e: {
    name: 'float64',
    bytes: 8,
    read: (bytes, n) => decode(bytes, n, Float64Array, (view, at) => view.getFloat64(at)),
  },
};

/**
 * Reads an IDX file of any element type and any number of dimensions.
 *
 * @param bytes the whole file, already decompressed
 * @param name what to call the file in an error
 * @returns shape, type and values: those of unsigned bytes share memory with `bytes`, others are converted from big-endian
 * @throws DataError `format` when the magic number, element type, or size is not what IDX prescribes; `argument` for what are
 *   no bytes
 */
export function readIdx(bytes: Uint8Array, name = 'IDX data'): IdxArray {
  expectArguments('readIdx', { bytes: [bytes, byteArray], name: [name, text] });
  const fail = (given: string, wanted: string, advice = ''): never => {
    const fix =
      advice || "Compare the file's size or checksum with its publisher's; one that was cut off is fetched again.";
    throw new DataError('format', `${name}: ${given}; wanted ${wanted}. ${fix}`);
  };
  if (bytes.length < 4) fail(`${bytes.length} bytes`, 'at least the 4 bytes of the magic number');
  const magic = firstBytes(bytes);
  const other = foreign(bytes);
  if (other) fail(`starts with ${magic}: ${other.what}`, 'an IDX file, which starts with 00 00', other.advice);
  if (bytes[0] !== 0 || bytes[1] !== 0) {
    fail(`magic number ${magic}`, '00 00, an element type such as 08, and the number of dimensions');
  }
  const type = ELEMENT_TYPES[bytes[2]];
  if (!type) {
    const known = Object.entries(ELEMENT_TYPES).map(([code, { name }]) => `${hex(Number(code))} (${name})`);
    fail(`element type ${hex(bytes[2])}`, known.join(', '));
  }
  const rank = bytes[3];
  if (rank === 0) fail('0 dimensions', 'at least 1');
  const start = 4 + 4 * rank;
  if (bytes.length < start) fail(`${bytes.length} bytes`, `at least ${start} for a header of ${rank} dimensions`);
  const header = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: rank }, (_, i) => header.getUint32(4 + 4 * i));
  // The product of many 32-bit sizes can pass 2^53; then it is certainly not the size of this file either.
  const length = shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== start + length * type.bytes) {
    const given = bytes.length < start + length * type.bytes ? 'truncated' : 'too long';
    fail(
      `${bytes.length} bytes (${given})`,
      `${start + length * type.bytes} for ${type.name} of shape [${shape.join(', ')}]`,
    );
  }
  return { shape, values: type.read(bytes.subarray(start), length), type: type.name };
}

/** Unsigned bytes as an IDX file: the form in which MNIST's files are published. */
export function writeIdx(shape: readonly number[], values: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  bytes.set([0, 0, 0x08, shape.length]);
  shape.forEach((size, i) => new DataView(bytes.buffer).setUint32(4 + 4 * i, size));
  bytes.set(values, 4 + 4 * shape.length);
  return bytes;
}

/**
 * Reads a pair of IDX files into examples and holds them against each other.
 *
 * @param imageBytes decompressed IDX file of shape [n, height, width] or [n, height, width, channels]
 * @param labelBytes decompressed IDX file of shape [n]
 * @param name what to call the pair in an error
 * @param options number of classes (10 unless said), first label, orientation; see {@link examplesFrom}
 * @returns `n` examples; bytes share memory with those given
 * @throws DataError `format` on a malformed file, a label out of range, or different counts; `argument` for settings that make
 *   no sense
 */
export function readExamples(
  imageBytes: Uint8Array,
  labelBytes: Uint8Array,
  name = 'examples',
  options: ExamplesOptions = {},
): Examples {
  expectArguments('readExamples', {
    imageBytes: [imageBytes, byteArray],
    labelBytes: [labelBytes, byteArray],
    name: [name, text],
  });
  expectOptions('readExamples', options, EXAMPLES_OPTIONS);
  return examplesFrom(readIdx(imageBytes, `${name} images`), readIdx(labelBytes, `${name} labels`), options, name);
}

const hex = (byte: number) => `0x${byte.toString(16).padStart(2, '0')}`;
