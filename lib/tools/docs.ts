/**
 * `npm run docs`: the library's reference, made by TypeDoc from the TSDoc in lib/src. The pages need no network.
 */
import { type ChildProcessWithoutNullStreams } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { ownMark, sweep } from '../src/platform/node/write';
import { spawnGuarded } from '../setup/guarded';
import { expectHeld } from '../setup/lock';
import { readCall } from './call';
import { home, shown } from './places';
import { onlyOne, Stop, stoppable } from './running';

/** The command. @returns 0, 1 when something public has no TSDoc or the pages could not be made, 2 for a bad call */
export async function docs(argv: string[]): Promise<number> {
  const command = new Command('npm run docs --')
    .description("write the library's reference")
    .option('--out <folder>', 'where the pages go; reports/api/ unless told');
  const call = readCall(command, argv, () => command.opts<{ out?: string }>());
  if ('exitCode' in call) return call.exitCode;
  const out = path.resolve(call.asked.out ?? path.join(home, 'reports', 'api'));
  return stoppable((stop) => onlyOne(path.dirname(out), 'npm run docs', stop, () => replaceReference(out, stop)));
}

/** Makes the pages aside, and puts them in the place of those from before when they are whole. */
async function replaceReference(out: string, stop: Stop): Promise<number> {
  const folder = path.dirname(out);
  const prefix = `.${path.basename(out)}.new-`;
  sweep(folder, { prefix });
  const [fresh, old] = [path.join(folder, prefix + ownMark()), path.join(folder, prefix + ownMark())];
  try {
    const { code, problems } = await writeReference(fresh, undefined, stop);
    if (stop.asked) return 1;
    for (const problem of problems) console.error(problem);
    if (code !== 0) {
      console.error(`TypeDoc ended with exit code ${code}; nothing was written to ${shown(out)}.`);
      return 1;
    }
    expectHeld();
    if (fs.existsSync(out)) fs.renameSync(out, old);
    fs.renameSync(fresh, out);
    const index = path.join(out, 'index.html');
    console.log(`The reference: ${shown(index)}\n  ${pathToFileURL(index).href}`);
    return problems.length === 0 ? 0 : 1;
  } finally {
    for (const made of [fresh, old]) fs.rmSync(made, { recursive: true, force: true });
  }
}

/**
 * Makes the pages.
 *
 * @param out the folder; TypeDoc empties it first
 * @param settings TypeDoc's settings
 * @param stop ends TypeDoc
 * @returns TypeDoc's exit code, and what it complains of, line by line: what is public and has no TSDoc, for one
 */
export async function writeReference(
  out: string,
  settings = path.join(home, '.config', 'typedoc.json'),
  stop = new Stop(),
): Promise<{ code: number; problems: string[] }> {
  const tool = path.join(path.dirname(require.resolve('typedoc/package.json')), 'bin', 'typedoc');
  const child = spawnGuarded(process.execPath, [tool, '--options', settings, '--out', out], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  }) as ChildProcessWithoutNullStreams;
  const ignore = stop.onAsked(() => child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve(exitCode ?? 1));
  });
  ignore();
  return { code, problems: said.split('\n').filter(isProblem) };
}

/** The members of a type that is written in place are described where it stands, by `@param` or `@returns`. */
function isProblem(line: string): boolean {
  if (/\[warning\] Found \d+ errors? and \d+ warnings?$/.test(line)) return false;
  return /\[(warning|error)\]/.test(line) && !/\.__type\..* does not have any documentation$/.test(line);
}
