/** Getting the four files of a set: from the folder of BNLAB_DATA, the cache, or the network, verified in each case. */
import { join } from 'node:path';
import { Downloader, type DownloadOptions } from './download';
import { DataError } from './errors';
import { dataCacheFolder, readLocal, readVerified } from './folders';
import { type ManifestDataset, PARTS, type Part, readManifest, type RealName } from './manifest';

/** The four files of a set, still compressed, each with the checksum the manifest gives. */
export interface ObtainedFiles {
  set: ManifestDataset;
  files: Record<Part, Uint8Array>;
  from: 'BNLAB_DATA' | 'cache' | 'network';
  /** The folder they lie in, or would. */
  folder: string;
  /** Why they could not be kept in `folder`, and what to do about it; absent when they are there. */
  problem?: string;
}

/**
 * Gets the files of a set, and keeps what it fetches in this user's cache. A cached file that is not the right one is
 * fetched anew.
 *
 * Environment: BNLAB_DATA, BNLAB_MANIFEST, XDG_CACHE_HOME, the proxy variables, and BNLAB_OFFLINE (any value: leave the
 * network alone).
 *
 * @throws DataError `folder` or `checksum` for a wrong BNLAB_DATA; `network` or `checksum` when the mirrors do not give
 *   the right files; `stopped` when the signal said so; `manifest` for a wrong manifest
 */
export async function obtainFiles(name: RealName, options: DownloadOptions = {}): Promise<ObtainedFiles> {
  const { environment = process.env } = options;
  const set = readManifest(environment).datasets[name];
  const files: Partial<Record<Part, Uint8Array>> = {};
  const done = (from: ObtainedFiles['from'], folder: string) => {
    return { set, files: files as Record<Part, Uint8Array>, from, folder };
  };
  if (environment.BNLAB_DATA) {
    for (const part of PARTS) files[part] = readLocal(environment.BNLAB_DATA, name, set.files[part]);
    return done('BNLAB_DATA', join(environment.BNLAB_DATA, name));
  }
  const folder = join(dataCacheFolder(environment), name);
  for (const part of PARTS) files[part] = readVerified(join(folder, set.files[part].name), set.files[part]);
  if (PARTS.every((part) => files[part])) return done('cache', folder);

  const advice =
    `Run again with network (npm run data -- ${name}), or set BNLAB_DATA to a folder that holds ` +
    `${name}/ with the files of ${set.mirrors[0]}`;
  if (environment.BNLAB_OFFLINE) {
    throw new DataError('network', `${set.title} is not in ${folder}, and BNLAB_OFFLINE is set. ${advice}`);
  }
  const downloader = new Downloader(options);
  let problem: string | undefined;
  try {
    for (const part of PARTS) {
      if (files[part]) continue;
      const fetched = await downloader.fetch(set.files[part], set.mirrors, folder);
      files[part] = fetched.bytes;
      if (fetched.problem) problem = fetched.problem;
    }
  } catch (error) {
    if (!(error instanceof DataError) || error.code === 'stopped') throw error;
    throw new DataError(error.code, `${set.title} could not be fetched. ${error.message} ${advice}`, error);
  } finally {
    await downloader.close();
  }
  if (problem === undefined) return done('network', folder);
  const fix = 'Make room or give permission there, or set XDG_CACHE_HOME to a folder that can be written.';
  return {
    ...done('network', folder),
    problem: `${set.title} was fetched but could not be kept in ${folder} (${problem}), so every run fetches it again. ${fix}`,
  };
}
