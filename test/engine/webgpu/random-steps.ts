/**
 * Random training steps on WebGPU: eagerly, replayed, and replayed with fused shaders. A step is a chain of random pieces (products, maps,
 * broadcasts, reductions, normalizations, rearrangements) on random shapes, a loss, and an optimizer. Run in a process of its own, with the
 * engine in use.
 */
import { compile, type CompileOptions, type NamedTensors, Random, type StepContext, tf } from 'bnlab';
import { dispatchesOf, WAYS } from './replayed';

const EXAMPLES = 20;
const FEATURES = 9;

/** What a piece may use besides its input. */
interface Use extends StepContext {
  mask: tf.Tensor2D;
  rate: tf.Tensor;
}

type Apply = (h: tf.Tensor2D, use: Use) => tf.Tensor;

interface Piece {
  text: string;
  /** columns of its result */
  columns: number;
  apply: Apply;
}

const OPTIMIZERS: Record<string, () => tf.Optimizer> = {
  SGD: () => tf.train.sgd(0.05),
  momentum: () => tf.train.momentum(0.02, 0.9),
  Nesterov: () => tf.train.momentum(0.02, 0.9, true),
  Adam: () => tf.train.adam(0.01),
  RMSProp: () => tf.train.rmsprop(0.005),
  Adagrad: () => tf.train.adagrad(0.05),
};

const MAPS: Record<string, (h: tf.Tensor2D) => tf.Tensor> = {
  sigmoid: tf.sigmoid,
  tanh: tf.tanh,
  relu: tf.relu,
  relu6: tf.relu6,
  elu: tf.elu,
  selu: tf.selu,
  softplus: tf.softplus,
  leakyRelu: (h) => tf.leakyRelu(h, 0.1),
  absolute: tf.abs,
  'square of tanh': (h) => tf.square(tf.tanh(h)),
  'exp of tanh': (h) => tf.exp(tf.tanh(h)),
  'root of the square and 1': (h) => tf.sqrt(tf.square(h).add(1)),
  'log of the size and 1': (h) => tf.log1p(tf.abs(h)),
  sine: tf.sin,
  clipped: (h) => tf.clipByValue(h, -1.5, 1.5),
  'reciprocal of the square and 1': (h) => tf.reciprocal(tf.square(h).add(1)),
  'less a constant, times another': (h) => tf.mul(tf.sub(h, 0.3), -1.7),
  'largest of two': (h) => tf.maximum(h, h.mul(-0.5)),
};

const OVER: Record<string, (h: tf.Tensor2D) => tf.Tensor> = {
  softmax: (h) => tf.softmax(h).mul(h.shape[1]),
  logSoftmax: tf.logSoftmax,
  'rows less their means': (h) => h.sub(tf.mean(h, 1, true)),
  'rows less their largest': (h) => h.sub(tf.max(h, 1, true)),
  'columns less their sums': (h) => h.sub(tf.sum(h, 0).div(h.shape[0])),
  'rows by their norms': (h) => h.div(tf.sqrt(tf.sum(tf.square(h), 1, true).add(0.1))),
  'all less their mean': (h) => h.sub(tf.mean(h)),
  'normalized columns': (h) => {
    const { mean, variance } = tf.moments(h, 0);
    return h.sub(mean).mul(tf.rsqrt(variance.add(0.05)));
  },
  'normalized rows': (h) => {
    const { mean, variance } = tf.moments(h, 1, true);
    return h.sub(mean).div(tf.sqrt(variance.add(0.05)));
  },
  'cumulative sums': (h) => tf.cumsum(h, 1).mul(1 / h.shape[1]),
};

const MOVES: Record<string, (h: tf.Tensor2D) => tf.Tensor> = {
  'beside itself': (h) => tf.concat([h, h.mul(0.5)], 1),
  'without the first column': (h) => tf.slice(h, [0, h.shape[1] > 1 ? 1 : 0], [-1, -1]),
  'there and back': (h) => tf.transpose(tf.transpose(h).mul(1.1)),
  backwards: (h) => tf.reverse(h, 1),
  padded: (h) => tf.pad2d(h, [[0, 0], [0, 1]], 0.25), // prettier-ignore
  'some columns': (h) => tf.gather(h, tf.tensor1d([0, h.shape[1] - 1, 0], 'int32'), 1),
  'in other rows': (h) => h.reshape([h.shape[1], h.shape[0]]).mul(0.9).reshape(h.shape),
  stacked: (h) => tf.mean(tf.stack([h, tf.square(h).mul(0.1)]), 0),
};

