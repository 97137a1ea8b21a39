/**
 * Checks cells as strict TypeScript, in their order, without a kernel, by the kernel's own compiler: what passes here runs there.
 *
 * A notebook becomes one module. Each cell's block holds the next cell's block, so that a cell sees what the cells above
 * it declared and nothing from below, and a name declared again hides the earlier one, as in tslab. Imports cannot stand
 * in a block: they move to the top of the module, and are held to their cell's place by a check of their own.
 *
 * A notebook that has no fault so is looked at once more as the kernel sees it: each cell a module whose names are exported with
 * their declared types, not strict. There a variable's type is not narrowed by the cells above, and a type that no declaration can
 * spell is refused.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type * as ts from 'typescript';
import type { Finding } from './finding';
import { compiler } from './kernel/typescript';
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

/** What tslab compiles with. */
const kernelOptions: ts.CompilerOptions = {
  target: compiler.ScriptTarget.ES2022,
  module: compiler.ModuleKind.ESNext,
  moduleResolution: compiler.ModuleResolutionKind.Node10,
  ignoreDeprecations: '5.0',
  esModuleInterop: true,
  experimentalDecorators: true,
  resolveJsonModule: true,
  jsx: compiler.JsxEmit.React,
  lib: ['lib.es2022.d.ts'],
  types: ['node'],
  skipLibCheck: true,
};

/** tslab's options, and `strict`. */
const options: ts.CompilerOptions = {
  ...kernelOptions,
  strict: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  noEmit: true,
};

/** Findings on types, floating promises, imports used above their cell, and names declared twice. */
export function checkCells(notebooks: CheckedNotebook[]): Finding[] {
  const modules = notebooks.map(cellModule);
  const sources = new Map<string, ts.SourceFile>();
  const program = programOf(modules, options, sources);
  const checker = program.getTypeChecker();

  const findings: Finding[] = [];
  for (const module of modules) {
    const source = program.getSourceFile(module.file)!;
    const at = (position: number) => placeOf(module, position);
    const add = (rule: string, position: number, message: string) => {
      findings.push({ file: module.notebook.file, ...at(position), rule, message });
    };
    for (const found of [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]) {
      add(
        'types',
        found.start ?? 0,
        `${compiler.flattenDiagnosticMessageText(found.messageText, '\n  ')} (TS${found.code})`,
      );
    }
    const visit = (node: ts.Node): void => {
      if ((compiler.isExpressionStatement(node) && floats(checker, node.expression)) || floatsInside(checker, node)) {
        add(
          'floating promise',
          node.getStart(),
          'a promise that nobody awaits: write `await`, or `void` where that is meant',
        );
      }
      if (
        compiler.isIdentifier(node) &&
        node.parent &&
        !compiler.isImportSpecifier(node.parent) &&
        !compiler.isImportClause(node.parent)
      ) {
        const imported = checker.getSymbolAtLocation(node)?.declarations?.[0];
        if (imported && imported.getSourceFile() === source && isImport(imported)) {
          const [here, there] = [at(node.getStart()).cell, at(imported.getStart()).cell];
          if (here !== null && there !== null && here < there) {
            add('types', node.getStart(), `'${node.text}' is imported in cell ${there}, below its use`);
          }
        }
      }
      compiler.forEachChild(node, visit);
    };
    visit(source);
  }
  for (const { file, notebook } of notebooks) {
    const typed = new Set(findings.filter((f) => f.file === file && f.rule === 'types').map(({ cell }) => cell));
    findings.push(...unfinished(file, notebook).filter(({ cell }) => !typed.has(cell)));
    findings.push(...namesTwice(file, notebook), ...tslabTraps(file, notebook));
  }
  const wrong = new Set(findings.filter(({ rule }) => rule === 'types').map(({ file }) => file));
  findings.push(
    ...inTheKernel(
      notebooks.filter(({ file }) => !wrong.has(file)),
      sources,
    ),
  );
  return findings;
}

