/**
 * Whether code does something beside giving a value. What is not known to be harmless counts as having an effect.
 */
import * as ts from 'typescript';
import { bare, boundNames, type Declaration, isPropertyName } from './module';

/** What a top-level name stands for, as far as the question here goes. */
export type Meaning =
  /** a declaration, in this file or another */
  | { kind: 'own'; declaration: Declaration; where: Names }
  /** another package's, or a module as an object */
  | { kind: 'other' }
  /** nothing that the library declares: a global */
  | undefined;

/** Says what a name of a module's top level stands for. */
export type Names = (name: string) => Meaning;

const PLAIN_CALLS = new Set(
  `Object.entries Object.keys Object.values Object.fromEntries Array.from Array.of Array.isArray
   Number String Boolean BigInt Symbol Number.isFinite Number.isSafeInteger Number.isInteger ArrayBuffer.isView Object.is Object.hasOwn Object.getPrototypeOf Number.isNaN Number.parseFloat Number.parseInt
   parseFloat parseInt isFinite isNaN String.fromCharCode String.fromCodePoint String.raw JSON.parse JSON.stringify`.split(
    /\s+/,
  ),
);

const PLAIN_CONSTRUCTORS = new Set(
  `Map Set WeakMap WeakSet Array RegExp Error RangeError TypeError Uint8Array Uint8ClampedArray Int8Array Uint16Array Int16Array
   Uint32Array Int32Array Float32Array Float64Array BigInt64Array BigUint64Array ArrayBuffer DataView TextDecoder
   TextEncoder`.split(/\s+/),
);

/** Methods of arrays and texts that leave what they are called on as it is. */
const PLAIN_METHODS = new Set(
  `map flatMap filter reduce reduceRight some every find findIndex findLast indexOf includes join slice concat flat at
   keys values entries split trim trimStart trimEnd toUpperCase toLowerCase padStart padEnd repeat replace replaceAll
   startsWith endsWith charCodeAt codePointAt charAt substring toString toFixed toPrecision`.split(/\s+/),
);

const PLAIN_GLOBALS = new Set(
  `undefined NaN Infinity Math Number String Boolean Object Array ArrayBuffer Symbol BigInt JSON arguments`.split(' '),
);

/** Tells declarations whose evaluation does something from those that only give a value. Remembers what it found. */
export class Effects {
  private readonly called = new Map<Declaration, boolean>();

  /** True where loading the module with this declaration in it may do something that other code can see. */
  atLoad(declaration: Declaration, names: Names): boolean {
    // The second node of an enum fills in its members, which is what giving its value means.
    const [first] = declaration.nodes;
    return !this.isPlain(first, names, undefined);
  }

  /** True where calling it, or anything in it, does nothing that other code can see. */
  private isPlainWhenCalled(declaration: Declaration, names: Names): boolean {
    const known = this.called.get(declaration);
    if (known !== undefined) return known;
    this.called.set(declaration, true); // a cycle adds nothing of its own
    const plain =
      declaration.nodes.length > 1 || this.isPlain(declaration.nodes[0], names, localNames(declaration.nodes[0]));
    this.called.set(declaration, plain);
    return plain;
  }

  /**
   * @param locals names declared inside what is being called; undefined outside a call, where the body of a function does
   *   not run
   */
  private isPlain(node: ts.Node, names: Names, locals: Set<string> | undefined): boolean {
    const isCalled = locals !== undefined;
    const plain = (one: ts.Node | undefined): boolean => one === undefined || this.isPlain(one, names, locals);
    const whenCalled = (one: ts.Node): boolean => this.isPlain(one, names, isCalled ? locals : localNames(one));
    const meaning = (one: ts.Identifier): Meaning => (locals?.has(one.text) ? undefined : names(one.text));

    if (ts.isIdentifier(node)) {
      if (isPropertyName(node) || locals?.has(node.text) || !isCalled || isKept(node)) return true;
      const found = names(node.text);
      if (found?.kind === 'own') return this.isPlainWhenCalled(found.declaration, found.where);
      return found === undefined && PLAIN_GLOBALS.has(node.text);
    }
    if (ts.isClassLike(node)) {
      if (isCalled) return false;
      return (
        node.heritageClauses?.every(plain) !== false && node.members.every((one) => this.isPlainMember(one, names))
      );
    }
    if (ts.isFunctionLike(node)) return !isCalled || isKept(node) || everyChild(node, plain);
    if (ts.isCallExpression(node)) {
      const callee = bare(node.expression);
      if (!node.arguments.every(whenCalled)) return false;
      if (ts.isFunctionExpression(callee) || ts.isArrowFunction(callee)) return whenCalled(callee);
      if (ts.isIdentifier(callee)) {
        if (locals?.has(callee.text)) return isGivenWhole(callee); // its value was looked at where it was given
        const found = names(callee.text);
        if (found?.kind === 'own') return this.isPlainWhenCalled(found.declaration, found.where);
        return found === undefined && PLAIN_CALLS.has(callee.text);
      }
      if (!ts.isPropertyAccessExpression(callee)) return false;
      const owner = callee.expression;
      // Freezing what has just been made; freezing what has a name would change it for others.
      if (callee.getText() === 'Object.freeze' && node.arguments.some(ts.isObjectLiteralExpression)) return true;
      const isGlobal = ts.isIdentifier(owner) && !locals?.has(owner.text) && names(owner.text) === undefined;
      if (isGlobal && owner.text === 'Math') return callee.name.text !== 'random';
      if (isGlobal && PLAIN_GLOBALS.has(owner.text)) return PLAIN_CALLS.has(`${owner.text}.${callee.name.text}`);
      return PLAIN_METHODS.has(callee.name.text) && whenCalled(owner);
    }
    if (ts.isNewExpression(node)) {
      const { expression } = node;
      const isKnown = ts.isIdentifier(expression) && !meaning(expression) && PLAIN_CONSTRUCTORS.has(expression.text);
      return isKnown && (node.arguments ?? []).every(whenCalled);
    }
    if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
      // A getter runs like a call.
      const owner = node.expression;
      const found = ts.isIdentifier(owner) ? meaning(owner) : undefined;
      if (found?.kind === 'own' && found.declaration.nodes.some(hasGetter))
        return this.isPlainWhenCalled(found.declaration, found.where);
      return everyChild(node, plain);
    }
    if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind))
      return isOwnVariable(node.left, names, locals) && plain(node.right);
    if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
      const isChange = node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken;
      return isChange ? isOwnVariable(node.operand, names, locals) : plain(node.operand);
    }
    if (ACTING.has(node.kind)) return false;
    return everyChild(node, plain);
  }

  /** What of a class runs when the class is declared: static blocks, values of static fields, computed names. */
  private isPlainMember(member: ts.ClassElement, names: Names): boolean {
    if (ts.isClassStaticBlockDeclaration(member)) return false;
    if (member.name && ts.isComputedPropertyName(member.name) && !this.isPlain(member.name, names, undefined))
      return false;
    const isStatic =
      ts.canHaveModifiers(member) && ts.getModifiers(member)?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword);
    if (!ts.isPropertyDeclaration(member) || !isStatic || !member.initializer) return true;
    return this.isPlain(member.initializer, names, undefined);
  }
}

