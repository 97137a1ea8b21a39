/**
 * Other versions of Node than the one that runs, for tests: out of the packages that the npm package `node` installs, kept in
 * the user's cache.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { SetupError } = require('./errors');
const { remove, sweep, temporaryName } = require('./files');
const { layout, whyNotWritable } = require('./layout');
const { cacheFolder } = require('../src/platform/node/cache');
const { findNpm } = require('./node-packages');
const { runOrFail } = require('./run');

/** One version of each line that Node's makers keep, as its package has them for Linux on x64; for other systems it lacks some. */
const versions = { 22: '22.23.2', 24: '24.21.0', 26: '26.10.0' };

/** @typedef {keyof typeof versions} Major */

/**
 * @param {string} word
 * @returns {Major | undefined} undefined when there is none of that major version
 */
function majorOf(word) {
  const found = Object.keys(versions).find((major) => major === word);
  return found === undefined ? undefined : /** @type {Major} */ (Number(found));
}

/**
 * The program `node` of another major version, fetched when the cache has not got it.
 *
 * The package `node` itself fetches its program in an install script; here the package that the script would take is named.
 *
 * @param {Major} major
 * @returns {Promise<string>} its path
 * @throws SetupError when it is neither in the cache nor to be had
 */
async function obtainNode(major) {
  const version = versions[major];
  const { platform, arch } = process;
  const name = `${platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'}-${platform}-${arch}`;
  const cached = path.join(cacheFolder(), 'node', `${version}-${platform}-${arch}`);
  const program = path.join(cached, 'node');
  if (fs.existsSync(program)) return program;
  const npm = findNpm();
  if (!npm) throw new SetupError('npm is not on the PATH', 'Install it: it comes with Node.');
  const trouble = whyNotWritable(path.join(cacheFolder(), 'tmp'));
  if (trouble) throw new SetupError(`the cache cannot be used (${trouble})`, 'Make it writable, or set BNLAB_CACHE.');
  sweep(path.join(cacheFolder(), 'tmp'));
  const stage = temporaryName(path.join(cacheFolder(), 'tmp'));
  try {
    fs.mkdirSync(stage, { recursive: true });
    fs.writeFileSync(path.join(stage, 'package.json'), '{ "private": true }\n');
    fs.copyFileSync(path.join(layout.root, '.npmrc'), path.join(stage, '.npmrc'));
    await runOrFail(
      npm.command,
      [...npm.rest, 'install', '--no-save', '--prefer-offline', '--loglevel=warn', `${name}@${version}`],
      { step: 'node', cwd: stage, what: `Node ${version} (${name}) could not be fetched`, fix: 'See the log.' },
    );
    const folder = path.join(stage, 'made');
    fs.mkdirSync(folder);
    fs.renameSync(path.join(stage, 'node_modules', name, 'bin', 'node'), path.join(folder, 'node'));
    fs.mkdirSync(path.dirname(cached), { recursive: true });
    try {
      fs.renameSync(folder, cached);
    } catch (error) {
      if (!fs.existsSync(program)) throw error; // else another one was faster; its result is as good
    }
    return program;
  } finally {
    remove(stage);
  }
}

module.exports = { versions, majorOf, obtainNode };
