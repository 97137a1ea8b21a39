/** Files written whole. */
import * as fs from 'node:fs';
import { writeAtomically as writeWhole } from '../../src/platform/node/write';

/**
 * Writes so that the file is either as before or whole, even when the machine stops. A link stays a link, and a file keeps its
 * permissions.
 *
 * @throws Error that names the file and says what to do
 */
export function writeAtomically(file: string, text: string | Uint8Array): void {
  try {
    const isThere = fs.existsSync(file);
    const place = isThere ? fs.realpathSync(file) : file;
    writeWhole(place, text, isThere ? fs.statSync(place).mode & 0o777 : undefined);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new Error(`${file} cannot be written: ${message}. ${WRITE_FAILED[code] ?? ''}`.trim(), { cause: error });
  }
}

const WRITE_FAILED: Record<string, string> = {
  ENOSPC: 'The disk is full: make room.',
  EDQUOT: 'Your quota is used up: make room.',
  EACCES: 'Change the permissions of its folder, or name another with --out.',
  EROFS: 'The file system is read-only: name another folder with --out.',
};
