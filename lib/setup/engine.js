/**
 * The native engine: TensorFlow's C library (tensorflow.js), and under TensorFlow.js the addon of @tensorflow/tfjs-node-gpu, built against
 * it (addons.js).
 *
 * All of this is wanted, not needed. Whatever is missing, from the compiler to the network, set-up says so and goes on:
 * the library then computes with WebAssembly, and failing that with plain JavaScript.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { addonFolder, addons, cachedAddon, keyOf, placeAddon, placeOf } = require('./addons');
const { digest, entriesInSight, linkTo, readJson, remove, writeJson } = require('./files');
const { exists } = require('../src/platform/node/processes');
const { layout } = require('./layout');
const { findCompiler, unsuitedPlatform } = require('./suited');
const {
  fillLibraryFolder,
  hasSizes,
  isComplete,
  libraryFolder,
  mendLibrary,
  removeOthers,
  sizesOf,
  wheelsOf,
} = require('./tensorflow');
const { targetOf, tensorflow } = require('./wheels');
const { asWithout, noCompiler } = require('./without');

/**
 * @typedef {import('./wheels').Variant} Variant
 *
 * @typedef {object} EngineStamp what `.bnlab/engine.json` holds
 * @property {Variant} variant which build of TensorFlow the user asked for
 * @property {string} key the inputs this is the outcome for
 * @property {boolean} native
 * @property {string} [tensorflow] version, when native
 * @property {boolean} [gpu] whether TensorFlow sees a GPU, when native
 * @property {Record<string, number>} [sizes] files that must still be there, relative to the root
 * @property {Record<string, number>} [changed] when each of them was last written, in milliseconds since 1970
 * @property {Record<string, string>} [lacking] addons that the engine does without, and why
 * @property {string} [reason] 'platform' | 'compiler' | 'network' | 'build' | 'load' | 'disk' | 'other', when not native
 * @property {string} [why] a sentence, when not native
 * @property {string} [fix] a command or a sentence, when not native
 * @property {number} [at] when it was tried, in milliseconds since 1970
 */

const libraryLink = path.join(layout.tfjsNode, 'deps', 'lib');
const nvidiaLink = path.join(layout.tfjsNode, 'deps', 'nvidia');
const retryAfter = 60 * 60 * 1000;

/** The user's last word on which build to use. @returns {Variant} */
function rememberedVariant() {
  return readJson(layout.engineStamp)?.variant === 'gpu' ? 'gpu' : 'cpu';
}

/** @param {Variant} variant */
function wantedKey(variant) {
  return digest(
    variant,
    ...addons.map(keyOf),
    process.versions.modules,
    process.execPath,
    ...wheelsOf(variant).map((wheel) => wheel.sha256),
  );
}

/** Whether an earlier clone has left the addons that the engine needs. */
const isCached = () => addons.every((addon) => !addon.needed || fs.existsSync(cachedAddon(addon)));

/**
 * What the last set-up left, if it still stands.
 *
 * @param {Variant} variant
 * @returns {EngineStamp | undefined}
 */
function current(variant) {
  /** @type {EngineStamp | undefined} */
  const stamp = readJson(layout.engineStamp);
  if (stamp?.key !== wantedKey(variant)) return undefined;
  if (!stamp.native) return stamp;
  const pointsRight =
    fs.existsSync(libraryLink) &&
    fs.realpathSync(libraryLink) === fs.realpathSync(path.join(libraryFolder(variant), 'tensorflow'));
  const whole = pointsRight && hasSizes(layout.root, stamp.sizes ?? {}) && areUnchanged(stamp.changed ?? {});
  return whole && !lastLoadFailed() ? stamp : undefined;
}

/** @param {Record<string, number>} changed */
function areUnchanged(changed) {
  return Object.entries(changed).every(
    ([name, at]) => fs.statSync(path.join(layout.root, name), { throwIfNoEntry: false })?.mtimeMs === at,
  );
}

