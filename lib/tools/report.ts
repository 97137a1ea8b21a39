/**
 * `npm run report`: executed notebooks as pages that need no network, no server and, for reading, no JavaScript.
 *
 * A notebook becomes a list of blocks (report/blocks.ts), and each form (report/forms/) writes pages of blocks. KaTeX sets the
 * mathematics, to HTML with MathML inside; plotly.js lies beside the pages and is loaded when a figure comes near the screen.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Command } from 'commander';
import { readCall } from './call';
import { readResult } from './notebook';
import { findNotebooks, home, isOwn, shown } from './places';
import { embeddedMnist } from './report/embed';
import { type Write, writePdfs, writeSingles, writeSite, writeSlides } from './report/site';
import { onlyOne, stoppable } from './running';

interface Options {
  from?: string;
  out?: string;
  single?: boolean;
  withData?: boolean;
  pdf?: boolean;
  slides?: boolean;
  root: string;
}

/** A form beside the pages themselves: an option of its name, and a folder. */
const FORMS: Record<'single' | 'pdf' | 'slides', { write: Write; what: string; about: string }> = {
  single: { write: writeSingles, what: 'page', about: 'one file a notebook that needs nothing beside it' },
  pdf: { write: writePdfs, what: 'PDF', about: 'a PDF a notebook, with bookmarks and page numbers' },
  slides: { write: writeSlides, what: 'deck', about: 'a deck a notebook, with speaker notes (S) and code (C)' },
};

/** The command. @returns 0, 1 when a page could not be made, 2 for a bad call, 128 and the signal when stopped */
export async function writeReports(argv: string[]): Promise<number> {
  const command = new Command('npm run report --')
    .description('write executed notebooks as pages')
    .argument('[names...]', 'notebooks by name, number or file; all when none is named')
    .option('--from <folder>', 'take the executed notebooks from here instead of notebooks/')
    .option('--out <folder>', 'where the pages go; reports/ unless told')
    .option('--with-data', 'put 2,500 pictures of MNIST into the pages, for experiments that run there')
    .option('--root <folder>', 'the collection', home);
  for (const [name, { about }] of Object.entries(FORMS)) command.option(`--${name}`, `${about}, into reports/${name}/`);
  const call = readCall(command, argv, () => {
    const options = command.opts<Options>();
    const forms = (['single', 'pdf', 'slides'] as const).filter((name) => options[name]);
    if (forms.length > 1) throw new Error(`--${forms.join(' and --')} are two forms. Ask for one at a time.`);
    const files = options.from ? executedIn(options.from, command.args) : findNotebooks(options.root, command.args);
    if (files.length === 0)
      throw new Error(`There is no notebook in ${shown(options.from ?? path.join(options.root, 'notebooks'))}.`);
    return { options, files, form: forms[0] };
  });
  if ('exitCode' in call) return call.exitCode;
  const { options, files, form } = call.asked;
  const started = performance.now();
  // A reader's own notebooks have pages of their own: the index of the paper's is left as it is.
  const part = form ?? (files.every(isOwn) ? 'own' : '');
  const out = path.resolve(options.out ?? path.join(options.root, 'reports', part));
  return stoppable(async (stop) => {
    try {
      const whole = options.from ? files.filter(isWhole) : files;
      if (whole.length === 0) throw new Error(`There is no whole notebook in ${shown(options.from!)}.`);
      const write = form ? FORMS[form].write : writeSite;
      const embedded = options.withData ? await embeddedMnist() : undefined;
      const problems = await onlyOne(out, 'npm run report', stop, () =>
        write({ root: options.root, files: whole, out, embedded }, stop),
      );
      if (stop.asked) return 1;
      for (const problem of problems) console.error(problem);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const pages = `${whole.length} ${form ? FORMS[form].what : 'page'}${whole.length === 1 ? '' : 's'}`;
      const [made, where] = form ? [pages, out] : [`${pages} and their index`, path.join(out, 'index.html')];
      console.log(`${made} in ${seconds} s: ${shown(where)}`);
      return problems.length ? 1 : 0;
    } catch (error) {
      if (!stop.asked) console.error((error as Error).message);
      return 1;
    }
  });
}

/** A damaged result counts as absent; the others have their pages all the same. */
function isWhole(file: string): boolean {
  if (readResult(file)) return true;
  console.error(`${shown(file)} is empty, cut off or no notebook: it has no page. Run it again, or delete it.`);
  return false;
}

function executedIn(folder: string, names: string[]): string[] {
  if (!fs.existsSync(folder))
    throw new Error(`${shown(folder)}: no such folder. Run \`npm run notebooks -- --out ${folder}\` first.`);
  const files = fs
    .readdirSync(folder)
    .filter((file) => file.endsWith('.ipynb'))
    .sort();
  const wanted = names.map((name) => path.basename(name, '.ipynb'));
  return files
    .filter(
      (file) => names.length === 0 || wanted.some((name) => file === `${name}.ipynb` || file.startsWith(`${name}-`)),
    )
    .map((file) => path.join(folder, file));
}
