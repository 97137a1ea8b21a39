/** Makes the runs of a sweep for a cell, in a process of its own: see lib/src/notebook/sweep.ts. What it keeps, it tells. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { experiments, type Sweeping } from '../../src/experiments';
import { starter } from '../../src/platform/node/program';
import type { RunKept, SweepOrder, SweepReport } from '../../src/experiments/sweep-order';
import { home } from '../places';
import { Stop, stoppable } from '../running';
import { codeOf } from './code';
import { loadSweepFile } from './load';
import { makeRuns, runsAt } from './make';
import { addressOf } from './queue/address';
import type { Watch } from './run';
import type { Result } from './store';

type Wanted = Exclude<SweepOrder, 'stop'>;

/** Results in one message. */
const AT_ONCE = 500;

const report = (message: SweepReport): void => starter.send(message);

async function make(wanted: Wanted, stop: Stop): Promise<number> {
  const { described, file } = sweepOf(wanted);
  const runs = runsAt(described, wanted.only);
  const folder = path.join(wanted.folder ?? path.join(home, 'sweeps'), described.name);
  report({ is: 'planned', name: described.name, folder, places: runs.map(({ at }) => at) });
  const indices = new Map(runs.map(({ identity }, index) => [identity, index]));
  const keptOf = ({ identity, answer, seconds, engine }: Result): RunKept => {
    return { index: indices.get(identity)!, answer, seconds, engine };
  };
  const watch: Watch = {
    // The cell shows progress of its own.
    screen: {
      live: true,
      line: (text) => report({ is: 'line', text }),
      status: () => undefined,
      clear: () => undefined,
    },
    kept(results, before) {
      for (let from = 0; from < results.length; from += AT_ONCE)
        report({ is: 'kept', runs: results.slice(from, from + AT_ONCE).map(keptOf), before });
    },
    aside: (identity, error) => report({ is: 'aside', index: indices.get(identity)!, error }),
  };
  const { budget, retry, queue, workers = os.availableParallelism() } = wanted;
  const address = queue === undefined ? undefined : addressOf(queue);
  const code = codeOf(described, file);
  const asked = { ...{ described, runs, file, folder, code, watch }, ...{ budget, retry, workers, address } };
  await makeRuns(asked, stop);
  return 0;
}

/** A file is looked for where the notebook runs, then in the checkout. */
function sweepOf({ sweep }: Wanted): { described: Sweeping; file: string } {
  if ('file' in sweep) {
    const file = [path.resolve(sweep.file), path.resolve(home, sweep.file)].find((one) => fs.existsSync(one));
    return { described: loadSweepFile(file ?? sweep.file, { check: true }), file: file ?? sweep.file };
  }
  const { name, experiment, axes, runs } = sweep;
  const found = experiments.get(experiment as never) as unknown as Sweeping['experiment'];
  return { described: { kind: 'sweep', name, own: false, experiment: found, axes, runs }, file: '' };
}

/** @param ends is handed what ends it early */
async function main(wanted: Wanted, ends: (end: () => void) => void): Promise<void> {
  // Whom it waits for is for the cell, too.
  console.error = (text: unknown) => report({ is: 'line', text: String(text) });
  try {
    await stoppable(async (stop) => {
      ends(() => stop.ask({ signal: 'SIGTERM' }));
      return make(wanted, stop);
    });
  } catch (error) {
    report({ is: 'failed', error: error instanceof Error ? error.message : String(error) });
  }
  if (process.connected) process.disconnect();
}

/** Before it has begun, nothing is kept that would have to be ended. */
let end = (): void => process.exit(0);
starter.listen(
  (message) => {
    const order = message as SweepOrder;
    if (order === 'stop') end();
    else void main(order, (stop) => (end = stop));
  },
  () => end(),
);
