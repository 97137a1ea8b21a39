/**
 * `npm run check`: what can be said of the notebooks without running them, in seconds. Each finding names the notebook,
 * the cell (counted from 1 over all cells) and the line.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Command } from 'commander';
import { readCall } from './call';
import type { CheckedNotebook } from './check/compile';
import { findingText } from './check/finding';
import { checkNotebooks } from './check/notebooks';
import { readNotebook } from './notebook';
import { readLibrary, staleReasons } from './notebook/provenance';
import { findNotebooks, home, shown } from './places';

/** The command. @returns 0 when there is nothing to put right, 1 when there is, 2 for a bad call */
export async function check(argv: string[]): Promise<number> {
  const command = new Command('npm run check --')
    .description('check the notebooks without running them')
    .argument('[names...]', 'notebooks; all when none is named')
    .option('--no-outputs', 'leave the outputs out')
    .option('--stale', 'also fail on outputs that no longer belong to the sources')
    .option('--root <folder>', 'the collection to check', home);
  const started = performance.now();
  const call = readCall(command, argv, () => {
    const options = command.opts<{ root: string; outputs: boolean; stale?: boolean }>();
    return { ...options, files: findNotebooks(options.root, command.args) };
  });
  if ('exitCode' in call) return call.exitCode;
  const { root, outputs, stale, files } = call.asked;
  const load = (file: string): CheckedNotebook => ({ file, notebook: readNotebook(file) });
  const notebooks = files.map(load);
  const folder = path.join(root, 'notebooks', 'solutions');
  const solutions =
    command.args.length || !fs.existsSync(folder)
      ? []
      : fs
          .readdirSync(folder)
          .filter((f) => f.endsWith('.ipynb'))
          .sort()
          .map((f) => load(path.join(folder, f)));

  const findings = checkNotebooks(notebooks, { outputs });
  findings.push(...checkNotebooks(solutions, { outputs: false }));
  for (const finding of findings) console.log(findingText(finding));

  let staleOnes = 0;
  const library = readLibrary(root);
  for (const { file, notebook } of outputs ? notebooks : []) {
    const reasons = staleReasons(root, notebook, library, path.dirname(file));
    if (reasons.length === 0) continue;
    staleOnes++;
    console.log(
      `${shown(file)}: stale: ${reasons.join(', ')}. Run \`npm run notebooks -- ${path.basename(file, '.ipynb')}\`.`,
    );
  }
  const count = notebooks.length + solutions.length;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${count} notebook${count === 1 ? '' : 's'}: ${findings.length || 'no'} finding${findings.length === 1 ? '' : 's'}` +
      `${staleOnes ? `, ${staleOnes} stale` : ''}, ${seconds} s`,
  );
  return findings.length > 0 || (stale && staleOnes > 0) ? 1 : 0;
}
