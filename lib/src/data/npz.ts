/** NumPy's `.npz`: a zip of `.npy` arrays. */
import { text } from '../core/checks';
import { type DataArray, foreign, ascii } from './arrays';
import { bytes as byteArray, dataArrays, expectArgument, expectArguments } from './checks';
import { DataError } from './errors';
import { readNpy, writeNpy } from './npy';
import { unzip, zip } from './zip';

/**
 * Reads an `.npz` file: `.npy` arrays by name, stored or compressed.
 *
 * @param bytes the whole file
 * @param name what to call the file in an error
 * @param only read this array alone
 * @returns arrays by the name they were saved under: `x_train`, or `arr_0` where none was given
 * @throws DataError `format` for another file, a damaged archive, or an array that {@link readNpy} refuses; `argument` for what
 *   are no bytes
 */
export function readNpz(bytes: Uint8Array, name = 'NPZ data', only?: string): Record<string, DataArray> {
  expectArguments('readNpz', { bytes: [bytes, byteArray], name: [name, text] });
  if (only !== undefined) expectArgument('readNpz', 'only', only, text);
  const keyOf = (file: string) => file.replace(/\.npy$/, '');
  const wanted = (file: string) => only === undefined || only === keyOf(file);
  let files: ReturnType<typeof unzip>;
  try {
    files = unzip(bytes, wanted);
  } catch (error) {
    const other = ascii(bytes, 0, 2) === 'PK' ? undefined : foreign(bytes);
    const given = other?.what ?? `${bytes.length} bytes of which zip says: ${(error as Error).message}`;
    const fix = other?.advice ?? 'Save it again with numpy.savez, or fetch it again.';
    throw new DataError('format', `${name}: ${given}; wanted an .npz file. ${fix}`, error);
  }
  const read = files.filter((file) => file.content !== undefined);
  if (only !== undefined && read.length === 0) {
    const names = files.map((file) => keyOf(file.name)).join(', ') || 'none: it is empty';
    throw new DataError('format', `${name}: no array '${only}'; wanted one of ${names}.`);
  }
  return Object.fromEntries(
    read.map((file) => [keyOf(file.name), readNpy(file.content!, `${name}: ${file.name}`)] as const),
  );
}

/**
 * An `.npz` file of these arrays, which `numpy.load` reads. The same arrays give the same bytes.
 *
 * @param arrays by name; a name may hold `/` and `.`
 * @throws DataError `argument` for what are no arrays, or values of a number that does not fit the shape
 */
export function writeNpz(arrays: Readonly<Record<string, DataArray>>): Uint8Array {
  expectArgument('writeNpz', 'arrays', arrays, dataArrays);
  return zip(Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)])));
}
