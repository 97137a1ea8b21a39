/**
 * The TensorFlow.js side of the benchmark: a process that times what it is asked for, one JSON line in, one out.
 * `{ id, case, variant, steps }` gives `{ id, seconds }`, `{ id, task: 'memory' }` the most MiB that were resident; a variant is built and warmed up on its first request.
 */
import * as readline from 'node:readline';
import { CompileOptions, Random, StepContext, batchNormLayer, compile, engineCard, ready, tf, toTensors } from 'bnlab';
import { BatchNormLayer, fusedBatchNorm } from 'bnlab/internal';
import { Case, EXAMPLES, cases } from './cases';

type Step = (inputs: Record<string, tf.Tensor>, context?: StepContext) => Record<string, tf.Tensor>;
/** Runs this many steps and waits for the result. */
type Timed = (steps: number) => Promise<void>;

interface Answer {
  seconds?: number;
  [key: string]: unknown;
}

const random = new Random(1);
let shared: { x: tf.Tensor2D; y: tf.Tensor2D } | undefined;

/** Numbers; or, where it says how many, as many pictures of bytes, as MNIST is held. */
function data() {
  const pictures = Number(process.env.BNLAB_BENCH_PICTURES ?? 0);
  if (pictures > 0) {
    const bytes = (count: number, limit: number) => {
      const values = new Uint8Array(count);
      for (let i = 0; i < count; i++) values[i] = random.integer(limit);
      return values;
    };
    shared ??= toTensors({ images: bytes(pictures * 784, 256), labels: bytes(pictures, 10), n: pictures });
  }
  shared ??= {
    x: tf.tensor2d(random.uniforms(EXAMPLES * 784), [EXAMPLES, 784]),
    y: tf.tidy(() => {
      const labels = tf.tensor1d(
        Int32Array.from({ length: EXAMPLES }, () => random.integer(10)),
        'int32',
      );
      return tf.oneHot(labels, 10).cast('float32') as tf.Tensor2D;
    }),
  };
  return shared;
}

const indices = (steps: number, batch: number) =>
  Int32Array.from({ length: steps * batch }, () => random.integer(data().x.shape[0]));

const variable = (shape: number[], deviation: number, trainable = true) =>
  tf.tidy(() =>
    tf.variable(
      tf.tensor(
        random.normals(
          shape.reduce((a, b) => a * b, 1),
          0,
          deviation,
        ),
        shape,
      ),
      trainable,
    ),
  );

/** Where batch normalization comes from: the library's layer, basic operations of TensorFlow.js, or TensorFlow's kernel for it. */
type Norm = 'library' | 'composed' | 'fused';

/** The step as one writes it by hand. */
function handWritten({ sizes, channels }: Case, normBy: Norm = 'library'): Step {
  const shapes = sizes
    ? sizes.slice(1).map((n, i) => [sizes[i], n])
    : [...channels!.slice(1).map((n, i) => [3, 3, channels![i], n]), [channels!.at(-1)!, 10]];
  const weights = shapes.map((shape) => variable(shape, Math.sqrt(2 / shape.slice(0, -1).reduce((a, b) => a * b, 1))));
  const widths = shapes.slice(0, -1).map((shape) => shape.at(-1)!);
  const norms = widths.map((d) => batchNormLayer(d, { decay: 0.9, epsilon: 1e-5, check: false }));
  const bias = variable([10], 0);
  const trainable = [...weights, ...norms.flatMap((layer) => layer.trainable), bias];
  const optimizer = tf.train.sgd(0.1);
  const composed = (h: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => {
    const { mean, variance } = tf.moments(h, h.rank === 4 ? [0, 1, 2] : [0]);
    const scale = tf.rsqrt(variance.add(1e-5)).mul(gamma);
    return { y: h.sub(mean).mul(scale).add(beta) as tf.Tensor, mean, variance };
  };
  const norm = (h: tf.Tensor, layer: BatchNormLayer): tf.Tensor => {
    if (normBy === 'library') return layer.apply(h, { training: true });
    const [gamma, beta] = [layer.gamma as tf.Tensor as tf.Tensor1D, layer.beta as tf.Tensor as tf.Tensor1D];
    const { y, mean, variance } =
      normBy === 'fused' ? fusedBatchNorm(h as tf.Tensor4D, gamma, beta, 1e-5) : composed(h, gamma, beta);
    layer.movingMean.assign(layer.movingMean.mul(0.9).add(mean.mul(0.1)));
    layer.movingVariance.assign(layer.movingVariance.mul(0.9).add(variance.mul(0.1)));
    return y;
  };
  const forward = (x: tf.Tensor): tf.Tensor => {
    if (sizes) {
      let h = x;
      for (let i = 0; i < widths.length; i++) h = tf.sigmoid(norm(tf.matMul(h, weights[i]), norms[i]));
      return tf.matMul(h, weights.at(-1)!).add(bias);
    }
    let h: tf.Tensor = x.reshape([-1, 28, 28, 1]);
    for (let i = 0; i < widths.length; i++) {
      const convolved = tf.conv2d(h as tf.Tensor4D, weights[i] as tf.Tensor as tf.Tensor4D, i % 2 ? 2 : 1, 'same');
      h = tf.relu(norm(convolved, norms[i]));
    }
    return tf.matMul(tf.mean(h, [1, 2]), weights.at(-1)!).add(bias);
  };
  return ({ x, y }) => ({
    loss: optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, forward(x)) as tf.Scalar, true, trainable)!,
  });
}

