/** The kernel's own compiler, on modules that are in memory. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type * as ts from 'typescript';
import { compiler } from '../kernel/typescript';
import type { Cell, Notebook } from '../notebook';

/** A notebook to check, and the file that messages name. `folder` is where its imports are resolved from. */
export interface CheckedNotebook {
  file: string;
  notebook: Notebook;
}

/** What tslab compiles with. */
export const kernelOptions: ts.CompilerOptions = {
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
export const strictOptions: ts.CompilerOptions = {
  ...kernelOptions,
  strict: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  noEmit: true,
};

/** A program of modules that are in memory; `sources` holds the files of the disk that an earlier program has read. */
export function programOf(
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

export function codeCells(notebook: Notebook): { cell: Cell; index: number }[] {
  return notebook.cells
    .map((cell, index) => ({ cell, index }))
    .filter(({ cell }) => cell.cell_type === 'code' && cell.source.trim());
}

export function parse(source: string): ts.SourceFile {
  return compiler.createSourceFile('cell.ts', source, compiler.ScriptTarget.ES2022, true);
}

/** The `node_modules/@types` that a file in this folder would find. */
function nearestTypes(folder: string): string | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    const types = path.join(at, 'node_modules', '@types');
    if (fs.existsSync(path.join(types, 'node'))) return types;
    if (at === path.dirname(at)) return undefined;
  }
}
