/** Steps on WebAssembly as they are called, and recorded and played. Run by replay.test.ts in a process of its own. */
import { compile, type CompileOptions, type NamedTensors, type StepContext, tf } from 'bnlab';
import { inEveryWay, train } from '../replayed';
import { batches, BATCH, model, type ModelOptions, problem } from '../steps';

export const MODELS: Record<string, ModelOptions> = {
  SGD: { optimizer: () => tf.train.sgd(0.5) },
  'momentum, batch norm, dropout': { optimizer: () => tf.train.momentum(0.05, 0.9), norm: true, dropout: 0.3 },
  'Nesterov, L2': { optimizer: () => tf.train.momentum(0.05, 0.9, true), l2: 1e-2 },
  'Adam, batch norm, L2': { optimizer: () => tf.train.adam(0.01), norm: true, l2: 1e-3 },
  'RMSProp, dropout': { optimizer: () => tf.train.rmsprop(0.003, 0.9, 0.5), dropout: 0.3 },
  'convolutions, batch norm': { optimizer: () => tf.train.sgd(0.1), norm: true, convolution: true },
};

const WAYS: Record<string, CompileOptions> = { eager: { mode: 'eager' }, played: {} };

/** What stands in TensorFlow.js's books, and in the backend's. */
function counts(): number[] {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  const { numDataIds } = tf.backend() as unknown as { numDataIds(): number };
  return [numTensors, numDataBuffers, numBytes, numDataIds.call(tf.backend())];
}

export interface Played {
  mode: string;
  traces: number;
  losses: number[];
  weights: number[][];
  /** what is left behind; tf.train.momentum leaves a number of its own */
  left: number[];
}

/** Every model in both ways. */
export const trained = (): Promise<Record<string, Record<string, Played>>> =>
  inEveryWay(MODELS, WAYS, async (options, way) => {
    const before = counts();
    const { mode, traces, losses, weights } = await train(options, way, 20);
    return { mode, traces, losses, weights, left: counts().map((count, i) => count - before[i]) };
  });

type Variables = Record<'a' | 'b' | 'w', tf.Variable>;

/** Steps of which one thing each is not plain, on x [4], variables a and b [4], and w [4, 4]. */
export const STEPS: Record<
  string,
  (x: tf.Tensor, own: Variables, context: StepContext & NamedTensors) => NamedTensors
> = {
  'two variables exchange their values': (_, { a, b }) => {
    const [former, other] = [a.clone(), b.clone()];
    a.assign(other as tf.Tensor1D);
    b.assign(former as tf.Tensor1D);
    return { a: a.clone(), former };
  },
  'two variables get the same value': (x, { a, b }) => {
    const sum = a.add(x);
    a.assign(sum);
    b.assign(sum);
    return {};
  },
  'a variable gets what the step was given, another a constant': (x, { a, b }) => {
    const were = b.clone();
    a.assign(x);
    b.assign(tf.tensor1d([1, 2, 3, 4]));
    return { were };
  },
  'a product with weights that change': (x, { w }) => {
    const y = tf.matMul(x.reshape([1, 4]), w);
    w.assign(w.mul(0.5).add(y));
    return { y, again: tf.matMul(w, w, true) };
  },
  'kernels of JavaScript': (x, { a }) => {
    a.assign(tf.reverse(tf.cumsum(a.add(x))).clipByValue(-5, 5));
    return { sorted: tf.topk(a, 2).values, erf: tf.erf(x), where: tf.where(x.greater(0), x, a) };
  },
  'integers, booleans, nothing': (x) => {
    const whole = tf.floor(x.mul(10)).toInt();
    return { whole, even: whole.mod(2).equal(0), none: x.slice([0], [0]), kept: x, many: tf.stack([x, x]) };
  },
  'the number of the step, a schedule, random numbers': (x, { a }, { random, step, rate }) => {
    a.assign(
      a
        .mul(rate)
        .add(random.normal([4]))
        .add(random.bernoulli(0.5, [4])),
    );
    return { at: step.mul(2), draw: random.uniform([2], 1, 2), kept: random.dropout(x, 0.25) };
  },
  'slices and padding': (x, { w }) => {
    const part = tf.pad(tf.slice(w, [1, 0], [2, 3]), [
      [1, 1],
      [0, 1],
    ]);
    w.assign(part.add(x));
    return { columns: tf.concat(tf.split(w, 2, 1), 0), gathered: tf.gather(w, tf.tensor1d([2, 0], 'int32')) };
  },
};

type Outcome = Record<string, (number | string)[]>;

