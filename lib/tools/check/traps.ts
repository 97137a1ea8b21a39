/** Cells that the kernel refuses although the compiler takes them, or takes them together with others. */
import type * as ts from 'typescript';
import { compiler } from '../kernel/typescript';
import type { Notebook } from '../notebook';
import { codeCells, parse } from './compile';
import type { Finding } from './finding';

/** TypeScript's "'}' expected" and "Declaration or statement expected". */
const BRACKETS = [1005, 1128];

/** A cell that is no whole: its brackets could close with a later cell's in the module, and the kernel would refuse both. */
export function unfinished(file: string, notebook: Notebook): Finding[] {
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

/** Valid TypeScript that tslab's kernel refuses: it knows a top-level await only by one message of its compiler. */
export function tslabTraps(file: string, notebook: Notebook): Finding[] {
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
