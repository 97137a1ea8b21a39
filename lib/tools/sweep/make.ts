/** The runs of a sweep, made for whoever asks: the command, or a cell of a notebook. */
import * as path from 'node:path';
import type { Sweeping, SweepRun } from '../../src/experiments';
import { placeText } from '../../src/experiments/sweep-summary';
import { onlyOne, type Stop } from '../running';
import { type Hands, Pool } from './pool';
import { type Worker, WorkerProcess } from './process';
import type { Address } from './queue/address';
import { QueueHands } from './queue/hands';
import { dataKinds, type Need } from './queue/offer';
import { SweepInProgress, type Watch } from './run';
import { Store } from './store';

/** What is asked for. */
export interface Making {
  described: Sweeping;
  /** Those of its runs that are wanted. */
  runs: readonly SweepRun[];
  /** The sweep's file, where its experiment is its own. */
  file: string;
  /** Where its results are kept. */
  folder: string;
  code: string;
  workers: number;
  budget?: number;
  retry?: boolean;
  /** Have them made by the workers of this queue. */
  address?: Address;
  watch: Watch;
}

/** The runs at all of these values of axes, such as `seed 1`. @throws Error when there is none */
export function runsAt(described: Sweeping, only: readonly string[]): readonly SweepRun[] {
  const runs = described.runs.filter(({ at }) => only.every((part) => placeText(at).split(', ').includes(part)));
  if (runs.length > 0) return runs;
  throw new Error(`No run of ${described.name} is at ${only.join(' and ')}. \`--list\` names them all.`);
}

/** Makes those that are not there, while nobody else does. @returns the exit code of SweepInProgress, and what is there afterwards */
export function makeRuns(asked: Making, stop: Stop): Promise<{ exitCode: number; store: Store }> {
  const { described, runs, file, folder, code, workers, budget, retry, address, watch } = asked;
  return onlyOne(folder, 'npm run sweep', stop, async () => {
    const store = await Store.open(folder);
    const worker = { experiment: described.experiment.name, ...(described.own && { file: path.resolve(file) }) };
    const hands = (): Hands =>
      address ? handsOf(address, described, worker, code, watch) : new Pool(worker, Math.min(workers, runs.length));
    const progress = new SweepInProgress(described, runs, { store, code, hands, budget, retry, watch }, stop);
    return { exitCode: await progress.run(), store };
  });
}

/** Workers elsewhere, whose numbers must be those that this machine would compute. */
function handsOf(address: Address, sweep: Sweeping, worker: Worker, code: string, watch: Watch): Hands {
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
  return new QueueHands({ address, offer, need, say: (text) => watch.screen.line(text) });
}
