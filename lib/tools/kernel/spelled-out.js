/** A cell as tslab can be given it: see names.js. */
'use strict';

/** @type {typeof import('typescript')} */
const ts = require(require.resolve('@tslab/typescript-for-tslab', { paths: [require.resolve('tslab')] }));

/**
 * The cell with its short properties written out and the properties that it takes apart quoted; its lines stay its lines.
 *
 * @param {string} source
 */
function spelledOut(source) {
  /** @type {{ at: number, end: number, text: string }[]} */
  const edits = [];
  /** @param {import('typescript').Node} node */
  const visit = (node) => {
    if (ts.isShorthandPropertyAssignment(node)) {
      const { text } = node.name;
      edits.push({ at: node.name.getStart(), end: node.name.end, text: `${text}: ${text}` });
    } else if (ts.isBindingElement(node) && node.propertyName && ts.isIdentifier(node.propertyName)) {
      const { text, end } = node.propertyName;
      edits.push({ at: node.propertyName.getStart(), end, text: `'${text}'` });
    } else if (ts.isImportSpecifier(node) || ts.isExportSpecifier(node)) {
      const [at, end] = [node.pos, node.getStart()];
      if (at < end) edits.push({ at, end, text: source.slice(at, end).replace(/[^\n]/g, ' ') });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('cell.ts', source, ts.ScriptTarget.ESNext, true));
  return edits
    .sort((a, b) => b.at - a.at)
    .reduce((text, { at, end, text: given }) => text.slice(0, at) + given + text.slice(end), source);
}

module.exports = { spelledOut };
