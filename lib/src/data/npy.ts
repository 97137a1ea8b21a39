/**
 * NumPy's files: `.npy`, one array, read and written.
 *
 * Source: numpy.lib.format, versions 1.0, 2.0 and 3.0 of the format.
 */
import { text } from '../core/checks';
import {
  ascii,
  type DataArray,
  decode,
  type Elements,
  encode,
  firstBytes,
  foreign,
  half,
  kindOf,
  permuted,
  plainBytes,
} from './arrays';
import { bytes as byteArray, dataArray, expectArgument, expectArguments } from './checks';
import { DataError } from './errors';

type Read = (view: DataView, offset: number, little: boolean) => number;
interface NpyType {
  name: string;
  bytes: number;
  make: new (length: number) => Elements;
  read: Read;
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
/** A 64-bit integer as a number; NaN where it is too large to be one exactly. */
const exact = (value: bigint) => (value <= SAFE && value >= -SAFE ? Number(value) : NaN);

/** Element types by their code in the header, without the byte order. */
const TYPES: Record<string, NpyType> = {
  b1: { name: 'bool', bytes: 1, make: Uint8Array, read: (view, at) => view.getUint8(at) },
  u1: { name: 'uint8', bytes: 1, make: Uint8Array, read: (view, at) => view.getUint8(at) },
  i1: { name: 'int8', bytes: 1, make: Int8Array, read: (view, at) => view.getInt8(at) },
  u2: { name: 'uint16', bytes: 2, make: Uint16Array, read: (view, at, little) => view.getUint16(at, little) },
  i2: { name: 'int16', bytes: 2, make: Int16Array, read: (view, at, little) => view.getInt16(at, little) },
  u4: { name: 'uint32', bytes: 4, make: Uint32Array, read: (view, at, little) => view.getUint32(at, little) },
  i4: { name: 'int32', bytes: 4, make: Int32Array, read: (view, at, little) => view.getInt32(at, little) },
  u8: {
    name: 'uint64',
    bytes: 8,
    make: Float64Array,
    read: (view, at, little) => exact(view.getBigUint64(at, little)),
  },
  i8: { name: 'int64', bytes: 8, make: Float64Array, read: (view, at, little) => exact(view.getBigInt64(at, little)) },
  f2: { name: 'float16', bytes: 2, make: Float32Array, read: (view, at, little) => half(view.getUint16(at, little)) },
  f4: { name: 'float32', bytes: 4, make: Float32Array, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { name: 'float64', bytes: 8, make: Float64Array, read: (view, at, little) => view.getFloat64(at, little) },
};

/**
 * Reads an `.npy` file: integers of 8 to 64 bits, floating point of 16 to 64 bits, truth values; either byte order; C or
 * Fortran order; any number of dimensions, none (a single number) included.
 *
 * @param bytes the whole file
 * @param name what to call the file in an error
 * @returns shape, type and values in row-major order; unsigned bytes in C order share memory with `bytes`; 64-bit integers
 *   become float64
 * @throws DataError `format` for another file, other element types, a wrong size, or a 64-bit integer beyond 2^53; `argument`
 *   for what are no bytes
 */
export function readNpy(bytes: Uint8Array, name = 'NPY data'): DataArray {
  expectArguments('readNpy', { bytes: [bytes, byteArray], name: [name, text] });
  const fail = (given: string, wanted: string, advice = ''): never => {
    const fix = advice || 'Save the array again with numpy.save, or fetch a file that was cut off again.';
    throw new DataError('format', `${name}: ${given}; wanted ${wanted}. ${fix}`);
  };
  if (bytes[0] !== 0x93 || ascii(bytes, 1, 5) !== 'NUMPY') {
    const other = foreign(bytes);
    const given = `${bytes.length} bytes that start with ${firstBytes(bytes, 6)}${other ? `: ${other.what}` : ''}`;
    fail(given, 'an .npy file, which starts with 93 4e 55 4d 50 59', other?.advice);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const short = () => fail(`${bytes.length} bytes (truncated)`, 'a whole header');
  if (bytes.length < 12) short();
  const version = bytes[6];
  if (version < 1 || version > 3) fail(`version ${version}.${bytes[7]} of the format`, '1, 2 or 3');
  const at = version === 1 ? 10 : 12;
  const start = at + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (bytes.length < start) short();
  const header = new TextDecoder().decode(bytes.subarray(at, start)).trim();

  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  // Python 2 wrote the sizes as long integers: (60000L, 28L, 28L).
  const sizes = /'shape'\s*:\s*\(([\dL,\s]*)\)/.exec(header)?.[1];
  const descr = /'descr'\s*:\s*(?:'([^']*)'|(\[.*\]))/.exec(header);
  if (order === undefined || sizes === undefined || !descr) {
    return fail(`header ${header.slice(0, 120)}`, "a dictionary of 'descr', 'fortran_order' and 'shape'");
  }
  const known = `one of ${Object.values(TYPES).map((type) => type.name).join(', ')}`; // prettier-ignore
  if (descr[2]) fail(`records of several fields (${descr[2].slice(0, 120)})`, known, 'Save each field by itself.');
  const [, mark, code] = /^([<>|=]?)(.*)$/.exec(descr[1])!;
  const type = TYPES[code];
  if (!type) {
    const words: Record<string, string> = { O: 'Python objects', U: 'text', S: 'text', c: 'complex numbers', M: 'dates', m: 'durations', V: 'raw bytes' }; // prettier-ignore
    const given = `elements of type '${descr[1]}'${words[code[0]] ? ` (${words[code[0]]})` : ''}`;
    fail(given, known, "Convert the array first, in Python: numpy.save(file, array.astype('float32')).");
  }
  const shape = sizes.split(',').filter((size) => size.trim()).map((size) => parseInt(size, 10)); // prettier-ignore
  const length = shape.reduce((product, size) => product * size, 1);
  const body = plainBytes(bytes.subarray(start));
  if (body.length !== length * type.bytes) {
    const given = `${body.length} bytes after the header (${body.length < length * type.bytes ? 'truncated' : 'too long'})`;
    fail(given, `${length * type.bytes} for ${type.name} of shape [${shape.join(', ')}]`);
  }
  const values =
    type.make === Uint8Array
      ? body
      : decode(body, length, type.make, (data, offset) => type.read(data, offset, mark !== '>'));
  if (/^u?int64$/.test(type.name)) {
    const wrong = values.findIndex((value) => Number.isNaN(value));
    if (wrong >= 0) fail(`element ${wrong} of ${type.name} is beyond 2^53`, 'numbers that float64 holds exactly');
  }
  if (order === 'False' || shape.length < 2) return { shape, values, type: type.name };
  // Fortran order: the first index runs fastest, which is row-major order of the reversed shape.
  const reversed = [...shape.keys()].reverse();
  return { shape, values: permuted(values, [...shape].reverse(), reversed), type: type.name };
}

/** Code in a header of what each kind of array holds. */
const CODES: Record<string, string> = {
  ...{
    Uint8Array: '|u1',
    Int8Array: '|i1',
    Uint16Array: '<u2',
    Int16Array: '<i2',
    Uint32Array: '<u4',
    Int32Array: '<i4',
  },
  ...{ Float32Array: '<f4', Float64Array: '<f8' },
};

/**
 * An `.npy` file of an array, which `numpy.load` reads: version 1.0, row-major, little-endian, of the type that the values are
 * held in (`Float32Array`: float32), whatever `array.type` says.
 *
 * @throws DataError `argument` for what is no array, or values of a number that does not fit the shape
 */
export function writeNpy(array: DataArray): Uint8Array {
  expectArgument('writeNpy', 'array', array, dataArray);
  const { shape, values } = array;
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${CODES[kindOf(values)]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // The values start at a multiple of 64 bytes, as numpy wants them; the header ends with a line feed.
  const start = Math.ceil((10 + header.length + 1) / 64) * 64;
  const body = encode(values);
  const out = new Uint8Array(start + body.length).fill(0x20, 10, start);
  out.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, (start - 10) & 0xff, (start - 10) >> 8]);
  out.set(new TextEncoder().encode(header), 10);
  out[start - 1] = 0x0a;
  out.set(body, start);
  return out;
}
