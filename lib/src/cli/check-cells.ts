/**
 * Checks cells as strict TypeScript, in their order, without a kernel.
 *
 * A notebook becomes one module. Each cell's block holds the next cell's block, so that a cell sees what the cells above
 * it declared and nothing from below, and a name declared again hides the earlier one, as in tslab. Imports cannot stand
 * in a block: they move to the top of the module, and are held to their cell's place by a check of their own.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as ts from 'typescript';
import type { Finding } from './finding';
import { Cell, Notebook } from './notebook-file';

/** A notebook to check, and the file that messages name. `folder` is where its imports are resolved from. */
export interface CheckedNotebook {
  file: string;
  notebook: Notebook;
}

/** A stretch of the module that came from a cell: `[start, end)` there is `source` characters from `from` on here. */
interface Segment {
  start: number;
  end: number;
  cell: number;
  from: number;
}

interface CellModule {
  file: string;
  text: string;
  segments: Segment[];
  notebook: CheckedNotebook;
}

/** tslab's own options, and `strict`. */
const options: ts.CompilerOptions = {
  strict: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Node10,
  ignoreDeprecations: '5.0',
  esModuleInterop: true,
  resolveJsonModule: true,
  lib: ['lib.es2022.d.ts'],
  types: ['node'],
  skipLibCheck: true,
  noEmit: true,
};

