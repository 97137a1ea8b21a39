/** `npm run worker -- --queue redis://...`: makes runs of the sweeps that are handed out there, until it is stopped. */
import * as os from 'node:os';
import { Command } from 'commander';
import { readCall } from './call';
import { plural, Screen } from './run/screen';
import { stoppable } from './running';
import { counting, seconds } from './sweep/arguments';
import { loadSweepFile } from './sweep/load';
import { addressOf } from './sweep/queue/address';
import { QueueWorker } from './sweep/queue/work';

interface Asked {
  queue?: string;
  workers: number;
  idle?: number;
  grace: number;
}

/** The command. @returns 0 when it was idle as long as was asked, 2 for a bad call, 128 and the signal when stopped */
export async function worker(argv: string[]): Promise<number> {
  const command = new Command('npm run worker --')
    .description('make runs of the sweeps of a queue; one that is stopped gives back what it was at')
    .argument('[files...]', 'files of sweeps whose experiment is their own')
    .option('--queue <url>', 'redis://HOST:PORT of Redis or Valkey, rediss:// with TLS; BNLAB_QUEUE unless told')
    .option(
      '--workers <n>',
      'processes side by side; one per processor unless told',
      counting,
      os.availableParallelism(),
    )
    .option('--idle <time>', 'end when there was nothing to do for this time, such as 10m', seconds)
    .option('--grace <time>', 'when stopped, runs under way may end within this time', seconds, 10);
  const call = readCall(command, argv, () => ({ files: command.args, options: command.opts<Asked>() }));
  if ('exitCode' in call) return call.exitCode;
  const { files, options } = call.asked;
  const { workers: width, idle, grace } = options;
  const address = addressOf(options.queue);
  const own = files.map((file) => ({ file, sweep: loadSweepFile(file, { check: true }) }));
  return stoppable(async (stop) => {
    const screen = new Screen();
    const made = await new QueueWorker({ address, files: own, width, idle, grace }, stop, screen).run();
    screen.line(`${plural(made, 'run')} made here in all`);
    return 0;
  });
}
