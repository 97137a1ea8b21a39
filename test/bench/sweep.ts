/**
 * Sweeps: what processes side by side gain over `compare` in one process, what a queue costs, and how long a large store takes to open. The
 * server is a real one, see test/support/valkey.ts. Writes the section of its make of processor in
 * results/sweep.md.
 *
 *   node -r ts-node/register/transpile-only test/bench/sweep.ts [--rounds N] [--steps N] [--seeds N]
 *
 * `--rounds 0` leaves the comparison out.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { compare, defineSweep, loadDataset, loadSweep, ready } from 'bnlab';
import { idOf, INDEX, runPath } from 'bnlab/dist/src/experiments/kept-results';
import { Screen } from 'bnlab/dist/tools/run/screen';
import { Stop } from 'bnlab/dist/tools/running';
import { codeOf } from 'bnlab/dist/tools/sweep/code';
import { loadSweepFile } from 'bnlab/dist/tools/sweep/load';
import { type Ended, type Hands, Pool, type Task, type Work } from 'bnlab/dist/tools/sweep/pool';
import { WorkerProcess } from 'bnlab/dist/tools/sweep/process';
import { addressOf } from 'bnlab/dist/tools/sweep/queue/address';
import { QueueHands } from 'bnlab/dist/tools/sweep/queue/hands';
import { QueueWorker } from 'bnlab/dist/tools/sweep/queue/work';
import { type Result, Results, Store } from 'bnlab/dist/tools/sweep/store';
import { Server } from '../support/valkey';
import { machine, writeSection } from './pages';

const SIZES = [784, 100, 100, 100, 10];
const network = { kind: 'mlp', sizes: SIZES, activation: 'sigmoid' } as const;
const RATES = [0.03, 0.1, 0.3, 1, 3, 10, 30];
const DATA = { kind: 'digits', train: 5000, test: 1000 } as const;
const WIDTH = 2;
const EMPTY = 1000;
const MANY = 100_000;
const EMPTY_FILE = path.resolve(__dirname, '..', 'tools', 'sweeps', 'empty.ts');

interface Size {
  seeds: number[];
  steps: number;
}

/** All of it in one process, as a notebook does. */
async function inOneProcess({ seeds, steps }: Size): Promise<void> {
  const sides = [
    { name: 'no BN', network },
    { name: 'BN', network: { ...network, norm: 'batch' as const } },
  ];
  const data = await loadDataset('digits', { digits: { train: DATA.train, test: DATA.test, seed: 1 } });
  const evaluate = { every: Math.ceil(steps / 10) };
  const learningRates = RATES;
  await compare({ sides, learningRates, seeds, data, pixels: 'binary', steps, batchSize: 60, evaluate, lanes: 1 });
}

/** Runs handed out and kept, and when: milliseconds. */
class Timed implements Work {
  readonly goesOn = true;
  readonly ends: number[] = [];
  firstAsked: number | undefined;
  private begun = 0;

  constructor(
    private readonly runs: readonly Task[],
    private readonly store: Store,
  ) {}

  next(): Task | undefined {
    this.firstAsked ??= performance.now();
    return this.runs[this.begun++];
  }

  async onDone(ended: readonly Ended[]): Promise<void> {
    await this.store.put(
      ...ended.map(({ task: { identity, at }, answer, seconds }) => {
        return { identity, at, answer, seconds, code: 'bench', engine: 'bench' };
      }),
    );
    for (const _ of ended) this.ends.push(performance.now());
  }

  async onFailed(_: Task, error: string): Promise<void> {
    throw new Error(error);
  }

  /** Seconds a run, from the first result to the last: what starts of processes cost is the same either way. */
  get each(): number {
    return (this.ends.at(-1)! - this.ends[0]) / 1000 / (this.ends.length - 1);
  }
}