/** A program of modules that are in memory; `sources` holds the files of the disk that an earlier program has read. */
function programOf(
  modules: { file: string; text: string }[],
  how: ts.CompilerOptions,
  sources: Map<string, ts.SourceFile>,
): ts.Program {
  const byFile = new Map(modules.map((module) => [module.file, module]));
  const host = compiler.createCompilerHost(how, true);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (file, ...rest) => {
    const module = byFile.get(file);
    if (module) return compiler.createSourceFile(file, module.text, compiler.ScriptTarget.ES2022, true);
    const source = sources.get(file) ?? getSourceFile.call(host, file, ...rest);
    if (source) sources.set(file, source);
    return source;
  };
  host.fileExists = (file) => byFile.has(file) || fileExists.call(host, file);
  host.readFile = (file) => byFile.get(file)?.text ?? readFile.call(host, file);
  const typeRoots = [...new Set(modules.map((module) => nearestTypes(path.dirname(module.file))))].filter(
    (root): root is string => root !== undefined,
  );
  const rootNames = modules.map((module) => module.file);
  return compiler.createProgram({ rootNames, options: { ...how, typeRoots }, host });
}

/** A cell as a module of its own. */
interface KernelCell {
  notebook: CheckedNotebook;
  /** index of the cell, from 0 */
  index: number;
  file: string;
  text: string;
  /** where the cell's source starts in `text` */
  from: number;
}

/** TypeScript's "Cannot assign to 'x' because it is an import": there it is a variable of an earlier cell. */
const ASSIGNED_IMPORT = 2632;

/** What the kernel refuses of cells that are right as one strict module. */
function inTheKernel(notebooks: CheckedNotebook[], sources: Map<string, ts.SourceFile>): Finding[] {
  const cells = notebooks.flatMap(kernelCells);
  if (cells.length === 0) return [];
  const program = programOf(cells, { ...kernelOptions, declaration: true, outDir: '/nowhere' }, sources);
  return cells.flatMap(({ notebook: { file, notebook }, index, file: module, text, from }) => {
    const source = program.getSourceFile(module)!;
    const found = [...program.getSemanticDiagnostics(source), ...program.getDeclarationDiagnostics(source)];
    return found
      .filter(({ code }) => code !== ASSIGNED_IMPORT)
      .map(({ start = from, messageText, code }) => {
        const at = Math.max(0, Math.min(start - from, notebook.cells[index].source.length));
        const line = text.slice(from, from + at).split('\n').length;
        const said = compiler.flattenDiagnosticMessageText(messageText, '\n  ');
        return { file, cell: index + 1, line, rule: 'types', message: `the kernel refuses this: ${said} (TS${code})` };
      });
  });
}

/** The cells of a notebook as modules that import what they use of the cells above and export all that they declare. */
function kernelCells(checked: CheckedNotebook): KernelCell[] {
  const folder = path.dirname(path.resolve(checked.file)).split(path.sep).join('/');
  const base = `__${path.basename(checked.file, '.ipynb')}`;
  /** Which module declares a name, and whether as a variable that may be given another value. */
  const declared = new Map<string, { module: string; variable: boolean }>();
  return codeCells(checked.notebook).map(({ cell, index }) => {
    const module = `${base}.${index + 1}__`;
    const source = parse(cell.source);
    const locals = localsOf(source);
    const used = new Set<string>();
    const visit = (node: ts.Node): void => {
      if (compiler.isIdentifier(node)) used.add(node.text);
      compiler.forEachChild(node, visit);
    };
    visit(source);
    let text = 'export {};';
    for (const [name, { module: earlier, variable }] of declared) {
      if (!used.has(name) || locals.has(name)) continue;
      // A variable declared here can be assigned to and narrowed, which an import cannot.
      text += variable
        ? ` declare let ${name}: typeof import('./${earlier}').${name};`
        : ` import { ${name} } from './${earlier}';`;
    }
    const from = text.length + 1;
    text += `\n${cell.source}\nexport { ${[...locals.keys()].join(', ')} };\n`;
    for (const [name, variable] of locals) declared.set(name, { module, variable });
    return { notebook: checked, index, file: `${folder}/${module}.ts`, text, from };
  });
}