/** A step with its variables, and the data for it. */
export interface RandomStep {
  text: string;
  variables: tf.Variable[];
  optimizer: tf.Optimizer;
  step(inputs: NamedTensors, context: StepContext): NamedTensors;
}

const pick = <T>(random: Random, table: Record<string, T>): [string, T] => {
  const names = Object.keys(table);
  const name = names[random.integer(names.length)];
  return [name, table[name]];
};

/** The same seed gives the same step, from the same weights. */
export function randomStep(seed: number): RandomStep {
  const random = new Random(seed, 'step');
  const variables: tf.Variable[] = [];
  const variable = (shape: number[], mean: number, deviation: number, trainable = true): tf.Variable => {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = tf.tensor(random.normals(size, mean, deviation), shape);
    const made = tf.variable(values, trainable);
    values.dispose();
    variables.push(made);
    return made;
  };
  const pieces: Piece[] = [];
  const width = () => pieces.at(-1)?.columns ?? FEATURES;
  const add = (text: string, apply: Apply, columns = width()) => pieces.push({ text, apply, columns });

  const dense = () => {
    const columns = 1 + random.integer(12);
    const w = variable([width(), columns], 0, 1 / Math.sqrt(width()));
    const bias = random.uniform() < 0.5 ? variable([columns], 0, 0.1) : undefined;
    const apply: Apply = (h) => (bias ? tf.matMul(h, w as tf.Tensor2D).add(bias) : tf.matMul(h, w as tf.Tensor2D));
    add(`dense ${columns}${bias ? ' and bias' : ''}`, apply, columns);
  };
  const kinds: (() => void)[] = [
    dense,
    () => {
      const [text, f] = pick(random, MAPS);
      add(text, f);
    },
    () => {
      const [text, f] = pick(random, MAPS);
      add(text, f);
    },
    () => {
      const [text, f] = pick(random, OVER);
      add(text, f);
    },
    () => {
      const [text, f] = pick(random, MOVES);
      const columns = tf.tidy(() => f(tf.zeros([4, width()])).shape[1]!);
      if (columns <= 24) add(text, f, columns);
    },
    () => {
      const scale = variable([width()], 1, 0.1);
      const shift = variable([1, width()], 0, 0.1);
      add('scale and shift', (h) => h.mul(scale).add(shift));
    },
    () => {
      const average = variable([width()], 0, 0, false);
      add('moving average', (h) => {
        const mean = tf.mean(h, 0);
        average.assign(average.mul(0.9).add(mean.mul(0.1)));
        return h.sub(average);
      });
    },
    () => {
      const [name, f] = pick(random, MAPS);
      add(`with ${name} of itself`, (h) => h.add(f(h).mul(0.5)));
    },
    () => add('where the mask says', (h, { mask }) => tf.where(tf.greater(tf.slice(mask, [0, 0], [-1, 1]), 0), h, h.mul(0.5))), // prettier-ignore
    () => add('times a number of the batch', (h, { mask }) => h.mul(tf.slice(mask, [0, 1], [-1, 1]))),
    () => add('times the rate', (h, { rate }) => h.mul(rate)),
    () => add('dropout', (h, { random: own }) => own.dropout(h, 0.3)),
    () => add('noise', (h, { random: own }) => h.add(own.normal([h.shape[1]]).mul(0.1))),
    () => add('by the step', (h, { step }) => h.div(step.toFloat().add(1))),
  ];
  dense();
  const length = 4 + random.integer(7);
  while (pieces.length < length) kinds[random.integer(kinds.length)]();
  dense();
  const entropy = random.uniform() < 0.5;
  const decayed = random.uniform() < 0.3;
  const [rule, optimizer] = pick(random, OPTIMIZERS);
  const trained = variables.filter(({ trainable }) => trainable);
  const made = optimizer();
  return {
    text: [...pieces.map(({ text }) => text), entropy ? 'entropy' : 'squares', decayed ? 'decay' : '', rule].join(', '),
    variables,
    optimizer: made,
    step: ({ x, mask, rate }, context) => {
      let last: tf.Tensor2D | undefined;
      const loss = made.minimize(
        () => {
          let h = x as tf.Tensor2D;
          for (const { apply } of pieces) h = apply(h, { ...context, mask: mask as tf.Tensor2D, rate }) as tf.Tensor2D;
          last = tf.keep(h.clone());
          const loss = entropy
            ? tf.mean(tf.neg(tf.logSoftmax(h).slice([0, 0], [-1, 1])))
            : tf.mean(tf.squaredDifference(h, tf.slice(mask, [0, 1], [-1, 1])));
          return (decayed ? tf.addN([loss, ...trained.map((w) => w.square().sum().mul(1e-3))]) : loss) as tf.Scalar;
        },
        true,
        trained,
      )!;
      const output = last!.clone();
      last!.dispose();
      return { loss, output };
    },
  };
}

