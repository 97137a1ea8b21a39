/**
 * `.safetensors`, one file of named tensors: 8 bytes with the length of a JSON header, the header, the values.
 *
 * Source: the format's description at github.com/huggingface/safetensors (version 0.4 and later). There is no reader of it for
 * Node and browsers that is kept well.
 */
import { text } from '../core/checks';
import { ascii, type DataArray, decode, type Elements, encode, foreign, half, kindOf } from './arrays';
import { bytes as byteArray, dataArrays, expectArgument, expectArguments } from './checks';
import { DataError } from './errors';

interface Type {
  name: string;
  bytes: number;
  make: new (length: number) => Elements;
  read: (view: DataView, offset: number) => number;
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);
/** bfloat16: the upper half of a float32. */
function brain(upper: number): number {
  bits[0] = upper << 16;
  return float[0];
}

const TYPES: Record<string, Type> = {
  BOOL: { name: 'bool', bytes: 1, make: Uint8Array, read: (view, at) => view.getUint8(at) },
  U8: { name: 'uint8', bytes: 1, make: Uint8Array, read: (view, at) => view.getUint8(at) },
  I8: { name: 'int8', bytes: 1, make: Int8Array, read: (view, at) => view.getInt8(at) },
  U16: { name: 'uint16', bytes: 2, make: Uint16Array, read: (view, at) => view.getUint16(at, true) },
  I16: { name: 'int16', bytes: 2, make: Int16Array, read: (view, at) => view.getInt16(at, true) },
  U32: { name: 'uint32', bytes: 4, make: Uint32Array, read: (view, at) => view.getUint32(at, true) },
  I32: { name: 'int32', bytes: 4, make: Int32Array, read: (view, at) => view.getInt32(at, true) },
  I64: { name: 'int64', bytes: 8, make: Float64Array, read: (view, at) => Number(view.getBigInt64(at, true)) },
  U64: { name: 'uint64', bytes: 8, make: Float64Array, read: (view, at) => Number(view.getBigUint64(at, true)) },
  F16: { name: 'float16', bytes: 2, make: Float32Array, read: (view, at) => half(view.getUint16(at, true)) },
  BF16: { name: 'bfloat16', bytes: 2, make: Float32Array, read: (view, at) => brain(view.getUint16(at, true)) },
  F32: { name: 'float32', bytes: 4, make: Float32Array, read: (view, at) => view.getFloat32(at, true) },
  F64: { name: 'float64', bytes: 8, make: Float64Array, read: (view, at) => view.getFloat64(at, true) },
};

/** The format's own limit. */
const LONGEST_HEADER = 100_000_000;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * Reads a `.safetensors` file.
 *
 * @param bytes the whole file
 * @param name what to call the file in an error
 * @returns arrays by name, in the header's order; bfloat16 and float16 become float32, 64-bit integers float64
 * @throws DataError `format` for another file, one that is cut off, values that overlap, leave a gap or do not fit their shape, an
 *   element type that is not known, a 64-bit integer beyond 2^53; `argument` for what are no bytes
 */
export function readSafetensors(bytes: Uint8Array, name = 'safetensors data'): Record<string, DataArray> {
  expectArguments('readSafetensors', { bytes: [bytes, byteArray], name: [name, text] });
  const fail = (given: string, wanted: string): never => {
    const fix = 'Save it again with safetensors, or fetch it again.';
    throw new DataError('format', `${name}: ${given}; wanted ${wanted}. ${fix}`);
  };
  const { header, values } = partsOf(bytes, fail);
  const out: [string, DataArray][] = [];
  const places: { key: string; from: number; to: number }[] = [];
  for (const [key, entry] of Object.entries(header)) {
    if (key === '__metadata__') continue;
    const { type, shape, from, to } = entryOf(key, entry, values.length, fail);
    places.push({ key, from, to });
    const length = shape.reduce((product, size) => product * size, 1);
    if (to - from !== length * type.bytes) {
      fail(`'${key}' has ${to - from} bytes`, `${length * type.bytes} for ${type.name} of shape [${shape.join(', ')}]`);
    }
    const data = decode(values.subarray(from, to), length, type.make, type.read);
    if (type.bytes === 8 && type.name !== 'float64' && !data.every(Number.isSafeInteger)) {
      fail(`'${key}' holds an integer beyond 2^53`, 'numbers that float64 holds exactly');
    }
    out.push([key, { shape, values: data, type: type.name }]);
  }
  places.sort((a, b) => a.from - b.from || a.to - b.to);
  const end = places.reduce((at, { key, from, to }) => {
    if (from !== at) fail(`the values of '${key}' start at ${from}`, `${at}, where those before them end`);
    return to;
  }, 0);
  if (end !== values.length) fail(`${values.length} bytes of values`, `${end}, where the last of them end`);
  return Object.fromEntries(out);
}

