import { runScript } from './script';

/**
 * `npm run device`: packs what a bare machine with a GPU needs, into `.bnlab/device`. Arguments are passed on; see test/device/pack.ts.
 *
 * @returns the exit code
 */
export async function device(argv: string[]): Promise<number> {
  return runScript('test/device/pack.ts', argv);
}