/** What a way of running a step gave. */
interface Gave {
  loss: number[];
  /** outputs, then variables */
  values: number[][];
  left: number;
  dispatches: number | null;
}

/** Two runs of a step, a variable put elsewhere between them. */
async function run(seed: number, way: CompileOptions): Promise<Gave> {
  const before = tf.memory().numTensors;
  const random = new Random(seed, 'data');
  const batchSize = 2 + random.integer(7);
  const data = {
    x: tf.tensor2d(random.normals(EXAMPLES * FEATURES), [EXAMPLES, FEATURES]),
    mask: tf.tensor2d(random.normals(EXAMPLES * 2), [EXAMPLES, 2]),
  };
  const one = randomStep(seed);
  const step = compile<NamedTensors, NamedTensors>(one.step, { ...way, seed });
  const part = (steps: number) => ({
    ...{ data, batchSize },
    batches: Int32Array.from({ length: steps * batchSize }, () => random.integer(EXAMPLES)),
    schedules: { rate: random.uniforms(steps, 0.5, 1.5) },
  });
  const first = await step.run(part(2));
  const half = one.variables[0].mul(0.5);
  one.variables[0].assign(half);
  half.dispose();
  const second = await step.run(part(3));
  const loss = [...(await first.outputs.loss.data()), ...(await second.outputs.loss.data())];
  const values: number[][] = [];
  for (const tensor of [first.outputs.output, second.outputs.output, ...one.variables]) {
    values.push(Array.from(await tensor.data()));
  }
  const dispatches = dispatchesOf(step);
  step.dispose();
  one.optimizer.dispose();
  tf.dispose([data, one.variables, first.outputs, second.outputs]);
  return { loss, values, left: tf.memory().numTensors - before, dispatches };
}

/** What came of a random step. */
export interface Verdict {
  seed: number;
  text: string;
  /** what is wrong; empty where nothing is */
  faults: string[];
  /** the largest difference between fused and eager, by the size of what differs */
  difference: number;
  dispatches: { replay: number; fused: number };
}

/** How far two lists of numbers are from each other, by the largest number and 1. */
function distance(got: readonly number[], wanted: readonly number[]): number {
  if (got.length !== wanted.length) return Infinity;
  const scale = wanted.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  let most = 0;
  wanted.forEach((v, i) => {
    if (Object.is(v, got[i])) return;
    const apart = Math.abs(v - got[i]) / scale;
    most = Math.max(most, Number.isNaN(apart) ? Infinity : apart);
  });
  return most;
}

/** Rounding of one operation, as five steps of a chain of them make it larger. */
const ROUNDING = 2e-4;

/** One random step in all ways. */
export async function tried(seed: number): Promise<Verdict> {
  const eager = await run(seed, WAYS.eager);
  const replay = await run(seed, WAYS.replay);
  const fused = await run(seed, WAYS.fused);
  const faults: string[] = [];
  const equal = (a: number[], b: number[]) => a.length === b.length && a.every((v, i) => Object.is(v, b[i]));
  if (!equal(replay.loss, eager.loss)) faults.push(`replayed, losses ${replay.loss}; eagerly ${eager.loss}`);
  eager.values.forEach((wanted, i) => {
    if (!equal(replay.values[i], wanted)) faults.push(`replayed, value ${i} is not bit for bit what it is eagerly`);
  });
  const apart = [
    distance(fused.loss, eager.loss),
    ...eager.values.map((wanted, i) => distance(fused.values[i], wanted)),
  ];
  const difference = Math.max(...apart);
  if (!(difference <= ROUNDING))
    faults.push(`fused, differences are ${apart.map((d) => d.toExponential(1)).join(', ')}`);
  if (replay.left !== eager.left || fused.left !== eager.left) {
    faults.push(`tensors left: ${eager.left} eagerly, ${replay.left} replayed, ${fused.left} fused`);
  }
  const one = randomStep(seed);
  one.optimizer.dispose();
  tf.dispose(one.variables);
  return {
    ...{ seed, text: one.text, faults, difference },
    dispatches: { replay: replay.dispatches!, fused: fused.dispatches! },
  };
}

/** Random steps, from a seed on. */
export async function triedAll(from: number, count: number): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (let seed = from; seed < from + count; seed++) verdicts.push(await tried(seed));
  return verdicts;
}