async function timed(hands: Hands, runs: readonly Task[]): Promise<{ work: Timed; seconds: number }> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-bench-'));
  try {
    const work = new Timed(runs, await Store.open(folder));
    const started = performance.now();
    await hands.engine();
    await hands.run(work);
    return { work, seconds: (performance.now() - started) / 1000 };
  } finally {
    hands.kill();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** A machine of so many processes at the queue, while something is done. */
async function atWork<T>(url: string, files: { file: string }[], what: () => Promise<T>): Promise<T> {
  const stop = new Stop();
  const screen = new Screen();
  screen.line = screen.status = () => undefined;
  const options = {
    ...{ address: addressOf(url), width: WIDTH, grace: 0 },
    files: files.map(({ file }) => ({ file, sweep: loadSweepFile(file, { check: false }) })),
  };
  const worker = new QueueWorker(options, stop, screen).run();
  try {
    return await what();
  } finally {
    stop.ask({ signal: 'SIGTERM' });
    await worker;
  }
}

function queued(url: string, sweep: string, experiment: string, own: boolean, file: string): QueueHands {
  const need = async () => {
    const process = new WorkerProcess({ experiment, ...(own && { file }) });
    try {
      const engine = await process.engine();
      const code = codeOf({ own, experiment: { name: experiment } as never }, file);
      return { code, engine, data: {} };
    } finally {
      process.kill();
    }
  };
  const say = (text: string) => console.log(text);
  return new QueueHands({ address: addressOf(url), offer: { sweep, own, experiment }, need, say });
}

/** Seconds until a process of its own has done it. */
function seconds(size: Size): Promise<number> {
  const started = performance.now();
  const child = fork(__filename, ['--one', JSON.stringify(size)], { execArgv: process.execArgv });
  return new Promise((resolve, reject) =>
    child.on('close', (code) =>
      code === 0 ? resolve((performance.now() - started) / 1000) : reject(new Error(`compare ended with ${code}`)),
    ),
  );
}

/** Seconds to look at a store of so many runs, to open it to write, and to load it in a notebook. */
async function large(): Promise<Record<string, number>> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-large-'));
  try {
    const lines: string[] = [];
    for (let n = 0; n < MANY; n++) {
      const options = { network, learningRate: n / MANY, seed: n, steps: 1000, batchSize: 60, optimizer: 'sgd' };
      const identity = JSON.stringify({ name: 'training-run', version: 1, options });
      const curve = Array.from({ length: 11 }, (_, i) => 0.1 + (0.8 * i * ((n % 97) + 1)) / 1067);
      const answer = { steps: curve.map((_, i) => 100 * i), accuracy: curve, loss: curve, final: curve[10] };
      const at = { learningRate: n / MANY, seed: n };
      const result: Result = { identity, at, answer, seconds: 1, code: 'bench', engine: 'bench' };
      const file = path.join(folder, runPath(idOf(identity)));
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, JSON.stringify(result));
      lines.push(`${JSON.stringify(result)}\n`);
    }
    fs.writeFileSync(path.join(folder, INDEX), lines.join(''));
    const took: Record<string, number> = {};
    for (const [name, way] of Object.entries({
      '`loadSweep` in a notebook': () => loadSweep(folder),
      '`--list` and `--report`': () => Results.read(folder),
      'to go on with it': () => Store.open(folder),
    })) {
      const started = performance.now();
      await way();
      took[name] = (performance.now() - started) / 1000;
    }
    return took;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];
