/** A machine at work, in a process of its own, which gives up on others sooner than the command does: `queue-worker.ts URL [FILE]`. */
import { Screen } from 'bnlab/dist/tools/run/screen';
import { stoppable } from 'bnlab/dist/tools/running';
import { loadSweepFile } from 'bnlab/dist/tools/sweep/load';
import { addressOf } from 'bnlab/dist/tools/sweep/queue/address';
import { QueueWorker } from 'bnlab/dist/tools/sweep/queue/work';

const [url, grace, file] = process.argv.slice(2);
const files = file ? [{ file, sweep: loadSweepFile(file, { check: false }) }] : [];
const options = { address: addressOf(url), files, width: 1, grace: Number(grace), silent: 1500 };
void stoppable(async (stop) => {
  await new QueueWorker(options, stop, new Screen()).run();
  return 0;
}).then((code) => process.exit(code));
