/**
 * `npm run sweep -- FILE`: makes the runs of the sweep that a file describes, on the processors at hand. Results are kept as they end, so
 * that the same command goes on where it was stopped.
 */
import * as os from 'node:os';
import * as path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { readCall } from './call';
import { home } from './places';
import { onlyOne, stoppable } from './running';
import { codeOf } from './sweep/code';
import { loadSweepFile } from './sweep/load';
import { type Hands, Pool } from './sweep/pool';
import { SweepInProgress } from './sweep/run';
import { Results, Store } from './sweep/store';
import { placeText, resultTable, runList } from './sweep/table';

interface Asked {
  list?: boolean;
  only: string[];
  budget?: number;
  workers: number;
  retry?: boolean;
  out: string;
}

/** The command. @returns 0 when every run is there, 1 when some are not, 2 for a bad call, 128 and the signal when stopped */
export async function sweep(argv: string[]): Promise<number> {
  const command = new Command('npm run sweep --')
    .description('make the runs of a sweep; what is there is not run again')
    .argument('<file>', 'a TypeScript file whose default export is defineSweep({ ... })')
    .option('--list', 'say which runs there are, and which of them are made')
    .option('--only <text>', 'only runs at this value of an axis, such as "seed 1"; may be given again', gathered, [])
    .option('--budget <time>', 'begin nothing more after this time, such as 10m', seconds)
    .option(
      '--workers <n>',
      'processes side by side; one per processor unless told',
      counting,
      os.availableParallelism(),
    )
    .option('--retry', 'try again what was set aside')
    .option(
      '--out <folder>',
      "where sweeps are kept, each in a folder of its name; the checkout's sweeps/ unless told",
      path.join(home, 'sweeps'),
    );
  const call = readCall(command, argv, () => ({ file: command.args[0], options: command.opts<Asked>() }));
  if ('exitCode' in call) return call.exitCode;
  const { file, options } = call.asked;
  const described = loadSweepFile(file, { check: true });
  const runs = described.runs.filter(({ at }) =>
    options.only.every((part) => placeText(at).split(', ').includes(part)),
  );
  if (runs.length === 0)
    throw new Error(`No run of ${described.name} is at ${options.only.join(' and ')}. \`--list\` names them all.`);
  const folder = path.join(path.resolve(options.out), described.name);
  const code = codeOf(described, file);
  if (options.list) {
    console.log(runList(runs, await Results.read(folder), code));
    return 0;
  }
  return stoppable((stop) =>
    onlyOne(folder, 'npm run sweep', stop, async () => {
      const { budget, retry, workers } = options;
      const store = await Store.open(folder);
      const worker = { experiment: described.experiment.name, ...(described.own && { file: path.resolve(file) }) };
      const hands = (): Hands => new Pool(worker, Math.min(workers, runs.length));
      const progress = new SweepInProgress(described, runs, { store, code, hands, budget, retry }, stop);
      const exitCode = await progress.run();
      console.log(resultTable(runs, progress.store));
      return exitCode;
    }),
  );
}

const gathered = (text: string, before: string[]): string[] => [...before, text];

function counting(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Wanted a whole number of at least 1.');
  return value;
}

/** `90s`, `10m`, `2h`; a number alone is seconds. */
function seconds(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(s|m|h)?$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('Wanted a time such as 90s, 10m or 2h.');
  return Number(number) * { s: 1, m: 60, h: 3600 }[unit ?? 's']!;
}
