/**
 * `npm run replicate [-- NAME...]`: the notebooks again, as they stand, where they are not committed from. On Fashion-MNIST, with every
 * rule, rate and threshold that was set on MNIST: their verdicts are kept beside MNIST's in the ledger. And as a newcomer runs them
 * (newcomer.ts): that they run is kept.
 */
import { Command, Option } from 'commander';
import { DataError } from '../src/data/errors';
import { obtainFiles } from '../src/data/sources/obtain';
import '../src/platform/node/set';
import { readCall } from './call';
import { expectReadable, type ReplicationFile, writeReplication } from './claims';
import { executedIn, executeWith } from './elsewhere';
import { readNewcomer, runAsNewcomer } from './newcomer';
import { home } from './places';
import { makeScratch, removeScratch } from './scratch';

interface Asked {
  root: string;
  only?: 'fashion' | 'newcomer';
}

/** The command. @returns what `npm run notebooks` returns, of the run that fared worse; 1 when the data cannot be had */
export async function replicate(argv: string[]): Promise<number> {
  const command = new Command('npm run replicate --')
    .description(
      'Executes notebooks on Fashion-MNIST and keeps their verdicts beside those on MNIST; and as a newcomer does ' +
        '(profile quick, generated digits), and keeps that they ran.',
    )
    .argument('[names...]', 'notebooks by name or number; all when none is named')
    .addOption(new Option('--only <run>', 'one of the two').choices(['fashion', 'newcomer']))
    .option('--root <folder>', 'the collection: a folder with notebooks/ and data/', home)
    .addHelpText('after', '\nBNLAB_PROFILE=quick|full|paper sets steps and seeds on Fashion-MNIST: full by default.');
  const call = readCall(command, argv, () => command.opts<Asked>());
  if ('exitCode' in call) return call.exitCode;
  const { root, only } = call.asked;
  let title = '';
  try {
    expectReadable(root);
    readNewcomer(root);
    if (only !== 'newcomer') ({ title } = (await obtainFiles('fashion')).set);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    console.error(error.message);
    return 1;
  }
  const onFashion = only === 'newcomer' ? 0 : await inScratch((folder) => run(root, command.args, folder, title));
  if (onFashion > 1 || only === 'fashion') return onFashion; // stopped: so is the other
  return Math.max(onFashion, await inScratch((folder) => runAsNewcomer(root, command.args, folder)));
}

async function run(root: string, names: readonly string[], folder: string, title: string): Promise<number> {
  const variables = { BNLAB_DATASET: 'fashion', BNLAB_PROFILE: process.env.BNLAB_PROFILE ?? 'full' };
  const code = await executeWith(variables, { root, names, folder });
  const executed = executedIn(folder).filter(({ records }) => records.length > 0);
  const notebooks: ReplicationFile['notebooks'] = {};
  for (const { name, hash, records } of executed) notebooks[name] = { hash, records };
  if (Object.keys(notebooks).length > 0) await writeReplication(root, { data: title, notebooks });
  return code;
}

async function inScratch(work: (folder: string) => Promise<number>): Promise<number> {
  const folder = makeScratch();
  try {
    return await work(folder);
  } finally {
    removeScratch(folder);
  }
}