/** Nothing but the step's matrix products; their results are assigned so that none can be left out. */
function products({ sizes }: Case): Step {
  const weights = sizes!.slice(1).map((n, i) => variable([sizes![i], n], 1 / Math.sqrt(sizes![i])));
  const gradients = weights.map((w) => tf.tidy(() => tf.variable(tf.zerosLike(w), false)));
  return ({ x }) => {
    const layers = [x];
    for (const w of weights) layers.push(tf.matMul(layers.at(-1)!, w));
    let back = layers.at(-1)!;
    for (let i = weights.length - 1; i >= 0; i--) {
      gradients[i].assign(tf.matMul(layers[i], back, true) as tf.Tensor);
      if (i > 0) back = tf.matMul(back, weights[i], false, true);
    }
    return {};
  };
}

/** Nothing but the step's convolutions: forward, and the gradients in filters and inputs. */
function convolutions({ channels }: Case): Step {
  const filters = channels!.slice(1).map((n, i) => variable([3, 3, channels![i], n], 1 / Math.sqrt(9 * channels![i])));
  const gradients = filters.map((w) => tf.tidy(() => tf.variable(tf.zerosLike(w), false)));
  return ({ x }) => {
    const { grads } = tf.variableGrads(() => {
      let h = x.reshape([-1, 28, 28, 1]) as tf.Tensor4D;
      filters.forEach((w, i) => (h = tf.conv2d(h, w as tf.Tensor as tf.Tensor4D, i % 2 ? 2 : 1, 'same')));
      return tf.sum(h) as tf.Scalar;
    }, filters);
    filters.forEach((w, i) => gradients[i].assign(grads[w.name]));
    return {};
  };
}

