/**
 * Used by stop.js: a cell that may await lets the event loop run now and then, and does not go on once it was left.
 *
 * Node runs such a cell's loop to its end before it hears of anything else, when what the loop does takes no turn of the event loop:
 * draws figures, computes, awaits what is there already. Stop is not heard until then, and no figure arrives. Here each loop of the cell
 * itself asks at every round whether it is time for a turn. What an async function does before its first await its caller may
 * count on, so its loops do not ask; but whatever is awaited, there as in the cell, comes after a turn that is due. Nothing is put on a line
 * of its own: an error's line stays the cell's.
 */
'use strict';

/** @type {typeof import('typescript')} */
const ts = require(require.resolve('@tslab/typescript-for-tslab', { paths: [require.resolve('tslab')] }));

/** @typedef {import('typescript').Node} Node */

/** What the loops call, in the global object. */
const NAME = '__bnlabTurn__';
const ASK = `if(${NAME}.isDue())await ${NAME}.take();`;
/** What a cell of tslab is wrapped into when it awaits. */
const MAY_AWAIT = '(async function(exports, require)';

/**
 * @param {string} code JavaScript, as tslab has it run
 * @returns {string} the code whose loops and awaits ask
 */
function withPauses(code) {
  if (!/\bawait\b/.test(code)) return code;
  const file = ts.createSourceFile('cell.js', code, ts.ScriptTarget.Latest, false, ts.ScriptKind.JS);
  /** @type {[at: number, text: string][]} */
  const added = [];
  /** @param {Node} node @param {boolean} isCell whether it belongs to the cell itself, not to a function in it */
  const visit = (node, isCell) => {
    /** @type {[at: number, text: string] | undefined} */
    let end;
    if (isCell && ts.isIterationStatement(node, false)) {
      const { statement } = node;
      const from = statement.getStart(file);
      if (ts.isBlock(statement)) added.push([from + 1, ASK]);
      else {
        added.push([from, `{${ASK}`]);
        end = [statement.end, '}'];
      }
    } else if (ts.isAwaitExpression(node)) {
      added.push([node.expression.getStart(file), `${NAME}.after(`]);
      end = [node.expression.end, ')'];
    }
    // The wrapper itself is the first function.
    const isInner =
      isCell && !ts.isFunctionLike(node) && !ts.isPropertyDeclaration(node) && !ts.isClassStaticBlockDeclaration(node);
    const isWrapper = ts.isFunctionExpression(node) && node.getStart(file) === 1 && code.startsWith(MAY_AWAIT);
    ts.forEachChild(node, (child) => visit(child, isInner || isWrapper));
    if (end) added.push(end); // after those of what it holds, which may end in the same place
  };
  visit(file, false);
  added.sort(([a], [b]) => a - b);
  let paused = '';
  let done = 0;
  for (const [at, text] of added) {
    paused += code.slice(done, at) + text;
    done = at;
  }
  return paused + code.slice(done);
}

module.exports = { MAY_AWAIT, NAME, withPauses };
