/**
 * Files as set-up treats them: whatever another process may look at appears whole or not at all.
 */
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { ownMark, readJson, sweep, writeAtomically } = require('../src/platform/node/write');
const { layout } = require('./layout');
const lock = require('./lock');

/**
 * A name for something in the making.
 *
 * @param {string} folder
 */
function temporaryName(folder) {
  return path.join(folder, ownMark());
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** @param {string} file */
function remove(file) {
  fs.rmSync(file, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * @param {string} file
 * @param {unknown} value
 */
function writeJson(file, value) {
  writeAtomically(file, JSON.stringify(value, null, 1) + '\n');
}

/** @param {(string | Uint8Array)[]} parts */
function digest(...parts) {
  const hash = crypto.createHash('sha256');
  for (const part of parts) hash.update(String(part.length)).update('\0').update(part);
  return hash.digest('hex');
}

/**
 * All files below a folder, as paths relative to it, sorted.
 *
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

/**
 * One digest of names and contents.
 *
 * @param {string} folder
 * @param {(name: string) => boolean} [wanted]
 */
function digestBelow(folder, wanted = () => true) {
  const names = filesBelow(folder).filter(wanted);
  return digest(...names.flatMap((name) => [name, fs.readFileSync(path.join(folder, name))]));
}

/**
 * Puts `made` in the place of `target`. What was there before is moved away first and removed last; a kill between the
 * two renames leaves no `target`, which the next set-up sees and mends.
 *
 * @param {string} made
 * @param {string} target
 */
function swapIn(made, target) {
  lock.expectHeld();
  fs.mkdirSync(layout.temporary, { recursive: true });
  const old = temporaryName(layout.temporary);
  const existed = fs.existsSync(target);
  if (existed) fs.renameSync(target, old);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.renameSync(made, target);
  if (existed) remove(old);
}

/**
 * Every file below a folder with its size, as far as it can be seen: others may be making and removing files there meanwhile, and
 * what has gone is passed over.
 *
 * @param {string} folder
 * @returns {Generator<{ file: string, size: number }>}
 */
function* filesInSight(folder) {
  for (const entry of entriesInSight(folder)) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesInSight(file);
    else if (entry.isFile()) {
      try {
        yield { file, size: fs.statSync(file).size };
      } catch {
        // gone since its folder was read
      }
    }
  }
}

/**
 * What a folder holds; nothing where it is gone or may not be read.
 *
 * @param {string} folder
 * @returns {import('node:fs').Dirent[]}
 */
function entriesInSight(folder) {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/**
 * The same tree again without the same disk space where the two lie on one file system: hard links, else copies.
 *
 * @param {string} from
 * @param {string} to
 */
function linkTree(from, to) {
  for (const name of filesBelow(from)) {
    const target = path.join(to, name);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    try {
      fs.linkSync(path.join(from, name), target);
    } catch {
      fs.copyFileSync(path.join(from, name), target);
    }
  }
}

/**
 * A symbolic link, replaced in one move, and relative, so that the project can be moved.
 *
 * @param {string} target
 * @param {string} link
 */
function linkTo(target, link) {
  fs.mkdirSync(path.dirname(link), { recursive: true });
  sweep(path.dirname(link));
  const temporary = temporaryName(path.dirname(link));
  fs.symlinkSync(path.relative(path.dirname(link), target), temporary);
  try {
    fs.renameSync(temporary, link);
  } catch (error) {
    // A folder stands where the link should: the package's own installer makes one.
    if (codeOf(error) !== 'EISDIR' && codeOf(error) !== 'ENOTEMPTY') throw error;
    remove(link);
    fs.renameSync(temporary, link);
  }
}

module.exports = {
  temporaryName,
  sweep,
  codeOf,
  remove,
  writeAtomically,
  readJson,
  writeJson,
  digest,
  filesBelow,
  filesInSight,
  entriesInSight,
  digestBelow,
  swapIn,
  linkTree,
  linkTo,
};
