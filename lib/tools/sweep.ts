/**
 * `npm run sweep -- FILE`: makes the runs of the sweep that a file describes, on the processors at hand. Results are kept as they end, so
 * that the same command goes on where it was stopped.
 */
import * as os from 'node:os';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import type { Sweeping, SweepRun } from '../src/experiments';
import { readCall } from './call';
import { home, shown } from './places';
import { plural, Screen } from './run/screen';
import { stoppable } from './running';
import { counting, seconds } from './sweep/arguments';
import { codeOf } from './sweep/code';
import { writeTable } from './sweep/export';
import { loadSweepFile } from './sweep/load';
import { makeRuns, runsAt } from './sweep/make';
import { addressOf } from './sweep/queue/address';
import { writeReport } from './sweep/report/page';
import { Results } from './sweep/store';
import { resultTable, runList } from './sweep/table';

interface Asked {
  list?: boolean;
  report?: string | true;
  csv?: string;
  parquet?: string;
  only: string[];
  budget?: number;
  workers: number;
  retry?: boolean;
  queue?: string | true;
  out: string;
}

/** The command. @returns 0 when every run is there, 1 when some are not, 2 for a bad call, 128 and the signal when stopped */
export async function sweep(argv: string[]): Promise<number> {
  const command = new Command('npm run sweep --')
    .description('make the runs of a sweep; what is there is not run again')
    .argument('<file>', 'a TypeScript file whose default export is defineSweep({ ... })')
    .option('--list', 'say which runs there are, and which of them are made')
    .option(
      '--report [measure]',
      'write a page with figures of what is there; of the last number of an answer unless told',
    )
    .option('--csv <file>', 'write the results as a table, a row for each run, for pandas, R or a spreadsheet')
    .option('--parquet <file>', 'the same as Parquet')
    .option('--only <text>', 'only runs at this value of an axis, such as "seed 1"; may be given again', gathered, [])
    .option('--budget <time>', 'begin nothing more after this time, such as 10m', seconds)
    .option(
      '--workers <n>',
      'processes side by side; one per processor unless told',
      counting,
      os.availableParallelism(),
    )
    .option('--queue [url]', 'have the runs made by the workers of a queue: redis://HOST:PORT; BNLAB_QUEUE unless told')
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
  const runs = runsAt(described, options.only);
  const folder = path.join(path.resolve(options.out), described.name);
  const code = codeOf(described, file);
  const looked = await look({ described, runs, folder, code }, options);
  if (looked !== undefined) {
    console.log(looked);
    return 0;
  }
  const { budget, retry, workers } = options;
  const address = options.queue === undefined ? undefined : addressOf(options.queue);
  const watch = { screen: new Screen() };
  const asked = { ...{ described, runs, file, folder, code, watch }, ...{ budget, retry, workers, address } };
  return stoppable(async (stop) => {
    const { exitCode, store } = await makeRuns(asked, stop);
    console.log(resultTable(runs, store));
    return exitCode;
  });
}

interface Looked {
  described: Sweeping;
  runs: readonly SweepRun[];
  folder: string;
  code: string;
}

/** What was asked for of the results that are there, and is said of it; undefined where runs are to be made. */
async function look({ described, runs, folder, code }: Looked, asked: Asked): Promise<string | undefined> {
  const { list, report, csv, parquet } = asked;
  if (!list && report === undefined && csv === undefined && parquet === undefined) return undefined;
  const results = await Results.read(folder);
  const said: string[] = [];
  if (report !== undefined) {
    const measure = report === true ? undefined : report;
    const page = writeReport({ sweep: described, runs, results, code, measure });
    said.push(`${shown(page)}\n  ${pathToFileURL(page).href}`);
  }
  const there = runs.flatMap(({ identity, at }) => {
    const result = results.get(identity);
    return result ? [{ ...result, at }] : []; // kept by another grid, it may have had other names
  });
  const own = there.filter((result) => result.code === code);
  for (const [form, file] of [
    ['csv', csv],
    ['parquet', parquet],
  ] as const) {
    if (file === undefined) continue;
    writeTable(file, form, own);
    said.push(`${shown(path.resolve(file))}: ${plural(own.length, 'run')} of ${runs.length}`);
  }
  if (said.length > 0 && own.length < there.length)
    said.push(`${plural(there.length - own.length, 'result')} of other code left out`);
  return [...(list ? [runList(runs, results, code)] : []), ...said].join('\n');
}

const gathered = (text: string, before: string[]): string[] => [...before, text];
