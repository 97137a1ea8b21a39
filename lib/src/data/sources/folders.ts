/** Where data lies on this machine, and whether what lies there is what it should be. */
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Environment, platform } from '../../platform/port';
import { contentsOf, foreign } from '../arrays';
import { environment as variables, expectArgument } from '../checks';
import { DataError } from '../errors';
import { readIdx, writeIdx } from '../idx';
import { type ManifestFile, type RealName } from '../manifest';

/**
 * The folder in which fetched data is kept for this user: `$BNLAB_CACHE/data`, `$XDG_CACHE_HOME/bnlab/data`, else the
 * system's place for caches (`~/.cache` on Linux, `~/Library/Caches` on macOS).
 *
 * @param environment the process's own unless given
 * @throws DataError `argument` for what are no environment variables
 */
export function dataCacheFolder(environment: Environment = platform().environment): string {
  expectArgument('dataCacheFolder', 'environment', environment, variables);
  return join(platform().cacheFolder(environment), 'data');
}

/**
 * Other names under which the same file lies about: with and without .gz, and with a dot where the original has a hyphen.
 *
 * @example sameFile('train-labels-idx1-ubyte.gz') // 'train-labels-idx1-ubyte', 'train-labels.idx1-ubyte', and that with .gz
 */
export function sameFile(name: string): string[] {
  const plain = name.replace(/\.gz$/, '');
  const dotted = plain.replace(/[-.](idx\d+-ubyte)$/, '.$1');
  const dashed = plain.replace(/[-.](idx\d+-ubyte)$/, '-$1');
  const all = [dashed, dotted].flatMap((one) => [one, `${one}.gz`]);
  return [...new Set(all)].filter((other) => other !== name);
}

/**
 * The bytes, or their contents, when they are what the manifest means: the very file, or other bytes that hold the same
 * array (decompressed, compressed by another program, or with another element type).
 */
function recognized(bytes: Uint8Array, wanted: ManifestFile, name: string): Uint8Array | undefined {
  if (bytes.length === wanted.bytes && platform().sha256(bytes) === wanted.sha256) return bytes;
  if (!wanted.contents) return undefined;
  const right = (content: Uint8Array) =>
    content.length === wanted.contents!.bytes && platform().sha256(content) === wanted.contents!.sha256;
  try {
    const content = contentsOf(bytes, name);
    if (right(content)) return content;
    const { shape, values } = readIdx(content, name);
    if (
      values instanceof Uint8Array ||
      !values.every((value) => Number.isInteger(value) && value >= 0 && value < 256)
    ) {
      return undefined;
    }
    const written = writeIdx(shape, Uint8Array.from(values as ArrayLike<number>));
    return right(written) ? written : undefined;
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

/**
 * The bytes of a file when it is there, under its name or another of {@link sameFile}, and holds what the manifest means;
 * `undefined` otherwise. They are gzip, or what was compressed.
 */
export function readVerified(path: string, wanted: ManifestFile): Uint8Array | undefined {
  for (const name of [basename(path), ...sameFile(basename(path))]) {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(join(dirname(path), name));
    } catch {
      continue;
    }
    const found = recognized(bytes, wanted, name);
    if (found) return found;
  }
  return undefined;
}

/**
 * The bytes of a file in the folder that `BNLAB_DATA` names, as the publisher compressed them or what they hold. The reader
 * chose that folder, so what is wrong with it is an error rather than a reason to look elsewhere.
 *
 * @throws DataError `folder` when folder or file is missing or cannot be read, `checksum` when it holds something else
 */
export function readLocal(folder: string, name: RealName, title: string, wanted: ManifestFile): Uint8Array {
  const fix = `It must hold mnist/ and fashion/ with the files under their original names, compressed (.gz) or not, or be unset.`;
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new DataError('folder', `BNLAB_DATA=${folder}: no such folder (${resolve(folder)}). ${fix}`);
  }
  let other: { path: string; bytes: Uint8Array } | undefined;
  for (const file of [wanted.name, ...sameFile(wanted.name)]) {
    const path = join(resolve(folder), name, file);
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOENT' || code === 'ENOTDIR') continue;
      throw new DataError('folder', `BNLAB_DATA=${folder}: ${(error as Error).message}. ${fix}`, error);
    }
    const found = recognized(bytes, wanted, path);
    if (found) return found;
    other ??= { path, bytes };
  }
  if (!other) throw new DataError('folder', `BNLAB_DATA=${folder}: has no ${name}/${wanted.name}. ${fix}`);
  const held = whatItHolds(other.bytes, other.path);
  const given = `${other.bytes.length} bytes, sha256 ${platform().sha256(other.bytes)}: ${held.what}`;
  const inside = wanted.contents
    ? `, or what it holds: ${wanted.contents.bytes} bytes, sha256 ${wanted.contents.sha256}`
    : '';
  const want = `${title}'s file of ${wanted.bytes} bytes, sha256 ${wanted.sha256}${inside}`;
  throw new DataError('checksum', `${other.path}: ${given}; wanted ${want}. The file is left as it is. ${held.advice}`);
}

/** What a file that is not the one wanted turns out to be, and what its reader can do. */
function whatItHolds(bytes: Uint8Array, path: string): { what: string; advice: string } {
  try {
    const { shape, type } = readIdx(contentsOf(bytes, path), path);
    const advice =
      'It is whole: if these are data of your own, read them with readDataset; for this name, set BNLAB_DATA to a folder ' +
      'with the published files, or unset it.';
    return { what: `an IDX file of other contents, ${type} of shape [${shape.join(', ')}]`, advice };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const other = foreign(bytes);
    const what = other && !/^gzip/.test(other.what) ? other.what : 'damaged, cut off, or no IDX file';
    return { what, advice: 'Set BNLAB_DATA to a folder with the published files, or unset it.' };
  }
}
