import { runScript } from './script';

/**
 * `npm run bench`: the benchmark in test/bench. Arguments are passed on; see test/bench/bench.ts.
 *
 * @returns the exit code: 0 however slow anything was
 */
export async function bench(argv: string[]): Promise<number> {
  return runScript('test/bench/bench.ts', argv);
}
