/**
 * `npm run doctor`: what is here, what is not, which engine computes and why no better one does, and the command that
 * would change it. It changes nothing, and works on a bare clone.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const engine = require('./engine');
const { findCompiler, unsuitedPlatform } = require('./suited');
const { isComplete, libraryFolder } = require('./tensorflow');
const { noCompiler } = require('./without');
const { SetupError } = require('./errors');
const { filesInSight, readJson } = require('./files');
const { layout, whyNotWritable, needs, freeMegabytes } = require('./layout');
const { cacheFolder } = require('../src/platform/node/cache');
const library = require('./library');
const nodePackages = require('./node-packages');
const python = require('./python');
const { ask, environment } = require('./run');
const webgpu = require('./webgpu');
const { targetOf } = require('./wheels');

/**
 * @typedef {object} Finding
 * @property {string} name
 * @property {'ok' | 'later' | 'without' | 'wrong'} state ok; later: `npm start` makes it; without: works less well; wrong
 * @property {string} found
 * @property {string} [fix] the command, or a sentence
 * @property {Record<string, unknown>} [more] for `--json`
 */

const marks = { ok: '✓', later: '·', without: '!', wrong: '✗' };

/**
 * @param {string[]} argv `--json` for programs
 * @returns {Promise<number>} 1 when the main job (`npm start`) cannot run
 */
async function doctor(argv) {
  const json = argv.includes('--json') || process.env.npm_config_json === 'true';
  const unknown = argv.filter((word) => word !== '--json');
  if (unknown.length > 0) {
    process.stderr.write(`doctor takes nothing, or --json; it got: ${unknown.join(' ')}\n`);
    return 2;
  }
  const findings = examine();
  const able = findings.every((finding) => finding.state !== 'wrong');
  if (json) process.stdout.write(JSON.stringify({ able, findings }, null, 1) + '\n');
  else process.stdout.write(table(findings, able));
  return able ? 0 : 1;
}

/** @returns {Finding[]} */
function examine() {
  const [packages] = look('npm packages', aboutPackages);
  const [compiled] = look('library', () => aboutLibrary(packages));
  const [env] = look('.venv', aboutEnvironment);
  return [
    ...look('Node.js', aboutNode),
    ...look('npm', () => aboutNpm(packages)),
    packages,
    compiled,
    ...look('Python', () => aboutPython(env)),
    env,
    ...look('tslab kernel', () => aboutKernel(env)),
    ...look('C++ compiler', aboutCompiler),
    ...look('native engine', () => aboutNative(packages)),
    ...look('WebGPU engine', () => aboutWebgpu(packages, compiled)),
    ...look('engine', () => aboutEngine(packages, compiled)),
    ...look('data', () => aboutData(packages, compiled)),
    ...look('browser', () => aboutBrowser(packages)),
    ...look('disk', () => aboutDisk(packages, env)),
    ...look('cache', aboutCache),
  ];
}

/**
 * What cannot be looked at, because a set-up is changing it say, is one line of the answer and not the end of it.
 *
 * @param {string} name
 * @param {() => Finding | Finding[]} about
 * @returns {[Finding, ...Finding[]]}
 */
function look(name, about) {
  try {
    const [first, ...others] = [about()].flat();
    if (first) return [first, ...others];
    throw new Error('there is nothing to say');
  } catch (error) {
    const found = `could not be looked at: ${error instanceof Error ? error.message : String(error)}`;
    const fix = error instanceof SetupError ? error.fix : 'npm run setup, then npm run doctor';
    return [{ name, state: 'without', found, fix }];
  }
}

/** @returns {Finding} */
function aboutNode() {
  const major = Number(process.versions.node.split('.')[0]);
  const found = `${process.versions.node} (${process.execPath})`;
  if (major >= 20) return { name: 'Node.js', state: 'ok', found };
  return {
    name: 'Node.js',
    state: 'wrong',
    found: `${found}; 20 or later is needed`,
    fix: 'install Node 24: https://nodejs.org, or `nvm install 24`',
  };
}

/**
 * @param {Finding} packages
 * @returns {Finding}
 */
