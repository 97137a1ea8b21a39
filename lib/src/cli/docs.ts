/**
 * `npm run docs`: the library's reference, made by TypeDoc from the TSDoc in lib/src. The pages need no network.
 */
import { spawn } from 'node:child_process';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { readCall } from './call';
import { home, shown } from './places';

/** The command. @returns 0, 1 when something public has no TSDoc or the pages could not be made, 2 for a bad call */
export async function docs(argv: string[]): Promise<number> {
  const command = new Command('npm run docs --')
    .description("write the library's reference")
    .option('--out <folder>', 'where the pages go; reports/api/ unless told');
  const call = readCall(command, argv, () => command.opts<{ out?: string }>());
  if ('exitCode' in call) return call.exitCode;
  const out = path.resolve(call.asked.out ?? path.join(home, 'reports', 'api'));
  const { code, problems } = await writeReference(out);
  for (const problem of problems) console.error(problem);
  if (code !== 0) {
    console.error(`TypeDoc ended with exit code ${code}; nothing was written to ${shown(out)}.`);
    return 1;
  }
  const index = path.join(out, 'index.html');
  console.log(`The reference: ${shown(index)}\n  ${pathToFileURL(index).href}`);
  return problems.length === 0 ? 0 : 1;
}

/**
 * Makes the pages.
 *
 * @param out the folder; TypeDoc empties it first
 * @param settings TypeDoc's settings
 * @returns TypeDoc's exit code, and what it complains of, line by line: what is public and has no TSDoc, for one
 */
export async function writeReference(
  out: string,
  settings = path.join(home, '.config', 'typedoc.json'),
): Promise<{ code: number; problems: string[] }> {
  const tool = path.join(path.dirname(require.resolve('typedoc/package.json')), 'bin', 'typedoc');
  const child = spawn(process.execPath, [tool, '--options', settings, '--out', out], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve(exitCode ?? 1));
  });
  return { code, problems: said.split('\n').filter(isProblem) };
}

/** The members of a type that is written in place are described where it stands, by `@param` or `@returns`. */
function isProblem(line: string): boolean {
  if (/\[warning\] Found \d+ errors? and \d+ warnings?$/.test(line)) return false;
  return /\[(warning|error)\]/.test(line) && !/\.__type\..* does not have any documentation$/.test(line);
}
