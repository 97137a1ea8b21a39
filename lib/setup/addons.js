/**
 * What is compiled on this machine and loaded by Node: a table, one row for each. A row that cannot be built or fails its check takes no
 * other down; each has its own place in the user's cache, named by everything that goes into it.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { digest, digestBelow, remove, temporaryName, writeAtomically } = require('./files');
const { layout, whyNotWritable } = require('./layout');
const { cacheFolder } = require('../src/platform/node/cache');
const { installCommand } = require('./python');
const { environment, lastLines, run, runOrFail } = require('./run');
const { findCompiler } = require('./suited');
const { tensorflow } = require('./wheels');
const { Without, asWithout, noCompiler } = require('./without');

/**
 * @typedef {object} Addon
 * @property {string} name its file is `name.node`, beside the others in {@link addonFolder}
 * @property {boolean} needed whether there is no native engine without it
 * @property {string} [only] the one system that it is for, as `process.platform`
 * @property {string[]} sources what is compiled, all in one call
 * @property {string[]} inputs files and folders that the sources include
 * @property {(platform: string, libraries: string) => string[]} flags the compiler's arguments beside those of every addon; `libraries`
 *   is the folder with TensorFlow's libraries and headers
 * @property {(file: string) => Promise<object>} check has what was built tried, in a process that may crash; throws Without where it
 *   fails
 *
 * @typedef {object} Placed
 * @property {string} how where it came from
 * @property {any} found what its check said
 */

/** Where TensorFlow.js looks for its addon. */
const addonFolder = path.join(layout.tfjsNode, 'lib', 'napi-v8');
/** From there to TensorFlow's libraries: a link that set-up keeps in the npm package. */
const libraryFromAddon = '../../deps/lib';
const nativeSources = path.join(layout.root, 'lib', 'src', 'engine', 'engines', 'native');
const napiHeaders = path.join(layout.nodeModules, 'node-api-headers', 'include');
const bindingSources = path.join(layout.tfjsNode, 'binding');
const productSources = path.join(nativeSources, 'products');
const normSources = path.join(nativeSources, 'norms');
const pageSources = path.join(nativeSources, 'pages');
/** What both have in common. */
const registerSources = path.join(nativeSources, 'registers');
/** Included before the addon's own source: graphs may bring the settings of their session. */
const sessionHeader = path.join(nativeSources, 'session.h');

/** @type {Addon[]} */
const rows = [
  {
    // holds back what TensorFlow prints while it loads (lib/src/engine/engines/native/quiet.ts)
    name: 'bnlab_stderr',
    needed: false,
    sources: [path.join(nativeSources, 'stderr.c')],
    inputs: [napiHeaders],
    flags: () => ['-x', 'c'],
    check: loads,
  },
  {
    // TensorFlow.js's own, from the C++ source that its npm package carries
    name: 'tfjs_binding',
    needed: true,
    sources: ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => path.join(bindingSources, name)),
    inputs: [bindingSources, sessionHeader, napiHeaders],
    flags: (platform, libraries) => [
      ...['-std=c++17', '-DNODE_GYP_MODULE_NAME=tfjs_binding'],
      ...[`-I${path.join(libraries, 'include')}`, '-include', sessionHeader],
      ...linkedWith(platform, libraries, ['cc', 'framework']),
    ],
    check: checkEngine,
  },
  {
    // products of matrices, for XLA to call (lib/src/engine/engines/native/products)
    name: 'bnlab_products',
    needed: false,
    sources: ['products.cc', 'strips.cc', 'kernels.cc'].map((name) => path.join(productSources, name)),
    inputs: [productSources, registerSources, napiHeaders],
    flags: (platform, libraries) => ['-std=c++17', '-pthread', ...linkedWith(platform, libraries, ['cc'])],
    check: multiplies,
  },
  {
    // batch normalization of images in few passes, for TensorFlow's graphs (lib/src/engine/engines/native/norms)
    name: 'bnlab_norms',
    needed: false,
    sources: ['norms.cc', 'passes.cc'].map((name) => path.join(normSources, name)),
    inputs: [normSources, registerSources, napiHeaders],
    flags: (platform, libraries) => [
      ...['-std=c++17', '-pthread', `-I${path.join(libraries, 'include')}`],
      ...linkedWith(platform, libraries, ['framework']),
    ],
    check: (file) => isTaken(file),
  },
  {
    // gives back what only loading TensorFlow has read (lib/src/engine/engines/native/pages)
    name: 'bnlab_pages',
    needed: false,
    only: 'linux',
    sources: [path.join(pageSources, 'pages.c')],
    inputs: [napiHeaders],
    flags: () => ['-x', 'c'],
    check: loads,
  },
  {
    // has it do so while TensorFlow loads; it is linked with the one before
    name: 'bnlab_first',
    needed: false,
    only: 'linux',
    sources: [path.join(pageSources, 'first.c')],
    inputs: [napiHeaders, path.join(pageSources, 'pages.c')],
    flags: (platform, libraries) => [
      ...['-x', 'c', '-Wl,--no-as-needed', ...linkedWith(platform, libraries, ['cc', 'framework'])],
      ...[`-L${addonFolder}`, '-Wl,-rpath,$ORIGIN', '-l:bnlab_pages.node'],
    ],
    check: loads,
  },
];
/** Those of this system. */
const addons = rows.filter(({ only }) => only === undefined || only === process.platform);

