/** Sweeps and workers of a queue in processes of their own, for tests. */
import * as path from 'node:path';
import type { TestContext } from 'node:test';
import { spawnGuarded } from 'bnlab/dist/setup/guarded';
import { until } from './until';

const root = path.resolve(__dirname, '..', '..');

/** The file of a sweep of the tests. */
export const fileOf = (name: string): string => path.join(root, 'test', 'tools', 'sweeps', `${name}.ts`);

/** A process of its own, what it has said so far, and its end. */
class Spoken {
  text = '';
  code: number | null | undefined;
  private readonly child;

  /** @param within what it is started by, such as what enters another host */
  constructor(t: TestContext, words: string[], env: NodeJS.ProcessEnv = {}, within: readonly string[] = []) {
    const [command, ...rest] = [...within, process.execPath, ...words];
    this.child = spawnGuarded(command, rest, {
      ...{ cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
      env: { ...process.env, ...env },
    });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.text += text));
    this.child.on('close', (code) => (this.code = code));
    t.after(() => this.kill('SIGKILL'));
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async end(): Promise<number | null> {
    await until(() => this.code !== undefined, `the process ends, which has said: ${this.text}`);
    return this.code!;
  }

  says(what: RegExp): Promise<void> {
    return until(() => {
      if (what.test(this.text)) return true;
      if (this.code !== undefined) throw new Error(`It ended without ${what}: ${this.text}`);
      return false;
    }, String(what));
  }
}

const script = (name: string, ...words: string[]) => [
  ...['-r', 'ts-node/register/transpile-only', path.join(__dirname, `${name}.ts`)],
  ...words,
];

/** The command `npm run sweep`, with more words of its own. */
export const commanded = (
  t: TestContext,
  name: string,
  out: string,
  { words, env }: { words: string[]; env?: NodeJS.ProcessEnv },
): Spoken =>
  new Spoken(t, [path.join(root, 'lib/dist/tools/main.js'), 'sweep', fileOf(name), '--out', out, ...words], env);

/** How a process of a sweep is started. */
interface Start {
  env?: NodeJS.ProcessEnv;
  within?: readonly string[];
}

/** What the command does, without the seconds in which it looks at the file's types; here, where no queue is named. */
export const sweeping = (t: TestContext, name: string, out: string, url = '', { env, within }: Start = {}): Spoken =>
  new Spoken(t, script('queue-sweep', fileOf(name), out, url), env, within);

/** A machine at work; `name` is the sweep whose experiment is of its own file. */
export const working = (
  t: TestContext,
  url: string,
  { name, grace = 0, env, within }: Start & { name?: string; grace?: number } = {},
): Spoken => new Spoken(t, script('queue-worker', url, String(grace), ...(name ? [fileOf(name)] : [])), env, within);
