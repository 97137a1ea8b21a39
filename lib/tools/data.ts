/** `npm run data [-- mnist fashion]`: fetches real pictures into this user's cache, and says where the data is. */
import { Presets, SingleBar } from 'cli-progress';
import { Argument, Command } from 'commander';
import { resolve } from 'node:path';
import '../src/platform/node/set';
import { DataError } from '../src/data/errors';
import { REAL_DATASETS, type RealName } from '../src/data/manifest';
import { type DownloadProgress, isUnobtainable } from '../src/data/source';
import { obtainFiles } from '../src/data/sources/obtain';
import { show } from '../setup/steps';
import { readCall } from './call';
import { stoppable } from './running';

type Name = RealName | 'digits' | 'auto';

/** Patience with a mirror's answer when somebody asked for it by name, rather than have work wait for it. */
const ASKED_ANSWER_MS = 15_000;

/**
 * The command. Names: `mnist`, `fashion`, `digits` (nothing to fetch), or `auto` (default): MNIST if it can be had,
 * otherwise a word about the generated digits that take its place, which is not a failure.
 *
 * @param argv names of data sets, without the program's own name
 * @returns exit code: 0; 1 when a set asked for by name could not be had or kept; 2 for wrong arguments; 128 and the signal when stopped
 */
export async function data(argv: string[]): Promise<number> {
  const names: Name[] = [...REAL_DATASETS, 'digits', 'auto'];
  const command = new Command('npm run data --')
    .usage(`[${names.join('] [')}]`)
    .description('Fetches MNIST and Fashion-MNIST into the cache of this user, checks them, and says where they are.')
    .addArgument(new Argument('[names...]', 'what to get').choices(names).default(['auto']))
    .addHelpText('after', '\nBNLAB_DATA names a folder with mnist/ and fashion/ to use instead of the cache.');
  const call = readCall(command, argv, () => command.processedArgs[0] as Name[]);
  if ('exitCode' in call) return call.exitCode;
  return stoppable(async (stop) => {
    const aborting = new AbortController();
    stop.onAsked(() => aborting.abort());
    let code = 0;
    for (const name of call.asked) {
      if (!stop.asked) code = Math.max(code, await getOne(name, aborting.signal));
    }
    return code;
  });
}

async function getOne(name: Name, signal: AbortSignal): Promise<number> {
  const began = Date.now();
  const say = (mark: '✓' | '!' | '✗', text: string) => {
    const seconds = `${((Date.now() - began) / 1000).toFixed(1)} s`;
    const line = `  ${mark} ${'data'.padEnd(20)}${seconds.padStart(8)}   ${text}`;
    if (mark === '✗') console.error(line);
    else console.log(line);
  };
  if (name === 'digits') {
    say('✓', 'generated digits: drawn by the library when they are needed, nothing to fetch');
    return 0;
  }
  const asked = name !== 'auto';
  const lines = new ProgressLines();
  try {
    const options = { signal, onProgress: (progress: DownloadProgress) => lines.update(progress) };
    const got = await obtainFiles(asked ? name : 'mnist', asked ? { ...options, answerMs: ASKED_ANSWER_MS } : options);
    lines.end();
    if (got.problem) {
      say(asked ? '✗' : '!', got.problem);
      return asked ? 1 : 0;
    }
    const origin = { BNLAB_DATA: 'from BNLAB_DATA', cache: 'in the cache', network: 'fetched' }[got.from];
    say('✓', `${got.set.title}: ${origin}, checksums right, in ${resolve(got.folder)}`);
    return 0;
  } catch (error) {
    lines.end();
    if (!(error instanceof DataError)) throw error;
    if (!asked && isUnobtainable(error)) {
      say('!', `generated digits. ${error.message}`);
      return 0;
    }
    say('✗', error.message);
    return 1;
  }
}

/** A bar per file on a terminal, a line per file elsewhere. */
class ProgressLines {
  private file: string | undefined;
  private bar: SingleBar | undefined;

  /** A progress line that cannot be drawn must not look like a mirror that breaks off. */
  update(progress: DownloadProgress): void {
    show(() => this.draw(progress));
  }

  end(): void {
    show(() => this.bar?.stop());
    this.bar = undefined;
  }

  private draw({ file, received, total, host }: DownloadProgress): void {
    if (file !== this.file) {
      this.end();
      this.file = file;
      const megabytes = (total / 1e6).toFixed(2);
      if (process.stderr.isTTY) {
        const format = `    {bar} {percentage} % of ${megabytes} MB  ${file} from {host}`;
        this.bar = new SingleBar(
          { format, barsize: 20, stream: process.stderr, hideCursor: true, clearOnComplete: true },
          Presets.shades_classic,
        );
        this.bar.start(total, received, { host });
      } else console.error(`    fetching ${file}, ${megabytes} MB, from ${host}`);
    }
    this.bar?.update(received, { host });
  }
}
