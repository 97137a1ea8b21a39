/** A load of native code may end its process. Each leaves a mark while it goes on, so that the next process learns of it. */
import * as fs from 'node:fs';
import * as path from 'node:path';

const loading = 'bnlab-loading.';

/** Where the verdict on what is loaded is remembered; the marks stand beside it. */
type Place = { verdict: string };

/** A file that stands beside the verdict until this process has loaded it; undefined where none can be made. */
export function markLoad(paths: Place | undefined): string | undefined {
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
export function deadLoads(paths: Place): string[] {
  const folder = path.dirname(paths.verdict);
  if (!fs.existsSync(folder)) return [];
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
