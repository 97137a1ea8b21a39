/**
 * `npm run bench`: one training step, many ways, in turn. Each way lives in a process that has been warmed up; in every round each
 * gets its turn while all others wait, so that a slow minute of the machine is everybody's slow minute. Reports minimum
 * and median over the rounds, and ratios of medians; where a bar is missed, also where the time goes, in both libraries.
 *
 *   --peers         also PyTorch and JAX, from an environment of their own that this sets up (.bnlab/peers)
 *   --python FILE   takes PyTorch and JAX from this Python in place of that environment (one with CUDA, say)
 *   --rounds N      rounds, default 15
 *   --only a,b      of dense, wide, conv
 *   --variants      also the variants behind the decisions (XLA or not, fused batch norm or composed)
 *   --no-extras     leave out the cost of tracing, the length of calls, and the long run
 *   --output DIR    where bench.json and bench.md go, default test/bench/results
 */
import { ChildProcess, execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as readline from 'node:readline';
import { parseArgs } from 'node:util';
import { Random } from 'bnlab';
import { writeAtomically } from 'bnlab/dist/src/platform/node/write';
import { Case, cases, productFlops } from './cases';
import { Report, Samples, markdown } from './report';

const home = path.resolve(__dirname, '..', '..');
const peersFolder = path.join(home, '.bnlab', 'peers');
/** Seconds that one timing should last. */
const SAMPLE_SECONDS = 0.4;
/** Pause before each timing: threads of the one before stop spinning. */
const PAUSE_MILLISECONDS = 120;
/** A peer that is silent this long (torch.compile may take minutes) is given up. */
const SILENCE_MILLISECONDS = 240_000;

interface Answer {
  seconds?: number;
  first?: number;
  error?: string;
  [key: string]: unknown;
}

/** A process that answers one JSON line with another. */
class Worker {
  private readonly child: ChildProcess;
  private waiting: ((answer: Answer) => void) | undefined;
  private id = 0;
  private lastWords = '';
  private dead: string | undefined;
  readonly hello: Promise<Answer>;

  constructor(
    readonly name: string,
    command: string,
    parameters: string[],
  ) {
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
    this.child = spawn(command, parameters, { cwd: home, env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stderr!.on('data', (text) => (this.lastWords = (this.lastWords + text).slice(-2000)));
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

/** One way to run one step. */
interface Lane {
  key: string;
  worker: Worker;
  variant: string;
  /** the number of steps of one timing is a multiple of this */
  multiple: number;
  steps: number;
  samples: Samples;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: {
      peers: { type: 'boolean', default: false },
      python: { type: 'string' },
      variants: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '15' },
      only: { type: 'string' },
      'no-extras': { type: 'boolean', default: false },
      output: { type: 'string', default: path.join(__dirname, 'results') },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds wants a whole number from 1 on, got ${values.rounds}`);
  const chosen = values.only ? values.only.split(',') : cases.map(({ name }) => name);
  for (const name of chosen) {
    if (!cases.some((c) => c.name === name)) throw new Error(`--only knows dense, wide and conv, not '${name}'`);
  }

  const absent: Record<string, string> = {};
  const workers: Record<string, Worker> = {};
  const libraries: Report['libraries'] = {};
  const start = async (name: string, command: string, parameters: string[]) => {
    const worker = new Worker(name, command, parameters);
    const { hello, error } = await worker.hello;
    if (error === undefined) {
      workers[name] = worker;
      libraries[name] = hello as Record<string, unknown>;
    } else absent[name] = error;
  };
  const script = (file: string) => ['-r', 'ts-node/register/transpile-only', path.join(__dirname, file)];
  await start('TensorFlow.js', process.execPath, script('worker.ts'));
  if (!workers['TensorFlow.js']) throw new Error(`The TensorFlow.js worker did not start: ${absent['TensorFlow.js']}`);
  const engine = libraries['TensorFlow.js'].engine;
  if (engine !== 'native')
    console.log(
      `The engine is '${engine}': compiled steps are ${engine === 'webgpu' ? 'recorded and replayed' : 'run eagerly'} here.`,
    );
  if (values.peers) {
    const python = values.python ? { ok: true as const, file: values.python } : preparePeers();
    for (const [name, file] of Object.entries({ PyTorch: 'torch_worker.py', JAX: 'jax_worker.py' })) {
      if (python.ok) await start(name, python.file, [path.join(__dirname, 'peers', file)]);
      else absent[name] = python.why;
    }
  } else {
    absent.PyTorch = absent.JAX = 'not asked for (-- --peers)';
  }

  const report: Report = {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
      cores: os.cpus().length,
      memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    },
    libraries,
    absent,
    rounds,
    cases: [],
  };
  for (const one of cases) {
    if (!chosen.includes(one.name)) continue;
    report.cases.push(await measure(one, workers, rounds, values.variants!));
    write(report, values.output!);
  }
  if (!values['no-extras']) report.extras = await extras(workers['TensorFlow.js'], chosen);
  for (const worker of Object.values(workers)) worker.stop();
  write(report, values.output!);
  console.log(`\n${markdown(report)}`);
}

/** After every case, so that a run that is cut off keeps what it has. */
function write(report: Report, folder: string): void {
  writeAtomically(path.join(folder, 'bench.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  writeAtomically(path.join(folder, 'bench.md'), markdown(report));
}

async function measure(one: Case, workers: Record<string, Worker>, rounds: number, all: boolean) {
  const lanes: Lane[] = [];
  const add = (name: string, variants: string[], multiple = 1) => {
    for (const variant of variants) {
      if (!workers[name]) continue;
      lanes.push({
        key: `${name}: ${variant}`,
        worker: workers[name],
        variant,
        multiple,
        steps: multiple,
        samples: { milliseconds: [] },
      });
    }
  };
  const more = ['eager, composed', 'compiled, xla', 'compiled, no xla', 'compiled, composed', 'compiled, fused'];
  add('TensorFlow.js', ['stock', 'eager', 'compiled', ...(all ? more : [])]);
  add('PyTorch', ['eager', ...(one.channels ? ['eager, channels last'] : []), 'torch.compile']);
  add('JAX', ['jit']);
  add('JAX', ['scan'], one.scan);
  if (one.channels) add('TensorFlow.js', ['convolutions']);
  else {
    add('TensorFlow.js', ['products', 'products, no xla']);
    add('PyTorch', ['products']);
    add('JAX', ['products']);
  }

  for (const lane of lanes) {
    process.stdout.write(`${one.name}: warming up ${lane.key} ... `);
    // twice: the first answer knows compilation only
    for (let pass = 0; pass < 2 && lane.samples.error === undefined; pass++) {
      const answer = await lane.worker.ask({ case: one.name, variant: lane.variant, steps: lane.steps });
      if (answer.seconds === undefined) lane.samples.error = answer.error ?? 'no time';
      else {
        lane.samples.firstSeconds ??= answer.first;
        const wanted = SAMPLE_SECONDS / (answer.seconds / lane.steps);
        lane.steps = Math.max(1, Math.round(Math.min(wanted, 50 * lane.steps) / lane.multiple)) * lane.multiple;
      }
    }
    console.log(lane.samples.error ?? `${lane.steps} steps a timing`);
  }
  const order = new Random(1, 'lanes');
  for (let round = 0; round < rounds; round++) {
    // Each round in an order of its own: a lane that always follows the same other one inherits its caches and its clock.
    for (const at of order.permutation(lanes.length)) {
      const lane = lanes[at];
      if (lane.samples.error !== undefined) continue;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
      const answer = await lane.worker.ask({ case: one.name, variant: lane.variant, steps: lane.steps });
      if (answer.seconds === undefined) lane.samples.error = answer.error ?? 'no time';
      else lane.samples.milliseconds.push((1000 * answer.seconds) / lane.steps);
    }
    process.stdout.write(`${one.name}: round ${round + 1} of ${rounds}\n`);
  }
  const samples: Record<string, Samples> = {};
  for (const lane of lanes) samples[lane.key] = lane.samples;
  return { name: one.name, title: one.title, productMegaflops: productFlops(one) / 1e6 || undefined, samples };
}

async function extras(worker: Worker, names: string[]): Promise<Report['extras']> {
  console.log('tracing, call lengths, and a run of 50,000 steps');
  const traces: NonNullable<Report['extras']>['traces'] = [];
  for (const name of names) {
    const costs: { traceAndLoad: number; firstStep: number }[] = [];
    for (let i = 0; i < 3; i++) {
      const { traceAndLoad, firstStep } = await worker.ask({ task: 'trace', case: name });
      costs.push({ traceAndLoad: traceAndLoad as number, firstStep: firstStep as number });
    }
    traces.push({ name, costs });
  }
  const calls: NonNullable<Report['extras']>['calls'] = [];
  for (const steps of [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]) {
    const { seconds } = await worker.ask({ task: 'call', steps });
    calls.push({ steps, millisecondsPerStep: (1000 * seconds!) / steps });
  }
  const steps = 50_000;
  const answer = await worker.ask({ task: 'long', steps });
  const { seconds, before, peak, after } = answer as Record<string, number>;
  return { traces, calls, long: { steps, seconds, beforeMiB: before, peakMiB: peak, afterMiB: after } };
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

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
