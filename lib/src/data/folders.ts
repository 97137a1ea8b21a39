/** Where data lies on this machine, and whether what lies there is what it should be. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { DataError } from './errors';
import { type ManifestFile, type RealName } from './manifest';

/** SHA-256 in hexadecimal of the parts, one after the other. */
export function sha256(...parts: Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/**
 * The folder in which fetched data is kept for this user: `$BNLAB_CACHE/data`, `$XDG_CACHE_HOME/bnlab/data`, else the
 * platform's place for caches (`~/.cache` on Linux, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows).
 */
export function dataCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.BNLAB_CACHE) return resolve(environment.BNLAB_CACHE, 'data');
  const named = environment.XDG_CACHE_HOME;
  // The XDG base directory specification: a relative path there is invalid and to be ignored.
  if (named && isAbsolute(named)) return join(named, 'bnlab', 'data');
  const home = homedir();
  if (process.platform === 'darwin') return join(home, 'Library', 'Caches', 'bnlab', 'data');
  if (process.platform === 'win32') {
    return join(environment.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'bnlab', 'data');
  }
  return join(home, '.cache', 'bnlab', 'data');
}

/** The bytes of a file when it is there and is the one the manifest means, `undefined` otherwise. */
export function readVerified(path: string, wanted: ManifestFile): Uint8Array | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  return bytes.length === wanted.bytes && sha256(bytes) === wanted.sha256 ? bytes : undefined;
}

/**
 * The bytes of a file in the folder that `BNLAB_DATA` names. The reader chose that folder, so what is wrong with it is
 * an error rather than a reason to look elsewhere.
 *
 * @throws DataError `folder` when folder or file is missing or cannot be read, `checksum` when it is another file
 */
export function readLocal(folder: string, name: RealName, wanted: ManifestFile): Uint8Array {
  const fix = `It must hold mnist/ and fashion/ with the .gz files under their original names, or be unset.`;
  const path = join(resolve(folder), name, wanted.name);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new DataError('folder', `BNLAB_DATA=${folder}: no such folder (${resolve(folder)}). ${fix}`);
  }
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const given = code === 'ENOENT' || code === 'ENOTDIR' ? `has no ${name}/${wanted.name}` : (error as Error).message;
    throw new DataError('folder', `BNLAB_DATA=${folder}: ${given}. ${fix}`, error);
  }
  if (bytes.length !== wanted.bytes || sha256(bytes) !== wanted.sha256) {
    const given = `${bytes.length} bytes, sha256 ${sha256(bytes)}`;
    const want = `${wanted.bytes} bytes, sha256 ${wanted.sha256}`;
    const advice = 'The file is damaged or another one: replace it, or unset BNLAB_DATA.';
    throw new DataError('checksum', `${path}: ${given}; wanted ${want}. ${advice}`);
  }
  return bytes;
}