async function one(of: (typeof STEPS)[string], way: CompileOptions): Promise<Outcome> {
  const own: Variables = {
    a: tf.variable(tf.tensor1d([1, -2, 3, -4])),
    b: tf.variable(tf.tensor1d([0.5, 6, -7, 8])),
    w: tf.variable(
      tf.tensor2d(
        Float32Array.from({ length: 16 }, (_, i) => Math.sin(i)),
        [4, 4],
      ),
    ),
  };
  const x = tf.tensor2d(
    Float32Array.from({ length: 20 }, (_, i) => Math.cos(i)),
    [5, 4],
  );
  const step = compile<NamedTensors, NamedTensors>(
    (inputs, context) => of(inputs.x.reshape([4]), own, { ...context, rate: inputs.rate } as never),
    { ...way, seed: 2 },
  );
  const call = { data: { x }, batchSize: 1, schedules: { rate: [0.5, 2, -1, 0.25] } };
  const { outputs } = await step.run({ ...call, batches: Int32Array.of(4, 0, 0, 3) });
  const all: NamedTensors = {
    ...outputs,
    ...Object.fromEntries(Object.entries(own).map(([k, v]) => [`variable ${k}`, v])),
  };
  const exact = (v: number) => (Object.is(v, -0) ? '-0' : String(v));
  const result = Object.fromEntries(
    Object.entries(all).map(([name, t]) => [name, [t.dtype, String(t.shape), ...Array.from(t.dataSync(), exact)]]),
  );
  step.dispose();
  tf.dispose([x, outputs, own]);
  return result;
}

/** Each of these steps in both ways. */
export const stepped = (): Promise<Record<string, Record<string, Outcome>>> => inEveryWay(STEPS, WAYS, one);

/** What goes wrong: the message, and whether the variable is as the last whole step left it. */
export async function failed(): Promise<{ messages: string[]; a: number[]; done: number; left: number[] }> {
  const before = counts();
  const messages: string[] = [];
  const a = tf.tidy(() => tf.variable(tf.scalar(0)));
  const [x, table] = [tf.tensor1d([0, 1, 2, 7], 'int32'), tf.zeros([3, 20])];
  const run = async (step: (inputs: NamedTensors) => NamedTensors) => {
    const compiled = compile<NamedTensors, NamedTensors>(step);
    await compiled.run({ data: { x }, batches: Int32Array.of(0, 1, 2, 3), batchSize: 1 }).then(
      ({ outputs }) => tf.dispose(outputs),
      (error: Error) => messages.push(`${error.name}: ${error.message}`),
    );
    const done = compiled.stepsDone;
    compiled.dispose();
    return done;
  };
  await run(({ x }) => ({ y: tf.unique(x).values }));
  await run(({ x }) => ({ y: x.mul(tf.scalar(x.dataSync()[0], 'int32')) }));
  const done = await run(({ x }) => {
    a.assign(a.add(1));
    return { y: tf.gather(table, x as tf.Tensor1D) };
  });
  const now = [...a.dataSync()];
  tf.dispose([a, x, table]);
  return { messages, a: now, done, left: counts().map((count, i) => count - before[i]) };
}

/** Bytes of the module's memory after a few compiled steps, and after many more. */
export async function grown(): Promise<[number, number]> {
  const { x, y } = problem();
  const bytes = () => (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.length;
  const some = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const one = model({ optimizer: () => tf.train.sgd(0.1), norm: true });
      const large = tf.tidy(() => tf.variable(tf.zeros([2 ** 18])));
      const step = compile<NamedTensors, NamedTensors>((inputs, context) => {
        large.assign(large.add(1));
        return one.step(inputs, context);
      });
      const { outputs } = await step.run({ data: { x, y }, batches: batches(2), batchSize: BATCH });
      step.dispose();
      one.dispose();
      tf.dispose([outputs, large]);
    }
    return bytes();
  };
  const few = await some(3);
  const result: [number, number] = [few, await some(40)];
  tf.dispose([x, y]);
  return result;
}

/** A rate that the optimizer holds in a tensor, replaced between two runs: the weight after each, and how often was recorded. */
export async function renewed(): Promise<number[]> {
  const w = tf.tidy(() => tf.variable(tf.scalar(0)));
  const optimizer = tf.train.sgd(1);
  const step = compile<NamedTensors, NamedTensors>(({ x }) => ({
    loss: optimizer.minimize(() => x.mean().mul(w) as tf.Scalar, true, [w])!,
  }));
  const call = { data: { x: tf.ones([3]) }, batches: Int32Array.of(0, 1, 2), batchSize: 1 };
  await step.run(call);
  const once = w.dataSync()[0];
  // disposes the scalar that holds the rate
  (optimizer as unknown as { setLearningRate(rate: number): void }).setLearningRate(10);
  await step.run(call);
  return [once, w.dataSync()[0], step.traces.count];
}
