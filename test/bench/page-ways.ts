/**
 * The ways of page.ts that compute in Node, each in a process of its own: the kernels of one, and what the compiler has learned from it, are
 * no other's. A message asks for a round, and is answered by what its steps took.
 */
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadDataset, mlp, ready, tf, trainNetwork } from 'bnlab';

export const SIZES = [784, 100, 100, 100, 10];
export const BATCH = 60;
/** Mini-batches of the data. */
const BATCHES = 40;
const EPOCHS = 2;
export const STEPS = BATCHES * EPOCHS;
export const DIGITS = { train: BATCHES * BATCH, test: 10, seed: 1 };
const RATE = 0.1;

/** Milliseconds per step. */
export interface Taken {
  wall: number;
  /** of processors, all threads of the process together; a page does not say */
  cpu?: number;
}

/** Makes the steps of a round. */
type Way = () => Promise<unknown>;

/** As a notebook trains. */
async function bnlabWay(kernel: 'auto' | 'composed' = 'auto', mode: 'auto' | 'eager' = 'auto'): Promise<Way> {
  await ready();
  const data = await loadDataset('digits', { digits: DIGITS });
  return async () => {
    const network = mlp({ sizes: SIZES, activation: 'sigmoid', norm: 'batch', normOptions: { kernel }, seed: 1 });
    const evaluate = { at: [STEPS] };
    await trainNetwork({ network, data, steps: STEPS, batchSize: BATCH, learningRate: RATE, seed: 1, evaluate, mode });
    network.dispose();
  };
}

/** The same with nothing made faster: products and `gather` as TensorFlow.js has them, BN in its single operations, each step called. */
async function unmendedWay(): Promise<Way> {
  require('@tensorflow/tfjs-backend-wasm');
  const kernelOf = (name: string) => tf.getKernel(name, 'wasm') as { kernelFunc: tf.KernelConfig['kernelFunc'] };
  const names = ['BatchMatMul', 'GatherV2'];
  const own = names.map((name) => kernelOf(name).kernelFunc);
  const way = await bnlabWay('composed', 'eager');
  names.forEach((name, i) => (kernelOf(name).kernelFunc = own[i]));
  return way;
}

/** The mini-batches as plain numbers: pixels from 0 to 1, labels one-hot. */
async function batches(): Promise<{ x: Float32Array; y: Float32Array }[]> {
  const { train } = await loadDataset('digits', { digits: DIGITS });
  return Array.from({ length: BATCHES }, (_, b) => {
    const x = Float32Array.from(train.images.subarray(b * BATCH * 784, (b + 1) * BATCH * 784), (v) => v / 255);
    const y = new Float32Array(BATCH * 10);
    for (let i = 0; i < BATCH; i++) y[10 * i + train.labels[b * BATCH + i]] = 1;
    return { x, y };
  });
}

/** tf.layers on the kernels that TensorFlow.js ships: nothing of this library has mended them. */
async function layersWay(): Promise<Way> {
  const { setWasmPaths } = require('@tensorflow/tfjs-backend-wasm') as { setWasmPaths(prefix: string): void };
  const folder = path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  setWasmPaths(path.join(folder, 'dist') + path.sep);
  await tf.setBackend('wasm');
  const all = await batches();
  const together = (name: 'x' | 'y', width: number) =>
    tf.concat(all.map((batch) => tf.tensor2d(batch[name], [BATCH, width])));
  const [x, y] = [together('x', 784), together('y', 10)];
  const model = tf.sequential();
  SIZES.slice(1).forEach((units, i) => {
    const last = i === SIZES.length - 2;
    model.add(tf.layers.dense({ units, inputShape: [SIZES[i]] }));
    if (!last) model.add(tf.layers.batchNormalization());
    model.add(tf.layers.activation({ activation: last ? 'softmax' : 'sigmoid' }));
  });
  model.compile({ optimizer: tf.train.sgd(RATE), loss: 'categoricalCrossentropy' });
  return () => model.fit(x, y, { batchSize: BATCH, epochs: EPOCHS, verbose: 0 });
}

/* eslint-disable @typescript-eslint/no-explicit-any -- a library that is not installed has no types here */
async function jaxWay(folder: string): Promise<Way> {
  const main = createRequire(path.join(path.resolve(folder), 'x.js')).resolve('@jax-js/jax');
  const load = new Function('address', 'return import(address)') as (address: string) => Promise<any>;
  const jax = await load(pathToFileURL(main.replace(/index\.cjs$/, 'index.js')).href);
  const { numpy: np, nn, jit, valueAndGrad, tree } = jax;
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  const hidden = SIZES.length - 2;
  let parameters = SIZES.slice(1).map((outputs, i) => {
    const count = SIZES[i] * outputs;
    const values = Float32Array.from({ length: count }, (_, k) => 0.1 * Math.sin(12.9898 * (k + 1) + i));
    const layer = { w: np.array(values).reshape([SIZES[i], outputs]), b: np.zeros([outputs]) };
    return i < hidden ? { ...layer, gamma: np.ones([outputs]) } : layer;
  });
  const loss = (all: any[], x: any, y: any) => {
    let h = x;
    all.forEach((layer, i) => {
      h = np.dot(h, layer.w);
      if (i < hidden) {
        const centred = h.ref.sub(np.mean(h, 0, { keepdims: true }));
        const variance = np.mean(np.square(centred.ref), 0, { keepdims: true });
        const xHat = centred.div(np.sqrt(variance.add(1e-5)));
        h = nn.sigmoid(xHat.mul(layer.gamma).add(layer.b));
      } else h = h.add(layer.b);
    });
    return np.mean(np.sum(nn.logSoftmax(h).mul(y), 1)).neg();
  };
  const step = jit((all: any, x: any, y: any) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(all), x, y);
    return [tree.map((p: any, d: any) => p.sub(d.mul(RATE)), all, gradients), value];
  });
  const made = (await batches()).map(({ x, y }) => [
    np.array(x).reshape([BATCH, 784]),
    np.array(y).reshape([BATCH, 10]),
  ]);
  return async () => {
    let value: any;
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      for (const [x, y] of made) {
        value?.dispose?.();
        [parameters, value] = step(parameters, x.ref, y.ref);
      }
    }
    await value.data();
  };
}
/* eslint-enable @typescript-eslint/no-explicit-any */

/** By name; the second argument of the process is where the library is. */
export const WAYS: Record<string, (folder: string) => Promise<Way>> = {
  bnlab: () => bnlabWay(),
  unmended: unmendedWay,
  layers: layersWay,
  jax: jaxWay,
};

async function serve(name: string, folder: string): Promise<void> {
  process.env.BNLAB_ENGINE = 'wasm';
  const way = await WAYS[name](folder);
  process.on('message', () => {
    void (async () => {
      const [cpu, began] = [process.cpuUsage(), performance.now()];
      await way();
      const { user, system } = process.cpuUsage(cpu);
      const taken: Taken = { wall: (performance.now() - began) / STEPS, cpu: (user + system) / 1000 / STEPS };
      process.send!(taken);
    })();
  });
  process.send!('ready');
}

if (require.main === module) void serve(process.argv[2], process.argv[3] ?? '');
