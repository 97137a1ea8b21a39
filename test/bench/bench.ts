/**
 * `npm run bench`: one training step, many ways, in turn. Each way lives in a process that has been warmed up; in every round each
 * gets its turn while all others wait, so that a slow minute of the machine is everybody's slow minute. Reports minimum
 * and median over the rounds, and ratios of medians; where a bar is missed, also where the time goes, in both libraries.
 *
 * Peers run in the best mode that they have: with one thread or all, whichever is faster in their warm-up, images with channels last, compiled,
 * tuned, their memory donated. One lane is a copy of ours in a process of its own: what the two differ by is noise.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Random } from 'bnlab';
import { writeAtomically } from 'bnlab/dist/src/platform/node/write';
import { Command, InvalidArgumentError, Option, readCall } from 'bnlab/dist/tools/call';
import { Case, cases, productFlops } from './cases';
import { extras, memory, sideBySide } from './extras';
import { goneOnFrom, makeOf, markdown, Report, Samples } from './report';
import { findLibraries, Library, Worker } from './worker-process';

/** Seconds that one timing should last. */
const SAMPLE_SECONDS = 0.4;
/** Pause before each timing: threads of the one before stop spinning. */
const PAUSE_MILLISECONDS = 120;

/** One way to run one step. */
interface Lane {
  key: string;
  /** processes that can run it, each with another number of threads; the first, once the fastest is known */
  workers: { worker: Worker; threads?: number }[];
  variant: string;
  /** the number of steps of one timing is a multiple of this */
  multiple: number;
  steps: number;
  samples: Samples;
}

/** Processes by library: with all threads, and for peers with one. */
type Workers = Record<string, Lane['workers']>;

const COPY = 'TensorFlow.js, a copy';

/** What is asked for on the command line. */
interface Asked {
  peers: boolean;
  python?: string;
  rounds: number;
  only: string[];
  variants: boolean;
  resume: boolean;
  extras: boolean;
  output: string;
}

const names = cases.map(({ name }) => name);
const command = new Command('npm run bench --')
  .description('times one training step, many ways in turn, and writes a table of what was measured')
  .option('--peers', 'also PyTorch and JAX, from an environment of their own that this sets up (.bnlab/peers)', false)
  .option('--python <file>', 'takes PyTorch and JAX from this Python in place of that environment (one with CUDA, say)')
  .option('--rounds <number>', 'rounds', wholeNumber, 15)
  .addOption(
    new Option('--only <names>', `some of ${names.join(', ')}, separated by commas`)
      .argParser(several)
      .default(names, 'all'),
  )
  .option('--variants', 'also the variants behind the decisions (XLA or not, fused batch norm or composed)', false)
  .option(
    '--resume',
    'goes on from a run of the same day, machine, libraries and rounds that was cut off: what is there of it is not measured again',
    false,
  )
  .option(
    '--no-extras',
    'leaves out what is no single step: two runs side by side, memory, the cost of tracing, the length of calls, the long run',
  )
  .option(
    '--output <folder>',
    'where bench-MAKE.json, for this make of processor, and bench.md, of all makes there, go',
    path.join(__dirname, 'results'),
  );

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('Wanted a whole number from 1 on.');
}

function several(text: string): string[] {
  const unknown = text.split(',').find((name) => !names.some((known) => known === name));
  if (unknown === undefined) return text.split(',');
  throw new InvalidArgumentError(`There is no step '${unknown}'. There are: ${names.join(', ')}.`);
}

async function main(): Promise<number> {
  const call = readCall(command, process.argv.slice(2), () => command.opts<Asked>());
  if ('exitCode' in call) return call.exitCode;
  const { rounds, only: chosen, ...values } = call.asked;
  const found = findLibraries({ peers: values.peers, python: values.python });
  const { workers, about, absent } = await start(found.libraries);
  Object.assign(absent, found.absent);
  const engine = about['TensorFlow.js'].engine;
  if (engine !== 'native')
    console.log(
      `The engine is '${engine}': compiled steps are ${engine === 'webgpu' ? 'recorded and replayed' : 'run eagerly'} here.`,
    );
  const cpu = os.cpus()[0]?.model.trim() ?? 'unknown';
  const report: Report = {
    date: new Date().toISOString().slice(0, 10),
    make: makeOf(cpu, about['TensorFlow.js'].gpu === true),
    machine: { cpu, cores: os.availableParallelism(), memoryGiB: Math.round(os.totalmem() / 2 ** 30) },
    load: os.loadavg()[0],
    libraries: about,
    absent,
    rounds,
    cases: [],
  };
  if (values.resume) Object.assign(report, goneOnFrom(report, kept(report.make, values.output)));
  for (const one of cases) {
    if (!chosen.includes(one.name) || report.cases.some(({ name }) => name === one.name)) continue;
    report.cases.push(await measure(one, workers, rounds, values.variants));
    write(report, values.output);
  }
  if (values.extras) {
    report.extras ??= await extras(workers['TensorFlow.js'][0].worker, chosen);
    write(report, values.output);
  }
  for (const { worker } of Object.values(workers).flat()) worker.stop();
  if (values.extras) {
    report.side ??= await sideBySide(found.libraries, report);
    write(report, values.output);
    report.memory ??= await memory(found.libraries, report);
    write(report, values.output);
  }
  console.log(`\n${markdown([report])}`);
  return 0;
}