function aboutNpm(packages) {
  const npm = nodePackages.findNpm();
  if (npm)
    return {
      name: 'npm',
      state: 'ok',
      found:
        ask(npm.command, [...npm.rest, '--version'])
          .output.split('\n')
          .at(-1) ?? '',
    };
  return {
    name: 'npm',
    state: packages.state === 'ok' ? 'without' : 'wrong',
    found: 'not on the PATH',
    fix: 'install it: it comes with Node from https://nodejs.org',
  };
}

/** @returns {Finding} */
function aboutPackages() {
  const name = 'npm packages';
  const { state, packages } = nodePackages.look();
  const count = Object.keys(packages).filter((place) => place.includes('node_modules/')).length;
  if (state === 'current') return { name, state: 'ok', found: `${count} packages of package-lock.json` };
  const found = {
    missing: 'not installed yet',
    stale: 'not known to match package-lock.json',
    incomplete: 'some are missing',
  }[state];
  return { name, state: 'later', found, fix: 'npm run setup' };
}

/**
 * @param {Finding} packages
 * @returns {Finding}
 */
function aboutLibrary(packages) {
  const name = 'library';
  const { state } = library.look();
  if (state === 'current') return { name, state: 'ok', found: 'lib/dist is up to date' };
  const found = {
    missing: 'not compiled yet',
    stale: 'lib/dist is older than its sources',
    foreign: 'lib/dist is not what set-up had made',
  }[state];
  return {
    name,
    state: 'later',
    found: packages.state === 'ok' ? found : `${found}; needs the npm packages`,
    fix: 'npm run setup',
  };
}

/**
 * @param {Finding} env
 * @returns {Finding}
 */
function aboutPython(env) {
  try {
    return { name: 'Python', state: 'ok', found: python.describe(python.choosePython()) };
  } catch (error) {
    const { message, fix } = /** @type {import('./errors').SetupError} */ (error);
    // The environment that is there runs without the Python that would make another.
    return { name: 'Python', state: env.state === 'ok' ? 'without' : 'wrong', found: message, fix };
  }
}

/** @returns {Finding} */
function aboutEnvironment() {
  const name = '.venv';
  const { state } = python.look();
  if (state === 'current') return { name, state: 'ok', found: readJson(python.stampFile)?.text ?? 'there' };
  const found = {
    missing: 'not made yet',
    broken: 'the Python that made it is gone',
    stale: 'not known to match requirements.txt',
  }[state];
  return { name, state: 'later', found, fix: 'npm run setup' };
}

/**
 * @param {Finding} env
 * @returns {Finding}
 */
function aboutKernel(env) {
  const name = 'tslab kernel';
  if (env.state === 'ok' && python.kernelIsCurrent()) return { name, state: 'ok', found: 'registered in .venv' };
  return {
    name,
    state: 'later',
    found: fs.existsSync(python.kernelFile) ? 'registered for another Node or folder' : 'not registered yet',
    fix: 'npm run setup',
  };
}

/** @returns {Finding} */
function aboutCompiler() {
  const name = 'C++ compiler';
  const compiler = findCompiler();
  if (compiler) return { name, state: 'ok', found: compiler.version };
  const { message, fix } = noCompiler();
  return { name, state: 'without', found: message, fix };
}

/**
 * The library and the addon of the native engine.
 *
 * @param {Finding} packages
 * @returns {Finding[]}
 */
function aboutNative(packages) {
  const variant = engine.rememberedVariant();
  const unsuited = unsuitedPlatform(variant);
  if (unsuited) return [{ name: 'native engine', state: 'without', found: unsuited.message, fix: unsuited.fix }];
  const whole = isComplete(libraryFolder(variant));
  const untested = targetOf()?.tested ? '' : '; this project has not been tried on this system';
  const build = (variant === 'gpu' ? 'CUDA 12 build' : 'CPU build') + untested;
  /** @type {Finding} */
  const wheel = whole
    ? {
        name: 'TensorFlow library',
        state: 'ok',
        found: `${build} in ${path.relative(layout.root, libraryFolder(variant))}`,
      }
    : { name: 'TensorFlow library', state: 'later', found: `not there: ${build}`, fix: 'npm run setup' };
  const stamp = packages.state === 'ok' ? engine.current(variant) : undefined;
  if (stamp?.native) return [wheel, { name: 'addon', state: 'ok', found: engine.describe(stamp) }];
  if (stamp) {
    /** @type {Finding} */
    const addon = { name: 'addon', state: 'without', found: stamp.why ?? 'not there', fix: stamp.fix };
    return [whole ? wheel : { ...wheel, state: 'without' }, addon];
  }
  return [wheel, { name: 'addon', state: 'later', found: 'not built yet', fix: 'npm run setup' }];
}