/** The stock way: tf.layers and fit. */
function stock({ sizes, channels, batch }: Case): Timed {
  const model = tf.sequential();
  if (sizes) {
    sizes.slice(1, -1).forEach((units, i) => {
      model.add(tf.layers.dense({ units, useBias: false, ...(i === 0 ? { inputShape: [784] } : {}) }));
      model.add(tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }));
      model.add(tf.layers.activation({ activation: 'sigmoid' }));
    });
  } else {
    model.add(tf.layers.reshape({ targetShape: [28, 28, 1], inputShape: [784] }));
    channels!.slice(1).forEach((filters, i) => {
      model.add(tf.layers.conv2d({ filters, kernelSize: 3, strides: i % 2 ? 2 : 1, padding: 'same', useBias: false }));
      model.add(tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }));
      model.add(tf.layers.activation({ activation: 'relu' }));
    });
    model.add(tf.layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }));
  }
  model.add(tf.layers.dense({ units: 10, activation: 'softmax' }));
  model.compile({ optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy' });
  return async (steps) => {
    const { x, y } = data();
    const rows = indices(steps, batch);
    const taken = tf.tidy(() => ({ x: tf.gather(x, rows), y: tf.gather(y, rows) }));
    began = performance.now(); // cutting out the rows is no part of fit
    await model.fit(taken.x, taken.y, { batchSize: batch, epochs: 1, shuffle: false, verbose: 0 });
    tf.dispose(taken);
  };
}

function compiled(step: Step, batch: number, options: CompileOptions): Timed {
  const made = compile(step as never, options);
  return async (steps) => {
    const { outputs } = await made.run({ data: data(), batches: indices(steps, batch), batchSize: batch });
    for (const tensor of Object.values(outputs)) tensor.dataSync();
    tf.dispose(outputs);
  };
}

const variants: Record<string, (c: Case) => Timed> = {
  stock,
  eager: (c) => compiled(handWritten(c), c.batch, { mode: 'eager' }),
  'eager, composed': (c) => compiled(handWritten(c, 'composed'), c.batch, { mode: 'eager' }),
  compiled: (c) => compiled(handWritten(c), c.batch, {}),
  'compiled, xla': (c) => compiled(handWritten(c), c.batch, { xla: true }),
  'compiled, no xla': (c) => compiled(handWritten(c), c.batch, { xla: false }),
  'compiled, composed': (c) => compiled(handWritten(c, 'composed'), c.batch, {}),
  'compiled, fused': (c) => compiled(handWritten(c, 'fused'), c.batch, {}),
  convolutions: (c) => compiled(convolutions(c), c.batch, {}),
  products: (c) => compiled(products(c), c.batch, {}),
  'products, no xla': (c) => compiled(products(c), c.batch, { xla: false }),
};

let began = 0;
const built = new Map<string, Timed>();

async function time(name: string, variant: string, steps: number): Promise<Answer> {
  const chosen = cases.find((c) => c.name === name)!;
  const key = `${name}/${variant}`;
  const known = built.get(key);
  const run = known ?? variants[variant](chosen);
  built.set(key, run);
  if (known === undefined) await run(Math.min(steps, 20));
  began = performance.now();
  await run(steps);
  return { seconds: (performance.now() - began) / 1000 };
}

/** What a new trace costs, part by part. */
async function traceCost(name: string): Promise<Answer> {
  const chosen = cases.find((c) => c.name === name)!;
  const made = compile(handWritten(chosen) as never);
  const start = performance.now();
  const call = { data: data(), batches: indices(1, chosen.batch), batchSize: chosen.batch };
  tf.dispose((await made.run(call)).outputs);
  const first = performance.now() - start;
  made.dispose();
  return { traceAndLoad: made.traces.milliseconds, firstStep: first };
}

/** Milliseconds per step when a call has this many steps. */
async function callLength(steps: number): Promise<Answer> {
  const [dense] = cases;
  const key = 'dense/compiled';
  const run = built.get(key) ?? variants.compiled(dense);
  built.set(key, run);
  const calls = Math.max(3, Math.ceil(400 / steps));
  await run(steps);
  const start = performance.now();
  for (let i = 0; i < calls; i++) await run(steps);
  return { seconds: (performance.now() - start) / 1000 / calls };
}

/** A long run of the paper's network, watching this process's memory. */
async function longRun(steps: number): Promise<Answer> {
  const [{ batch }] = cases;
  const made = compile(handWritten(cases[0]) as never);
  const rows = indices(steps, batch);
  const call = { data: data(), batchSize: batch };
  tf.dispose((await made.run({ ...call, batches: rows.slice(0, 2000 * batch) })).outputs);
  const before = process.memoryUsage().rss;
  let peak = before;
  const start = performance.now();
  const onProgress = () => {
    peak = Math.max(peak, process.memoryUsage().rss);
  };
  const { outputs } = await made.run({ ...call, batches: rows, onProgress });
  const seconds = (performance.now() - start) / 1000;
  const after = process.memoryUsage().rss;
  tf.dispose(outputs);
  made.dispose();
  const mebibytes = (bytes: number) => Math.round((bytes / 2 ** 20) * 10) / 10;
  return { seconds, before: mebibytes(before), peak: mebibytes(peak), after: mebibytes(after) };
}

async function main() {
  await ready();
  const { engine, device, gpu, tensorflow, tfjs, node } = engineCard();
  console.log(JSON.stringify({ hello: { engine, device, gpu, tensorflow, tfjs, node } }));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { id, task, ...given } = JSON.parse(line);
    let answer: Answer;
    try {
      if (task === 'trace') answer = await traceCost(given.case);
      else if (task === 'call') answer = await callLength(given.steps);
      else if (task === 'memory') answer = { peak: process.resourceUsage().maxRSS / 1024 };
      else if (task === 'long') answer = await longRun(given.steps);
      else answer = await time(given.case, given.variant, given.steps);
    } catch (error) {
      answer = { error: String(error) };
    }
    console.log(JSON.stringify({ id, ...answer }));
  }
}

void main();
