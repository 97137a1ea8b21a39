/**
 * `npm run sweep -- FILE`: makes the runs of the sweep that a file describes, on the processors at hand. Results are kept as they end, so
 * that the same command goes on where it was stopped.
 */
import * as os from 'node:os';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import type { Sweeping } from '../src/experiments';
import { readCall } from './call';
import { home, shown } from './places';
import { onlyOne, stoppable } from './running';
import { counting, seconds } from './sweep/arguments';
import { codeOf } from './sweep/code';
import { loadSweepFile } from './sweep/load';
import { type Hands, Pool } from './sweep/pool';
import { writeReport } from './sweep/report/page';
import { SweepInProgress } from './sweep/run';
import { Results, Store } from './sweep/store';
import { addressOf, type Address } from './sweep/queue/address';
import { QueueHands } from './sweep/queue/hands';
import { dataKinds, type Need } from './sweep/queue/offer';
import { type Worker, WorkerProcess } from './sweep/process';
import { placeText, resultTable, runList } from './sweep/table';

interface Asked {
  list?: boolean;
  report?: string | true;
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
  if (options.report !== undefined) {
    const measure = options.report === true ? undefined : options.report;
    const page = writeReport({ sweep: described, runs, results: await Results.read(folder), code, measure });
    console.log(`${shown(page)}\n  ${pathToFileURL(page).href}`);
    return 0;
  }
  const address = options.queue === undefined ? undefined : addressOf(options.queue);
  return stoppable((stop) =>
    onlyOne(folder, 'npm run sweep', stop, async () => {
      const { budget, retry, workers } = options;
      const store = await Store.open(folder);
      const worker = { experiment: described.experiment.name, ...(described.own && { file: path.resolve(file) }) };
      const hands = (): Hands =>
        address ? handsOf(address, described, worker, code) : new Pool(worker, Math.min(workers, runs.length));
      const progress = new SweepInProgress(described, runs, { store, code, hands, budget, retry }, stop);
      const exitCode = await progress.run();
      console.log(resultTable(runs, progress.store));
      return exitCode;
    }),
  );
}

/** Workers elsewhere, whose numbers must be those that this machine would compute. */
function handsOf(address: Address, sweep: Sweeping, worker: Worker, code: string): Hands {
  const need = async (): Promise<Need> => {
    const process = new WorkerProcess(worker);
    try {
      const engine = await process.engine();
      return { code, engine, data: await process.data(dataKinds(sweep.runs.map(({ options }) => options))) };
    } finally {
      process.kill();
    }
  };
  const { name, own, experiment } = sweep;
  const offer = { sweep: name, own, experiment: experiment.name };
  return new QueueHands({ address, offer, need, say: (text) => console.log(text) });
}

const gathered = (text: string, before: string[]): string[] => [...before, text];
