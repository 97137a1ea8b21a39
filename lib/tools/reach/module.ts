/**
 * A module of the library as its top-level declarations, each with the names it uses.
 */
import * as ts from 'typescript';
import { codeOf, type Compiled } from './compiled';

/** What a declaration uses, as far as its own file tells. Labels say how the code calls it. */
export type Use =
  /** a name of the module's top level */
  | { kind: 'name'; label: string; name: string }
  /** `ns.member` of an `import * as ns` */
  | { kind: 'member'; label: string; name: string; member: string }
  /** `require('...')` and `import('...')` */
  | { kind: 'load'; label: string; specifier: string }
  /** a path that begins at `__dirname`: steps from the file's folder */
  | { kind: 'path'; label: string; steps: string[] }
  /** a search of the modules that others have loaded, by these patterns */
  | { kind: 'cache'; label: string; patterns: RegExp[] }
  /** CommonJS's `exports` in a file with imports or exports of its own */
  | { kind: 'exports'; label: string }
  /** what cannot be told without running: it may reach anything */
  | { kind: 'anything'; label: string };

/** A top-level declaration, or a statement that runs when the module is loaded. */
export interface Declaration {
  /** none for a statement */
  names: string[];
  code: string;
  uses: Use[];
  /** what stands there: for the question whether it does something when the module is loaded */
  nodes: ts.Node[];
}

export interface ImportedName {
  specifier: string;
  /** the exported name; `*` for all of the module as an object */
  name: string;
}

/** A module that another loads; `isBare` where no name is taken from it. */
export interface Loaded {
  specifier: string;
  isBare: boolean;
}

export interface Module {
  file: string;
  declarations: Declaration[];
  /** top-level names: a declaration of the module's own, or an import */
  names: Map<string, Declaration | ImportedName>;
  /** exported names: a top-level name, or a re-export */
  exports: Map<string, string | ImportedName>;
  /** `export * from` */
  stars: string[];
  /** what loading goes through, in order: other modules, declarations, statements */
  steps: (Loaded | Declaration)[];
  /** the whole file, where what it exports cannot be told from the syntax */
  commonJs?: Declaration;
}

/** @param file where it stands, for messages and for paths that begin there */
export function readModule(file: string, { code, module: isModule }: Compiled): Module {
  const module = emptyModule(file);
  if (!isModule) return readWhole(module, code);
  for (const statement of code.statements) readStatement(statement, module);
  for (const declaration of module.declarations) declaration.uses = usesIn(declaration.nodes, module);
  const writesExports = module.declarations.some(({ uses }) => uses.some(({ kind }) => kind === 'exports'));
  return writesExports ? readWhole(emptyModule(file), code) : module;
}

function emptyModule(file: string): Module {
  return { file, declarations: [], names: new Map(), exports: new Map(), stars: [], steps: [] };
}

function readWhole(module: Module, code: ts.SourceFile): Module {
  for (const statement of code.statements) if (ts.isImportDeclaration(statement)) readStatement(statement, module);
  const whole: Declaration = { names: [], code: codeOf(code), uses: [], nodes: [code] };
  module.declarations.push(whole);
  module.steps.push(whole);
  module.commonJs = whole;
  whole.uses = usesIn([code], module);
  return module;
}