/** What does something by itself, or stops the program. */
const ACTING = new Set([
  ts.SyntaxKind.AwaitExpression,
  ts.SyntaxKind.YieldExpression,
  ts.SyntaxKind.TaggedTemplateExpression,
  ts.SyntaxKind.DeleteExpression,
  ts.SyntaxKind.ThrowStatement,
  ts.SyntaxKind.DebuggerStatement,
  ts.SyntaxKind.WithStatement,
]);

function everyChild(node: ts.Node, test: (child: ts.Node) => boolean): boolean {
  return ts.forEachChild(node, (child) => (test(child) ? undefined : true)) === undefined;
}

function isAssignment(kind: ts.SyntaxKind): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

/** True for a variable that lives no longer than the call. */
function isOwnVariable(node: ts.Node, names: Names, locals: Set<string> | undefined): boolean {
  return ts.isIdentifier(node) && locals?.has(node.text) === true && names(node.text) === undefined;
}

/**
 * True for a function, or a name of one, that is put under a name into an object: it runs when it is called by that name, which no
 * call that counts as plain does.
 */
function isKept(node: ts.Node): boolean {
  const { parent } = node;
  const isValue =
    ts.isShorthandPropertyAssignment(parent) || (ts.isPropertyAssignment(parent) && parent.initializer === node);
  const owner = ts.isMethodDeclaration(node) ? node : isValue ? parent : undefined;
  if (!owner || !ts.isObjectLiteralExpression(owner.parent) || !ts.isIdentifier(owner.name)) return false;
  return !PLAIN_METHODS.has(owner.name.text);
}

/**
 * True where every declaration of a local name is a whole parameter, or a function: no member that was taken out of an object, and no
 * value of one, which is what a parameter of a callback may be.
 */
function isGivenWhole(callee: ts.Identifier): boolean {
  const isWhole = (node: ts.Node): boolean => {
    const names =
      ts.isBindingElement(node) || ts.isVariableDeclaration(node) || ts.isParameter(node) ? node.name : undefined;
    if (names && ts.isIdentifier(names) && names.text === callee.text) {
      const value = ts.isVariableDeclaration(node) ? node.initializer : undefined;
      const isWholeParameter = ts.isParameter(node) && !ts.isCallExpression(node.parent.parent);
      if (!isWholeParameter && !(value && (ts.isArrowFunction(value) || ts.isFunctionExpression(value)))) return false;
    }
    return everyChild(node, isWhole);
  };
  return isWhole(callee.getSourceFile());
}

function hasGetter(node: ts.Node): boolean {
  return ts.isGetAccessor(node) || ts.forEachChild(node, (child) => hasGetter(child) || undefined) === true;
}

/** All names that are declared somewhere inside a node. */
function localNames(node: ts.Node): Set<string> {
  const names = new Set<string>();
  const visit = (one: ts.Node): void => {
    if ((ts.isVariableDeclaration(one) && one !== node) || ts.isParameter(one))
      for (const name of boundNames(one.name)) names.add(name);
    else if ((ts.isFunctionDeclaration(one) || ts.isFunctionExpression(one)) && one.name && one !== node)
      names.add(one.name.text);
    ts.forEachChild(one, visit);
  };
  visit(node);
  return names;
}
