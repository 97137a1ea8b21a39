/** Getting the four files of a set: from the folder of BNLAB_DATA, the cache, or the network, verified in each case. */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { oneOf } from '../../core/checks';
import { writeAtomically } from '../../platform/node/write';
import { platform } from '../../platform/port';
import { expectArgument, expectOptions } from '../checks';
import { DataError } from '../errors';
import { PARTS, type Part, REAL_DATASETS, type RealName } from '../manifest';
import { OBTAIN_OPTIONS, type ObtainedFiles, type ObtainOptions } from '../source';
import { Downloader } from './download';
import { dataCacheFolder, readLocal, readVerified } from './folders';
import { readManifest } from './manifest';

/**
 * Gets the files of a set, and keeps what it fetches in this user's cache. A cached file that is not the right one is
 * fetched anew.
 *
 * Environment: BNLAB_DATA, BNLAB_CACHE, XDG_CACHE_HOME, BNLAB_MANIFEST, the proxy variables, and BNLAB_OFFLINE (any value:
 * leave the network alone).
 *
 * @throws DataError `folder` or `checksum` for a wrong BNLAB_DATA; `network` or `checksum` when the mirrors do not give
 *   the right files; `stopped` when the signal said so; `manifest` for a wrong manifest; `argument` for another name, and for
 *   settings that make no sense
 */
export async function obtainFiles(name: RealName, options: ObtainOptions = {}): Promise<ObtainedFiles> {
  expectArgument('obtainFiles', 'name', name, oneOf(REAL_DATASETS));
  expectOptions('obtainFiles', options, OBTAIN_OPTIONS);
  const { environment = platform().environment } = options;
  const set = readManifest(environment).datasets[name];
  const files: Partial<Record<Part, Uint8Array>> = {};
  const done = (from: ObtainedFiles['from'], folder: string) => {
    return { set, files: files as Record<Part, Uint8Array>, from, folder };
  };
  if (environment.BNLAB_DATA) {
    for (const part of PARTS) files[part] = readLocal(environment.BNLAB_DATA, name, set.title, set.files[part]);
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
  const silence = new Silence(dataCacheFolder(environment), set.mirrors);
  if (options.unlessSilent && silence.isFresh()) {
    const given = `${set.title} is not in ${folder}, and the mirrors could not be reached some minutes ago`;
    throw new DataError('network', `${given}. ${advice}`);
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
    silence.note();
    throw new DataError(error.code, `${set.title} could not be fetched. ${error.message} ${advice}`, error);
  } finally {
    await downloader.close();
  }
  silence.end();
  if (problem === undefined) return done('network', folder);
  const fix = 'Make room or give permission there, or set XDG_CACHE_HOME to a folder that can be written.';
  return {
    ...done('network', folder),
    problem: `${set.title} was fetched but could not be kept in ${folder} (${problem}), so every run fetches it again. ${fix}`,
  };
}

/** How long mirrors that could not be reached are left alone by those who do not insist. */
const SILENCE_MS = 10 * 60_000;

/** A file in the cache that says since when these mirrors cannot be reached. Where it cannot be written, nothing is lost. */
class Silence {
  private readonly path: string;
  private readonly mirrors: string;

  constructor(folder: string, mirrors: string[]) {
    this.path = join(folder, 'unreachable');
    this.mirrors = mirrors.join('\n');
  }

  isFresh(): boolean {
    try {
      // Files' times are finer than Date.now(), which may lie a fraction of a millisecond before a file just written.
      const age = Date.now() - Math.floor(statSync(this.path).mtimeMs);
      return age >= 0 && age < SILENCE_MS && readFileSync(this.path, 'utf8') === this.mirrors;
    } catch {
      return false;
    }
  }

  note(): void {
    try {
      writeAtomically(this.path, this.mirrors);
    } catch {
      // Then the next one asks again.
    }
  }

  end(): void {
    try {
      rmSync(this.path, { force: true });
    } catch {
      // It ends by itself.
    }
  }
}
