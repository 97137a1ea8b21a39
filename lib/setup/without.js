/**
 * Why the native engine does not come about: nothing of it is needed, so that every fault is said and set-up goes on.
 */
'use strict';

const { Interrupted, SetupError, knownCause } = require('./errors');
const { codeOf } = require('./files');
const { layout } = require('./layout');
const { cacheFolder } = require('../src/platform/node/cache');
const { installCommand } = require('./python');

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

const noCompiler = () =>
  new Without(
    'compiler',
    'no C++ compiler was found (g++, c++, clang++ or CXX)',
    `${installCommand('g++', 'gcc')}, then \`npm run setup\``,
  );

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

module.exports = { Without, asWithout, noCompiler };
