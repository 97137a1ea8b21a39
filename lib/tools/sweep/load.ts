/** The file that describes a sweep. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { register, REGISTER_INSTANCE } from 'ts-node';
import * as ts from 'typescript';
import type { Sweeping } from '../../src/experiments';
import { home, shown } from '../places';

/**
 * What a sweep's file exports as its default.
 *
 * @param check whether the file's types are checked, which takes seconds: once is enough
 * @throws Error that names the file, when it is not there, has a wrong type, fails, or exports no sweep
 */
export function loadSweepFile(file: string, { check }: { check: boolean }): Sweeping {
  const full = path.resolve(file);
  const wanted = "Wanted a TypeScript file with `export default defineSweep({ ... })`, defineSweep being of 'bnlab'.";
  if (!fs.existsSync(full)) throw new Error(`There is no file ${shown(full)}. ${wanted}`);
  const wrong = check ? typeErrors(full) : '';
  if (wrong !== '') throw new Error(`${shown(full)} has wrong types:\n${wrong}`);
  if (!process[REGISTER_INSTANCE]) register({ cwd: home, transpileOnly: true });
  let exported: { default?: Partial<Sweeping> };
  try {
    exported = require(full) as typeof exported;
  } catch (error) {
    throw new Error(`${shown(full)} cannot be loaded: ${(error as Error).message}`, { cause: error });
  }
  if (exported.default?.kind !== 'sweep') throw new Error(`${shown(full)} exports no sweep. ${wanted}`);
  return exported.default as Sweeping;
}

/** What the compiler says against a file and those beside it that it imports; empty when nothing. */
function typeErrors(file: string): string {
  const { config } = ts.readConfigFile(path.join(home, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [file] }, ts.sys, home);
  // Else they are looked for from the folder that the command was called in.
  const typeRoots = [path.join(home, 'node_modules', '@types')];
  const own = { ...options, typeRoots, noUnusedLocals: false, noUnusedParameters: false };
  const found = ts.getPreEmitDiagnostics(ts.createProgram([file], own));
  const host = {
    getCanonicalFileName: (name: string) => name,
    getCurrentDirectory: () => process.cwd(),
    getNewLine: () => '\n',
  };
  return ts.formatDiagnostics(found, host).trimEnd();
}
