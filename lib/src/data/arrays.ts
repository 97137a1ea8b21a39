/** Arrays as files hold them, whatever the format, and what the first bytes of a file say about it. */
import { platform } from '../platform/port';
import { DataError } from './errors';

/** Elements of an array, each as a JavaScript number, exact. */
export type Elements =
  Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** An array read from a file. */
export interface DataArray {
  /** Size of each dimension, outermost first: `[60000, 28, 28]`. */
  shape: number[];
  /** The elements in row-major order: the last index runs fastest. */
  values: Elements;
  /** What the file says they are: `'uint8'`, `'int32'`, `'float64'`, `'bool'` ... */
  type: string;
}

/** The same bytes as a plain Uint8Array, where they are a Buffer. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** `'Uint8Array'`, `'Float32Array'` ...: by name, because a notebook's cell may have its own `Uint8Array`. */
export function kindOf(values: unknown): string {
  return Object.prototype.toString.call(values).slice('[object '.length, -1);
}

const KINDS = { Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Float32Array, Float64Array };

/** Zeros in an array of the same kind. */
export function alike<T extends Elements>(values: T, length: number): T {
  return new KINDS[kindOf(values) as keyof typeof KINDS](length) as T;
}

/**
 * The same array with its axes in another order: axis `k` of the result is axis `order[k]` of the array given.
 *
 * @param values elements in row-major order
 * @param shape size of each axis
 * @param order a permutation of the axes' numbers
 * @returns a copy, row-major in the new order
 */
export function permuted<T extends Elements>(values: T, shape: readonly number[], order: readonly number[]): T {
  const out = alike(values, values.length);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
  const lengths = order.map((axis) => shape[axis]);
  const steps = order.map((axis) => strides[axis]);
  const last = order.length - 1;
  const index = new Array<number>(order.length).fill(0);
  for (let at = 0, from = 0; at < out.length;) {
    for (let i = 0; i < lengths[last]; i++) out[at++] = values[from + i * steps[last]];
    for (let axis = last - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < lengths[axis]) break;
      from -= lengths[axis] * steps[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/** First bytes of files that are brought along in place of what is wanted, and what to do with them. */
const FOREIGN: { is: (bytes: Uint8Array) => boolean; what: string; advice: string }[] = [
  {
    is: (bytes) => bytes[0] === 0x1f && bytes[1] === 0x8b,
    what: 'gzip',
    advice: 'Decompress it first, with node:zlib gunzipSync; readDataset does so by itself.',
  },
  {
    is: (bytes) => bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5,
    what: "a pickle, Python's own format",
    advice:
      'Only Python can read it, and running it runs code. Of CIFAR, take the binary version (cifar-10-binary.tar.gz: ' +
      'data_batch_1.bin ... test_batch.bin); of anything else, save the array from Python with numpy.save.',
  },
  {
    is: (bytes) => ascii(bytes, 257, 5) === 'ustar',
    what: 'a tar archive',
    advice: 'Unpack it (tar -xf) and name the files inside.',
  },
  {
    is: (bytes) => ascii(bytes, 0, 10) === 'MATLAB 5.0' || ascii(bytes, 0, 4) === '\x89HDF',
    what: 'a MATLAB or HDF5 file',
    advice:
      'Of EMNIST, CIFAR and others there are IDX or binary versions: take those, or save the array with numpy.save.',
  },
  {
    is: (bytes) => ascii(bytes, 0, 2) === 'PK',
    what: 'a zip archive',
    advice: 'If it is an .npz of numpy, readNpz reads it; otherwise unpack it and name the files inside.',
  },
  {
    is: (bytes) => ascii(bytes, 0, 6) === '\x93NUMPY',
    what: 'an .npy file of numpy',
    advice: 'readNpy reads it.',
  },
  {
    is: (bytes) => /^\s*<(!doctype|html|\?xml)/i.test(ascii(bytes, 0, 64)),
    what: 'a page in HTML or XML',
    advice: 'A web site sent it in place of the file: look at it, and fetch the file again.',
  },
];

/** What these bytes are when they are not what was wanted, and what to do: for errors. */
export function foreign(bytes: Uint8Array): { what: string; advice: string } | undefined {
  return FOREIGN.find(({ is }) => is(bytes));
}

/** `length` bytes from `start` on as ASCII. */
export function ascii(bytes: Uint8Array, start: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(start, start + length));
}

/** The first bytes in hexadecimal, for errors. */
export function firstBytes(bytes: Uint8Array, count = 4): string {
  return [...bytes.subarray(0, count)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/**
 * What a file holds: its bytes, decompressed where they are gzip.
 *
 * @throws DataError `format` when gzip does not decompress
 */
export function contentsOf(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return platform().gunzip(bytes);
  } catch (error) {
    const given = `gzip that does not decompress (${(error as Error).message})`;
    const fix = "Compare its size with the publisher's, and fetch or compress it again.";
    throw new DataError('format', `${name}: ${bytes.length} bytes of ${given}; wanted a whole file. ${fix}`, error);
  }
}

/** Elements of a byte order and a width, as numbers; `read` is a method of DataView. */
export function decode<T extends Elements>(
  bytes: Uint8Array,
  length: number,
  make: new (length: number) => T,
  read: (view: DataView, offset: number) => number,
): T {
  const out = new make(length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < length; i++) out[i] = read(view, i * (bytes.length / length));
  return out;
}

/** IEEE 754 half precision: 1 sign bit, 5 of the exponent (bias 15), 10 of the fraction. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The bytes of an array's elements, little-endian. */
export function encode(values: Elements): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
  const width = values.BYTES_PER_ELEMENT;
  // What computes here is little-endian; another host turns each element round.
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] === 0) {
    for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
  }
  return bytes;
}
