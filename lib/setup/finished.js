/**
 * Whether the report that `npm start` wrote belongs to all that is there: then there is nothing to do. A digest says so, of what the
 * notebooks and pages are made of, and of themselves; whatever else it was, the steps look for it.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { digest, digestBelow, readJson, writeJson } = require('./files');
const { layout } = require('./layout');

const reports = path.dirname(layout.report);
const stamp = path.join(layout.state, 'start.json');

/** @param {string} file */
const textOf = (file) => (fs.existsSync(file) ? fs.readFileSync(file) : 'none');

/** @param {string} name */
const isNotebooks = (name) => !/^own[\\/]|\.ipynb_checkpoints/.test(name);
/** Pages, what lies beside them, and the executed notebooks; other forms of report have folders of their own. */
const isReport = (/** @type {string} */ name) =>
  /^(?:[^\\/]+\.html|(?:assets|executed)[\\/].+)$/.test(name) && !name.endsWith('.lock');

/** What the report is made of, as it is at this moment. */
function sources() {
  // What besides the sources decides what a run computes, in the words that executed notebooks are marked with.
  const { settings } = require(path.join(layout.dist, 'tools', 'run', 'job.js'));
  const { BNLAB_PROFILE: profile = '', BNLAB_BROWSER: browser = '' } = process.env;
  const folders = [path.join(layout.root, 'notebooks'), path.join(layout.root, 'data')];
  return digest(
    JSON.stringify([settings(), profile, browser, process.version]),
    ...[path.join(layout.dist, '.bnlab.json'), layout.lockFile, layout.engineStamp].map(textOf),
    ...folders.map((folder) => digestBelow(folder, isNotebooks)),
  );
}

const report = () => digestBelow(reports, isReport);

/** @param {string} made what it would be made of: see `sources` */
function isFinished(made) {
  const noted = readJson(stamp);
  return noted !== undefined && noted.sources === made && fs.existsSync(layout.report) && noted.report === report();
}

/**
 * Notes that the report is there, whole.
 *
 * @param {string} made what it was made of: what changed since is made again
 */
function noteFinished(made) {
  writeJson(stamp, { sources: made, report: report() });
}

module.exports = { sources, isFinished, noteFinished };
