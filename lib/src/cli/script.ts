import { spawn } from 'node:child_process';
import * as path from 'node:path';
import { home } from './places';

/**
 * Runs one of the repository's TypeScript programs in a process of its own, at the repository's root.
 *
 * @param script its path from the root
 * @param argv passed on
 * @returns the exit code
 */
export async function runScript(script: string, argv: string[]): Promise<number> {
  const child = spawn(process.execPath, ['-r', 'ts-node/register/transpile-only', path.join(home, script), ...argv], {
    cwd: home,
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
