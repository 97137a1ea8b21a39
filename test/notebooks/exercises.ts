/**
 * Exercises outside a kernel. An exercise is one code cell that states it, holds the stub and calls `exerciseCheck`; the
 * cell of the same id in `notebooks/solutions/` holds an answer. To run one, the cells above it that declare the names it
 * uses are run first, and those that these need in turn, and no other: so an exercise is quick as long as it does not ask
 * for a name that a training declares.
 */
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import * as ts from 'typescript';
import * as bnlab from 'bnlab';
import { EXERCISE_MIME } from 'bnlab/internal';
import { type Cell, parseNotebook } from 'bnlab/dist/tools/notebook';
import { capture } from 'bnlab/dist/src/figure/display';

/** A notebook's code cells, with what each needs. */
export interface CodeCells {
  file: string;
  cells: CodeCell[];
}

export interface CodeCell {
  id: string;
  source: string;
  /** indices of the cells whose names it uses, itself left out */
  needs: number[];
}

/** What `exerciseCheck` found. */
export interface ExerciseResult {
  id: string;
  state: 'passed' | 'todo' | 'wrong';
  message: string;
}

/** The exercise cells: those that call `exerciseCheck`. */
export function exercisesOf({ cells }: CodeCells): CodeCell[] {
  return cells.filter(({ source }) => checksIn(source).length > 0);
}

/** The `exerciseCheck` statements of a cell, as they are written but for layout. */
export function checksIn(source: string): string[] {
  const parsed = ts.createSourceFile('cell.ts', source, ts.ScriptTarget.ES2022, true);
  const printer = ts.createPrinter({ removeComments: true });
  return parsed.statements
    .filter((statement) => ts.isExpressionStatement(statement) && calls(statement.expression, 'exerciseCheck'))
    .map((statement) => printer.printNode(ts.EmitHint.Unspecified, statement, parsed).replace(/\s+/g, ' '));
}

function calls(node: ts.Node, name: string): boolean {
  return ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === name;
}

/** Reads a notebook's code cells and finds out by the compiler's own binding which cell needs which. */
export function readCodeCells(file: string): CodeCells {
  return codeCells(file, parseNotebook(fs.readFileSync(file, 'utf8'), file).cells);
}

