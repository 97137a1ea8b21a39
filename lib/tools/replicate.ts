/**
 * `npm run replicate [-- NAME...]`: the claims again, on Fashion-MNIST. The notebooks are executed as they stand, with every
 * rule, rate and threshold that was set on MNIST; only their verdicts are kept, beside MNIST's in the ledger.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Command } from 'commander';
import { DataError } from '../src/data/errors';
import { obtainFiles } from '../src/data/sources/obtain';
import '../src/platform/node/set';
import { readCall } from './call';
import { claimsIn, expectReadable, type ReplicationFile, writeReplication } from './claims';
import { nameOf, readNotebook } from './notebook';
import { runNotebooks } from './notebooks';
import { home } from './places';
import { makeScratch, removeScratch } from './scratch';

/** The command. @returns what `npm run notebooks` returns; 1 when the data cannot be had */
export async function replicate(argv: string[]): Promise<number> {
  const command = new Command('npm run replicate --')
    .description('Executes notebooks on Fashion-MNIST and keeps their verdicts beside those on MNIST.')
    .argument('[names...]', 'notebooks by name or number; all when none is named')
    .option('--root <folder>', 'the collection: a folder with notebooks/ and data/', home)
    .addHelpText('after', '\nBNLAB_PROFILE=quick|full|paper sets steps and seeds: full by default.');
  const call = readCall(command, argv, () => command.opts<{ root: string }>());
  if ('exitCode' in call) return call.exitCode;
  const { root } = call.asked;
  let title: string;
  try {
    expectReadable(root);
    ({ title } = (await obtainFiles('fashion')).set);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    console.error(error.message);
    return 1;
  }
  process.env.BNLAB_DATASET = 'fashion';
  process.env.BNLAB_PROFILE ??= 'full';
  const folder = makeScratch();
  try {
    const code = await runNotebooks(['--out', folder, '--no-twins', '--root', root, ...command.args]);
    const notebooks: ReplicationFile['notebooks'] = {};
    for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.ipynb'))) {
      const notebook = readNotebook(path.join(folder, file));
      const records = claimsIn(notebook);
      const hash = notebook.metadata.bnlab?.provenance?.hash;
      if (hash && records.length > 0) notebooks[nameOf(file)] = { hash, records };
    }
    if (Object.keys(notebooks).length > 0) await writeReplication(root, { data: title, notebooks });
    return code;
  } finally {
    removeScratch(folder);
  }
}