/**
 * The linker's arguments for an addon that uses TensorFlow's libraries.
 *
 * @param {string} platform
 * @param {string} libraries
 * @param {string[]} names
 */
function linkedWith(platform, libraries, names) {
  const isMac = platform === 'darwin';
  const runPath = `-Wl,-rpath,${isMac ? '@loader_path' : '$ORIGIN'}/${libraryFromAddon}`;
  return [
    ...[`-L${libraries}`, runPath],
    ...names.map((name) => (isMac ? `-ltensorflow_${name}.2` : `-l:libtensorflow_${name}.so.2`)),
  ];
}

/**
 * The compiler's arguments for an addon.
 *
 * @param {Addon} addon
 * @param {string} platform as `process.platform`
 * @param {string} libraries the folder with TensorFlow's libraries and headers
 * @param {string} folder where the result goes
 * @returns {string[]}
 */
function commandOf({ name, sources, flags }, platform, libraries, folder) {
  // Node's own functions are found in the program that loads the addon, which macOS's linker wants to be told.
  const loadable =
    platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup', '-mmacosx-version-min=12.0'] : ['-shared'];
  const [own, link] = parted(flags(platform, libraries));
  const common = ['-O2', '-fPIC', ...loadable, '-DNAPI_VERSION=8', `-I${napiHeaders}`];
  // A library goes after what uses it.
  return [...common, ...own, ...sources, '-o', path.join(folder, `${name}.node`), ...link];
}

/** @param {string[]} flags @returns {[string[], string[]]} those for the compiler, and those for the linker */
function parted(flags) {
  const forLinker = (/** @type {string} */ flag) => /^-(?:l|L|Wl,)/.test(flag);
  return [flags.filter((flag) => !forLinker(flag)), flags.filter(forLinker)];
}

/**
 * A digest of everything that goes into an addon; needs node_modules.
 *
 * @param {Addon} addon
 */
function keyOf(addon) {
  const content = (/** @type {string} */ place) =>
    fs.statSync(place).isDirectory() ? digestBelow(place) : fs.readFileSync(place);
  return digest(
    tensorflow,
    process.platform,
    process.arch,
    ...commandOf(addon, process.platform, '', '').map((word) => word.replaceAll(layout.root, '')),
    ...[...addon.sources, ...addon.inputs].map(content),
  ).slice(0, 32);
}

/** An addon's place in the user's cache. @param {Addon} addon */
const cachedAddon = (addon) => path.join(cacheFolder(), 'addon', `${addon.name}-${keyOf(addon)}.node`);

/** Where an addon is loaded from. @param {Addon} addon */
const placeOf = ({ name }) => path.join(addonFolder, `${name}.node`);

/**
 * Puts an addon in its place: from the cache where that one passes its check, else compiled.
 *
 * @param {Addon} addon
 * @param {string} libraries
 * @param {(text: string) => void} note
 * @returns {Promise<Placed>}
 * @throws Without when it cannot be had; then there is none in its place
 */
async function placeAddon(addon, libraries, note) {
  try {
    return await placeOrThrow(addon, libraries, note);
  } catch (error) {
    remove(placeOf(addon));
    throw asWithout(error);
  }
}

/**
 * @param {Addon} addon
 * @param {string} libraries
 * @param {(text: string) => void} note
 * @returns {Promise<Placed>}
 */
