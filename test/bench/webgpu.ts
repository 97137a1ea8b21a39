/**
 * What a step on WebGPU takes where no card is: JavaScript's time of each way of running it and its dispatches, on Dawn's null backend, which
 * takes commands, checks them and computes nothing; what grows in many steps; and, on a driver in software, random steps.
 * Each part is a process of its own. Writes results/webgpu.md.
 *
 *   node -r ts-node/register/transpile-only test/bench/webgpu.ts [--rounds N] [--steps N] [--programs N]
 */
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { writeAtomically } from 'bnlab/dist/src/platform/node/write';
import type { Bench, Timed } from '../device/replay';
import type { Growth } from '../engine/webgpu/growth';
import type { Verdict } from '../engine/webgpu/random-steps';
import { onEngine } from '../support/engines';
import { onNullBackend } from '../support/webgpu';

/** Networks of `test/device/replay.ts` that are timed. */
const NETWORKS = ['dense', 'dense with BN', 'conv with BN'];
const WAYS = ['eager', 'replay', 'fused'];
/** Eager steps are as many times fewer. */
const EAGER = 20;

const inSoftware = <T>(body: string): Promise<T> =>
  onEngine<T>('webgpu', `require('ts-node/register/transpile-only'); ${body}`);

const timed = (bench: Bench['name'], way: string, steps: number): Promise<Timed> =>
  onNullBackend<Timed>(
    `const { BENCHES, timeSteps } = require('./test/device/replay');
     return timeSteps(BENCHES.find(({ name }) => name === '${bench}'), '${way}', ${steps});`,
  );

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

/** A row for each network and way: medians over rounds, ratios within a round. */
async function steps(rounds: number, count: number): Promise<string[]> {
  const rows: string[] = [];
  for (const network of NETWORKS) {
    const found: Record<string, Timed>[] = [];
    for (let round = 0; round < rounds; round++) {
      const one: Record<string, Timed> = {};
      for (const way of WAYS) one[way] = await timed(network, way, way === 'eager' ? Math.ceil(count / EAGER) : count);
      found.push(one);
    }
    const time = ({ javascript, milliseconds }: Timed) => javascript ?? milliseconds;
    for (const way of WAYS) {
      const all = found.map((one) => time(one[way]));
      const less = way === 'eager' ? '' : middle(found.map((one) => time(one.eager) / time(one[way]))).toFixed(0);
      rows.push(`| ${[network, way, found[0][way].dispatches ?? '', middle(all).toFixed(4), less].join(' | ')} |`);
      console.log(rows.at(-1));
    }
  }
  return rows;
}

const MiB = (bytes: number): string => (bytes / 2 ** 20).toFixed(2);

/** A row for each look at what grows. */
async function growth(): Promise<string[]> {
  const looks = await onNullBackend<Growth[]>(`return require('./test/engine/webgpu/growth').grown(5, 2000);`);
  return looks.map(
    ({ steps, tensors, device, buffers, heap, resident }) =>
      `| ${[steps, tensors, MiB(device), buffers, MiB(heap), resident === null ? '' : MiB(resident)].join(' | ')} |`,
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      steps: { type: 'string', default: '2000' },
      programs: { type: 'string', default: '100' },
    },
  });
  const [rounds, count, programs] = [values.rounds, values.steps, values.programs].map(Number);
  const rows = await steps(rounds, count);
  const grown = await growth();
  const verdicts = await inSoftware<Verdict[]>(
    `return require('./test/engine/webgpu/random-steps').triedAll(1, ${programs});`,
  );
  const faults = verdicts.filter(({ faults: found }) => found.length > 0);
  const sum = (which: 'replay' | 'fused') => verdicts.reduce((all, { dispatches }) => all + dispatches[which], 0);
  const most = Math.max(...verdicts.map(({ difference }) => difference));
  const text = `# WebGPU without a card

Written by \`node -r ts-node/register/transpile-only test/bench/webgpu.ts\` on ${os.availableParallelism()} processors (${os.cpus()[0]?.model.trim()}). What a card did: [nvidia-h200.md](nvidia-h200.md).

## JavaScript's time of a step

On Dawn's null backend, which takes commands and checks them and computes nothing: processor time of JavaScript's thread, Dawn's own work on it
included; ${count} steps, eagerly ${Math.ceil(count / EAGER)}, each a process of its own, medians over ${rounds === 1 ? 'one round' : `${rounds} rounds`}, ratios within a round. Plain gradient descent; the networks are those of
\`test/device/replay.ts\`.

| network | way | dispatches | ms a step | times less |
|---|---|---:|---:|---:|
${rows.join('\n')}

## What grows

The paper's network with BN, by Adam, fused, on the same backend: after so many steps, in MiB where it is memory, garbage collected.

| steps | tensors | on the device | buffers | JavaScript's heap | resident |
|---:|---:|---:|---:|---:|---:|
${grown.join('\n')}

## On a driver in software

${programs} random training steps (\`test/engine/webgpu/random-steps.ts\`), five steps each: ${faults.length === 0 ? 'replayed bit-equal to eager in all' : `NOT as eagerly in ${faults.length}`}; fused at most ${most.toExponential(1)} apart, by the largest number of the
tensor or 1, in ${sum('fused')} dispatches of ${sum('replay')}.

TensorFlow.js's own tests: [conformance.md](../../conformance.md).
`;
  writeAtomically(path.join(__dirname, 'results', 'webgpu.md'), text);
  console.log(text);
  for (const { seed, text: words, faults: found } of faults)
    console.log(`seed ${seed} (${words}): ${found.join('; ')}`);
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