function readStatement(statement: ts.Statement, module: Module): void {
  if (ts.isImportDeclaration(statement)) {
    const specifier = (statement.moduleSpecifier as ts.StringLiteral).text;
    module.steps.push({ specifier, isBare: !statement.importClause });
    for (const [local, name] of importedNames(statement)) module.names.set(local, { specifier, name });
  } else if (ts.isExportDeclaration(statement)) {
    readExports(statement, module);
  } else if (ts.isVariableStatement(statement)) {
    for (const one of statement.declarationList.declarations) {
      const names = boundNames(one.name);
      const kind = ts.NodeFlags[statement.declarationList.flags & ts.NodeFlags.BlockScoped];
      declare(module, { names, code: `${kind} ${codeOf(one)}`, uses: [], nodes: [one] });
      if (isExported(statement)) for (const name of names) module.exports.set(name, name);
    }
  } else if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
    const name = statement.name?.text ?? 'default';
    const marks = ts.getModifiers(statement) ?? [];
    const isDefault = marks.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);
    const last = marks.filter(({ kind }) => EXPORTING.has(kind)).at(-1);
    declare(module, { names: [name], code: codeOf(statement, last?.end), uses: [], nodes: [statement] });
    if (isExported(statement)) module.exports.set(isDefault ? 'default' : name, name);
  } else if (ts.isExportAssignment(statement)) {
    declare(module, {
      names: ['default'],
      code: codeOf(statement.expression),
      uses: [],
      nodes: [statement.expression],
    });
    module.exports.set('default', 'default');
  } else {
    const members = enumOf(statement);
    const own = members && module.names.get(members);
    if (own && 'code' in own) {
      own.code += `;${codeOf(statement)}`;
      own.nodes.push(statement);
    } else {
      declare(module, { names: [], code: codeOf(statement), uses: [], nodes: [statement] });
    }
  }
}

const EXPORTING = new Set([ts.SyntaxKind.ExportKeyword, ts.SyntaxKind.DefaultKeyword]);

function isExported(statement: ts.HasModifiers): boolean {
  return ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function declare(module: Module, declaration: Declaration): void {
  module.declarations.push(declaration);
  module.steps.push(declaration);
  for (const name of declaration.names) module.names.set(name, declaration);
}

/** The local and the exported name of everything that a statement imports. */
export function importedNames(statement: ts.ImportDeclaration): [string, string][] {
  const clause = statement.importClause;
  const names: [string, string][] = clause?.name ? [[clause.name.text, 'default']] : [];
  const bindings = clause?.namedBindings;
  if (bindings && ts.isNamespaceImport(bindings)) names.push([bindings.name.text, '*']);
  else if (bindings)
    for (const one of bindings.elements) names.push([one.name.text, (one.propertyName ?? one.name).text]);
  return names;
}

function readExports(statement: ts.ExportDeclaration, module: Module): void {
  const specifier = statement.moduleSpecifier && (statement.moduleSpecifier as ts.StringLiteral).text;
  if (specifier !== undefined) module.steps.push({ specifier, isBare: false });
  const clause = statement.exportClause;
  if (!clause) module.stars.push(specifier!);
  else if (ts.isNamespaceExport(clause)) module.exports.set(clause.name.text, { specifier: specifier!, name: '*' });
  else
    for (const one of clause.elements) {
      const name = (one.propertyName ?? one.name).text;
      module.exports.set(one.name.text, specifier === undefined ? name : { specifier, name });
    }
}

/** The name of the enum whose members a statement fills in: `(function (E) { E[E["A"] = 0] = "A"; })(E || (E = {}))`. */
function enumOf(statement: ts.Statement): string | undefined {
  if (!ts.isExpressionStatement(statement) || !ts.isCallExpression(statement.expression)) return undefined;
  const [argument] = statement.expression.arguments;
  const callee = bare(statement.expression.expression);
  if (!argument || !ts.isFunctionExpression(callee) || callee.parameters.length !== 1) return undefined;
  if (!ts.isBinaryExpression(argument) || !ts.isIdentifier(argument.left)) return undefined;
  const parameter = callee.parameters[0].name.getText();
  const isMember = (one: ts.Statement) =>
    ts.isExpressionStatement(one) &&
    ts.isBinaryExpression(one.expression) &&
    isMemberOf(one.expression.left, parameter) &&
    !hasCall(one);
  const filled = new RegExp(`^${argument.left.text} \\|\\| \\(${argument.left.text} = \\{\\}\\)$`);
  return filled.test(argument.getText()) && callee.body.statements.every(isMember) ? argument.left.text : undefined;
}

/** An expression without the parentheses around it. */
export function bare(node: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(node) ? bare(node.expression) : node;
}

function hasCall(node: ts.Node): boolean {
  const isCall = ts.isCallOrNewExpression(node) || ts.isTaggedTemplateExpression(node) || ts.isAwaitExpression(node);
  return isCall || ts.forEachChild(node, (child) => hasCall(child) || undefined) === true;
}

function isMemberOf(node: ts.Expression, name: string): boolean {
  return (
    (ts.isElementAccessExpression(node) || ts.isPropertyAccessExpression(node)) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === name
  );
}

/** The names that a declaration's pattern binds. */
export function boundNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((one) => (ts.isBindingElement(one) ? boundNames(one.name) : []));
}