type Fail = (given: string, wanted: string) => never;

/** The header, and what comes after it. */
function partsOf(bytes: Uint8Array, fail: Fail): { header: Record<string, unknown>; values: Uint8Array } {
  const wanted = 'a .safetensors file: the length of its header in 8 bytes, then the header as JSON';
  if (bytes.length < 8) return fail(`${bytes.length} bytes`, wanted);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  if (view.getUint32(4, true) !== 0 || length > LONGEST_HEADER || ascii(bytes, 8, 1) !== '{') {
    return fail(foreign(bytes)?.what ?? `${bytes.length} bytes that start otherwise`, wanted);
  }
  if (8 + length > bytes.length) return fail(`${bytes.length} bytes (truncated)`, `a header of ${length} bytes`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (error) {
    return fail(`a header that is no JSON (${(error as Error).message})`, wanted);
  }
  return { header: header as Record<string, unknown>, values: bytes.subarray(8 + length) };
}

function entryOf(key: string, entry: unknown, size: number, fail: Fail) {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const type = typeof dtype === 'string' && Object.hasOwn(TYPES, dtype) ? TYPES[dtype] : undefined;
  if (!type) return fail(`'${key}' of type ${JSON.stringify(dtype)}`, `one of ${Object.keys(TYPES).join(', ')}`);
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    return fail(`'${key}' of shape ${JSON.stringify(shape)}`, 'a list of whole numbers from 0');
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1]) {
    return fail(`'${key}' at ${JSON.stringify(offsets)}`, 'data_offsets: two places, the first before the second');
  }
  const [from, to] = offsets as [number, number];
  if (to > size) return fail(`'${key}' up to byte ${to} of ${size} (truncated)`, 'all of its values');
  return { type, shape: shape as number[], from, to };
}

const CODES: Record<string, string> = {
  ...{
    Uint8Array: 'U8',
    Int8Array: 'I8',
    Uint16Array: 'U16',
    Int16Array: 'I16',
    Uint32Array: 'U32',
    Int32Array: 'I32',
  },
  ...{ Float32Array: 'F32', Float64Array: 'F64' },
};

/**
 * A `.safetensors` file of these arrays, of the types that their values are held in. The same arrays give the same bytes.
 *
 * @throws DataError `argument` for what are no arrays, values of a number that does not fit the shape, or the name `__metadata__`
 */
export function writeSafetensors(arrays: Readonly<Record<string, DataArray>>): Uint8Array {
  expectArgument('writeSafetensors', 'arrays', arrays, dataArrays);
  if ('__metadata__' in arrays) {
    throw new DataError(
      'argument',
      "writeSafetensors: no array may be called '__metadata__': the format keeps that name.",
    );
  }
  // Wider elements first, so that every array starts where its elements may stand.
  const width = (name: string) => arrays[name].values.BYTES_PER_ELEMENT;
  const names = Object.keys(arrays).sort((a, b) => width(b) - width(a) || (a < b ? -1 : 1));
  let end = 0;
  const header = names.map((name): [string, object] => {
    const { shape, values } = arrays[name];
    const from = end;
    end += values.byteLength;
    return [name, { dtype: CODES[kindOf(values)], shape, data_offsets: [from, end] }];
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const start = Math.ceil((8 + json.length) / 8) * 8;
  const out = new Uint8Array(start + end).fill(0x20, 8, start);
  new DataView(out.buffer).setUint32(0, start - 8, true);
  out.set(json, 8);
  let at = start;
  for (const name of names) {
    out.set(encode(arrays[name].values), at);
    at += arrays[name].values.byteLength;
  }
  return out;
}