/**
 * The engine for any GPU, which nobody has who has not asked for it.
 *
 * @param {Finding} packages
 * @param {Finding} compiled
 * @returns {Finding}
 */
function aboutWebgpu(packages, compiled) {
  const name = 'WebGPU engine';
  const state = webgpu.look();
  if (state === 'absent')
    return { name, state: 'ok', found: 'not asked for: `npm run setup -- --webgpu` has a GPU of any maker compute' };
  if (state === 'stale')
    return { name, state: 'later', found: 'not as lib/setup/webgpu/package-lock.json says', fix: 'npm run setup' };
  if (packages.state !== 'ok' || compiled.state !== 'ok')
    return { name, state: 'later', found: `${webgpu.describe()}; more is known after set-up`, fix: 'npm run setup' };
  const check = webgpu.check();
  if (!check)
    return { name, state: 'without', found: `${webgpu.describe()}: its check gave no answer`, fix: 'npm run setup' };
  const { adapter } = check;
  const what = check.ok
    ? [adapter.device || adapter.vendor, adapter.description && `(${adapter.description})`].filter(Boolean).join(' ')
    : check.why;
  const software = !check.ok && webgpu.hasDriver() ? '; with BNLAB_ENGINE=webgpu it computes in software' : '';
  return { name, state: 'ok', found: `${webgpu.describe()}: ${what}${software}`, more: { check } };
}

/**
 * Asks the library itself, in a process of its own.
 *
 * @param {Finding} packages
 * @param {Finding} compiled
 * @returns {Finding}
 */
function aboutEngine(packages, compiled) {
  const name = 'engine';
  if (packages.state !== 'ok' || !fs.existsSync(layout.dist))
    return { name, state: 'later', found: 'known after set-up', fix: 'npm run setup' };
  const program =
    "require('bnlab').ready().then((card) => console.log(JSON.stringify(card)), (e) => { console.error(e.message); process.exit(1); })";
  const { ok, output } = ask(process.execPath, ['-e', program], {
    timeout: 60_000,
    env: environment({ TF_CPP_MIN_LOG_LEVEL: '2' }),
    cwd: layout.root,
  });
  /** @type {any} */
  let card;
  try {
    card = JSON.parse(output.split('\n').at(-1) ?? '');
  } catch {
    card = undefined;
  }
  if (!ok || !card?.engine) {
    const last = output.split('\n').filter((line) => line.trim() !== '');
    const state = compiled.state === 'ok' ? 'wrong' : 'later';
    return {
      name,
      state,
      found: `none computes: ${last.at(-1) ?? 'no answer'}`,
      fix: process.env.BNLAB_ENGINE ? 'unset BNLAB_ENGINE, or npm run setup' : 'npm run setup',
    };
  }
  const better = (card.passedOver ?? []).map((/** @type {any} */ other) => `${other.engine} not: ${other.why}`);
  const forced = process.env.BNLAB_ENGINE ? `, forced by BNLAB_ENGINE` : '';
  return {
    name,
    // A better engine that nothing would bring about here is no fault.
    state: (card.passedOver ?? []).some((/** @type {any} */ other) => other.fix) ? 'without' : 'ok',
    found: [`${card.engine}${card.device ? ` (${card.device})` : ''}${forced}`, ...better].join('; '),
    fix: (card.passedOver ?? []).find((/** @type {any} */ other) => other.fix)?.fix,
    more: { card },
  };
}

/**
 * Which data the notebooks would show, told without downloading anything.
 *
 * @param {Finding} packages
 * @param {Finding} compiled
 * @returns {Finding}
 */
