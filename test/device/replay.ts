/** Times training steps on WebGPU: eager, replayed, replayed with fused shaders. A function for a script that runs where a card is. */
import * as fs from 'node:fs';
import { compile, convNet, mlp, type NamedTensors, type Network, Random, tf } from 'bnlab';
import { dispatchesOf, WAYS } from '../engine/webgpu/replayed';
import { descent } from '../support/descent';

/** A network and its mini-batches, timed. */
export interface Bench {
  name: string;
  network: () => Network;
  /** shape of an example */
  input: number[];
  batch: number;
}

export const BENCHES: Bench[] = [
  {
    name: 'dense',
    network: () => mlp({ sizes: [784, 100, 100, 100, 10], activation: 'sigmoid', norm: 'none', seed: 1 }),
    ...{ input: [784], batch: 60 },
  },
  {
    name: 'dense with BN',
    network: () => mlp({ sizes: [784, 100, 100, 100, 10], activation: 'sigmoid', norm: 'batch', seed: 1 }),
    ...{ input: [784], batch: 60 },
  },
  {
    name: 'wide',
    network: () => mlp({ sizes: [784, 1024, 1024, 1024, 10], activation: 'sigmoid', norm: 'none', seed: 1 }),
    ...{ input: [784], batch: 256 },
  },
  {
    name: 'wide with BN',
    network: () => mlp({ sizes: [784, 1024, 1024, 1024, 10], activation: 'sigmoid', norm: 'batch', seed: 1 }),
    ...{ input: [784], batch: 256 },
  },
  {
    name: 'conv with BN',
    network: () => convNet({ image: [28, 28, 1], filters: [16, 32], hidden: 64, classes: 10, norm: 'batch', seed: 1 }),
    ...{ input: [784], batch: 64 },
  },
];

/** Three hidden layers of a width, with batch normalization. */
export const dense = (width: number): Bench => ({
  name: `dense, ${width} wide`,
  network: () => mlp({ sizes: [784, width, width, width, 10], activation: 'sigmoid', norm: 'batch', seed: 1 }),
  ...{ input: [784], batch: 60 },
});

/** Parameters times examples of a step. */
export function workOf({ network, batch }: Bench): number {
  const one = network();
  const parameters = one.variables.reduce((sum, variable) => sum + (variable.trainable ? variable.size : 0), 0);
  one.dispose();
  return parameters * batch;
}

/** Milliseconds a step. */
export interface Timed {
  bench: string;
  way: string;
  dispatches: number | null;
  /** of the clock */
  milliseconds: number;
  /** of the processor on JavaScript's thread, drivers that work there included; null where the system does not tell */
  javascript: number | null;
  /** of the last step, to be compared between the ways */
  loss: number;
}

/** Processor time of this thread in milliseconds. */
function threadTime(): number | null {
  try {
    return Number(fs.readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return null;
  }
}

/** A network, its step and random examples for it. */
function prepared({ network, input, batch }: Bench, way: string) {
  const random = new Random(7);
  const n = 4 * batch;
  const size = input.reduce((a, b) => a * b, 1);
  const x = tf.tensor(random.uniforms(n * size), [n, ...input]);
  const labels = Int32Array.from({ length: n }, () => random.integer(10));
  const y = tf.tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), 10).toFloat());
  const net = network();
  const optimizer = tf.train.sgd(0.05);
  const step = compile<NamedTensors, NamedTensors>(descent(net, optimizer), WAYS[way]);
  const options = (count: number) => ({
    ...{ data: { x, y }, batchSize: batch },
    batches: Int32Array.from({ length: count * batch }, () => random.integer(n)),
  });
  const dispose = () => {
    step.dispose();
    optimizer.dispose();
    net.dispose();
    tf.dispose([x, y]);
  };
  return { net, step, options, dispose };
}

/** What each step of a run of so many costs, after a first run, which compiles the shaders and learns how long a step takes. */
async function timed(run: (count: number) => Promise<number>, steps: number) {
  await run(Math.max(3, Math.min(20, steps)));
  const before = threadTime();
  const began = performance.now();
  const loss = await run(steps);
  const milliseconds = (performance.now() - began) / steps;
  const after = threadTime();
  return { milliseconds, javascript: before === null || after === null ? null : (after - before) / steps, loss };
}

/**
 * Times one network in one way: steps of plain SGD on random examples. On the engine in use.
 */
export async function timeSteps(bench: Bench, way: string, steps: number): Promise<Timed> {
  const { step, options, dispose } = prepared(bench, way);
  const run = async (count: number) => {
    const { outputs } = await step.run(options(count));
    const losses = await outputs.loss.data();
    outputs.loss.dispose();
    return losses[count - 1];
  };
  const found = await timed(run, steps);
  const dispatches = dispatchesOf(step);
  dispose();
  return { bench: bench.name, way, dispatches, ...found };
}

/** The same of many runs side by side, with fused shaders: milliseconds of a step of one of them; the loss is the first one's. */
export async function timeTogether(bench: Bench, runs: number, steps: number): Promise<Timed> {
  const { net, step, options, dispose } = prepared(bench, 'fused');
  const all = Array.from({ length: runs }, () => new Map(net.variables.map((v) => [v, v.clone() as tf.Tensor])));
  const run = async (count: number) => {
    const results = await step.runTogether(all.map((variables) => ({ ...options(count), variables })));
    const losses = await results[0].outputs.loss.data();
    tf.dispose(results.map(({ outputs }) => outputs));
    return losses[count - 1];
  };
  const { milliseconds, javascript, loss } = await timed(run, steps);
  const dispatches = dispatchesOf(step);
  tf.dispose(all.flatMap((variables) => [...variables.values()]));
  dispose();
  const each = { milliseconds: milliseconds / runs, javascript: javascript === null ? null : javascript / runs };
  return { bench: bench.name, way: `${runs} runs at once`, dispatches, ...each, loss };
}
