/**
 * lib/dist, compiled from lib/src, lib/tools and lib/setup. A dist that does not belong to the present sources is noticed
 * by their digest, not by dates, which git and copies of a folder do not keep.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { SetupError, expectRoom, knownCause } = require('./errors');
const { digest, digestBelow, filesBelow, readJson, remove, swapIn, writeJson } = require('./files');
const { layout, needs } = require('./layout');
const { run, lastLines } = require('./run');

const library = path.join(layout.root, 'lib');
const sources = ['src', 'tools', 'setup'];
const stampName = '.bnlab.json';
const buildInfo = '.tsbuildinfo';
/** Beside dist, so that tsc's record of an earlier build, which holds relative paths, stays valid. */
const stage = path.join(layout.root, 'lib', '.dist.new');

/**
 * Only what the compiler reads: a change to a Python or template file needs no build.
 * @param {string} name
 */
const isCompiled = (name) => /\.(ts|js)$/.test(name);

function wantedKey() {
  const files = ['tsconfig.json', 'lib/tsconfig.json', 'lib/package.json', 'package-lock.json'];
  return digest(
    ...sources.map((folder) => digestBelow(path.join(library, folder), isCompiled)),
    ...files.map((name) => fs.readFileSync(path.join(layout.root, name))),
  );
}

/** @param {string} name */
const isOutput = (name) => name !== stampName && name !== buildInfo;

/** @returns {{ state: 'current' | 'missing' | 'stale' | 'foreign', key: string }} foreign: not what set-up compiled */
function look() {
  const key = wantedKey();
  if (!fs.existsSync(layout.dist)) return { state: 'missing', key };
  const stamp = readJson(path.join(layout.dist, stampName));
  if (stamp?.outputs !== digestBelow(layout.dist, isOutput)) return { state: 'foreign', key };
  return { state: stamp.key === key ? 'current' : 'stale', key };
}

/**
 * @param {(note: string) => void} note
 * @returns {Promise<import('./steps').StepResult>}
 */
async function build(note) {
  const { state, key } = look();
  if (state === 'current') return { outcome: 'kept', text: 'lib/dist is up to date' };
  const compiler = path.join(layout.nodeModules, 'typescript', 'bin', 'tsc');
  expectRoom('the compiled library needs', needs.library, layout.root);
  note('tsc');
  remove(stage);
  try {
    // A dist of ours is a start for an incremental build; one of unknown origin is not.
    if (state === 'stale') fs.cpSync(layout.dist, stage, { recursive: true });
    const result = await run(
      process.execPath,
      [compiler, '-p', 'lib', '--outDir', stage, '--tsBuildInfoFile', path.join(stage, buildInfo), '--pretty', 'false'],
      { step: 'library' },
    );
    if (result.code !== 0) {
      const cause = knownCause(result.output, layout.root);
      const errors = result.output.split('\n').filter((line) => / error TS\d+/.test(line));
      throw new SetupError(
        cause
          ? `the library could not be compiled: ${cause.what}`
          : `the library does not compile: ${errors.length} errors`,
        cause
          ? cause.fix
          : 'Mend the sources named above (git status shows what differs from the last commit), then run the same command again.',
        {
          detail: errors.slice(0, 12).join('\n') || lastLines(result.output),
          log: result.log,
          diskFull: cause?.diskFull,
        },
      );
    }
    removeOrphans();
    writeJson(path.join(stage, stampName), { key, outputs: digestBelow(stage, isOutput) });
    swapIn(stage, layout.dist);
    return {
      outcome: 'done',
      text:
        state === 'missing'
          ? 'compiled to lib/dist'
          : `compiled again: lib/dist was ${state === 'stale' ? 'older than its sources' : 'not what set-up had made'}`,
    };
  } finally {
    remove(stage);
  }
}

/** Outputs whose source is gone would still be importable. */
function removeOrphans() {
  const kept = new Set();
  for (const folder of sources) {
    for (const name of filesBelow(path.join(library, folder)).filter(isCompiled)) {
      if (name.endsWith('.d.ts')) continue;
      const base = path.join(folder, name.replace(/\.(ts|js)$/, ''));
      for (const ending of ['.js', '.d.ts', '.js.map', '.d.ts.map']) kept.add(base + ending);
    }
  }
  for (const name of filesBelow(stage).filter(isOutput)) {
    if (!kept.has(name)) remove(path.join(stage, name));
  }
}

module.exports = { look, build };
