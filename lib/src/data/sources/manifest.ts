/** The manifest as this host has it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment } from '../../platform/port';
import { DataError } from '../errors';
import { type Manifest, whatLacks } from '../manifest';

/**
 * Reads the manifest: data/manifest.json, or the file that `BNLAB_MANIFEST` names (a closed network's own mirrors).
 *
 * @throws DataError `manifest` when the file is missing or lacks something; the message says which file and what
 */
export function readManifest(environment: Environment): Manifest {
  const path = environment.BNLAB_MANIFEST || join(__dirname, '..', '..', '..', '..', '..', 'data', 'manifest.json');
  const fail = (given: string, cause?: unknown): never => {
    const fix = environment.BNLAB_MANIFEST
      ? 'Correct the file, or unset BNLAB_MANIFEST to use the one of this repository.'
      : 'Restore it with: git checkout data/manifest.json';
    throw new DataError('manifest', `Data manifest ${path}: ${given}. ${fix}`, cause);
  };
  let manifest: unknown;
  try {
    manifest = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return fail((error as Error).message, error);
  }
  const lack = whatLacks(manifest);
  return lack === undefined ? (manifest as Manifest) : fail(lack);
}
