/** The processes that the benchmark asks, and the Python that the peers run in. */
import { ChildProcess, execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as readline from 'node:readline';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { writeAtomically } from 'bnlab/dist/src/platform/node/write';

export const home = path.resolve(__dirname, '..', '..');
const peersFolder = path.join(home, '.bnlab', 'peers');
/** A peer that is silent this long (torch.compile may take minutes) is given up. */
const SILENCE_MILLISECONDS = 240_000;

export interface Answer {
  seconds?: number;
  first?: number;
  error?: string;
  [key: string]: unknown;
}

/** A process that answers one JSON line with another. */
export class Worker {
  private readonly child: ChildProcess;
  private waiting: ((answer: Answer) => void) | undefined;
  private id = 0;
  private lastWords = '';
  private dead: string | undefined;
  readonly hello: Promise<Answer>;

  constructor(command: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2', ...environment };
    const [program, ...parameters] = command;
    this.child = spawn(program, parameters, { cwd: home, env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stderr!.on('data', (text) => (this.lastWords = (this.lastWords + text).slice(-2000)));
    this.child.stdin!.on('error', () => undefined); // its end is told by 'exit'
    this.hello = this.next();
    readline.createInterface({ input: this.child.stdout! }).on('line', (line) => {
      if (line.startsWith('{')) this.settle(JSON.parse(line));
    });
    this.child.on('error', (error) => this.die(error.message));
    this.child.on('exit', () => this.die(this.lastWords.trim().split('\n').at(-1) || 'it ended'));
  }

  private die(reason: string) {
    this.dead ??= reason;
    this.settle({ error: reason });
  }

  private settle(answer: Answer) {
    this.waiting?.(answer);
    this.waiting = undefined;
  }

  private next(): Promise<Answer> {
    if (this.dead !== undefined) return Promise.resolve({ error: this.dead });
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.child.kill();
        this.die(`no answer in ${SILENCE_MILLISECONDS / 1000} s`);
      }, SILENCE_MILLISECONDS);
      this.waiting = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
    });
  }

  async ask(question: object): Promise<Answer> {
    await this.hello;
    const answer = this.next();
    if (this.dead === undefined) this.child.stdin!.write(`${JSON.stringify({ id: ++this.id, ...question })}\n`);
    return answer;
  }

  stop() {
    this.dead ??= 'stopped';
    this.child.stdin!.end();
    this.child.kill();
  }
}

/** How a library is called, whose steps are compared. */
export interface Library {
  name: string;
  command: readonly string[];
  /** settings for this number of threads, where it is not told with each question */
  threads(count: number): NodeJS.ProcessEnv;
}

/**
 * The libraries that there are, ours first, and why the others are absent.
 *
 * @param options `peers`: also PyTorch and JAX; `python`: from this Python, in place of an environment that is set up for them
 */
export function findLibraries({ peers, python }: { peers: boolean; python?: string }) {
  const script = [transpiled('worker', 'cases')];
  const of = (count: number, ...names: string[]) => Object.fromEntries(names.map((name) => [name, String(count)]));
  const libraries: Library[] = [
    {
      name: 'TensorFlow.js',
      command: [process.execPath, ...script],
      threads: (count) => of(count, 'TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS'),
    },
  ];
  const absent: Record<string, string> = {};
  const found = !peers
    ? { ok: false as const, why: 'not asked for (-- --peers)' }
    : python
      ? { ok: true as const, file: python }
      : preparePeers();
  for (const [name, file, ...variables] of [
    ['PyTorch', 'torch_worker.py', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS'],
    ['JAX', 'jax_worker.py', 'NPROC'], // how many threads XLA starts
  ]) {
    const command = (program: string) => [program, path.join(__dirname, 'peers', file)];
    if (found.ok) libraries.push({ name, command: command(found.file), threads: (count) => of(count, ...variables) });
    else absent[name] = found.why;
  }
  return { libraries, absent };
}

/** Files of this folder as JavaScript, so that no compiler takes memory beside what is measured: the path of the first. */
function transpiled(...names: string[]): string {
  const folder = path.join(home, '.bnlab', 'bench');
  fs.mkdirSync(folder, { recursive: true });
  for (const name of names) {
    const source = fs.readFileSync(path.join(__dirname, `${name}.ts`), 'utf8');
    const compilerOptions = { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 };
    writeAtomically(path.join(folder, `${name}.js`), transpileModule(source, { compilerOptions }).outputText);
  }
  return path.join(folder, `${names[0]}.js`);
}

/** The peers' Python, set up if need be. */
function preparePeers(): { ok: true; file: string } | { ok: false; why: string } {
  const file = path.join(peersFolder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const requirements = path.join(__dirname, 'peers', 'requirements.txt');
  const stamp = path.join(peersFolder, 'requirements.txt');
  const wanted = fs.readFileSync(requirements, 'utf8');
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return { ok: true, file };
  try {
    console.log('Setting up PyTorch and JAX in .bnlab/peers; this happens once.');
    if (!fs.existsSync(file)) {
      execFileSync(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', peersFolder], {
        stdio: 'inherit',
      });
    }
    execFileSync(file, ['-m', 'pip', 'install', '--quiet', '-r', requirements], { stdio: 'inherit' });
    writeAtomically(stamp, wanted);
    return { ok: true, file };
  } catch (error) {
    return { ok: false, why: `its environment could not be set up: ${String(error).split('\n')[0]}` };
  }
}