/** True where an identifier is the name of a property or a label, and stands for no variable. */
export function isPropertyName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) || ts.isMetaProperty(parent)) return parent.name === node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  if (ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) return parent.name === node;
  if (ts.isMethodDeclaration(parent) || ts.isAccessor(parent)) return parent.name === node;
  return ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent);
}

/** What nodes of a module's top level use: every name that no inner scope declares, and what is loaded by name or path. */
export function usesIn(nodes: readonly ts.Node[], module: Module): Use[] {
  const uses = new Map<string, Use>();
  const add = (use: Use) => uses.set(`${use.kind} ${use.label}`, use);
  const anything = (node: ts.Node) => add({ kind: 'anything', label: codeOf(node) });
  const constant = (node: ts.Node): string | undefined => constantText(node, module);

  const reference = (node: ts.Identifier, scopes: readonly Set<string>[]): void => {
    const name = node.text;
    if (scopes.some((scope) => scope.has(name))) return;
    const found = module.names.get(name);
    const { parent } = node;
    if (name === 'createRequire') anything(parent);
    else if (found) {
      const isNamespace = 'specifier' in found && found.name === '*';
      if (isNamespace && ts.isPropertyAccessExpression(parent) && parent.expression === node) {
        const member = parent.name.text;
        add({ kind: 'member', label: `${name}.${member}`, name, member });
      } else add({ kind: 'name', label: name, name });
    } else if (name === 'require' && ts.isPropertyAccessExpression(parent) && parent.name.text === 'cache') {
      const patterns = nodes.flatMap(patternsIn);
      if (patterns.length > 0) add({ kind: 'cache', label: 'require.cache', patterns });
      else anything(parent);
    } else if (name === 'require') {
      const isResolve = ts.isPropertyAccessExpression(parent) && parent.name.text === 'resolve';
      const call = isResolve ? parent.parent : parent;
      const callee = isResolve ? parent : node;
      const text =
        ts.isCallExpression(call) && call.expression === callee && call.arguments[0] && constant(call.arguments[0]);
      if (typeof text === 'string') add({ kind: 'load', label: text, specifier: text });
      else anything(parent);
    } else if (name === '__dirname') {
      const steps = stepsOf(parent, node, constant);
      if (steps) add({ kind: 'path', label: steps.join(' '), steps });
      else anything(parent);
    } else if (name === '__filename') anything(parent);
    else if (name === 'exports' || name === 'module') add({ kind: 'exports', label: name });
    else if (name === 'eval') for (const each of module.names.keys()) add({ kind: 'name', label: each, name: each });
  };

  const visit = (node: ts.Node, scopes: readonly Set<string>[]): void => {
    if (ts.isIdentifier(node)) {
      if (!isPropertyName(node)) reference(node, scopes);
      else if (node.text === 'require' || node.text === 'createRequire') anything(node.parent);
      return;
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const text = constant(node.arguments[0]);
      if (text === undefined) anything(node);
      else add({ kind: 'load', label: text, specifier: text });
    } else if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) anything(node.parent);
    else if (ts.isImportDeclaration(node)) return;
    const inner = ts.isSourceFile(node) ? undefined : scopeOf(node);
    const known = inner ? [...scopes, inner] : scopes;
    ts.forEachChild(node, (child) => visit(child, known));
  };
  for (const node of nodes) visit(node, []);
  return [...uses.values()].sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : a.kind < b.kind ? -1 : 1));
}

