/**
 * Where things lie in the project, and what this project needs of a machine.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

/**
 * The repository's root: this file runs from its source, lib/setup, or from the copy that tsc puts in lib/dist/setup.
 */
const root = path.resolve(__dirname, ...(path.basename(path.dirname(__dirname)) === 'dist' ? ['..'] : []), '..', '..');

/** Set-up's own folder: stamps, logs, what is being made, and TensorFlow's libraries. Ignored by git. */
const state = path.join(root, '.bnlab');

const layout = {
  root,
  state,
  logs: path.join(state, 'log'),
  temporary: path.join(state, 'tmp'),
  lock: path.join(state, 'setup.lock'),
  /** Which engine set-up made ready, or why not the native one. The engine room may read it for its card. */
  engineStamp: path.join(state, 'engine.json'),
  nodeModules: path.join(root, 'node_modules'),
  tfjsNode: path.join(root, 'node_modules', '@tensorflow', 'tfjs-node-gpu'),
  lockFile: path.join(root, 'package-lock.json'),
  venv: path.join(root, '.venv'),
  python: path.join(root, '.venv', 'bin', 'python'),
  requirements: path.join(root, 'requirements.txt'),
  dist: path.join(root, 'lib', 'dist'),
  cli: path.join(root, 'lib', 'dist', 'tools', 'main.js'),
  report: path.join(root, 'reports', 'index.html'),
};

/**
 * Whether files can be made in a folder, which is made if need be. Asking by making one is the only sure way: root
 * passes every permission bit, and a read-only mount shows none.
 *
 * @param {string} folder
 * @returns {string | undefined} why not, in the system's words, or undefined when they can
 */
function whyNotWritable(folder) {
  try {
    fs.mkdirSync(folder, { recursive: true });
    const probe = path.join(folder, `.probe-${process.pid}`);
    fs.writeFileSync(probe, '');
    fs.rmSync(probe);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Megabytes that a step needs on the project's disk, measured on Linux x64 and rounded up. A step that has not the
 * room fails before it touches anything.
 */
const needs = { npm: 650, library: 20, python: 350, tensorflow: 1200, tensorflowGpu: 8500 };

/** @param {string} folder which may not be there yet */
function diskOf(folder) {
  let place = folder;
  while (!fs.existsSync(place)) place = path.dirname(place);
  return fs.statfsSync(place);
}

/**
 * Free megabytes for this user where `folder` is, or will be.
 *
 * @param {string} folder
 */
function freeMegabytes(folder) {
  const disk = diskOf(folder);
  return Math.floor((disk.bavail * disk.bsize) / 1e6);
}

/**
 * Whether the disk at `folder` has no room left for bytes, or for files: not every program says so when it fails on it.
 *
 * @param {string} folder
 */
function isFull(folder) {
  const disk = diskOf(folder);
  return disk.bavail * disk.bsize < 5e6 || (disk.files > 0 && disk.ffree < 20);
}

module.exports = { layout, whyNotWritable, needs, freeMegabytes, isFull };
