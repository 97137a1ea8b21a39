/** NumPy's `.npz`: a zip of `.npy` arrays. */
import { crc32 } from 'node:zlib';
import * as yauzl from 'yauzl';
import { text } from '../../core/checks';
import { ascii, type DataArray, foreign } from '../arrays';
import { bytes as byteArray, expectArgument, expectArguments } from '../checks';
import { DataError } from '../errors';
import { readNpy } from '../npy';

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
export async function readNpz(bytes: Uint8Array, name = 'NPZ data', only?: string): Promise<Record<string, DataArray>> {
  expectArguments('readNpz', { bytes: [bytes, byteArray], name: [name, text] });
  if (only !== undefined) expectArgument('readNpz', 'only', only, text);
  const arrays: Record<string, DataArray> = {};
  const names: string[] = [];
  try {
    const zip = await yauzl.fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    for await (const entry of zip.eachEntry()) {
      const key = entry.fileName.replace(/\.npy$/, '');
      names.push(key);
      if (only !== undefined && only !== key) continue;
      const chunks: Buffer[] = [];
      for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
      const content = Buffer.concat(chunks);
      if (crc32(content) !== entry.crc32) throw new Error(`the checksum of ${entry.fileName} is another`);
      arrays[key] = readNpy(content, `${name}: ${entry.fileName}`);
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    const other = ascii(bytes, 0, 2) === 'PK' ? undefined : foreign(bytes);
    const given = other?.what ?? `${bytes.length} bytes of which zip says: ${(error as Error).message}`;
    const fix = other?.advice ?? 'Save it again with numpy.savez, or fetch it again.';
    throw new DataError('format', `${name}: ${given}; wanted an .npz file. ${fix}`, error);
  }
  if (only !== undefined && !(only in arrays)) {
    throw new DataError(
      'format',
      `${name}: no array '${only}'; wanted one of ${names.join(', ') || 'none: it is empty'}.`,
    );
  }
  return arrays;
}
