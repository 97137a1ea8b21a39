/**
 * Files as set-up treats them: whatever another process may look at appears whole or not at all.
 */
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { layout } = require('./layout');

let counter = 0;

/**
 * A name for something in the making; it says which process makes it, so that what a killed process left can be told
 * from what a living one is busy with.
 *
 * @param {string} folder
 */
function temporaryName(folder) {
  counter += 1;
  return path.join(folder, `${os.hostname()}.${process.pid}.${Date.now().toString(36)}${counter}`);
}

/**
 * Removes what killed processes left in a folder of temporary names.
 *
 * @param {string} folder
 */
function sweep(folder) {
  if (!fs.existsSync(folder)) return;
  const ours = `${os.hostname()}.`;
  for (const name of fs.readdirSync(folder)) {
    if (!name.startsWith(ours)) continue;
    const pid = Number(name.slice(ours.length).split('.')[0]);
    if (pid !== process.pid && !isAlive(pid)) remove(path.join(folder, name));
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
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
 * @param {string | Uint8Array} content
 * @param {number} [mode]
 */
function writeAtomically(file, content, mode) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${temporaryName(path.dirname(file))}.new`;
  try {
    fs.writeFileSync(temporary, content, { mode });
    fs.renameSync(temporary, file);
  } catch (error) {
    remove(temporary);
    throw error;
  }
}

/**
 * @param {string} file
 * @returns {any} undefined when it is not there or not JSON: a stamp that cannot be read is no stamp
 */
function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
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
  const temporary = `${temporaryName(path.dirname(link))}.new`;
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
  isAlive,
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
