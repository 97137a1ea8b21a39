/**
 * `npm run notebooks [-- NAME...]`: executes notebooks and replaces each by its executed self once it ran whole.
 *
 * Per notebook: strict types first, without a kernel; then a Python process with nbclient (jupyter/run_notebook.py) that
 * has a kernel of its own; then what makes the file deterministic, the figures' SVG twins and the provenance; last the
 * file, in one rename. Anything that fails leaves the notebook as it was.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { readCall } from './call';
import { expectReadable } from './claims';
import { readLibrary } from './notebook/provenance';
import { home, shown } from './places';
import { chosenProfile, isFresh, prepare, type RunOptions } from './run/job';
import { Run } from './run/queue';
import { onlyOneOnAll, stoppable } from './running';

/** The command. @returns 0 when every notebook ran, 1 when one failed, 2 for a bad call, 128 and the signal when stopped */
export async function runNotebooks(argv: string[]): Promise<number> {
  const command = new Command('npm run notebooks --')
    .description('execute notebooks; each is replaced once it ran whole')
    .argument('[names...]', 'notebooks by name, number or file; all when none is named')
    .option('--out <folder>', 'write the executed copies here and leave the notebooks as they are')
    .option('--pages <folder>', 'write the page of each notebook here as soon as it has run')
    .option('--stale', 'only those whose outputs no longer belong to the sources')
    .option('--jobs <n>', 'how many run side by side', positive)
    .option('--cell-limit <seconds>', 'time limit of one cell', positive)
    .option('--no-twins', 'without the SVG twins of the figures')
    .option('--root <folder>', 'the collection: a folder with notebooks/ and data/', home)
    .addHelpText('after', '\nBNLAB_PROFILE=quick|full|paper sets steps and seeds: full by default, quick with --out.');
  const call = readCall(command, argv, () => {
    const options = command.opts<RunOptions>();
    const profile = chosenProfile(options);
    return { options, profile, all: prepare(command.args, options, profile) };
  });
  if ('exitCode' in call) return call.exitCode;
  const { options, profile, all } = call.asked;
  expectManifest(options.root);
  const targets = [
    ...all.map((job) => path.dirname(job.target)),
    ...(options.pages ? [path.resolve(options.pages)] : []),
  ];
  return stoppable((stop) =>
    onlyOneOnAll(targets, 'npm run notebooks', stop, async () => {
      if (!options.out) expectReadable(options.root);
      // Read again: another command may have been at work here until this moment.
      const present = prepare(command.args, options, profile);
      const library = readLibrary(options.root);
      const jobs = options.stale ? present.filter((job) => !isFresh(job, options.root, profile, library)) : present;
      if (jobs.length === 0) {
        console.log(options.stale ? 'Every notebook is up to date.' : 'There is no notebook to execute.');
        return 0;
      }
      return new Run(jobs, options, profile, library, stop).run();
    }),
  );
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('Wanted a number above zero.');
  return value;
}

/** Looks at the manifest, which is read at the end of a run, and that may take long. @throws Error that names what is wrong */
function expectManifest(root: string): void {
  const manifest = path.join(root, 'data', 'manifest.json');
  try {
    if (fs.existsSync(manifest)) JSON.parse(fs.readFileSync(manifest, 'utf8'));
  } catch (error) {
    const file = shown(manifest);
    throw new Error(`${file} cannot be read: ${(error as Error).message}. Restore it (\`git checkout -- ${file}\`).`, {
      cause: error,
    });
  }
}
