/**
 * Steps on WebGPU eagerly, replayed, and replayed with fused shaders. Run by replay.test.ts in a process of its own, with the engine in use.
 */
import { compile, type CompileOptions, type NamedTensors, type StepContext, tf } from 'bnlab';
import { inEveryWay, train } from '../replayed';
import type { ModelOptions } from '../steps';

/** The ways to run a step. */
export const WAYS: Record<string, CompileOptions> = {
  eager: { mode: 'eager' },
  replay: { mode: 'graph', xla: false },
  fused: { mode: 'graph', xla: true },
};

/** Dispatches of a step that was recorded, as its listing says; null for one that was not. */
export function dispatchesOf(step: unknown): number | null {
  const said = /(\d+) dispatches a step/.exec(String(step))?.[1];
  return said === undefined ? null : Number(said);
}

export const MODELS: Record<string, ModelOptions> = {
  'batch norm, dropout, momentum': { optimizer: () => tf.train.momentum(0.05, 0.9), norm: true, dropout: 0.3 },
  'batch norm, weight decay, Adam': { optimizer: () => tf.train.adam(0.01), norm: true, l2: 1e-3 },
  'convolutions, batch norm': { optimizer: () => tf.train.sgd(0.1), norm: true, convolution: true },
};

export interface Trained {
  mode: string;
  losses: number[];
  weights: number[][];
  dispatches: number | null;
  /** tensors left behind; tf.train.momentum leaves one of its own */
  left: number;
}

/** Every model in every way. */
export const trained = (): Promise<Record<string, Record<string, Trained>>> =>
  inEveryWay(MODELS, WAYS, async (options, way) => {
    const before = tf.memory().numTensors;
    const { mode, losses, weights, listing } = await train(options, way, 4);
    return { mode, losses, weights, dispatches: dispatchesOf(listing), left: tf.memory().numTensors - before };
  });

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const X = [nan, inf, -inf, 0, -0, 1, -1, 0.5, 3, -20, 88, 1e-6];
/** A matrix without NaN, so that sums say something. */
const M = Array.from({ length: 12 }, (_, i) => Math.fround(Math.sin(i + 1)));

/** One rule of fusion each: a function of x [12] and m [4, 3] (and a row of 3), and the dispatches that it may take. */
export const RULES: Record<string, { of: (x: tf.Tensor, m: tf.Tensor) => tf.Tensor[]; dispatches: number }> = {
  'a chain of maps': { of: (x) => [tf.relu(tf.neg(tf.square(x.add(1))).mul(x))], dispatches: 1 },
  'NaN through sigmoid, exp, log, ReLU, maximum, clip': {
    of: (x) => [
      tf.addN([tf.sigmoid(x), tf.relu(x), tf.clipByValue(x, -2, 2)].map((one) => one.mul(2))),
      tf.exp(x.neg()),
      tf.log(x.add(1)),
      tf.maximum(x.mul(2), 0.5),
    ],
    dispatches: 2,
  },
  'a chosen NaN': { of: (x) => [tf.where(tf.greater(x, 0.2), x.mul(2), x.neg())], dispatches: 1 },
  'comparisons and booleans': {
    of: (x) => [tf.logicalAnd(tf.greater(x, 0), tf.isFinite(x)).cast('float32').mul(3)],
    dispatches: 1,
  },
  'integers that become numbers': { of: (x) => [tf.cast(tf.floor(tf.clipByValue(x, -9, 9)), 'int32')], dispatches: 2 },
  'a row and a column broadcast': {
    of: (_, m) => [m.add(tf.slice(m, [0, 0], [1, 3])).mul(tf.slice(m, [0, 0], [4, 1]))],
    dispatches: 3,
  },
  'constants folded': { of: (x) => [x.mul(tf.ones([12]).mul(-1).div(3))], dispatches: 1 },
  'the sum of columns without a transposition': { of: (_, m) => [tf.sum(m, 0)], dispatches: 1 },
  'the mean of rows with what is made of it': { of: (_, m) => [tf.sqrt(tf.mean(m.square(), 1).add(1))], dispatches: 1 },
  'rows less their means, columns as they are': {
    of: (_, m) => [m.sub(tf.mean(m, 1, true)), tf.sum(m.mul(2), 0)],
    dispatches: 2,
  },
  'normalized columns, in one pass after another': {
    of: (_, m) => {
      const { mean, variance } = tf.moments(m, 0);
      return [m.sub(mean).mul(tf.rsqrt(variance.add(1e-3)))];
    },
    dispatches: 1,
  },
  'softmax of rows': { of: (_, m) => [tf.logSoftmax(m).exp()], dispatches: 1 },
  'maximum and minimum with NaN': {
    of: (x) => [tf.max(x.reshape([3, 4]).mul(1.5), 1), tf.min(x.reshape([3, 4]).mul(1.5), 1)],
    dispatches: 1,
  },
  'everything summed': { of: (_, m) => [tf.sum(m.square()).mul(0.5)], dispatches: 1 },
  'transposed, and a product of it': { of: (_, m) => [tf.matMul(m.add(1), m, true).mul(2)], dispatches: 3 },
};

/** Each rule alone: what it gives eagerly, what fused, and the dispatches between the batch and the outputs. */
export async function ruled(): Promise<Record<string, { eager: string[]; fused: string[]; dispatches: number }>> {
  const results: Record<string, { eager: string[]; fused: string[]; dispatches: number }> = {};
  const x = tf.tensor2d(X, [1, 12]);
  const m = tf.tensor3d(M, [1, 4, 3]);
  for (const [name, { of }] of Object.entries(RULES)) {
    const step = (inputs: NamedTensors, _: StepContext): NamedTensors =>
      Object.fromEntries(of(inputs.x.reshape([12]), inputs.m.reshape([4, 3])).map((y, i) => [`y${i}`, y]));
    const run = async (options: CompileOptions) => {
      const compiled = compile<NamedTensors, NamedTensors>(step, options);
      const { outputs } = await compiled.run({ data: { x, m }, batches: Int32Array.of(0), batchSize: 1 });
      const values: string[] = [];
      for (const output of Object.values(outputs)) {
        values.push(...Array.from(await output.data(), (v) => (Object.is(v, -0) ? '0' : String(v))));
      }
      const lines = String(compiled).split('\n');
      const operations = lines.slice(lines.indexOf('  operations') + 1, lines.indexOf('  outputs'));
      compiled.dispose();
      tf.dispose(outputs);
      return { values, dispatches: operations.filter((line) => !line.includes('= Batch(')).length };
    };
    const eager = await run(WAYS.eager);
    const fused = await run(WAYS.fused);
    results[name] = { eager: eager.values, fused: fused.values, dispatches: fused.dispatches };
  }
  tf.dispose([x, m]);
  return results;
}