/** Whether the library's last word on the addon (lib/src/engine/engines/native/check.ts) is that it fails, or took its process with it. */
function lastLoadFailed() {
  if (readJson(path.join(addonFolder, 'bnlab-verdict.json'))?.check?.ok === false) return true;
  return entriesInSight(addonFolder).some(({ name }) => {
    const [, pid] = /^bnlab-loading\.(\d+)$/.exec(name) ?? [];
    return pid !== undefined && !exists(Number(pid));
  });
}

/**
 * Whether trying again can end differently without the user having asked for it.
 *
 * @param {EngineStamp} stamp of a set-up that went without the native engine
 */
function worthRetrying(stamp) {
  if (stamp.reason === 'platform') return false;
  if (stamp.reason === 'compiler') return findCompiler() !== undefined || isCached();
  // A clock that was set back must not put it off for ever.
  return Math.abs(Date.now() - (stamp.at ?? 0)) > retryAfter;
}

/**
 * First half: TensorFlow's library in `.bnlab/tensorflow`, linked from the user's cache, downloaded when neither has it.
 *
 * @param {{ variant: Variant, explicit: boolean, npmDone: Promise<unknown>, note: (text: string) => void }} options
 * @returns {Promise<import('./steps').StepResult>}
 */
async function obtainLibrary({ variant, explicit, npmDone, note }) {
  const folder = libraryFolder(variant);
  const name = `TensorFlow ${tensorflow}, ${variant === 'gpu' ? 'CUDA 12 build' : 'CPU build'}`;
  if (isComplete(folder)) return { outcome: 'kept', text: name };
  const unsuited = unsuitedPlatform(variant);
  if (unsuited) return { outcome: 'kept', text: `not for this system` };
  if (!findCompiler()) {
    // 274 MB are worth it only if an addon can be had: one of an earlier clone will do.
    await npmDone;
    if (!isCached()) return { outcome: 'kept', text: 'not fetched: there is no C++ compiler' };
  }
  if (!explicit) {
    await npmDone;
    const before = current(variant);
    if (before && !before.native && !worthRetrying(before))
      return { outcome: 'kept', text: `not there: ${before.why}` };
  }
  try {
    const how = await fillLibraryFolder(variant, note);
    return { outcome: 'done', text: `${name}, ${how}` };
  } catch (error) {
    const without = asWithout(error);
    failed.set(variant, without);
    return { outcome: 'without', text: without.message };
  }
}

/** Why the library could not be had in this run, for the second half. @type {Map<Variant, import('./without').Without>} */
const failed = new Map();

/**
 * Second half: the addons, from the cache or the compiler, put in place, tried in a child process, and only then
 * vouched for.
 *
 * @param {{ variant: Variant, explicit: boolean, note: (text: string) => void }} options
 * @returns {Promise<import('./steps').StepResult>}
 */
async function prepareAddon({ variant, explicit, note }) {
  const before = current(variant);
  if (before && !isWorthAnother(before, explicit)) return { outcome: 'kept', text: describe(before) };
  const key = wantedKey(variant);
  remove(layout.engineStamp);
  try {
    const unsuited = unsuitedPlatform(variant) ?? failed.get(variant);
    if (unsuited) throw unsuited;
    const folder = libraryFolder(variant);
    if (!isComplete(folder)) throw noCompiler();
    linkTo(path.join(folder, 'tensorflow'), libraryLink);
    if (variant === 'gpu') linkTo(path.join(folder, 'nvidia'), nvidiaLink);
    else remove(nvidiaLink);
    const { placed, lacking, mended } = await placeAll(variant, note);
    const stamp = vouchFor(variant, key, placed, lacking);
    removeOthers(variant);
    const how = [...placed].flatMap(([{ needed }, one]) => (needed ? [`addon ${one.how}`] : []));
    return {
      outcome: 'done',
      text: [[describe(stamp), ...how].join(', '), mended].filter(Boolean).join('; '),
    };
  } catch (error) {
    const { reason, message: why, fix } = asWithout(error);
    // An addon that was not vouched for must not stand where TensorFlow.js looks for one.
    for (const addon of addons) if (addon.needed) remove(placeOf(addon));
    /** @type {EngineStamp} */
    const stamp = { variant, key, native: false, reason, why, fix, at: Date.now() };
    writeJson(layout.engineStamp, stamp);
    return { outcome: 'without', text: describe(stamp) };
  }
}

