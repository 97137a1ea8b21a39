/**
 * node_modules, exactly as package-lock.json says.
 *
 * `npm ci` empties node_modules before it knows whether it can fill it again. So it runs in a folder of its own, and
 * its result takes the old one's place only when it is whole: without a network, or stopped halfway, what worked
 * before works still.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { SetupError, expectRoom, FOR_ALL } = require('./errors');
const { digest, entriesInSight, readJson, remove, swapIn, temporaryName, writeJson } = require('./files');
const { layout, needs } = require('./layout');
const { ask, runOrFail } = require('./run');

const stampFile = path.join(layout.nodeModules, '.bnlab.json');

/** @returns {string[]} the folders of the workspaces that package.json names */
function workspaces() {
  return readJson(path.join(layout.root, 'package.json'))?.workspaces ?? [];
}

function wantedKey() {
  const files = [
    layout.lockFile,
    ...['', ...workspaces()].map((folder) => path.join(layout.root, folder, 'package.json')),
  ];
  return digest(process.platform, process.arch, ...files.map((file) => fs.readFileSync(file)));
}

/**
 * Packages that the lock file wants here and that are not there. A package for another system is optional, and its
 * absence proves nothing.
 *
 * @param {string} root
 * @param {Record<string, any>} packages the lock file's list
 */
function missingPackages(root, packages) {
  return Object.entries(packages)
    .filter(([place, entry]) => place.includes('node_modules/') && !entry.optional && !entry.peer)
    .map(([place]) => place)
    .filter((place) => !fs.existsSync(path.join(root, place, 'package.json')));
}

/**
 * npm's own record of what it put into node_modules agrees with the lock file: someone ran npm by hand.
 *
 * @param {Record<string, any>} packages
 */
function installedByHand(packages) {
  const installed = readJson(path.join(layout.nodeModules, '.package-lock.json'))?.packages;
  if (!installed) return false;
  const agrees = Object.entries(packages).every(([place, entry]) => {
    if (!place.includes('node_modules/')) return true;
    const there = installed[place];
    return there
      ? there.version === entry.version && there.integrity === entry.integrity
      : Boolean(entry.optional || entry.peer);
  });
  return agrees && Object.keys(installed).every((place) => !place.includes('node_modules/') || place in packages);
}

/** @returns {{ state: 'current' | 'missing' | 'stale' | 'incomplete', packages: Record<string, any>, key: string }} */
function look() {
  const packages = readJson(layout.lockFile)?.packages;
  if (!packages) {
    throw new SetupError('package-lock.json is missing or is not JSON', 'Restore it: git checkout package-lock.json');
  }
  const key = wantedKey();
  if (!fs.existsSync(layout.nodeModules)) return { state: 'missing', packages, key };
  const stamped = readJson(stampFile)?.key === key;
  if (missingPackages(layout.root, packages).length > 0)
    return { state: stamped ? 'incomplete' : 'stale', packages, key };
  return { state: stamped ? 'current' : 'stale', packages, key };
}

/**
 * npm as it was called, else the one on the PATH.
 *
 * @returns {{ command: string, rest: string[] } | undefined}
 */
function findNpm() {
  const called = process.env.npm_execpath;
  if (called && path.basename(called) === 'npm-cli.js' && fs.existsSync(called)) {
    return { command: process.execPath, rest: [called] };
  }
  return ask('npm', ['--version']).ok ? { command: 'npm', rest: [] } : undefined;
}

/** @returns {import('./steps').StepResult | undefined} undefined: there is work to do */
function check() {
  const { state, packages, key } = look();
  if (state === 'stale' && installedByHand(packages) && missingPackages(layout.root, packages).length === 0) {
    writeJson(stampFile, { key });
    return { outcome: 'kept', text: countText(packages) };
  }
  return state === 'current' ? { outcome: 'kept', text: countText(packages) } : undefined;
}

/** @param {Record<string, any>} packages */
function countText(packages) {
  return `${Object.keys(packages).filter((place) => place.includes('node_modules/')).length} packages of package-lock.json`;
}

/**
 * @param {(note: string) => void} note
 * @returns {Promise<import('./steps').StepResult>}
 */
async function install(note) {
  const done = check();
  if (done) return done;
  const { packages, key } = look();
  const npm = findNpm();
  if (!npm) {
    throw new SetupError(
      `npm is not on the PATH (Node is ${process.execPath})`,
      'Install it: it comes with Node from https://nodejs.org; on Debian and Ubuntu also `sudo apt install npm`.',
    );
  }
  if (!fs.existsSync(layout.nodeModules)) expectRoom('the npm packages need', needs.npm, layout.root, FOR_ALL);
  const stage = temporaryName(layout.temporary);
  try {
    for (const name of [
      'package.json',
      'package-lock.json',
      '.npmrc',
      ...workspaces().map((folder) => `${folder}/package.json`),
    ]) {
      fs.mkdirSync(path.dirname(path.join(stage, name)), { recursive: true });
      fs.copyFileSync(path.join(layout.root, name), path.join(stage, name));
    }
    const count = Object.keys(packages).length;
    await runOrFail(
      npm.command,
      [...npm.rest, 'ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=warn'],
      {
        step: 'npm',
        cwd: stage,
        what: '`npm ci` failed',
        fix: 'Its last lines are above; the log has all of them. Then run the same command again.',
        note,
        progress: () => progress(stage, count),
      },
    );
    const missing = missingPackages(stage, packages);
    if (missing.length > 0) {
      throw new SetupError(
        `after \`npm ci\`, ${missing.length} packages are missing, ${missing[0]} among them`,
        'Clear the package cache (npm cache clean --force) and run the same command again.',
      );
    }
    // Inside what it vouches for: whoever deletes node_modules deletes the stamp.
    writeJson(path.join(stage, 'node_modules', '.bnlab.json'), { key });
    for (const folder of [...workspaces(), '']) {
      const made = path.join(stage, folder, 'node_modules');
      const target = path.join(layout.root, folder, 'node_modules');
      if (fs.existsSync(made)) swapIn(made, target);
      else remove(target);
    }
    return { outcome: 'done', text: countText(packages) };
  } finally {
    remove(stage);
  }
}

/**
 * How many packages stand in the folder that npm is filling, moving and clearing meanwhile.
 *
 * @param {string} stage
 * @param {number} count
 */
function progress(stage, count) {
  const folder = path.join(stage, 'node_modules');
  if (!fs.existsSync(folder)) return undefined;
  let made = 0;
  for (const { name } of entriesInSight(folder))
    made += name.startsWith('@') ? entriesInSight(path.join(folder, name)).length : 1;
  return `${Math.min(made, count)} of ${count}`;
}

module.exports = { look, check, install, progress, findNpm };
