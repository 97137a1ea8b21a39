/**
 * Loaded into the tslab kernel before tslab, by watch.js: a cell is checked as ever, and compiled by fewer steps.
 *
 * tslab asks TypeScript for a builder that keeps, of every file of every library, which files it refers to, so that a later build
 * could leave some out. It makes all of that anew for each cell, twice, and never builds another way: here the program is compiled
 * without. Of the packages with types only Node's are global, as `npm run check` has it; a package that a cell imports
 * brings its own. Seen with tslab 1.0.22.
 */
'use strict';

const place = require.resolve('@tslab/typescript-for-tslab', { paths: [require.resolve('tslab')] });
/** @type {typeof import('typescript')} */
const ts = require(place);

/** @typedef {import('typescript').SourceFile} SourceFile */
/** @typedef {import('typescript').Program} Program */
/** @typedef {{ resolvedModules?: { forEach(take: (found: { resolvedModule?: { resolvedFileName: string } }) => void): void } }} Resolved */

/**
 * Modules that a file reaches by its imports, and itself.
 *
 * @param {Program} program
 * @param {SourceFile} first
 */
function reached(program, first) {
  const files = new Set([first]);
  for (const file of files) {
    /** @type {Resolved} */ (/** @type {unknown} */ (file)).resolvedModules?.forEach(({ resolvedModule }) => {
      const next = resolvedModule && program.getSourceFile(resolvedModule.resolvedFileName);
      if (next) files.add(next);
    });
  }
  return [...files].map(({ fileName }) => fileName);
}

/** @type {import('typescript').CreateProgram<import('typescript').BuilderProgram>} */
const createProgram = (names, options, host, old, ...rest) => {
  const made = ts.createAbstractBuilder(/** @type {readonly string[]} */ (names), options, host, old, ...rest);
  const program = made.getProgram();
  // tslab reads the names that a cell declares off its file, where TypeScript notes them when it first looks at it.
  const bind = /** @type {{ bindSourceFile(file: SourceFile, how: object): void }} */ (/** @type {unknown} */ (ts));
  for (const name of program.getRootFileNames()) {
    const file = program.getSourceFile(name);
    if (file) bind.bindSourceFile(file, program.getCompilerOptions());
  }
  return Object.assign(made, { getAllDependencies: (/** @type {SourceFile} */ file) => reached(program, file) });
};

/** @param {any[]} given the root files, the options and the system, then what tslab leaves open */
const createWatchCompilerHost = ([files, options, sys, , ...rest]) =>
  ts.createWatchCompilerHost(files, { ...options, types: ['node'] }, sys, createProgram, ...rest);

// Its own functions cannot be replaced: tslab is given a module that differs in this one.
const replaced = Object.defineProperties(
  {},
  {
    ...Object.getOwnPropertyDescriptors(ts),
    createWatchCompilerHost: {
      enumerable: true,
      value: (/** @type {any[]} */ ...given) => createWatchCompilerHost(given),
    },
  },
);
/** @type {NodeModule} */ (require.cache[place]).exports = replaced;
