/**
 * Loaded into the tslab kernel before tslab, by watch.js: a cell's names of earlier cells are found wherever
 * TypeScript lets them stand.
 *
 * tslab rewrites each use of such a name to `exports.name`, one identifier at a time. It passes over the one in `{ data }`, which then
 * finds no variable, and it takes the property's name in `const { rate: r } = row` for one of them where the type of `row` was
 * declared in an earlier cell. Here both are spelled so that it cannot go wrong, `{ data: data }` and `{ 'rate': r }`, which mean the
 * same. Seen with tslab 1.0.22.
 *
 * A name that is imported below a comment, inside the braces, would be undefined: TypeScript prints the comment into the getter that hands
 * the name on, and its line break behind `return` ends the statement (findings/typescript-reexport-comment.sh). Such comments become blanks.
 */
'use strict';

const path = require('node:path');
const { spelledOut } = require('./spelled-out');

const tslab = require.resolve('tslab');
/** @typedef {{ convert(earlier: string, source: string): unknown }} Converter */
/** @type {{ createConverter: (...options: unknown[]) => Converter }} */
const converter = require(path.join(path.dirname(tslab), 'converter.js'));

const createConverter = converter.createConverter;
converter.createConverter = (...options) => {
  const made = createConverter(...options);
  const convert = made.convert.bind(made);
  made.convert = (earlier, source) => convert(earlier, spelledOut(source));
  return made;
};
