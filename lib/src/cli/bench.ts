import { spawn } from 'node:child_process';
import * as path from 'node:path';
import { home } from './places';

/**
 * `npm run bench`: the benchmark in test/bench, in a process of its own. Arguments are passed on; see test/bench/bench.ts.
 *
 * @returns the exit code: 0 however slow anything was
 */
export async function bench(argv: string[]): Promise<number> {
  const script = path.join(home, 'test', 'bench', 'bench.ts');
  const child = spawn(process.execPath, ['-r', 'ts-node/register/transpile-only', script, ...argv], {
    cwd: home,
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
