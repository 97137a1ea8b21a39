import { runScript } from './script';

/**
 * `npm run mutation`: deliberate errors against the tests. Arguments are passed on; see test/mutation/mutation.ts.
 *
 * @returns the exit code: 1 when an error survives
 */
export async function mutation(argv: string[]): Promise<number> {
  return runScript('test/mutation/mutation.ts', argv);
}
