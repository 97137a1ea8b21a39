/** Getting the four files of a set: from the folder of BNLAB_DATA, the cache, or the network, verified in each case. */
import { join } from 'node:path';
import { DataError } from './errors';
import { dataCacheFolder, readLocal, readVerified } from './folders';
import { readManifest, type ManifestDataset, type Part, type RealName } from './manifest';

/** The four files of a set, still compressed, each with the checksum the manifest gives. */
export interface ObtainedFiles {
  set: ManifestDataset;
  files: Record<Part, Uint8Array>;
  from: 'BNLAB_DATA' | 'cache' | 'network';
}

/** Where to look and whom to tell. */
export interface ObtainOptions {
  /** Environment variables to go by; those of the process by default. */
  environment?: NodeJS.ProcessEnv;
}

/**
 * Gets the files of a set.
 *
 * @throws DataError `folder` or `checksum` for a wrong BNLAB_DATA, `network` when they cannot be fetched
 */
export async function obtainFiles(name: RealName, options: ObtainOptions = {}): Promise<ObtainedFiles> {
  const { environment = process.env } = options;
  const set = readManifest(environment).datasets[name];
  const parts = Object.keys(set.files) as Part[];
  const files: Partial<Record<Part, Uint8Array>> = {};
  const done = (from: ObtainedFiles['from']) => ({ set, files: files as Record<Part, Uint8Array>, from });
  if (environment.BNLAB_DATA) {
    for (const part of parts) files[part] = readLocal(environment.BNLAB_DATA, name, set.files[part]);
    return done('BNLAB_DATA');
  }
  const folder = join(dataCacheFolder(environment), name);
  for (const part of parts) files[part] = readVerified(join(folder, set.files[part].name), set.files[part]);
  if (parts.every((part) => files[part])) return done('cache');
  throw new DataError('network', `${set.title} is not in ${folder}. Set BNLAB_DATA to a folder that holds ${name}/.`);
}
