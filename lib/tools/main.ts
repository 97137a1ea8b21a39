/**
 * The commands behind `npm run`, once set-up is done (lib/setup calls this file). Each command is a
 * function of its own module, loaded when it is asked for, so that one command's trouble is not another's.
 */
import { Command } from 'commander';
import { outliveReaders } from '../setup/steps';

type Run = (argv: string[]) => Promise<number | void>;

interface Entry {
  name: string;
  does: string;
  module: string;
  run: string;
}

const entries: Entry[] = [
  { name: 'data', does: 'fetch and check the data', module: './data', run: 'data' },
  { name: 'notebooks', does: 'execute notebooks and keep their outputs', module: './notebooks', run: 'runNotebooks' },
  { name: 'report', does: 'write reports/ from the executed notebooks', module: './report', run: 'writeReports' },
  { name: 'new', does: 'make a notebook of your own', module: './new', run: 'newNotebook' },
  { name: 'convert', does: 'write notebooks in the formats of nbconvert', module: './convert', run: 'convert' },
  { name: 'lab', does: 'open JupyterLab on the notebooks', module: './lab', run: 'lab' },
  { name: 'check', does: 'check the notebooks without running them', module: './check', run: 'check' },
  { name: 'claims', does: "list the paper's claims and their verdicts", module: './claims', run: 'claims' },
  {
    name: 'replicate',
    does: 'measure the claims again, on Fashion-MNIST; run the notebooks as a newcomer does',
    module: './replicate',
    run: 'replicate',
  },
  { name: 'sweep', does: 'make the runs of a sweep, and go on where it was stopped', module: './sweep', run: 'sweep' },
  {
    name: 'paper',
    does: 'make the trainings of the paper’s own length, and keep them',
    module: './paper',
    run: 'paper',
  },
  { name: 'worker', does: 'make runs of the sweeps of a queue', module: './worker', run: 'worker' },
  {
    name: 'device',
    does: 'pack what a bare machine with a GPU needs to run the tests',
    module: './device',
    run: 'device',
  },
  { name: 'bench', does: 'run the benchmarks', module: './bench', run: 'bench' },
  {
    name: 'mutation',
    does: 'put errors into the formulas and see whether the tests notice',
    module: './mutation',
    run: 'mutation',
  },
  { name: 'gallery', does: 'show one figure of every kind for every page', module: './gallery', run: 'gallery' },
  { name: 'docs', does: "write the library's reference", module: './docs', run: 'docs' },
  {
    name: 'conformance',
    does: "run TensorFlow.js's own tests on the native engine",
    module: './conformance',
    run: 'conformance',
  },
];

/** Runs the command that `argv` names; resolves to the exit code. */
export async function main(argv: string[]): Promise<number> {
  let code = 0;
  const program = new Command('npm run').usage('COMMAND [-- ARGUMENT...]').showHelpAfterError();
  for (const entry of entries) {
    program
      .command(entry.name)
      .description(entry.does)
      // What follows the name belongs to the command's own module.
      .helpOption(false)
      .allowUnknownOption()
      .allowExcessArguments()
      .argument('[arguments...]')
      .action(async () => {
        code = await runEntry(entry, argv.slice(argv.indexOf(entry.name) + 1));
      });
  }
  await program.parseAsync(argv, { from: 'user' });
  return code;
}

async function runEntry(entry: Entry, argv: string[]): Promise<number> {
  const loaded = (await import(entry.module)) as Record<string, unknown>;
  const run = loaded[entry.run];
  if (typeof run !== 'function') {
    throw new TypeError(`${entry.module} has no function ${entry.run}, which \`npm run ${entry.name}\` needs`);
  }
  return (await (run as Run)(argv)) ?? 0;
}

if (require.main === module) {
  outliveReaders();
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      // Errors with a message for the reader need no stack; BNLAB_DEBUG shows it to whoever mends this code.
      const text = error instanceof Error ? (process.env.BNLAB_DEBUG ? error.stack : error.message) : String(error);
      process.stderr.write(`${text}\n`);
      process.exitCode = 1;
    },
  );
}
