/** A load of native code may end its process. Each leaves a mark while it goes on, so that the next process learns of it. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { NativePaths } from './paths';

const loading = 'bnlab-loading.';

/** A file that stands beside the addon until this process has loaded it; undefined where none can be made. */
export function markLoad(paths: NativePaths | undefined): string | undefined {
  if (!paths) return undefined;
  const mark = path.join(path.dirname(paths.verdict), `${loading}${process.pid}`);
  try {
    fs.writeFileSync(mark, '');
    return mark;
  } catch {
    return undefined; // a read-only node_modules
  }
}

/** The marks of processes that are gone and had not loaded it. */
export function deadLoads(paths: NativePaths): string[] {
  const folder = path.dirname(paths.verdict);
  return fs
    .readdirSync(folder)
    .filter((name) => name.startsWith(loading) && !isAlive(Number(name.slice(loading.length))))
    .map((name) => path.join(folder, name));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