const verdict = (met: boolean) => (met ? 'met' : 'not met');

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      ...{ one: { type: 'string' }, rounds: { type: 'string', default: '3' } },
      ...{ steps: { type: 'string', default: '1000' }, seeds: { type: 'string', default: '5' } },
    },
  });
  await ready();
  if (values.one !== undefined) return inOneProcess(JSON.parse(values.one as string) as Size);
  const after: (() => unknown)[] = [];
  const context = { after: (last: () => unknown) => after.push(last), skip: (why: string) => console.log(why) };
  const server = await Server.start(context as never);
  if (!server) throw new Error('Without a server there is nothing to measure.');
  try {
    const size: Size = {
      seeds: Array.from({ length: Number(values.seeds) }, (_, i) => i + 1),
      steps: Number(values.steps),
    };
    const { runs } = defineSweep({
      name: 'bench',
      experiment: 'training-run',
      options: { data: DATA, steps: size.steps, evaluations: 10 },
      grid: { network: { 'no BN': network, BN: { ...network, norm: 'batch' } }, learningRate: RATES, seed: size.seeds },
    });
    const [gains, costs, whole]: number[][] = [[], [], []];
    for (let round = 1; round <= Number(values.rounds); round++) {
      const one = await seconds(size);
      const pool = await timed(new Pool({ experiment: 'training-run' }, WIDTH), runs);
      const queue = await atWork(server.url, [], () =>
        timed(queued(server.url, 'bench', 'training-run', false, ''), runs),
      );
      gains.push(one / pool.seconds);
      costs.push(queue.work.each / pool.work.each - 1);
      whole.push(one);
      console.log(
        `round ${round}: compare ${one.toFixed(1)} s, ${WIDTH} processes ${pool.seconds.toFixed(1)} s, queue ${queue.seconds.toFixed(1)} s`,
      );
    }
    process.env.BNLAB_TEST_EMPTY = String(EMPTY);
    const empty = loadSweepFile(EMPTY_FILE, { check: false });
    const { work } = await atWork(server.url, [{ file: EMPTY_FILE }], () =>
      timed(queued(server.url, 'empty', 'empty', true, EMPTY_FILE), empty.runs),
    );
    console.log(`an empty run through the queue: ${(1000 * work.each).toFixed(2)} ms`);
    const took = await large();
    report(size, values.rounds!, { runs: runs.length, gains, costs, each: 1000 * work.each, took });
  } finally {
    for (const last of after.reverse()) await last();
  }
}

interface Found {
  runs: number;
  gains: number[];
  costs: number[];
  each: number;
  took: Record<string, number>;
}

function report(size: Size, rounds: string, { runs, gains, costs, each, took }: Found): void {
  const load = os.loadavg()[0];
  const cores = os.cpus().length;
  const busy =
    load > cores ? ` The machine was busy (load ${load.toFixed(1)} on ${cores} cores): read ratios, not times.` : '';
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  const opening = Object.entries(took).map(
    ([name, value]) =>
      `| ${MANY.toLocaleString('en')} results, ${name} | at most 5 s | ${value.toFixed(2)} s | ${verdict(value <= 5)} |`,
  );
  const gain = middle(gains);
  const cost = middle(costs);
  const compared =
    rounds === '0'
      ? ''
      : `| time of \`compare\` over that of ${WIDTH} processes, their starts included | at least 1.6 | ${gain.toFixed(2)} | ${verdict(gain >= 1.6)} |
| time a run through the queue over that without, less one | at most 3 % | ${percent(cost)} | ${verdict(cost <= 0.03)} |
`;
  const byRound = `Round by round: ${gains.map((value) => value.toFixed(2)).join(', ')} times; ${costs.map(percent).join(', ')}.`;
  const head = `Written by \`node -r ts-node/register/transpile-only test/bench/sweep.ts\`. The paper's network, with BN and without, ${RATES.length} rates. \`compare\` in one
process of all threads, ${WIDTH} processes of one thread, and the same through a queue (Valkey on the same machine), in turn.`;
  const section = `${machine()}; ${size.seeds.length} seeds, ${size.steps} steps: ${runs} runs; medians over ${rounds} rounds.${busy}

| what | wanted | measured | |
|---|---|---:|---|
${compared}| an empty run through the queue, of ${EMPTY.toLocaleString('en')} | at most 5 ms | ${each.toFixed(2)} ms | ${verdict(each <= 5)} |
${opening.join('\n')}

${rounds === '0' ? 'The comparison was left out (`--rounds 0`).' : byRound}
`;
  console.log(writeSection('sweep.md', { title: 'Sweeps', head }, section));
}

void main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