/** The names that a node declares for what stands in it; undefined where it opens no scope. */
function scopeOf(node: ts.Node): Set<string> | undefined {
  const names = new Set<string>();
  if (ts.isFunctionLike(node)) {
    for (const { name } of node.parameters) for (const bound of boundNames(name as ts.BindingName)) names.add(bound);
    if (ts.isFunctionExpression(node)) {
      names.add('arguments');
      if (node.name) names.add(node.name.text);
    }
  } else if (ts.isClassExpression(node) && node.name) names.add(node.name.text);
  else if (ts.isCatchClause(node) && node.variableDeclaration)
    for (const bound of boundNames(node.variableDeclaration.name)) names.add(bound);
  else if (ts.isForStatement(node) || ts.isForInStatement(node) || ts.isForOfStatement(node)) {
    if (node.initializer && ts.isVariableDeclarationList(node.initializer)) declaredIn(node.initializer, names);
  } else if (ts.isBlock(node) || ts.isCaseBlock(node)) {
    const statements = ts.isBlock(node) ? node.statements : node.clauses.flatMap((clause) => [...clause.statements]);
    for (const one of statements) {
      if (ts.isVariableStatement(one)) declaredIn(one.declarationList, names);
      else if ((ts.isFunctionDeclaration(one) || ts.isClassDeclaration(one)) && one.name) names.add(one.name.text);
    }
  }
  return names.size > 0 ? names : undefined;
}

function declaredIn(list: ts.VariableDeclarationList, names: Set<string>): void {
  for (const one of list.declarations) for (const bound of boundNames(one.name)) names.add(bound);
}

/** A text that stands in the code: a literal, a template of such, or a constant of the module. */
function constantText(node: ts.Node, module: Module): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    let text = node.head.text;
    for (const { expression, literal } of node.templateSpans) {
      const inner = constantText(expression, module);
      if (inner === undefined) return undefined;
      text += inner + literal.text;
    }
    return text;
  }
  if (!ts.isIdentifier(node)) return undefined;
  const found = module.names.get(node.text);
  const [declared] = found && 'nodes' in found ? found.nodes : [];
  if (!declared || !ts.isVariableDeclaration(declared) || !declared.initializer) return undefined;
  const isConst = (declared.parent.flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.Const;
  return isConst && ts.isStringLiteralLike(declared.initializer) ? declared.initializer.text : undefined;
}

/** The regular expressions that stand in a node. */
function patternsIn(node: ts.Node): RegExp[] {
  if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) {
    const [, source, flags] = /^\/(.*)\/(\w*)$/s.exec(node.getText())!;
    return [new RegExp(source, flags.replace(/[gy]/g, ''))];
  }
  const found: RegExp[] = [];
  ts.forEachChild(node, (child) => void found.push(...patternsIn(child)));
  return found;
}

/** The steps of `path.join(__dirname, ...)`; undefined where they are not constant. */
function stepsOf(call: ts.Node, first: ts.Node, constant: (node: ts.Node) => string | undefined): string[] | undefined {
  if (!ts.isCallExpression(call) || call.arguments[0] !== first) return undefined;
  const { expression } = call;
  const callee = ts.isPropertyAccessExpression(expression) ? expression.name : expression;
  if (!ts.isIdentifier(callee) || (callee.text !== 'join' && callee.text !== 'resolve')) return undefined;
  const steps = call.arguments.slice(1).map(constant);
  return steps.every((step): step is string => step !== undefined) ? steps : undefined;
}
