/** What the kernel refuses of cells that are right as one strict module. */
import * as path from 'node:path';
import type * as ts from 'typescript';
import { spelledOut } from '../kernel/spelled-out';
import { compiler } from '../kernel/typescript';
import { type CheckedNotebook, codeCells, kernelOptions, parse, programOf } from './compile';
import type { Finding } from './finding';

/** A cell as a module of its own. */
export interface KernelCell {
  notebook: CheckedNotebook;
  /** index of the cell, from 0 */
  index: number;
  file: string;
  text: string;
  /** where the cell's source starts in `text` */
  from: number;
  /** the names that it declares */
  locals: ReadonlySet<string>;
}

/** TypeScript's "Cannot assign to 'x' because it is an import": there it is a variable of an earlier cell. */
const ASSIGNED_IMPORT = 2632;

/** The compiler's look at cells as the kernel sees them. */
export interface KernelLook {
  cells: KernelCell[];
  program: ts.Program;
  findings: Finding[];
}

/** What the kernel refuses of cells that are right as one strict module. */
export function inTheKernel(notebooks: CheckedNotebook[], sources: Map<string, ts.SourceFile>): KernelLook {
  const cells = notebooks.flatMap(kernelCells);
  const program = programOf(cells, { ...kernelOptions, declaration: true, outDir: '/nowhere' }, sources);
  const findings = cells.flatMap(({ notebook: { file, notebook }, index, file: module, text, from }) => {
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
  return { cells, program, findings };
}

/** The cells of a notebook as modules that import what they use of the cells above and export all that they declare. */
function kernelCells(checked: CheckedNotebook): KernelCell[] {
  const folder = path.dirname(path.resolve(checked.file)).split(path.sep).join('/');
  const base = `__${path.basename(checked.file, '.ipynb')}`;
  /** Which module declares a name, and whether as a variable that may be given another value. */
  const declared = new Map<string, { module: string; variable: boolean }>();
  return codeCells(checked.notebook).map(({ cell, index }) => {
    const module = `${base}.${index + 1}__`;
    const spelled = spelledOut(cell.source);
    const source = parse(spelled);
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
    text += `\n${spelled}\nexport { ${[...locals.keys()].join(', ')} };\n`;
    for (const [name, variable] of locals) declared.set(name, { module, variable });
    return { notebook: checked, index, file: `${folder}/${module}.ts`, text, from, locals: new Set(locals.keys()) };
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
