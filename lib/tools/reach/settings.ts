/**
 * Statements that set a variable of another module when the library is loaded, and do nothing else: `setPlatform(nodePlatform)`.
 * They count for those who reach the variable, not for all who load the library.
 */
import * as ts from 'typescript';
import type { Names } from './effects';
import type { Declaration } from './module';

/**
 * The variable that a statement sets: it calls a function by name, with names, and all that the function does is to give a
 * variable of its own module what it was given, as it is or in a new array.
 */
export function variableSetBy(statement: Declaration, names: Names): Declaration | undefined {
  const [node] = statement.nodes;
  if (!ts.isExpressionStatement(node) || !ts.isCallExpression(node.expression)) return undefined;
  const { expression: callee, arguments: given } = node.expression;
  if (!ts.isIdentifier(callee) || !given.every(isMadeOfNames)) return undefined;
  const setter = names(callee.text);
  if (setter?.kind !== 'own') return undefined;
  const name = assignedBy(setter.declaration.nodes[0]);
  const variable = name === undefined ? undefined : setter.where(name);
  return variable?.kind === 'own' ? variable.declaration : undefined;
}

/** The name that a function assigns one of its parameters to, when that is all it does. */
function assignedBy(node: ts.Node): string | undefined {
  if (!ts.isFunctionDeclaration(node) || node.body?.statements.length !== 1) return undefined;
  const [only] = node.body.statements;
  if (!ts.isExpressionStatement(only) || !ts.isBinaryExpression(only.expression)) return undefined;
  const { left, operatorToken, right } = only.expression;
  if (operatorToken.kind !== ts.SyntaxKind.EqualsToken || !ts.isIdentifier(left)) return undefined;
  const parameters = new Set(node.parameters.map((one) => (one.initializer ? '' : one.name.getText())));
  return isMadeOfNames(right) && !parameters.has(left.text) && everyName(right, parameters) ? left.text : undefined;
}

/** True for `a`, `[a, b]`, `[...a]`. */
function isMadeOfNames(node: ts.Expression): boolean {
  if (ts.isSpreadElement(node)) return isMadeOfNames(node.expression);
  return ts.isIdentifier(node) || (ts.isArrayLiteralExpression(node) && node.elements.every(isMadeOfNames));
}

function everyName(node: ts.Node, known: ReadonlySet<string>): boolean {
  if (ts.isIdentifier(node)) return known.has(node.text);
  return ts.forEachChild(node, (child) => (everyName(child, known) ? undefined : true)) === undefined;
}
