/**
 * A call that names an entry of a table: `runExperiment('blow-up', ...)` comes to that experiment and to no other. What counts of the table
 * is then the entries that a notebook names, as long as it names all of them as texts.
 */
import * as ts from 'typescript';
import { codeOf } from './compiled';
import { type Declaration, isPropertyName, type Module, usesIn } from './module';

/** The function whose first argument names an entry of a table beside it. */
export const BY_NAME = 'runExperiment';

/** Every text that the cells call the function with; undefined where one of them does anything else with its name. */
export function textsGiven(cells: readonly ts.SourceFile[]): Set<string> | undefined {
  const texts = new Set<string>();
  let isPlain = true;
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    if (ts.isIdentifier(node) && node.text === BY_NAME && !isPropertyName(node)) {
      const { parent: call } = node;
      const [first] = ts.isCallExpression(call) && call.expression === node ? call.arguments : [];
      if (first && ts.isStringLiteralLike(first)) texts.add(first.text);
      else isPlain = false;
    }
    ts.forEachChild(node, visit);
  };
  cells.forEach(visit);
  return isPlain && texts.size > 0 ? texts : undefined;
}

/** The entries of a table that have these names; undefined for what is no table, or one that lacks a name. */
export function entriesOf({ nodes }: Declaration, names: ReadonlySet<string>): ts.PropertyAssignment[] | undefined {
  const [node] = nodes;
  if (nodes.length !== 1 || !ts.isVariableDeclaration(node)) return undefined;
  const isConst = (node.parent.flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.Const;
  const { initializer } = node;
  if (!isConst || !initializer || !ts.isObjectLiteralExpression(initializer)) return undefined;
  const entries = new Map<string, ts.PropertyAssignment>();
  for (const entry of initializer.properties) {
    if (!ts.isPropertyAssignment(entry) || ts.isComputedPropertyName(entry.name)) return undefined;
    entries.set(ts.isIdentifier(entry.name) || ts.isStringLiteral(entry.name) ? entry.name.text : '', entry);
  }
  const found = [...names].sort().flatMap((name) => entries.get(name) ?? []);
  return found.length === names.size ? found : undefined;
}

/** A table with some of its entries alone. */
export function narrowed(table: Declaration, entries: readonly ts.PropertyAssignment[], module: Module): Declaration {
  const code = `${table.names.join()}={${entries.map((entry) => codeOf(entry)).join()}}`;
  return { names: table.names, code, uses: usesIn(entries, module), nodes: [...entries] };
}
