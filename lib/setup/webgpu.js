/**
 * The WebGPU engine, where it was asked for (`npm run setup -- --webgpu`): Dawn for Node, from npm, exactly as the lock
 * file in webgpu/ says, into `.bnlab/webgpu`; of its 130 MB what this system needs. Beside them, on Linux, a Vulkan driver in software
 * out of the packaged Chromium, with which a machine without a GPU can run the engine's tests.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { brotliDecompressSync } = require('node:zlib');
const { SetupError, expectRoom } = require('./errors');
const { digest, readJson, remove, swapIn, temporaryName, writeJson } = require('./files');
const { layout } = require('./layout');
const { findNpm } = require('./node-packages');
const { ask, environment, runOrFail } = require('./run');
const { asWithout, Without } = require('./without');

const wanted = path.join(layout.root, 'lib', 'setup', 'webgpu');
const folder = path.join(layout.state, 'webgpu');
const stampFile = path.join(folder, 'stamp.json');
/** Megabytes, while npm unpacks; 30 are kept. */
const needed = 350;

/** Dawn's folder for this system, as the package names it. */
const system = `${process.platform}-${process.platform === 'darwin' ? 'universal' : process.arch}`;
const dawn = path.join('node_modules', 'webgpu', 'dist', system, 'dawn.node');

function wantedKey() {
  const files = ['package.json', 'package-lock.json'].map((name) => fs.readFileSync(path.join(wanted, name)));
  return digest(system, ...files);
}

/** @returns {'absent' | 'current' | 'stale'} absent: never asked for */
function look() {
  if (!fs.existsSync(folder)) return 'absent';
  return readJson(stampFile)?.key === wantedKey() && fs.existsSync(path.join(folder, dawn)) ? 'current' : 'stale';
}

/** What is installed, in words. */
function describe() {
  const { webgpu } = readJson(path.join(wanted, 'package.json'))?.dependencies ?? {};
  return `Dawn for Node (npm webgpu ${webgpu})`;
}

/**
 * Installs it where it was asked for, in this call or in one before.
 *
 * @param {{ asked: boolean, note: (text: string) => void }} options
 * @returns {Promise<import('./steps').StepResult>}
 */
async function install({ asked, note }) {
  if (look() === 'current') return { outcome: 'kept', text: describe() };
  try {
    await fill(note);
    return { outcome: 'done', text: describe() };
  } catch (error) {
    const without = asWithout(error);
    if (asked) throw error instanceof SetupError ? error : new SetupError(without.message, without.fix);
    return { outcome: 'without', text: without.message };
  }
}

/** @param {(text: string) => void} note */
async function fill(note) {
  const npm = findNpm();
  if (!npm)
    throw new Without('other', 'npm is not on the PATH', 'install Node from https://nodejs.org, which brings it');
  expectRoom('the WebGPU engine needs', needed, layout.root);
  const stage = temporaryName(layout.temporary);
  try {
    fs.mkdirSync(stage, { recursive: true });
    for (const name of ['package.json', 'package-lock.json'])
      fs.copyFileSync(path.join(wanted, name), path.join(stage, name));
    fs.copyFileSync(path.join(layout.root, '.npmrc'), path.join(stage, '.npmrc'));
    note('npm ci');
    await runOrFail(
      npm.command,
      [...npm.rest, 'ci', '--legacy-peer-deps', '--prefer-offline', '--ignore-scripts', '--loglevel=warn'],
      {
        step: 'webgpu',
        cwd: stage,
        what: '`npm ci` of the WebGPU engine failed',
        fix: 'Its last lines are above; the log has all of them. Then run the same command again.',
        note,
      },
    );
    if (!fs.existsSync(path.join(stage, dawn)))
      throw new Without('platform', `the npm package webgpu has no Dawn for ${system}`, 'there is none to be had');
    const made = path.join(stage, 'made');
    keep(stage, made);
    if (process.platform === 'linux' && process.arch === 'x64') unpackDriver(path.join(made, 'swiftshader'));
    writeJson(path.join(made, 'stamp.json'), { key: wantedKey() });
    swapIn(made, folder);
  } finally {
    remove(stage);
  }
}

/**
 * Dawn for this system.
 *
 * @param {string} stage
 * @param {string} made
 */
function keep(stage, made) {
  const own = ['package.json', 'LICENSE.md'].map((name) => path.join('node_modules', 'webgpu', name));
  for (const name of [...own, dawn]) {
    fs.mkdirSync(path.dirname(path.join(made, name)), { recursive: true });
    fs.renameSync(path.join(stage, name), path.join(made, name));
  }
}

/** SwiftShader, the Vulkan driver in software, and a loader for it. */
const driver = new Set(['libvk_swiftshader.so', 'libvulkan.so.1', 'vk_swiftshader_icd.json']);

/**
 * Unpacks the driver out of the packaged Chromium. Where it is not, a machine without a GPU goes without.
 *
 * @param {string} to
 */
function unpackDriver(to) {
  const archive = path.join(layout.nodeModules, '@sparticuz', 'chromium', 'bin', 'swiftshader.tar.br');
  if (!fs.existsSync(archive)) return;
  const tar = brotliDecompressSync(fs.readFileSync(archive));
  fs.mkdirSync(to, { recursive: true });
  /** @type {(at: number, length: number) => string} */
  const text = (at, length) => tar.toString('latin1', at, at + length).replace(/\0.*$/s, '');
  for (let at = 0; at < tar.length && text(at, 100) !== '';) {
    const name = path.basename(text(at, 100));
    const size = Number.parseInt(text(at + 124, 12), 8);
    if (driver.has(name)) fs.writeFileSync(path.join(to, name), tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

/** Whether there is a driver in software. */
const hasDriver = () => fs.existsSync(path.join(folder, 'swiftshader', 'vk_swiftshader_icd.json'));

/**
 * What the library's own check says of a real GPU.
 *
 * @returns {any} lib/src/engine/engines/webgpu/node/check.ts has its type; undefined when there is no answer
 */
function check() {
  const place = path.join(layout.dist, 'src', 'engine', 'engines', 'webgpu', 'node');
  const program = `const { checkWebgpu } = require(process.argv[1] + '/check'), { webgpuPaths } = require(process.argv[1] + '/paths');
    checkWebgpu(webgpuPaths(), { software: false }).then((check) => console.log(JSON.stringify(check)));`;
  const { output } = ask(process.execPath, ['-e', program, place], { timeout: 90_000, env: environment() });
  try {
    return JSON.parse(output.split('\n').at(-1) ?? '');
  } catch {
    return undefined;
  }
}

/** Takes it away. */
function forget() {
  remove(folder);
}

module.exports = { look, describe, install, forget, check, hasDriver };
