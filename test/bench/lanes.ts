/**
 * Runs of a comparison in processes beside this one: what they gain over one process, and what they take of memory. Each way is a process of its
 * own that makes the same comparison twice: the second finds the processes that the first has started. Writes the section of its make of
 * processor in results/lanes.md.
 *
 *   node -r ts-node/register/transpile-only test/bench/lanes.ts [--rounds N] [--steps N] [--base FOLDER]
 *
 *   --base FOLDER   also another checkout of this project that is set up, such as one of an earlier commit
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import type { NetworkSpec } from 'bnlab';
import { machine, writeSection } from './pages';

const SEEDS = [1, 2, 3, 4, 5];
const RATES = [0.03, 0.1, 0.3, 1, 3, 10, 30];
const EVALUATIONS = 10;

/** One way to make the runs. */
interface Way {
  words: string;
  /** Of the library. */
  folder: string;
  lanes?: string;
}

/** What a process says: seconds of both comparisons, their numbers' digest, and the most memory that it and its lanes took. */
interface Said {
  seconds: [number, number];
  hash: string;
  bytes: number;
}

/** In the process: any version of the library. */
async function one(folder: string, steps: number): Promise<Said> {
  const { compare, loadDataset, ready } = require(path.join(folder, 'lib', 'dist', 'src')) as typeof import('bnlab');
  await ready();
  const data = await loadDataset('digits', { digits: { train: 5000, test: 1000, seed: 1 } });
  const network: NetworkSpec = { kind: 'mlp', sizes: [784, 100, 100, 100, 10], activation: 'sigmoid', norm: 'batch' };
  const hash = createHash('sha256');
  let bytes = 0;
  const once = async () => {
    const began = performance.now();
    const { runs } = await compare({
      ...{ sides: [{ name: 'BN', network }], seeds: SEEDS, learningRates: RATES, data, pixels: 'binary' },
      ...{ steps, batchSize: 60, evaluate: { every: Math.ceil(steps / EVALUATIONS) } },
    });
    const seconds = (performance.now() - began) / 1000;
    for (const { history } of runs) hash.update(JSON.stringify([history.losses, history.evaluations]));
    bytes = Math.max(bytes, peak());
    return seconds;
  };
  return { seconds: [await once(), await once()], bytes, hash: hash.digest('hex') };
}

/** Most memory that this process and those that it has started have taken, on Linux: bytes. */
function peak(): number {
  const status = (pid: string) => fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const numbers = fs.existsSync('/proc/self/status')
    ? fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    : [];
  let sum = 0;
  for (const pid of numbers) {
    try {
      const text = status(pid);
      const isOurs = pid === String(process.pid) || Number(/PPid:\s*(\d+)/.exec(text)?.[1]) === process.pid;
      if (isOurs) sum += 1024 * Number(/VmHWM:\s*(\d+)/.exec(text)?.[1] ?? 0);
    } catch {
      // it has ended
    }
  }
  return sum;
}

async function measured({ folder, lanes }: Way, steps: number): Promise<Said> {
  const words = [...process.execArgv, __filename, '--one', folder, '--steps', String(steps)];
  const env = { ...process.env, BNLAB_LANES: lanes ?? '' };
  const { stdout } = await promisify(execFile)(process.execPath, words, { env });
  return JSON.parse(stdout) as Said;
}

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      ...{ one: { type: 'string' }, base: { type: 'string' } },
      ...{ rounds: { type: 'string', default: '5' }, steps: { type: 'string', default: '1000' } },
    },
  });
  const steps = Number(values.steps);
  if (values.one !== undefined) return console.log(JSON.stringify(await one(values.one, steps)));
  const here = path.resolve(__dirname, '..', '..');
  const ways: Way[] = [
    { words: 'one process', folder: here, lanes: '1' },
    { words: 'as the rule has it', folder: here },
    ...(values.base === undefined ? [] : [{ words: 'the other checkout', folder: path.resolve(values.base) }]),
  ];
  const said = new Map<Way, Said[]>(ways.map((way) => [way, []]));
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const way of ways) {
      const found = await measured(way, steps);
      said.get(way)!.push(found);
      console.log(`round ${round}, ${way.words}: ${found.seconds.map((s) => s.toFixed(1)).join(' s, again ')} s`);
    }
  }
  report(ways, said, { steps, rounds: values.rounds! });
}

function report(ways: Way[], said: Map<Way, Said[]>, { steps, rounds }: { steps: number; rounds: string }): void {
  const load = os.loadavg()[0];
  const cores = os.availableParallelism();
  const busy = load > cores + 1 ? ` The machine was busy (load ${load.toFixed(1)}): read ratios, not times.` : '';
  const ratios = (way: Way, which: 0 | 1) =>
    said.get(ways[0])!.map(({ seconds }, round) => seconds[which] / said.get(way)![round].seconds[which]);
  const rows = ways.map((way) => {
    const all = said.get(way)!;
    const cells = ([0, 1] as const).flatMap((which) => [
      `${middle(all.map(({ seconds }) => seconds[which])).toFixed(1)} s`,
      middle(ratios(way, which)).toFixed(2),
    ]);
    return `| ${[way.words, ...cells, `${(middle(all.map(({ bytes }) => bytes)) / 2 ** 20).toFixed(0)} MiB`].join(' | ')} |`;
  });
  const same = new Set([...said.values()].flat().map(({ hash }) => hash)).size === 1;
  const byRound = ways.slice(1).map(
    (way) =>
      `${way.words}: ${ratios(way, 0)
        .map((ratio, round) => `${ratio.toFixed(2)} and ${ratios(way, 1)[round].toFixed(2)}`)
        .join('; ')}`,
  );
  const head = `Written by \`node -r ts-node/register/transpile-only test/bench/lanes.ts\`. \`compare\` makes ${SEEDS.length * RATES.length} runs of the paper's network (batches of 60,
${EVALUATIONS} evaluations), ways in turn, each a process of its own; ratios within a round. "Again" is a second comparison in the same process, which
finds the others started.`;
  const section = `${machine()}; ${steps} steps, medians over ${rounds} round${rounds === '1' ? '' : 's'}.${busy}

| way | seconds | times as fast | again | times as fast | peak memory, all processes |
|---|---:|---:|---:|---:|---:|
${rows.join('\n')}

The numbers of all runs are ${same ? 'the same, bit for bit' : 'NOT the same'}. By round, the first comparison and the second: ${byRound.join('. ')}.
`;
  console.log(writeSection('lanes.md', { title: 'Runs in processes side by side', head }, section));
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
