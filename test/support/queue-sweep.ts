/** A sweep handed out through a queue, as the command does, in a process of its own: `queue-sweep.ts FILE FOLDER URL`; no URL: made here. */
import * as path from 'node:path';
import { Screen } from 'bnlab/dist/tools/run/screen';
import { stoppable } from 'bnlab/dist/tools/running';
import { codeOf } from 'bnlab/dist/tools/sweep/code';
import { loadSweepFile } from 'bnlab/dist/tools/sweep/load';
import { makeRuns } from 'bnlab/dist/tools/sweep/make';
import { addressOf } from 'bnlab/dist/tools/sweep/queue/address';

const [file, out, url] = process.argv.slice(2);
const described = loadSweepFile(file, { check: false });
const asked = {
  ...{ described, runs: described.runs, file, code: codeOf(described, file), workers: 1 },
  ...{
    folder: path.join(out, described.name),
    watch: { screen: new Screen() },
    address: url ? addressOf(url) : undefined,
  },
};
void stoppable(async (stop) => (await makeRuns(asked, stop)).exitCode).then(
  (code) => process.exit(code),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