/**
 * Whether to try again: for the engine, or for an addon that it does without.
 *
 * @param {EngineStamp} before
 * @param {boolean} explicit whether the user asked for set-up
 */
function isWorthAnother(before, explicit) {
  if (before.native && Object.keys(before.lacking ?? {}).length === 0) return false;
  return explicit || worthRetrying(before);
}

/**
 * Every addon in its place, but for those that the engine does without.
 *
 * @param {Variant} variant
 * @param {(text: string) => void} note
 * @throws Without when one that it needs cannot be had
 */
async function placeAll(variant, note) {
  const libraries = path.join(libraryFolder(variant), 'tensorflow');
  /** @type {Map<import('./addons').Addon, import('./addons').Placed>} */
  const placed = new Map();
  /** @type {Record<string, string>} */
  const lacking = {};
  /** @type {string | undefined} */
  let mended;
  if (distrusted) mended = await mendLibrary(variant, note);
  for (const addon of addons) {
    try {
      const one = await placeAddon(addon, libraries, note).catch(async (error) => {
        const { reason } = asWithout(error);
        if (!addon.needed || (reason !== 'load' && reason !== 'build')) throw error;
        // What does not load, or does not compile, may be the library's fault.
        if (!distrusted) mended = await mendLibrary(variant, note);
        if (mended === undefined) throw error;
        return placeAddon(addon, libraries, note);
      });
      placed.set(addon, one);
    } catch (error) {
      const without = asWithout(error);
      if (addon.needed) throw without;
      lacking[addon.name] = without.message;
    }
  }
  distrusted = false;
  return { placed, lacking, mended };
}

/**
 * Notes what stands, so that a later set-up can see whether it still does.
 *
 * @param {Variant} variant
 * @param {string} key
 * @param {Map<import('./addons').Addon, import('./addons').Placed>} placed
 * @param {Record<string, string>} lacking
 * @returns {EngineStamp}
 */
function vouchFor(variant, key, placed, lacking) {
  const libraries = (targetOf()?.libraries ?? []).map((name) => path.join(libraryFolder(variant), 'tensorflow', name));
  const names = [...[...placed.keys()].map(placeOf), ...libraries].map((file) => path.relative(layout.root, file));
  const { tensorflow: version, gpu } = Object.assign({}, ...[...placed.values()].map(({ found }) => found));
  /** @type {EngineStamp} */
  const stamp = {
    ...{ variant, key, native: true, tensorflow: version, gpu },
    sizes: sizesOf(layout.root, names),
    changed: Object.fromEntries(names.map((name) => [name, fs.statSync(path.join(layout.root, name)).mtimeMs])),
    ...(Object.keys(lacking).length > 0 && { lacking, at: Date.now() }),
  };
  writeJson(layout.engineStamp, stamp);
  return stamp;
}

/** Whether the library's checksums are to be compared though it loads. */
let distrusted = false;

/** For `npm run setup -- --rebuild`: what was built and what was fetched, here and in the cache, is not trusted any more. */
function forget() {
  distrusted = true;
  remove(layout.engineStamp);
  if (fs.existsSync(layout.tfjsNode)) for (const addon of addons) remove(cachedAddon(addon));
}

/** @param {EngineStamp} stamp */
function describe(stamp) {
  if (!stamp.native) return `not native: ${stamp.why}`;
  const device = stamp.gpu
    ? 'on the GPU'
    : stamp.variant === 'gpu'
      ? 'CUDA build, no GPU found, on the processor'
      : 'on the processor';
  const lacking = Object.entries(stamp.lacking ?? {}).map(([name, why]) => ` (without ${name}: ${why})`);
  return `native TensorFlow ${stamp.tensorflow}, ${device}${lacking.join('')}`;
}

module.exports = { current, describe, forget, obtainLibrary, prepareAddon, rememberedVariant };