/** Findings on types, floating promises, imports used above their cell, and names declared twice. */
export function checkCells(notebooks: CheckedNotebook[]): Finding[] {
  const modules = notebooks.map(cellModule);
  const byFile = new Map(modules.map((module) => [module.file, module]));
  const host = ts.createCompilerHost(options, true);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (file, ...rest) => {
    const module = byFile.get(file);
    return module
      ? ts.createSourceFile(file, module.text, ts.ScriptTarget.ES2022, true)
      : getSourceFile.call(host, file, ...rest);
  };
  host.fileExists = (file) => byFile.has(file) || fileExists.call(host, file);
  host.readFile = (file) => byFile.get(file)?.text ?? readFile.call(host, file);
  const typeRoots = [...new Set(modules.map((module) => nearestTypes(path.dirname(module.file))))].filter(
    (root): root is string => root !== undefined,
  );
  const program = ts.createProgram({
    rootNames: modules.map((module) => module.file),
    options: { ...options, typeRoots },
    host,
  });
  const checker = program.getTypeChecker();

  const findings: Finding[] = [];
  for (const module of modules) {
    const source = program.getSourceFile(module.file)!;
    const at = (position: number) => placeOf(module, position);
    const add = (rule: string, position: number, message: string) => {
      findings.push({ file: module.notebook.file, ...at(position), rule, message });
    };
    for (const found of [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]) {
      add('types', found.start ?? 0, `${ts.flattenDiagnosticMessageText(found.messageText, '\n  ')} (TS${found.code})`);
    }
    const visit = (node: ts.Node): void => {
      if ((ts.isExpressionStatement(node) && floats(checker, node.expression)) || floatsInside(checker, node)) {
        add(
          'floating promise',
          node.getStart(),
          'a promise that nobody awaits: write `await`, or `void` where that is meant',
        );
      }
      if (
        ts.isIdentifier(node) &&
        node.parent &&
        !ts.isImportSpecifier(node.parent) &&
        !ts.isImportClause(node.parent)
      ) {
        const imported = checker.getSymbolAtLocation(node)?.declarations?.[0];
        if (imported && imported.getSourceFile() === source && isImport(imported)) {
          const [here, there] = [at(node.getStart()).cell, at(imported.getStart()).cell];
          if (here !== null && there !== null && here < there) {
            add('types', node.getStart(), `'${node.text}' is imported in cell ${there}, below its use`);
          }
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  for (const { file, notebook } of notebooks) {
    const typed = new Set(findings.filter((f) => f.file === file && f.rule === 'types').map(({ cell }) => cell));
    findings.push(...unfinished(file, notebook).filter(({ cell }) => !typed.has(cell)));
    findings.push(...namesTwice(file, notebook), ...tslabTraps(file, notebook));
  }
  return findings;
}

/** The notebook as one module; see the top of this file. */
function cellModule(checked: CheckedNotebook): CellModule {
  const { file, notebook } = checked;
  let text = 'export {};\n';
  const segments: Segment[] = [];
  const imported = new Set<string>();
  const bodies: { cell: number; body: string }[] = [];
  codeCells(notebook).forEach(({ cell, index }) => {
    let body = cell.source;
    for (const statement of parse(cell.source).statements) {
      if (
        !ts.isImportDeclaration(statement) &&
        !ts.isExportDeclaration(statement) &&
        !ts.isImportEqualsDeclaration(statement)
      )
        continue;
      const [start, end] = [statement.getStart(), statement.getEnd()];
      const written = cell.source.slice(start, end);
      // Blanks keep every later position as it was.
      body = body.slice(0, start) + written.replace(/[^\n]/g, ' ') + body.slice(end);
      if (imported.has(written)) continue; // the very same import again changes nothing
      imported.add(written);
      segments.push({ start: text.length, end: text.length + written.length, cell: index, from: start });
      text += written + '\n';
    }
    bodies.push({ cell: index, body });
  });
  for (const { cell, body } of bodies) {
    text += '{\n';
    segments.push({ start: text.length, end: text.length + body.length + 1, cell, from: 0 });
    text += body + '\n';
  }
  text += '}'.repeat(bodies.length) + '\n';
  const module = path.join(path.dirname(path.resolve(file)), `__${path.basename(file, '.ipynb')}__.ts`);
  return { file: module.split(path.sep).join('/'), text, segments, notebook: checked };
}

/** Cell (counted from 1 over all cells) and line of a position in the module. */
function placeOf(module: CellModule, position: number): { cell: number | null; line: number | null } {
  const segment =
    module.segments.find(({ start, end }) => position >= start && position < end) ??
    module.segments.filter(({ start }) => start <= position).at(-1); // an error at the closing brackets: the last cell
  if (!segment) return { cell: null, line: null };
  const { source } = module.notebook.notebook.cells[segment.cell];
  const offset = Math.min(segment.from + position - segment.start, source.length);
  return { cell: segment.cell + 1, line: source.slice(0, offset).split('\n').length };
}

function codeCells(notebook: Notebook): { cell: Cell; index: number }[] {
  return notebook.cells
    .map((cell, index) => ({ cell, index }))
    .filter(({ cell }) => cell.cell_type === 'code' && cell.source.trim());
}

function parse(source: string): ts.SourceFile {
  return ts.createSourceFile('cell.ts', source, ts.ScriptTarget.ES2022, true);
}

function isImport(node: ts.Node): boolean {
  return (
    ts.isImportSpecifier(node) ||
    ts.isImportClause(node) ||
    ts.isNamespaceImport(node) ||
    ts.isImportEqualsDeclaration(node)
  );
}

/** True for an expression statement that makes a promise and lets it go. */
function floats(checker: ts.TypeChecker, expression: ts.Expression): boolean {
  let inner = expression;
  while (ts.isParenthesizedExpression(inner)) inner = inner.expression;
  if (ts.isAwaitExpression(inner) || ts.isVoidExpression(inner)) return false;
  if (
    ts.isBinaryExpression(inner) &&
    inner.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
    inner.operatorToken.kind <= ts.SyntaxKind.LastAssignment
  ) {
    return false; // kept in a variable
  }
  if (ts.isBinaryExpression(inner)) {
    const comma = inner.operatorToken.kind === ts.SyntaxKind.CommaToken;
    return (comma && floats(checker, inner.left)) || floats(checker, inner.right);
  }
  if (ts.isConditionalExpression(inner)) return floats(checker, inner.whenTrue) || floats(checker, inner.whenFalse);
  if (ts.isCallExpression(inner) && ts.isPropertyAccessExpression(inner.expression)) {
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
function floatsInside(checker: ts.TypeChecker, node: ts.Node): boolean {
  if (!ts.isArrowFunction(node) && !ts.isFunctionExpression(node)) return false;
  if (!node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword)) return false;
  if (!ts.isCallExpression(node.parent) || node.parent.expression === node) return false;
  const wanted = checker.getContextualType(node)?.getCallSignatures() ?? [];
  return (
    wanted.length > 0 &&
    wanted.every((signature) => (checker.getReturnTypeOfSignature(signature).flags & ts.TypeFlags.Void) !== 0)
  );
}

/** TypeScript's "'}' expected" and "Declaration or statement expected". */
const BRACKETS = [1005, 1128];

/** A cell that is no whole: its brackets could close with a later cell's in the module, and the kernel would refuse both. */
function unfinished(file: string, notebook: Notebook): Finding[] {
  const findings: Finding[] = [];
  for (const { cell, index } of codeCells(notebook)) {
    const first = (parse(cell.source) as unknown as { parseDiagnostics: ts.Diagnostic[] }).parseDiagnostics.find(
      ({ code }) => BRACKETS.includes(code),
    );
    if (!first) continue;
    findings.push({
      file,
      cell: index + 1,
      line: cell.source.slice(0, first.start).split('\n').length,
      rule: 'types',
      message: `${ts.flattenDiagnosticMessageText(first.messageText, ' ')} (TS${first.code})`,
    });
  }
  return findings;
}

/** Names that two cells declare: tslab lets the second win, and a reader who runs cells out of order gets either. */
function namesTwice(file: string, notebook: Notebook): Finding[] {
  const findings: Finding[] = [];
  const first = new Map<string, number>();
  for (const { cell, index } of codeCells(notebook)) {
    const source = parse(cell.source);
    for (const { name, position } of declaredNames(source)) {
      const before = first.get(name);
      if (before === undefined || before === index) {
        first.set(name, index);
        continue; // within a cell the compiler says what is wrong, and overloads are not
      }
      const line = source.getLineAndCharacterOfPosition(position).line + 1;
      findings.push({
        file,
        cell: index + 1,
        line,
        rule: 'name declared twice',
        message: `'${name}' is declared in cell ${before + 1} already: choose another name, or use that one`,
      });
    }
  }
  return findings;
}

function declaredNames(source: ts.SourceFile): { name: string; position: number }[] {
  const names: { name: string; position: number }[] = [];
  const bind = (name: ts.BindingName): void => {
    if (ts.isIdentifier(name)) names.push({ name: name.text, position: name.getStart() });
    else for (const element of name.elements) if (ts.isBindingElement(element)) bind(element.name);
  };
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement)) statement.declarationList.declarations.forEach((d) => bind(d.name));
    else if (
      (ts.isFunctionDeclaration(statement) ||
        ts.isClassDeclaration(statement) ||
        ts.isInterfaceDeclaration(statement) ||
        ts.isTypeAliasDeclaration(statement) ||
        ts.isEnumDeclaration(statement)) &&
      statement.name
    ) {
      bind(statement.name);
    } else if (ts.isImportDeclaration(statement) && statement.importClause) {
      const { name, namedBindings } = statement.importClause;
      if (name) bind(name);
      if (namedBindings && ts.isNamespaceImport(namedBindings)) bind(namedBindings.name);
      else if (namedBindings) (namedBindings as ts.NamedImports).elements.forEach((element) => bind(element.name));
    }
  }
  return names;
}

/** Valid TypeScript that tslab's kernel refuses: it knows a top-level await only by one message of its compiler. */
function tslabTraps(file: string, notebook: Notebook): Finding[] {
  const findings: Finding[] = [];
  for (const { cell, index } of codeCells(notebook)) {
    const source = parse(cell.source);
    let plain = 0;
    let trap: { node: ts.Node; what: string } | undefined;
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
      if (ts.isForOfStatement(node) && node.awaitModifier) trap ??= { node, what: 'a `for await`' };
      if (ts.isAwaitExpression(node)) {
        if (ts.isParenthesizedExpression(node.expression)) trap ??= { node, what: 'an `await (...)`' };
        else plain++;
      }
      if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'await') {
        trap ??= { node, what: 'an `await (...)`' };
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    if (!trap || plain > 0) continue;
    findings.push({
      file,
      cell: index + 1,
      line: source.getLineAndCharacterOfPosition(trap.node.getStart()).line + 1,
      rule: 'types',
      message: `the kernel does not run ${trap.what} where no plain \`await x\` stands beside it: put it into an async function`,
    });
  }
  return findings;
}

/** The `node_modules/@types` that a file in this folder would find. */
function nearestTypes(folder: string): string | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    const types = path.join(at, 'node_modules', '@types');
    if (fs.existsSync(path.join(types, 'node'))) return types;
    if (at === path.dirname(at)) return undefined;
  }
}
