/**
 * The one way in which files are written: whoever looks at the name sees the file from before or all of the new one,
 * also after a kill or a power cut.
 */
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { fate, self, startOf } = require('./processes');

/** A temporary file of a process whose end cannot be seen from here is left this long. Milliseconds. */
const abandonedAfter = 48 * 3600 * 1000;

/** Said by a file system that cannot flush, which is no reason not to write. */
const cannotFlush = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * A name for something in the making; it says which process makes it, so that what a killed process left can be told
 * from what a living one is busy with.
 */
function ownMark() {
  const { place, pid, started } = self();
  return `${place}.${pid}.${fitForNames(started)}.${crypto.randomBytes(4).toString('hex')}`;
}

/** @param {string} started */
function fitForNames(started) {
  return started.replace(/\W+/g, '-');
}

const markForm = /^([0-9a-f]{10})\.([1-9]\d*)\.([\w-]*)\.[0-9a-f]{8}$/;

/**
 * Whether what lies under a name made with `ownMark` is of a process that has ended.
 *
 * @param {string} mark
 * @param {string} file where it lies
 * @param {number} [after] milliseconds without a change until it is, where the process cannot be seen from here
 */
function isAbandoned(mark, file, after = abandonedAfter) {
  const [, place = '', pid = '', started = ''] = markForm.exec(mark) ?? [];
  if (place !== '') {
    const now = startOf(Number(pid));
    const same = fitForNames(now) === started;
    const seen = fate({ place, pid: Number(pid), started: same ? now : started });
    if (seen !== 'unknown') return seen === 'gone';
  }
  const written = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  // Either way: a clock that was set back leaves files of the future.
  return Math.abs(Date.now() - written) > after;
}

/**
 * Removes what killed processes left in a folder.
 *
 * @param {string} folder
 * @param {object} [which]
 * @param {string} [which.prefix] what their names have before the mark
 * @param {boolean} [which.all] everything there is in the making, whatever it is called
 */
function sweep(folder, { prefix = '', all = false } = {}) {
  /** @type {string[]} */
  let names;
  try {
    names = fs.readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names) {
    const entry = path.join(folder, name);
    const mark = name.slice(prefix.length);
    if (!name.startsWith(prefix) || !(all || markForm.test(mark)) || !isAbandoned(mark, entry)) continue;
    try {
      fs.rmSync(entry, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // another process sweeps too, or it is another user's
    }
  }
}

/**
 * Writes a file: to a temporary name beside it, flushed to the disk, then renamed. Folders are made.
 *
 * @param {string} file
 * @param {string | Uint8Array} content
 * @param {number} [mode]
 * @throws the system's error; then the file is as before
 */
function writeAtomically(file, content, mode) {
  const folder = path.dirname(path.resolve(file));
  fs.mkdirSync(folder, { recursive: true });
  const prefix = `.${path.basename(file).slice(0, 120)}.tmp-`;
  sweep(folder, { prefix });
  const temporary = path.join(folder, prefix + ownMark());
  try {
    writeFlushed(temporary, content, mode);
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * Writes files as `writeAtomically` does, and flushes them side by side, which a disk does several times faster than one after the other.
 *
 * @param {readonly { file: string, content: string | Uint8Array }[]} wanted
 * @throws the system's error; then each file is as before, or all of the new one
 */
async function writeAllAtomically(wanted) {
  const made = wanted.map(({ file, content }) => {
    const folder = path.dirname(path.resolve(file));
    const prefix = `.${path.basename(file).slice(0, 120)}.tmp-`;
    return { file, content, folder, prefix, temporary: path.join(folder, prefix + ownMark()) };
  });
  try {
    await Promise.all(
      made.map(async ({ content, folder, prefix, temporary }) => {
        fs.mkdirSync(folder, { recursive: true });
        sweep(folder, { prefix });
        const handle = await fs.promises.open(temporary, 'wx');
        try {
          await handle.writeFile(content);
          await handle.sync().catch(forgiveFlush);
        } finally {
          await handle.close();
        }
      }),
    );
    for (const { file, temporary } of made) fs.renameSync(temporary, file);
  } catch (error) {
    for (const { temporary } of made) fs.rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * @param {string} file new
 * @param {string | Uint8Array} content
 * @param {number} [mode]
 */
function writeFlushed(file, content, mode) {
  const handle = fs.openSync(file, 'wx', mode);
  try {
    fs.writeFileSync(handle, content);
    flush(handle);
  } finally {
    fs.closeSync(handle);
  }
}

/**
 * A rename can reach the disk before the content does: after a power cut the new name would hold an empty file.
 *
 * @param {number} handle
 */
function flush(handle) {
  try {
    fs.fsyncSync(handle);
  } catch (error) {
    forgiveFlush(error);
  }
}

/** @param {unknown} error */
function forgiveFlush(error) {
  if (!(error instanceof Error && 'code' in error && cannotFlush.has(String(error.code)))) throw error;
}

/**
 * Copies a file as `writeAtomically` writes one.
 *
 * @param {string} from
 * @param {string} to
 */
function copyAtomically(from, to) {
  writeAtomically(to, fs.readFileSync(from));
}

/**
 * @param {string} file
 * @returns {any} undefined when it is not there, or is not whole JSON: what cannot be read counts as absent
 */
function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

module.exports = {
  ...{
    ownMark,
    isAbandoned,
    sweep,
    writeAtomically,
    writeAllAtomically,
    writeFlushed,
    copyAtomically,
    flush,
    readJson,
  },
};
