/** `npm run new -- NAME [--from paper|blank]`: a notebook of one's own, from a template that runs as it is. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Argument, Command, Option } from 'commander';
import { readCall } from './call';
import { type Cell, notebookText, writeAtomically } from './notebook';
import { home, ownFolder, shown } from './places';
import { TEMPLATES, type Template } from './templates';

/** The command. @returns 0, 1 when there is such a notebook already, 2 for a bad call */
export async function newNotebook(argv: string[]): Promise<number> {
  const command = new Command('npm run new --')
    .description('make a notebook of your own, in notebooks/own/')
    .addArgument(new Argument('<name>', 'small letters, digits and hyphens, such as my-question'))
    .addOption(
      new Option('--from <template>', 'a comparison with figure, check and verdict, or a card alone')
        .choices(Object.keys(TEMPLATES))
        .default('paper'),
    )
    .option('--root <folder>', 'the collection', home);
  const call = readCall(command, argv, () => {
    const [name] = command.args;
    if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name))
      throw new Error(`'${name}' cannot be a name; wanted small letters, digits and hyphens, such as my-question.`);
    return { name, ...command.opts<{ from: Template; root: string }>() };
  });
  if ('exitCode' in call) return call.exitCode;
  const { name, from, root } = call.asked;
  const file = path.join(ownFolder(root), `${name}.ipynb`);
  if (fs.existsSync(file)) {
    console.error(`${shown(file)} is there already, and is kept. Choose another name.`);
    return 1;
  }
  const library = path.join(root, 'node_modules', 'bnlab');
  if (!fs.existsSync(library)) {
    console.error(
      `${shown(library)} is missing, so a notebook below ${shown(root)} would not find the library. Link it there.`,
    );
    return 1;
  }
  fs.mkdirSync(path.dirname(file), { recursive: true });
  writeAtomically(file, textOf(name, from));
  console.log(
    `${shown(file)}: git and the ledger leave it alone. \`npm run lab\` opens it, \`npm run notebooks -- ${name}\` runs it, ` +
      `\`npm run report -- ${name}\` makes its page.`,
  );
  return 0;
}

function textOf(name: string, template: Template): string {
  const words = name.replaceAll('-', ' ');
  const title = `# ${words[0].toUpperCase()}${words.slice(1)}?`;
  const cells = TEMPLATES[template].map(({ id, code, text }): Cell => {
    if (text !== undefined) return { cell_type: 'markdown', id, metadata: {}, source: text.replace('# TITLE', title) };
    return { cell_type: 'code', id, metadata: {}, source: code!, outputs: [], execution_count: null };
  });
  const kernelspec = { display_name: 'TypeScript', language: 'typescript', name: 'tslab' };
  return notebookText({ cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 });
}
