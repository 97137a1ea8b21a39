/**
 * Folders for what a run needs only while it runs. They go when it ends; what a killed run left is removed by the next.
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { fate, isIdentity, self } = require('./processes');
const { readJson } = require('./write');

const prefix = 'bnlab-run-';
const ownerName = 'owner.json';
/** A folder whose owner cannot be seen from here is left this long. Milliseconds. */
const abandonedAfter = 48 * 3600 * 1000;

/**
 * A folder of this run's own. Its path is short, because sockets are made in it.
 *
 * @returns {string}
 * @throws Error that names the folder for temporary files, when it cannot be used
 */
function makeScratch() {
  const parent = os.tmpdir();
  sweepScratch();
  let folder;
  try {
    folder = fs.mkdtempSync(path.join(parent, prefix));
    fs.writeFileSync(path.join(folder, ownerName), JSON.stringify(self()));
  } catch (error) {
    if (folder) fs.rmSync(folder, { recursive: true, force: true });
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The folder for temporary files, ${parent}, cannot be used (${why}). Make room or give permission there, or set TMPDIR to another folder.`,
      { cause: error },
    );
  }
  return folder;
}

/** @param {string} folder */
function removeScratch(folder) {
  try {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  } catch {
    // A program that is ending writes into it still: the next run sweeps.
  }
}

/** Removes the scratch folders of runs that are gone. */
function sweepScratch() {
  const parent = os.tmpdir();
  /** @type {string[]} */
  let names;
  try {
    names = fs.readdirSync(parent).filter((name) => name.startsWith(prefix));
  } catch {
    return;
  }
  for (const name of names) {
    const folder = path.join(parent, name);
    const owner = readJson(path.join(folder, ownerName));
    const seen = isIdentity(owner) ? fate(owner) : 'unknown';
    const made = fs.statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (seen === 'gone' || (seen === 'unknown' && Math.abs(Date.now() - made) > abandonedAfter)) removeScratch(folder);
  }
}

module.exports = { makeScratch, removeScratch, sweepScratch };