function aboutData(packages, compiled) {
  const name = 'data';
  const digits = 'otherwise generated digits are used';
  const fix = 'npm run data, or BNLAB_DATA=<a folder that holds mnist/>';
  if (packages.state !== 'ok' || compiled.state === 'later')
    return { name, state: 'later', found: 'known after set-up', fix: 'npm run setup' };
  const places = [
    process.env.BNLAB_DATA && path.join(process.env.BNLAB_DATA, 'mnist'),
    path.join(cacheFolder(), 'data', 'mnist'),
  ];
  for (const place of places) {
    if (place && fs.existsSync(place) && fs.readdirSync(place).length >= 4)
      return { name, state: 'ok', found: `MNIST in ${place}` };
  }
  if (process.env.BNLAB_DATA)
    return { name, state: 'without', found: `BNLAB_DATA=${process.env.BNLAB_DATA} holds no mnist/; ${digits}`, fix };
  return { name, state: 'later', found: `MNIST is fetched when it is first used; ${digits}`, fix };
}

/**
 * The browser that draws the static twins of the figures.
 *
 * @param {Finding} packages
 * @returns {Finding}
 */
function aboutBrowser(packages) {
  const name = 'browser';
  const folder = path.join(layout.nodeModules, '@sparticuz', 'chromium', 'bin');
  if (packages.state !== 'ok')
    return { name, state: 'later', found: 'comes with the npm packages', fix: 'npm run setup' };
  if (!fs.existsSync(folder))
    return {
      name,
      state: 'without',
      found: `no Chromium in ${folder}: figures get no static twin`,
      fix: 'npm run setup',
    };
  const version = readJson(path.join(layout.nodeModules, '@sparticuz', 'chromium', 'package.json'))?.version;
  return { name, state: 'ok', found: `Chromium of @sparticuz/chromium ${version}` };
}

/**
 * @param {Finding} packages
 * @param {Finding} env
 * @returns {Finding}
 */
function aboutDisk(packages, env) {
  const name = 'disk';
  const free = freeMegabytes(layout.root);
  const trouble = whyNotWritable(layout.state);
  if (trouble)
    return {
      name,
      state: 'wrong',
      found: `${layout.root} may not be written: ${trouble}`,
      fix: 'clone into a folder that is yours',
    };
  const needed = needs.library + (packages.state === 'ok' ? 0 : needs.npm) + (env.state === 'ok' ? 0 : needs.python);
  const found = `${(free / 1000).toFixed(1)} GB free at ${layout.root}`;
  if (free < needed)
    return {
      name,
      state: 'wrong',
      found: `${found}; ${(needed / 1000).toFixed(1)} GB are needed`,
      fix: 'free some space there',
    };
  return { name, state: 'ok', found };
}

/** @returns {Finding} */
function aboutCache() {
  const name = 'cache';
  const folder = cacheFolder();
  const trouble = whyNotWritable(folder);
  if (trouble)
    return {
      name,
      state: 'without',
      found: `${folder} cannot be used (${trouble}); every clone downloads for itself`,
      fix: 'make it writable, or BNLAB_CACHE=<a folder of yours>',
    };
  let bytes = 0;
  for (const { size } of filesInSight(folder)) bytes += size;
  return { name, state: 'ok', found: `${folder}, ${(bytes / 1e9).toFixed(1)} GB; may be deleted at any time` };
}

/**
 * @param {Finding[]} findings
 * @param {boolean} able
 */
function table(findings, able) {
  const width = Math.max(...findings.map((finding) => finding.name.length));
  const lines = [];
  for (const { name, state, found, fix } of findings) {
    lines.push(`  ${marks[state]} ${name.padEnd(width)}  ${found}`);
    if (fix && state !== 'ok') lines.push(`    ${''.padEnd(width)}  -> ${fix}`);
  }
  const later = findings.some((finding) => finding.state === 'later');
  lines.push('');
  if (!able) lines.push('`npm start` cannot run: see the lines marked ✗.');
  else if (later) lines.push('`npm start` can run; it makes what is marked · by itself.');
  else
    lines.push(
      findings.some((finding) => finding.state === 'without')
        ? '`npm start` can run; the lines marked ! say what would make it better.'
        : 'Everything is there.',
    );
  return lines.join('\n') + '\n';
}

module.exports = { doctor };
