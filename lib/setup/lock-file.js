/**
 * What a lock's file holds, and how it is looked at.
 */
'use strict';

const fs = require('node:fs');
const { isIdentity } = require('../src/platform/node/processes');

/**
 * @typedef {object} Child a process group that runs for the holder
 * @property {number} group
 * @property {string} started of its leader
 *
 * @typedef {import('../src/platform/node/processes').Identity & {
 *   token: string, host: string, command: string, since: number, children: Child[],
 * }} Holder since: milliseconds since 1970
 */

/**
 * @param {unknown} given
 * @returns {Holder | undefined} undefined when this is no lock of ours: cut off, empty, or an older version's
 */
function asHolder(given) {
  if (!isIdentity(given)) return undefined;
  const holder = /** @type {Holder} */ (given);
  return typeof holder.token === 'string' && Array.isArray(holder.children) ? holder : undefined;
}

/**
 * A lock as it is at this moment. The file is opened, not only asked for its times: a network's file system answers the
 * latter from memory.
 *
 * @param {string} file
 * @returns {{ there: boolean, holder?: Holder, sign: string }} sign: changes with every beat of the holder's heart
 */
function look(file) {
  let handle;
  try {
    handle = fs.openSync(file, 'r');
    const { ino, mtimeMs } = fs.fstatSync(handle);
    const text = fs.readFileSync(handle, 'utf8');
    const sign = `${ino} ${mtimeMs} ${text}`;
    try {
      return { there: true, holder: asHolder(JSON.parse(text)), sign };
    } catch {
      return { there: true, sign };
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { there: code !== 'ENOENT', sign: code };
  } finally {
    if (handle !== undefined) fs.closeSync(handle);
  }
}

/**
 * Gives a sign of life.
 *
 * @param {string} file
 * @param {string} token
 * @returns {boolean} false: the lock is gone or another's
 */
function touch(file, token) {
  const { there, holder } = look(file);
  if (!there || (holder && holder.token !== token)) return false;
  try {
    if (holder) fs.utimesSync(file, new Date(), new Date());
  } catch {
    // a disk that refuses for a moment; the next beat tries again
  }
  return true;
}

module.exports = { look, touch };
