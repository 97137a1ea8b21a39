/**
 * Whether this system can have the native engine: its kind, its C library, its C++ compiler.
 */
'use strict';

const os = require('node:os');
const { ask } = require('./run');
const { targetOf } = require('./wheels');
const { Without } = require('./without');

/** @typedef {import('./wheels').Variant} Variant */

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

module.exports = { unsuitedPlatform, findCompiler };