/** Starts the libraries, peers once with all threads and once with one; those that do not start are absent. */
async function start(libraries: readonly Library[]) {
  const workers: Workers = {};
  const about: Report['libraries'] = {};
  const absent: Report['absent'] = {};
  const cores = os.availableParallelism();
  const begin = async (name: string, { command, threads }: Library, count?: number) => {
    const worker = new Worker(command, count === undefined ? {} : threads(count));
    const { hello, error } = await worker.hello;
    if (error !== undefined) {
      absent[name] = error;
      return;
    }
    (workers[name] ??= []).push({ worker, threads: count });
    about[name] ??= hello as Record<string, unknown>;
  };
  for (const [i, library] of libraries.entries()) {
    await begin(library.name, library, i === 0 ? undefined : cores);
    if (i > 0 && cores > 1 && workers[library.name]) await begin(library.name, library, 1);
  }
  if (!workers['TensorFlow.js']) throw new Error(`The TensorFlow.js worker did not start: ${absent['TensorFlow.js']}`);
  await begin(COPY, libraries[0]);
  delete about[COPY];
  return { workers, about, absent };
}

const fileOf = (make: Report['make'], folder: string) => path.join(folder, `bench-${make}.json`);

/** What an earlier run has written. */
function kept(make: Report['make'], folder: string): Report | undefined {
  const file = fileOf(make, folder);
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as Report) : undefined;
}

/** After every case, so that a run that is cut off keeps what it has. Other makes' results stay, and are in the page too. */
function write(report: Report, folder: string): void {
  writeAtomically(fileOf(report.make, folder), `${JSON.stringify(report, undefined, 2)}\n`);
  const all = fs.readdirSync(folder).filter((name) => /^bench-\w+\.json$/.test(name));
  const reports = all.sort().map((name) => JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')) as Report);
  writeAtomically(path.join(folder, 'bench.md'), markdown(reports));
}

function lanesOf(one: Case, workers: Workers, all: boolean): Lane[] {
  const lanes: Lane[] = [];
  const add = (name: string, variants: string[], multiple = 1) => {
    for (const variant of variants) {
      if (!workers[name]) continue;
      lanes.push({
        ...{ key: `${name}: ${variant}`, workers: workers[name], variant, multiple },
        ...{ steps: multiple, samples: { milliseconds: [] } },
      });
    }
  };
  const more = ['eager, composed', 'compiled, xla', 'compiled, no xla', 'compiled, composed', 'compiled, fused'];
  add('TensorFlow.js', ['stock', 'eager', 'compiled', ...(all ? more : [])]);
  add(COPY, ['compiled']);
  const compiled = ['torch.compile', 'torch.compile, max-autotune'];
  add('PyTorch', ['eager', ...compiled]);
  if (one.channels)
    add(
      'PyTorch',
      ['eager', ...compiled].map((mode) => `${mode}, channels last`),
    );
  add('JAX', ['jit']);
  add('JAX', ['scan'], one.scan);
  if (one.channels) add('TensorFlow.js', ['convolutions']);
  else {
    add('TensorFlow.js', ['products', 'products, no xla']);
    add('PyTorch', ['products']);
    add('JAX', ['products']);
  }
  return lanes;
}

/** Finds out how many steps a timing has, and which of the lane's processes is the fastest. */
async function warmUp(lane: Lane, name: string): Promise<void> {
  const timed: { seconds: number; worker: Lane['workers'][number] }[] = [];
  for (const one of lane.workers) {
    let each = Infinity;
    // three times: the first answer knows compilation only
    for (let pass = 0; pass < 3; pass++) {
      const answer = await one.worker.ask({ case: name, variant: lane.variant, steps: lane.steps });
      if (answer.seconds === undefined) {
        lane.samples.error ??= answer.error ?? 'no time';
        break;
      }
      if (one === lane.workers[0]) lane.samples.firstSeconds ??= answer.first;
      each = answer.seconds / lane.steps;
      const wanted = SAMPLE_SECONDS / each;
      lane.steps = Math.max(1, Math.round(Math.min(wanted, 50 * lane.steps) / lane.multiple)) * lane.multiple;
    }
    if (each < Infinity) timed.push({ seconds: each, worker: one });
  }
  if (timed.length === 0) return;
  delete lane.samples.error;
  const best = timed.reduce((a, b) => (b.seconds < a.seconds ? b : a));
  lane.workers = [best.worker];
  lane.samples.threads = best.worker.threads;
  lane.steps = Math.max(1, Math.round(SAMPLE_SECONDS / best.seconds / lane.multiple)) * lane.multiple;
}

async function measure(one: Case, workers: Workers, rounds: number, all: boolean): Promise<Report['cases'][number]> {
  const lanes = lanesOf(one, workers, all);
  for (const lane of lanes) {
    process.stdout.write(`${one.name}: warming up ${lane.key} ... `);
    await warmUp(lane, one.name);
    console.log(lane.samples.error ?? `${lane.steps} steps a timing`);
  }
  const order = new Random(1, 'lanes');
  for (let round = 0; round < rounds; round++) {
    // Each round in an order of its own: a lane that always follows the same other one inherits its caches and its clock.
    for (const at of order.permutation(lanes.length)) {
      const lane = lanes[at];
      if (lane.samples.error !== undefined) continue;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
      const answer = await lane.workers[0].worker.ask({ case: one.name, variant: lane.variant, steps: lane.steps });
      if (answer.seconds === undefined) lane.samples.error = answer.error ?? 'no time';
      else lane.samples.milliseconds.push((1000 * answer.seconds) / lane.steps);
    }
    process.stdout.write(`${one.name}: round ${round + 1} of ${rounds}\n`);
  }
  const samples: Record<string, Samples> = {};
  for (const lane of lanes) samples[lane.key] = lane.samples;
  return { name: one.name, title: one.title, productMegaflops: productFlops(one) / 1e6 || undefined, samples };
}

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
