/**
 * The IDX format of the MNIST files, read strictly: four magic bytes (0, 0, element type, number of dimensions), one
 * big-endian 32-bit size per dimension, then the elements, and nothing after them.
 *
 * Source: the description on the MNIST page of LeCun, Cortes and Burges.
 */
import { DataError } from './errors';

/** Width and height of every picture here: 28 pixels. */
export const IMAGE_SIDE = 28;
/** Pixels of one picture: 784, the length of a row of `x`. */
export const IMAGE_PIXELS = IMAGE_SIDE * IMAGE_SIDE;
/** Classes of every data set here. */
export const CLASS_COUNT = 10;

const ELEMENT_TYPES: Record<number, string> = {
  0x08: 'unsigned bytes',
  0x09: 'signed bytes',
  0x0b: 'int16',
  0x0c: 'int32',
  0x0d: 'float32',
  0x0e: 'float64',
};
const UNSIGNED_BYTE = 0x08;

/** Pictures and their labels. Picture `i` is `images.subarray(784 * i, 784 * (i + 1))`, row by row, 0 = background. */
export interface Examples {
  /** Grey values 0..255, `n * 784` of them. */
  images: Uint8Array;
  /** Class 0..9 of each picture, `n` of them. */
  labels: Uint8Array;
  /** Number of examples. */
  n: number;
}

/** An IDX file of unsigned bytes. */
export interface IdxArray {
  /** Size of each dimension, outermost first: `[60000, 28, 28]`. */
  shape: number[];
  /** The elements in row-major order: a view into the bytes given, not a copy. */
  values: Uint8Array;
}

/**
 * Reads an IDX file of unsigned bytes.
 *
 * @param bytes the whole file, already decompressed
 * @param name what to call the file in an error
 * @returns shape and values; `values` shares memory with `bytes`
 * @throws DataError `format` when the magic number, element type, or size is not what IDX prescribes
 */
export function readIdx(bytes: Uint8Array, name = 'IDX data'): IdxArray {
  const fail = (given: string, wanted: string, advice = ''): never => {
    const fix = advice || 'The file is damaged or is not an IDX file: delete it and fetch it again (npm run data).';
    throw new DataError('format', `${name}: ${given}; wanted ${wanted}. ${fix}`);
  };
  if (bytes.length < 4) fail(`${bytes.length} bytes`, 'at least the 4 bytes of the magic number');
  const magic = [...bytes.subarray(0, 4)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    fail(
      `starts with ${magic}`,
      'an IDX magic number',
      'This is gzip: decompress it first, with node:zlib gunzipSync.',
    );
  }
  if (bytes[0] !== 0 || bytes[1] !== 0) fail(`magic number ${magic}`, '00 00 08 followed by the number of dimensions');
  if (bytes[2] !== UNSIGNED_BYTE) {
    const type = ELEMENT_TYPES[bytes[2]] ?? 'unknown';
    fail(`element type 0x${bytes[2].toString(16).padStart(2, '0')} (${type})`, '0x08 (unsigned bytes)');
  }
  const rank = bytes[3];
  if (rank === 0) fail('0 dimensions', '1 (labels) or 3 (images)');
  const start = 4 + 4 * rank;
  if (bytes.length < start) fail(`${bytes.length} bytes`, `at least ${start} for a header of ${rank} dimensions`);
  const header = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: rank }, (_, i) => header.getUint32(4 + 4 * i));
  // The product of many 32-bit sizes can pass 2^53; then it is certainly not the size of this file either.
  const size = shape.reduce((product, length) => product * length, 1);
  if (bytes.length !== start + size) {
    const given = bytes.length < start + size ? 'truncated' : 'too long';
    fail(`${bytes.length} bytes (${given})`, `${start + size} for shape [${shape.join(', ')}]`);
  }
  return { shape, values: bytes.subarray(start) };
}

/**
 * Reads a pair of IDX files into examples and holds them against each other.
 *
 * @param imageBytes decompressed IDX file of shape [n, 28, 28]
 * @param labelBytes decompressed IDX file of shape [n], every label below 10
 * @param name what to call the pair in an error
 * @returns `n` examples; the arrays share memory with the bytes given
 * @throws DataError `format` on a malformed file, another picture size, a label out of range, or different counts
 */
export function readExamples(imageBytes: Uint8Array, labelBytes: Uint8Array, name = 'examples'): Examples {
  const images = readIdx(imageBytes, `${name} images`);
  const labels = readIdx(labelBytes, `${name} labels`);
  const fix = 'Check that the two files belong together and are not exchanged, or fetch them again (npm run data).';
  const [n, height, width] = images.shape;
  if (images.shape.length !== 3 || height !== IMAGE_SIDE || width !== IMAGE_SIDE) {
    const wanted = `[n, ${IMAGE_SIDE}, ${IMAGE_SIDE}]`;
    throw new DataError('format', `${name} images: shape [${images.shape.join(', ')}]; wanted ${wanted}. ${fix}`);
  }
  if (labels.shape.length !== 1) {
    throw new DataError('format', `${name} labels: shape [${labels.shape.join(', ')}]; wanted [n]. ${fix}`);
  }
  if (labels.shape[0] !== n) {
    throw new DataError('format', `${name}: ${n} images but ${labels.shape[0]} labels; wanted as many of each. ${fix}`);
  }
  const wrong = labels.values.findIndex((label) => label >= CLASS_COUNT);
  if (wrong >= 0) {
    const given = `label ${labels.values[wrong]} at position ${wrong}`;
    throw new DataError('format', `${name} labels: ${given}; wanted 0 to ${CLASS_COUNT - 1}. ${fix}`);
  }
  return { images: images.values, labels: labels.values, n };
}