/** As {@link readCodeCells}, of cells at hand. */
export function codeCells(file: string, all: readonly Cell[]): CodeCells {
  const cells = all
    .filter((cell) => cell.cell_type === 'code' && cell.source.trim())
    .map((cell) => ({ id: cell.id ?? '', source: cell.source, needs: [] as number[] }));
  const starts: number[] = [];
  let text = '';
  for (const { source } of cells) {
    starts.push(text.length);
    text += source + '\n';
  }
  const name = 'notebook.ts';
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
  // Names of the notebook itself are all that is asked for: no library needs to be read.
  const program = ts.createProgram({
    rootNames: [name],
    options: { noLib: true, noResolve: true, types: [], target: ts.ScriptTarget.ES2022 },
    host: {
      getSourceFile: (asked) => (asked === name ? source : undefined),
      fileExists: (asked) => asked === name,
      readFile: () => undefined,
      writeFile: () => undefined,
      getDefaultLibFileName: () => '',
      getCurrentDirectory: () => '/',
      getCanonicalFileName: (asked) => asked,
      useCaseSensitiveFileNames: () => true,
      getNewLine: () => '\n',
    },
  });
  const checker = program.getTypeChecker();
  const cellAt = (position: number) => starts.filter((start) => start <= position).length - 1;
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return; // erased
    if (ts.isIdentifier(node)) {
      const symbol = ts.isShorthandPropertyAssignment(node.parent)
        ? checker.getShorthandAssignmentValueSymbol(node.parent)
        : checker.getSymbolAtLocation(node);
      const here = cellAt(node.getStart());
      for (const declaration of symbol?.declarations ?? []) {
        const there = cellAt(declaration.getStart());
        if (there < here && isTopLevel(declaration) && !cells[here].needs.includes(there))
          cells[here].needs.push(there);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { file, cells };
}

/** Properties and inner names are found in their objects, not in the cells that wrote them. */
function isTopLevel(declaration: ts.Node): boolean {
  for (let at = declaration; at.parent; at = at.parent) {
    if (ts.isSourceFile(at.parent)) return true;
    const passed =
      ts.isVariableDeclarationList(at.parent) ||
      ts.isVariableStatement(at.parent) ||
      ts.isVariableDeclaration(at.parent) ||
      ts.isBindingElement(at.parent) ||
      ts.isObjectBindingPattern(at.parent) ||
      ts.isArrayBindingPattern(at.parent) ||
      ts.isImportDeclaration(at.parent) ||
      ts.isImportClause(at.parent) ||
      ts.isNamedImports(at.parent) ||
      ts.isNamespaceImport(at.parent);
    if (!passed) return false;
  }
  return false;
}

/** The cell and all that it needs, in the notebook's order. */
export function neededFor({ cells }: CodeCells, index: number): number[] {
  const found = new Set<number>();
  const add = (at: number) => {
    if (found.has(at)) return;
    found.add(at);
    cells[at].needs.forEach(add);
  };
  add(index);
  return [...found].sort((a, b) => a - b);
}

/** What a piece of work asked of the engine, whatever the machine's speed. */
export interface Work {
  /** operations launched one by one */
  kernels: number;
  /** steps of compiled training */
  steps: number;
}

/** Counts what everything in this process asks of the engine from here on; the counts grow. */
export function countWork(): Work {
  const work = { kernels: 0, steps: 0 };
  const engine = tf.engine() as unknown as { runKernelFunc: (call: unknown) => unknown };
  const { runKernelFunc } = engine;
  engine.runKernelFunc = function (call) {
    work.kernels++;
    return runKernelFunc.call(this, call);
  };
  const any = bnlab.compile(() => ({}));
  const compiled = Object.getPrototypeOf(any) as { run: (...given: unknown[]) => Promise<unknown> };
  const { run } = compiled;
  compiled.run = async function (this: { stepsDone: number }, ...given) {
    const before = this.stepsDone;
    try {
      return await run.apply(this, given);
    } finally {
      work.steps += this.stepsDone - before;
    }
  };
  any.dispose();
  return work;
}

/**
 * Runs one exercise cell with what it needs.
 *
 * @param options `empty`: `todo` returns nothing, as an answer of a reader who deleted it and wrote none
 * @returns what its checks found, in order
 */
export async function runExercise(
  notebook: CodeCells,
  id: string,
  { empty = false }: { empty?: boolean } = {},
): Promise<{ results: ExerciseResult[]; cells: string[] }> {
  const index = notebook.cells.findIndex((cell) => cell.id === id);
  if (index < 0) throw new Error(`${path.basename(notebook.file)} has no cell '${id}'`);
  const needed = neededFor(notebook, index).map((at) => notebook.cells[at]);
  const imports: string[] = [];
  const bodies: string[] = [];
  for (const { source } of needed) {
    const parsed = ts.createSourceFile('cell.ts', source, ts.ScriptTarget.ES2022, true);
    for (const statement of parsed.statements) {
      (ts.isImportDeclaration(statement) ? imports : bodies).push(statement.getFullText());
    }
  }
  const { outputText } = ts.transpileModule(
    `${imports.join('\n')}\nmodule.exports = (async () => {\n${bodies.join('\n')}\n})();`,
    { compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true } },
  );
  const results: ExerciseResult[] = [];
  const library = {
    ...bnlab,
    exercise: (...stated: Parameters<typeof bnlab.exercise>) => void capture(() => bnlab.exercise(...stated)),
    exerciseCheck: (...asked: Parameters<typeof bnlab.exerciseCheck>) => {
      for (const { bundle } of capture(() => bnlab.exerciseCheck(...asked))) {
        results.push(bundle[EXERCISE_MIME] as ExerciseResult);
      }
    },
    ...(empty && { todo: () => undefined }),
  };
  const load = createRequire(notebook.file);
  const module: { exports?: Promise<void> } = {};
  const evaluate = new Function('require', 'module', 'exports', outputText);
  evaluate((name: string) => (name === 'bnlab' ? library : (load(name) as unknown)), module, {});
  await module.exports;
  return { results, cells: needed.map((cell) => cell.id) };
}
