/**
 * `npm run paper`: the trainings of the paper's own length. They take longer than a notebook may, so they are made once, as sweeps that go on
 * where they were stopped, and kept in data/paper; notebooks show them with the state of the library that made them.
 */
import * as os from 'node:os';
import * as path from 'node:path';
import { Argument, Command } from 'commander';
import type { PaperOrigin, PaperRun } from '../src/data/sources';
import { paperRunsText } from '../src/data/sources/paper-runs';
import { codeCommit } from '../src/platform/node/commit';
import { writeAtomically } from '../src/platform/node/write';
import { readCall } from './call';
import { home, shown } from './places';
import { sweep } from './sweep';
import { counting } from './sweep/arguments';
import { loadSweepFile } from './sweep/load';
import { type Result, Results } from './sweep/store';

/** The files of data/paper that describe each figure's trainings, in the order in which they are made. */
export const PAPER_FIGURES: Record<string, readonly string[]> = {
  'figure-1': ['figure-1.ts'],
  'figure-2': ['figure-2-baseline.ts', 'figure-2-without.ts', 'figure-2.ts'],
};

/** The command. @returns as `npm run sweep` */
export async function paper(argv: string[]): Promise<number> {
  const command = new Command('npm run paper --')
    .description('make the trainings of the paper’s own length, and keep them in data/paper')
    .addArgument(new Argument('[figure...]', 'all unless told').choices(Object.keys(PAPER_FIGURES)))
    .option(
      '--workers <n>',
      'processes side by side; one per processor unless told',
      counting,
      os.availableParallelism(),
    );
  const call = readCall(command, argv, () => ({ names: command.args, ...command.opts<{ workers: number }>() }));
  if ('exitCode' in call) return call.exitCode;
  const { names, workers } = call.asked;
  for (const name of names.length > 0 ? names : Object.keys(PAPER_FIGURES)) {
    for (const file of PAPER_FIGURES[name]) {
      const exitCode = await sweep([described(file), '--workers', String(workers)]);
      if (exitCode !== 0) return exitCode;
    }
    console.log(shown(await keep(name)));
  }
  return 0;
}

const described = (file: string): string => path.join(home, 'data', 'paper', file);

/** Writes a figure's trainings, all of which are there, to data/paper. */
async function keep(name: string): Promise<string> {
  const results: Result[] = [];
  for (const file of PAPER_FIGURES[name]) {
    const { name: folder, runs } = loadSweepFile(described(file), { check: false });
    const kept = await Results.read(path.join(home, 'sweeps', folder));
    results.push(...runs.map(({ identity }) => kept.get(identity)!));
  }
  const origin: PaperOrigin = {
    command: `npm run paper -- ${name}`,
    date: new Date().toISOString().slice(0, 10),
    code: [...new Set(results.map(({ code }) => code))],
    commit: codeCommit(home),
    engine: results[0].engine,
    data: 'MNIST',
    minutes: Math.round(results.reduce((sum, { seconds }) => sum + seconds, 0) / 60),
  };
  const file = path.join(home, 'data', 'paper', `${name}.json`);
  writeAtomically(file, paperRunsText(origin, results.flatMap(rowsOf)));
  return file;
}

/** The trainings of one result: what was asked for and what the experiment answered, in five digits. */
function rowsOf({ identity, answer }: Result): PaperRun[] {
  const { norm, activation, learningRate, seed } = (JSON.parse(identity) as { options: Asked }).options;
  const side = norm && { side: norm === 'none' ? 'no BN' : 'BN', activation };
  return [answer].flat().map((one) => rounded({ ...side, learningRate, seed, ...(one as object) }) as PaperRun);
}

/** Options of the experiments of data/paper. */
interface Asked {
  norm?: 'none' | 'batch';
  activation?: string;
  learningRate: number;
  seed: number;
}

const rounded = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, one: unknown) => (typeof one === 'number' ? Number(one.toPrecision(5)) : one));
