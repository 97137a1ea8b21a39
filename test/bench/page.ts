/**
 * The training step of a report's page: the paper's network with BN (784-100-100-100-10, sigmoid, mini-batches of 60) on WebAssembly, in Node,
 * in a browser, and by other libraries, in turn: a slow minute of the machine is everybody's. Writes results/page.md.
 *
 *   node -r ts-node/register/transpile-only test/bench/page.ts [--rounds N] [--jax-js FOLDER] [--no-page]
 *
 * @jax-js/jax is no dependency: FOLDER is one in which `npm install @jax-js/jax` was run; without it that row says so. `--no-page` leaves
 * the browser out and writes nothing.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import type * as Library from 'bnlab/dist/src/browser';
import { writeAtomically } from 'bnlab/dist/src/platform/node/write';
import { openLibrary } from '../support/page';
import { BATCH, DIGITS, SIZES, STEPS, type Taken } from './page-ways';

declare const bnlab: typeof Library;

/** A way that is ready to be timed. */
interface Timed {
  title: string;
  round(): Promise<Taken>;
  close(): Promise<unknown> | void;
}

async function inNode(title: string, way: string, folder = ''): Promise<Timed> {
  const child: ChildProcess = fork(path.join(__dirname, 'page-ways.ts'), [way, folder], { execArgv: process.execArgv });
  const answer = async () => {
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${title}: its process ended`)));
    return ((await Promise.race([once(child, 'message'), ended])) as [Taken])[0];
  };
  await answer();
  const round = () => {
    child.send('round');
    return answer();
  };
  return { title, round, close: () => void child.kill() };
}

async function inPage(title: string): Promise<Timed> {
  const opened = await openLibrary();
  const module = fs.readFileSync(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'));
  await opened.page.evaluate(async (base64) => {
    bnlab.useWasm(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
    await bnlab.ready();
  }, module.toString('base64'));
  const given = [SIZES, STEPS, BATCH, DIGITS] as const;
  const round = () =>
    opened.page.evaluate(async ([sizes, steps, batchSize, digits]) => {
      const data = await bnlab.loadDataset('digits', { digits });
      const began = performance.now();
      const network = bnlab.mlp({ sizes: [...sizes], activation: 'sigmoid', norm: 'batch', seed: 1 });
      const evaluate = { at: [steps] };
      await bnlab.trainNetwork({ network, data, steps, batchSize, learningRate: 0.1, seed: 1, evaluate });
      network.dispose();
      return { wall: (performance.now() - began) / steps };
    }, given);
  return { title, round, close: opened.close };
}

const middle = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** A row: the fastest round, the median, and the median of each round's ratio to the first way's. */
function row({ title }: Timed, taken: readonly Taken[], first: readonly Taken[]): string {
  const wall = taken.map((one) => one.wall);
  const cpu = taken.flatMap((one) => one.cpu ?? []);
  const ratio = (of: 'wall' | 'cpu') => middle(taken.map((one, i) => one[of]! / first[i][of]!)).toFixed(2);
  const processor = cpu.length > 0 ? [Math.min(...cpu).toFixed(2), ratio('cpu')] : ['', ''];
  return `| ${[title, Math.min(...wall).toFixed(2), middle(wall).toFixed(2), ratio('wall'), ...processor].join(' | ')} |`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      ...{ rounds: { type: 'string', default: '9' }, 'jax-js': { type: 'string' } },
      'no-page': { type: 'boolean', default: false },
    },
  });
  const jax = values['jax-js'];
  const ways = [await inNode('bnlab, wasm, Node', 'bnlab')];
  if (!values['no-page']) ways.push(await inPage('the same in a page (Chromium)'));
  ways.push(await inNode('each step called, products and `gather` as TensorFlow.js has them, BN composed', 'unmended'));
  ways.push(await inNode('tf.layers `fit`, wasm, Node', 'layers'));
  if (jax !== undefined) ways.push(await inNode('@jax-js/jax, wasm, jit(valueAndGrad), Node', 'jax', jax));
  const taken: Taken[][] = ways.map(() => []);
  for (const way of ways) await way.round(); // warm
  const load = os.loadavg()[0];
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [i, way] of ways.entries()) taken[i].push(await way.round());
  for (const way of ways) await way.close();
  const busy =
    load > 1.5
      ? ` The machine was busy (load ${load.toFixed(1)} on ${os.cpus().length} processors): read ratios, not times.`
      : '';
  const absent = jax === undefined ? '\n@jax-js/jax was not measured: it is not installed.\n' : '';
  const text = `# The step of a page

Written by \`node -r ts-node/register/transpile-only test/bench/page.ts\`. 784-100-100-100-10, sigmoid, BN, mini-batches of ${BATCH}, SGD; ${values.rounds} rounds of ${STEPS} steps, each
way in turn, each in a process of its own. Milliseconds per step, by the clock and of processors (all threads; a page does not tell); a ratio is the median over the rounds of
time over that of the first row in the same round.${busy}

| way | fastest, ms | median, ms | ratio | processors, ms | ratio |
|---|---:|---:|---:|---:|---:|
${ways.map((way, i) => row(way, taken[i], taken[0])).join('\n')}
${absent}`;
  if (!values['no-page']) writeAtomically(path.join(__dirname, 'results', 'page.md'), text);
  console.log(text);
  process.exit(0);
}
void main();
