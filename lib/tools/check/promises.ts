/** Promises that nobody awaits. */
import type * as ts from 'typescript';
import { compiler } from '../kernel/typescript';

/** True for an expression statement that makes a promise and lets it go. */
export function floats(checker: ts.TypeChecker, expression: ts.Expression): boolean {
  let inner = expression;
  while (compiler.isParenthesizedExpression(inner)) inner = inner.expression;
  if (compiler.isAwaitExpression(inner) || compiler.isVoidExpression(inner)) return false;
  if (
    compiler.isBinaryExpression(inner) &&
    inner.operatorToken.kind >= compiler.SyntaxKind.FirstAssignment &&
    inner.operatorToken.kind <= compiler.SyntaxKind.LastAssignment
  ) {
    return false; // kept in a variable
  }
  if (compiler.isBinaryExpression(inner)) {
    const comma = inner.operatorToken.kind === compiler.SyntaxKind.CommaToken;
    return (comma && floats(checker, inner.left)) || floats(checker, inner.right);
  }
  if (compiler.isConditionalExpression(inner))
    return floats(checker, inner.whenTrue) || floats(checker, inner.whenFalse);
  if (compiler.isCallExpression(inner) && compiler.isPropertyAccessExpression(inner.expression)) {
    const { name, expression: on } = inner.expression;
    if (name.text === 'catch' && inner.arguments.length >= 1) return false;
    if (name.text === 'then' && inner.arguments.length >= 2) return false;
    if (name.text === 'finally') return floats(checker, on);
  }
  const type = checker.getTypeAtLocation(inner);
  const element = checker.isArrayType(type) ? checker.getTypeArguments(type as ts.TypeReference)[0] : undefined;
  return isPromise(checker, element ?? type, inner);
}

function isPromise(checker: ts.TypeChecker, type: ts.Type, at: ts.Node): boolean {
  return (type.isUnion() ? type.types : [type]).some((part) => {
    const then = part.getProperty('then');
    return then !== undefined && checker.getTypeOfSymbolAtLocation(then, at).getCallSignatures().length > 0;
  });
}

/** True for a function that gives a promise, given to one that expects none: `forEach` and `setTimeout` let it go. */
export function floatsInside(checker: ts.TypeChecker, node: ts.Node): boolean {
  if (!compiler.isArrowFunction(node) && !compiler.isFunctionExpression(node)) return false;
  if (!node.modifiers?.some(({ kind }) => kind === compiler.SyntaxKind.AsyncKeyword)) return false;
  if (!compiler.isCallExpression(node.parent) || node.parent.expression === node) return false;
  const wanted = checker.getContextualType(node)?.getCallSignatures() ?? [];
  return (
    wanted.length > 0 &&
    wanted.every((signature) => (checker.getReturnTypeOfSignature(signature).flags & compiler.TypeFlags.Void) !== 0)
  );
}