/** The names that a cell declares, as the compiler binds them, and whether each is a variable that is no constant. */
function localsOf(source: ts.SourceFile): Map<string, boolean> {
  const bind = compiler as unknown as { bindSourceFile(file: ts.SourceFile, how: ts.CompilerOptions): void };
  bind.bindSourceFile(source, kernelOptions);
  const { locals } = source as unknown as { locals?: Map<string, ts.Symbol> };
  const names = new Map<string, boolean>();
  locals?.forEach(({ valueDeclaration }, name) => {
    const variable =
      valueDeclaration !== undefined &&
      (compiler.getCombinedNodeFlags(valueDeclaration) & compiler.NodeFlags.Const) === 0 &&
      (compiler.isVariableDeclaration(valueDeclaration) || compiler.isBindingElement(valueDeclaration));
    names.set(String(name), variable);
  });
  return names;
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
        !compiler.isImportDeclaration(statement) &&
        !compiler.isExportDeclaration(statement) &&
        !compiler.isImportEqualsDeclaration(statement)
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
  return compiler.createSourceFile('cell.ts', source, compiler.ScriptTarget.ES2022, true);
}

function isImport(node: ts.Node): boolean {
  return (
    compiler.isImportSpecifier(node) ||
    compiler.isImportClause(node) ||
    compiler.isNamespaceImport(node) ||
    compiler.isImportEqualsDeclaration(node)
  );
}

/** True for an expression statement that makes a promise and lets it go. */
function floats(checker: ts.TypeChecker, expression: ts.Expression): boolean {
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
function floatsInside(checker: ts.TypeChecker, node: ts.Node): boolean {
  if (!compiler.isArrowFunction(node) && !compiler.isFunctionExpression(node)) return false;
  if (!node.modifiers?.some(({ kind }) => kind === compiler.SyntaxKind.AsyncKeyword)) return false;
  if (!compiler.isCallExpression(node.parent) || node.parent.expression === node) return false;
  const wanted = checker.getContextualType(node)?.getCallSignatures() ?? [];
  return (
    wanted.length > 0 &&
    wanted.every((signature) => (checker.getReturnTypeOfSignature(signature).flags & compiler.TypeFlags.Void) !== 0)
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
      message: `${compiler.flattenDiagnosticMessageText(first.messageText, ' ')} (TS${first.code})`,
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
    if (compiler.isIdentifier(name)) names.push({ name: name.text, position: name.getStart() });
    else for (const element of name.elements) if (compiler.isBindingElement(element)) bind(element.name);
  };
  for (const statement of source.statements) {
    if (compiler.isVariableStatement(statement)) statement.declarationList.declarations.forEach((d) => bind(d.name));
    else if (
      (compiler.isFunctionDeclaration(statement) ||
        compiler.isClassDeclaration(statement) ||
        compiler.isInterfaceDeclaration(statement) ||
        compiler.isTypeAliasDeclaration(statement) ||
        compiler.isEnumDeclaration(statement)) &&
      statement.name
    ) {
      bind(statement.name);
    } else if (compiler.isImportDeclaration(statement) && statement.importClause) {
      const { name, namedBindings } = statement.importClause;
      if (name) bind(name);
      if (namedBindings && compiler.isNamespaceImport(namedBindings)) bind(namedBindings.name);
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
      if (compiler.isFunctionLike(node) || compiler.isClassLike(node)) return;
      if (compiler.isForOfStatement(node) && node.awaitModifier) trap ??= { node, what: 'a `for await`' };
      if (compiler.isAwaitExpression(node)) {
        if (compiler.isParenthesizedExpression(node.expression)) trap ??= { node, what: 'an `await (...)`' };
        else plain++;
      }
      if (
        compiler.isCallExpression(node) &&
        compiler.isIdentifier(node.expression) &&
        node.expression.text === 'await'
      ) {
        trap ??= { node, what: 'an `await (...)`' };
      }
      compiler.forEachChild(node, visit);
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