async function placeOrThrow(addon, libraries, note) {
  const cached = cachedAddon(addon);
  /** @type {Without | undefined} */
  let refused;
  if (fs.existsSync(cached)) {
    note(`checking ${addon.name} of the cache`);
    try {
      return { found: await placeAndCheck(addon, cached), how: 'from the cache' };
    } catch (error) {
      refused = asWithout(error); // built on another machine that shares this cache, say: build one that suits
    }
  }
  const compiler = findCompiler();
  if (!compiler) throw refused ?? noCompiler();
  note(compiler.command.join(' '));
  const folder = temporaryName(layout.temporary);
  fs.mkdirSync(folder, { recursive: true });
  try {
    const [program = '', ...rest] = compiler.command;
    await runOrFail(program, [...rest, ...commandOf(addon, process.platform, libraries, folder)], {
      step: 'addon',
      what: `${compiler.command.join(' ')} could not build the addon ${addon.name}`,
      fix: `${installCommand('g++', 'gcc')}, then \`npm run setup\``,
      env: environment({ TMPDIR: layout.temporary }),
    });
    note(`checking ${addon.name}`);
    const made = path.join(folder, `${addon.name}.node`);
    const found = await placeAndCheck(addon, made);
    keepInCache(made, cached);
    return { found, how: `built with ${compiler.command.join(' ')}` };
  } finally {
    remove(folder);
  }
}

/**
 * @param {Addon} addon
 * @param {string} file
 */
async function placeAndCheck(addon, file) {
  writeAtomically(placeOf(addon), fs.readFileSync(file), 0o755);
  return addon.check(placeOf(addon));
}

/**
 * For the next clone. A cache that cannot be written is no reason to fail.
 *
 * @param {string} made
 * @param {string} cached
 */
function keepInCache(made, cached) {
  if (whyNotWritable(path.dirname(cached)) !== undefined) return;
  try {
    writeAtomically(cached, fs.readFileSync(made), 0o755);
  } catch {
    // the disk is full
  }
}

/**
 * Has Node load an addon: all that there is to try where nothing can be computed.
 *
 * @param {string} file
 */
async function loads(file) {
  return passes(file, 'process.dlopen({ exports: {} }, process.argv[1])');
}

/**
 * Has Node load an addon of our own and hand it to TensorFlow, by each kind of registers that this processor has.
 *
 * @param {string} file
 * @param {string} more what is to be tried of each
 */
async function isTaken(file, more = '') {
  return passes(
    file,
    `const addon = { exports: {} };
    process.dlopen(addon, process.argv[1]);
    for (const { name } of addon.exports.kinds) {
      if (!addon.exports.use(name)) throw new Error(name + ': TensorFlow does not take it');
      ${more}
    }`,
  );
}

/**
 * Also has it multiply: [[1, 2], [3, 4]] [[5, 6], [7, 8]].
 *
 * @param {string} file
 */
async function multiplies(file) {
  return isTaken(
    file,
    `const c = new Float32Array(4);
      addon.exports.product(Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8), c, 2, 2, 2, false, false);
      if (String(c) !== '19,22,43,50') throw new Error(name + ' multiplies wrongly: ' + c);`,
  );
}

/**
 * Has Node run a program with the file as its argument.
 *
 * @param {string} file
 * @param {string} program
 */
async function passes(file, program) {
  const { code, output, log } = await run(process.execPath, ['-e', program, file], { step: 'addon' });
  if (code === 0) return {};
  const why = output.split('\n').find((line) => /^\w*Error\b/.test(line)) ?? lastLines(output, 1);
  throw new Without('load', `${path.basename(file)} was built, but does not load: ${why}`, `see ${log}`);
}

/**
 * Has the library's own check load the engine and compute with it.
 *
 * @returns {Promise<{ tensorflow: string, gpu: boolean }>}
 */
async function checkEngine() {
  const program =
    'require(process.argv[1]).checkNative({ fresh: true }).then((check) => console.log(JSON.stringify(check)))';
  const { output, log } = await run(
    process.execPath,
    ['-e', program, path.join(layout.dist, 'src', 'engine', 'engines', 'native', 'check.js')],
    { step: 'addon' },
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

module.exports = { addonFolder, addons, cachedAddon, commandOf, keyOf, placeAddon, placeOf };
