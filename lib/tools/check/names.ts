import type * as ts from 'typescript';
import { compiler } from '../kernel/typescript';
import type { Notebook } from '../notebook';
import { codeCells, parse } from './compile';
import type { Finding } from './finding';

/** Names that two cells declare: tslab lets the second win, and a reader who runs cells out of order gets either. */
export function namesTwice(file: string, notebook: Notebook): Finding[] {
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
