import * as os from 'node:os';
import * as path from 'node:path';
import { spawnGuarded } from '../setup/guarded';
import { home } from './places';
import { stoppable } from './running';

/**
 * Runs one of the repository's TypeScript programs in a process of its own, at the repository's root.
 *
 * @param script its path from the root
 * @param argv passed on
 * @returns the exit code
 */
export async function runScript(script: string, argv: string[]): Promise<number> {
  return stoppable(async (stop) => {
    const program = ['-r', 'ts-node/register/transpile-only', path.join(home, script), ...argv];
    const child = spawnGuarded(process.execPath, program, { cwd: home, stdio: 'inherit' });
    stop.onAsked(() => child.kill(stop.signal));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? os.constants.signals[signal] : 0)));
    });
  });
}
