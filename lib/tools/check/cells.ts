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
import type * as ts from 'typescript';
import { compiler } from '../kernel/typescript';
import { type CellModule, cellModule, placeOf } from './cell-module';
import { type CheckedNotebook, programOf, strictOptions } from './compile';
import type { Finding } from './finding';
import { inTheKernel, type KernelLook } from './in-kernel';
import { namesTwice } from './names';
import { floats, floatsInside } from './promises';
import { tslabTraps, unfinished } from './traps';

/** Findings on types, floating promises, imports used above their cell, and names declared twice. */
export const checkCells = (notebooks: CheckedNotebook[]): Finding[] => lookAtCells(notebooks).findings;

/**
 * The findings, and the last look's program of those notebooks whose types are right.
 *
 * @param sources files of the libraries that earlier looks have read; it grows
 */
export function lookAtCells(notebooks: CheckedNotebook[], sources = new Map<string, ts.SourceFile>()): KernelLook {
  const modules = notebooks.map(cellModule);
  const program = programOf(modules, strictOptions, sources);
  const findings = modules.flatMap((module) => ofModule(module, program));
  for (const { file, notebook } of notebooks) {
    const typed = new Set(findings.filter((f) => f.file === file && f.rule === 'types').map(({ cell }) => cell));
    findings.push(...unfinished(file, notebook).filter(({ cell }) => !typed.has(cell)));
    findings.push(...namesTwice(file, notebook), ...tslabTraps(file, notebook));
  }
  const wrong = new Set(findings.filter(({ rule }) => rule === 'types').map(({ file }) => file));
  const right = notebooks.filter(({ file }) => !wrong.has(file));
  const look = inTheKernel(right, sources);
  return { ...look, findings: [...findings, ...look.findings] };
}

/** What the compiler says of the module, and what is looked for in it besides. */
function ofModule(module: CellModule, program: ts.Program): Finding[] {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(module.file)!;
  const finding = (rule: string, position: number, message: string): Finding => {
    return { file: module.notebook.file, ...placeOf(module, position), rule, message };
  };
  const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  const findings = diagnostics.map(({ start, messageText, code }) => {
    const said = compiler.flattenDiagnosticMessageText(messageText, '\n  ');
    return finding('types', start ?? 0, `${said} (TS${code})`);
  });
  const visit = (node: ts.Node): void => {
    if ((compiler.isExpressionStatement(node) && floats(checker, node.expression)) || floatsInside(checker, node)) {
      const message = 'a promise that nobody awaits: write `await`, or `void` where that is meant';
      findings.push(finding('floating promise', node.getStart(), message));
    }
    const early = importedBelow(node, module, source, checker);
    if (early) findings.push(finding('types', node.getStart(), early));
    compiler.forEachChild(node, visit);
  };
  visit(source);
  return findings;
}

/** What is wrong with a name that is used above the cell that imports it. */
function importedBelow(
  node: ts.Node,
  module: CellModule,
  source: ts.SourceFile,
  checker: ts.TypeChecker,
): string | undefined {
  if (!compiler.isIdentifier(node) || !node.parent) return undefined;
  if (compiler.isImportSpecifier(node.parent) || compiler.isImportClause(node.parent)) return undefined;
  const imported = checker.getSymbolAtLocation(node)?.declarations?.[0];
  if (!imported || imported.getSourceFile() !== source || !isImport(imported)) return undefined;
  const [here, there] = [node, imported].map((one) => placeOf(module, one.getStart()).cell);
  if (here === null || there === null || here >= there) return undefined;
  return `'${node.text}' is imported in cell ${there}, below its use`;
}

function isImport(node: ts.Node): boolean {
  return (
    compiler.isImportSpecifier(node) ||
    compiler.isImportClause(node) ||
    compiler.isNamespaceImport(node) ||
    compiler.isImportEqualsDeclaration(node)
  );
}
