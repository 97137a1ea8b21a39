/**
 * Cells compiled before their kernel starts, for all notebooks in one look of the compiler, which then knows the library's types
 * already: tslab, which compiles a cell when it runs it, looks at them anew for each.
 *
 * What comes out is what tslab's converter makes of the cell, letter by letter. Where a cell holds what only tslab knows how to
 * treat, nothing is compiled ahead, and the kernel does it.
 */
import * as path from 'node:path';
import type * as ts from 'typescript';
import { compiler } from '../kernel/typescript';
import { parse } from './compile';
import type { KernelCell, KernelLook } from './in-kernel';

/** A cell as tslab's executor takes it. */
export interface CompiledCell {
  source: string;
  output: string;
  hasToplevelAwait: boolean;
  lastExpressionVar?: string;
}

const converter = path.join(path.dirname(require.resolve('tslab')), 'converter.js');
const { esModuleToCommonJSModule } = require(converter) as {
  esModuleToCommonJSModule(text: string, target: ts.ScriptTarget): string;
};

/** The cells of each notebook that can be compiled ahead, by the notebook's file. */
export function compileAhead({ cells, program, findings }: KernelLook): Map<string, CompiledCell[]> {
  const wrong = new Set(findings.map(({ file }) => file));
  const byFile = new Map<string, KernelCell[]>();
  for (const cell of cells) {
    const { file } = cell.notebook;
    byFile.set(file, [...(byFile.get(file) ?? []), cell]);
  }
  const plain = [...byFile].filter(([file, own]) => !wrong.has(file) && own.every(isPlain) && areOnce(own));
  return new Map(plain.map(([file, own]) => [file, own.map((cell) => compiled(cell, program))]));
}

const { SyntaxKind } = compiler;
const PLAIN = new Set([
  SyntaxKind.VariableStatement,
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.ClassDeclaration,
  SyntaxKind.InterfaceDeclaration,
  SyntaxKind.TypeAliasDeclaration,
  SyntaxKind.ExpressionStatement,
  SyntaxKind.Block,
  SyntaxKind.IfStatement,
  SyntaxKind.ForStatement,
  SyntaxKind.ForOfStatement,
  SyntaxKind.ForInStatement,
  SyntaxKind.WhileStatement,
  SyntaxKind.DoStatement,
  SyntaxKind.TryStatement,
  SyntaxKind.ThrowStatement,
  SyntaxKind.SwitchStatement,
  SyntaxKind.EmptyStatement,
]);

/** Whether a cell is run, whole, and needs nothing compiled beside it. */
function isPlain({ notebook: { notebook }, index }: KernelCell): boolean {
  const { source, metadata } = notebook.cells[index];
  if ((metadata.tags as string[] | undefined)?.includes('skip-execution')) return false;
  if (/\/\*\*[^]*?@(?:module|browser|node|jsx)\b/.test(source)) return false; // tslab's own marks
  if (/\bimport\s*\(|\brequire\s*\(|\bfor\s+await\b|@\w+\s*(?:\([^)]*\)\s*)?class\b/.test(source)) return false;
  return parse(source).statements.every((statement) =>
    compiler.isImportDeclaration(statement)
      ? compiler.isStringLiteral(statement.moduleSpecifier) && !/^[./]/.test(statement.moduleSpecifier.text)
      : PLAIN.has(statement.kind),
  );
}

/** Whether no name is declared by two cells: which of a type and a value hides the other is tslab's to say. */
function areOnce(cells: KernelCell[]): boolean {
  const names = cells.flatMap(({ locals }) => [...locals]);
  return new Set(names).size === names.length;
}

function compiled(cell: KernelCell, program: ts.Program): CompiledCell {
  const source = program.getSourceFile(cell.file)!;
  let output = '';
  let lastExpressionVar: string | undefined;
  const after = asExecuted(cell, program.getTypeChecker(), (name) => (lastExpressionVar = name));
  const write: ts.WriteFileCallback = (file, text) => {
    if (file.endsWith('.js')) output = text;
  };
  program.emit(source, write, undefined, false, { after: [after] });
  return {
    source: cell.notebook.notebook.cells[cell.index].source,
    output: esModuleToCommonJSModule(output, compiler.ScriptTarget.ES2022),
    hasToplevelAwait: awaits(source),
    lastExpressionVar,
  };
}

const nothing = compiler as unknown as { getNullTransformationContext(): ts.TransformationContext };

/** tslab's own changes to a cell: names of earlier cells are found in `exports`, and the value of the last expression is kept there. */
function asExecuted(
  { from, locals }: KernelCell,
  checker: ts.TypeChecker,
  setLast: (name: string) => void,
): ts.TransformerFactory<ts.SourceFile> {
  const { factory } = compiler;
  const context = nothing.getNullTransformationContext();
  // The names of earlier cells are declared in front of this one.
  const isEarlier = (node: ts.Identifier) =>
    checker
      .getSymbolAtLocation(node)
      ?.declarations?.some((found) => found.getSourceFile() === original && found.pos < from);
  let original: ts.SourceFile;
  const visit = (node: ts.Node): ts.Node => {
    if (!compiler.isIdentifier(node)) return compiler.visitEachChild(node, visit, context);
    if (node.parent && compiler.isPropertyAccessExpression(node.parent) && node.parent.name === node) return node;
    return isEarlier(node) ? factory.createPropertyAccessExpression(factory.createIdentifier('exports'), node) : node;
  };
  return () => (file) => {
    original = compiler.getOriginalNode(file) as ts.SourceFile;
    const own = file.statements.filter((statement) => statement.pos < 0 || statement.pos >= from - 1);
    // Without the imports of earlier cells it is a module all the same.
    if (!own.some((statement) => compiler.isExportDeclaration(statement)))
      own.push(factory.createExportDeclaration(undefined, false, factory.createNamedExports([])));
    const made = compiler.visitEachChild(factory.updateSourceFile(file, own), visit, context);
    let at = made.statements.length - 1;
    while (at >= 0 && compiler.isExportDeclaration(made.statements[at])) at -= 1;
    const last = made.statements[at];
    if (!last || !compiler.isExpressionStatement(last)) return made;
    const name = freeName(locals);
    setLast(name);
    const kept = factory.createVariableStatement(
      [factory.createModifier(SyntaxKind.ExportKeyword)],
      factory.createVariableDeclarationList(
        [factory.createVariableDeclaration(name, undefined, undefined, last.expression)],
        compiler.NodeFlags.Const,
      ),
    );
    return factory.updateSourceFile(made, [...made.statements.slice(0, at), kept, ...made.statements.slice(at + 1)]);
  };
}

function freeName(locals: ReadonlySet<string>): string {
  const prefix = 'tsLastExpr';
  if (!locals.has(prefix)) return prefix;
  for (let i = 0; ; i++) if (!locals.has(prefix + i)) return prefix + i;
}

/** Whether code awaits outside of all functions. */
function awaits(node: ts.Node): boolean {
  if (compiler.isAwaitExpression(node)) return true;
  if (compiler.isFunctionLike(node) || compiler.isClassLike(node)) return false;
  return compiler.forEachChild(node, awaits) ?? false;
}
