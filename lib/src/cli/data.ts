/** `npm run data [-- mnist fashion]`: fetches real pictures into this user's cache, and says where the data is. */
import { Presets, SingleBar } from 'cli-progress';
import { Argument, Command, CommanderError } from 'commander';
import { resolve } from 'node:path';
import { DataError } from '../data/errors';
import { type DownloadProgress } from '../data/download';
import { REAL_DATASETS, type RealName } from '../data/manifest';
import { obtainFiles } from '../data/obtain';

/** Patience with a mirror's answer when somebody asked for it by name, rather than have work wait for it. */
const ASKED_ANSWER_MS = 15_000;

/**
 * The command. Names: `mnist`, `fashion`, or `auto` (default): MNIST if it can be had, otherwise a word about the
 * generated digits that take its place, which is not a failure. After such an `auto`, BNLAB_OFFLINE is set in this
 * process, so that the programs it starts need not wait for the same network again.
 *
 * @param argv names of data sets, without the program's own name
 * @returns exit code: 0; 1 when a set asked for by name could not be had or kept; 2 for wrong arguments; 130 after Ctrl-C
 */
export async function data(argv: string[]): Promise<number> {
  const command = new Command('data')
    .usage('[mnist] [fashion] [auto]')
    .description('Fetches MNIST and Fashion-MNIST into the cache of this user, checks them, and says where they are.')
    .addArgument(new Argument('[names...]', 'what to fetch').choices([...REAL_DATASETS, 'auto']).default(['auto']))
    .addHelpText('after', '\nBNLAB_DATA names a folder with mnist/ and fashion/ to use instead of the cache.')
    .exitOverride();
  try {
    command.parse(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  const stop = new AbortController();
  const onInterrupt = () => stop.abort();
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  try {
    let code = 0;
    for (const name of command.processedArgs[0] as (RealName | 'auto')[]) {
      code = Math.max(code, await fetchOne(name, stop.signal));
      if (stop.signal.aborted) return 130;
    }
    return code;
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  }
}

async function fetchOne(name: RealName | 'auto', signal: AbortSignal): Promise<number> {
  const asked = name !== 'auto';
  const set = asked ? name : 'mnist';
  const show = new ProgressLines();
  try {
    const options = { signal, onProgress: (progress: DownloadProgress) => show.update(progress) };
    const got = await obtainFiles(set, asked ? { ...options, answerMs: ASKED_ANSWER_MS } : options);
    show.end();
    const origin = { BNLAB_DATA: 'from BNLAB_DATA', cache: 'already in the cache', network: 'fetched' }[got.from];
    if (got.problem) {
      console.log(got.problem);
      return asked ? 1 : 0;
    }
    console.log(`${got.set.title}: ${origin}, checksums right, in ${resolve(got.folder)}`);
    return 0;
  } catch (error) {
    show.end();
    if (!(error instanceof DataError)) throw error;
    const replaceable = !asked && !process.env.BNLAB_DATA && (error.code === 'network' || error.code === 'checksum');
    if (!replaceable) {
      console.error(error.message);
      return 1;
    }
    process.env.BNLAB_OFFLINE = '1';
    console.log(`${error.message}\nUntil then, generated digits take its place.`);
    return 0;
  }
}

/** A bar per file on a terminal, a line per file elsewhere. */
class ProgressLines {
  private file: string | undefined;
  private bar: SingleBar | undefined;

  update({ file, received, total, host }: DownloadProgress): void {
    if (file !== this.file) {
      this.end();
      this.file = file;
      const megabytes = (total / 1e6).toFixed(1);
      if (process.stderr.isTTY) {
        const format = `{bar} {percentage} % of ${megabytes} MB  ${file} from {host}`;
        this.bar = new SingleBar({ format, stream: process.stderr, hideCursor: true }, Presets.shades_classic);
        this.bar.start(total, received, { host });
      } else console.error(`fetching ${file}, ${megabytes} MB, from ${host}`);
    }
    this.bar?.update(received, { host });
  }

  end(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}
