/**
 * The training step of a report's page: the paper's network with BN (784-100-100-100-10, sigmoid, mini-batches of 60) on WebAssembly, in Node,
 * in a browser, and by other libraries, in turn: a slow minute of the machine is everybody's. Writes results/page.md.
 *
 *   node -r ts-node/register/transpile-only test/bench/page.ts [--rounds N] [--jax-js FOLDER]
 *
 * @jax-js/jax is no dependency: FOLDER is one in which `npm install @jax-js/jax` was run; without it that row says so.
 */
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { loadDataset, mlp, ready, tf, toTensors, trainNetwork } from 'bnlab';
import type * as Library from 'bnlab/dist/src/browser';
import { writeAtomically } from 'bnlab/dist/src/platform/node/write';
import { openLibrary } from '../support/page';

declare const bnlab: typeof Library;

process.env.BNLAB_ENGINE = 'wasm';
const SIZES = [784, 100, 100, 100, 10];
const STEPS = 40;
const BATCH = 60;
const DIGITS = { train: STEPS * BATCH, test: 10, seed: 1 };

/** Milliseconds per step of so many steps. */
type Way = () => Promise<number>;

/** The kernel of products as TensorFlow.js has it, before `ready()` mends it. */
function stockProduct(): tf.KernelConfig['kernelFunc'] {
  require('@tensorflow/tfjs-backend-wasm');
  return tf.getKernel('BatchMatMul', 'wasm').kernelFunc;
}

async function inNode(): Promise<number> {
  const network = mlp({ sizes: SIZES, activation: 'sigmoid', norm: 'batch', seed: 1 });
  const data = await loadDataset('digits', { digits: DIGITS });
  const evaluate = { at: [STEPS] };
  const run = { network, data, steps: STEPS, batchSize: BATCH, learningRate: 0.1, seed: 1, evaluate };
  const { timing } = await trainNetwork(run);
  network.dispose();
  return (1000 * timing.stepSeconds) / STEPS;
}

async function withStock(own: tf.KernelConfig['kernelFunc']): Promise<number> {
  const kernel = tf.getKernel('BatchMatMul', 'wasm') as { kernelFunc: typeof own };
  const mended = kernel.kernelFunc;
  kernel.kernelFunc = own;
  try {
    return await inNode();
  } finally {
    kernel.kernelFunc = mended;
  }
}

async function layers(): Promise<Way> {
  const { x, y } = toTensors((await loadDataset('digits', { digits: DIGITS })).train);
  const model = tf.sequential();
  SIZES.slice(1).forEach((units, i) => {
    const last = i === SIZES.length - 2;
    model.add(tf.layers.dense({ units, inputShape: [SIZES[i]] }));
    if (!last) model.add(tf.layers.batchNormalization());
    model.add(tf.layers.activation({ activation: last ? 'softmax' : 'sigmoid' }));
  });
  model.compile({ optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy' });
  return async () => {
    const began = performance.now();
    await model.fit(x, y, { batchSize: BATCH, epochs: 1, verbose: 0 });
    return (performance.now() - began) / STEPS;
  };
}

async function inPage(): Promise<{ way: Way; close: () => Promise<void> }> {
  const opened = await openLibrary();
  const module = fs.readFileSync(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'));
  await opened.page.evaluate(async (base64) => {
    bnlab.useWasm(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
    await bnlab.ready();
  }, module.toString('base64'));
  const given = [SIZES, STEPS, BATCH, DIGITS] as const;
  const way = () =>
    opened.page.evaluate(async ([sizes, steps, batchSize, digits]) => {
      const network = bnlab.mlp({ sizes: [...sizes], activation: 'sigmoid', norm: 'batch', seed: 1 });
      const data = await bnlab.loadDataset('digits', { digits });
      const evaluate = { at: [steps] };
      const run = { network, data, steps, batchSize, learningRate: 0.1, seed: 1, evaluate };
      const { timing } = await bnlab.trainNetwork(run);
      network.dispose();
      return (1000 * timing.stepSeconds) / steps;
    }, given);
  return { way, close: opened.close };
}

/* eslint-disable @typescript-eslint/no-explicit-any -- a library that is not installed has no types here */
async function jaxJs(folder: string): Promise<Way> {
  const main = createRequire(path.join(path.resolve(folder), 'x.js')).resolve('@jax-js/jax');
  const load = new Function('address', 'return import(address)') as (address: string) => Promise<any>;
  const jax = await load(pathToFileURL(main.replace(/index\.cjs$/, 'index.js')).href);
  const { numpy: np, nn, jit, valueAndGrad, tree } = jax;
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  const { train } = await loadDataset('digits', { digits: DIGITS });
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
        h = nn.sigmoid(
          centred
            .div(np.sqrt(variance.add(1e-5)))
            .mul(layer.gamma)
            .add(layer.b),
        );
      } else h = h.add(layer.b);
    });
    return np.mean(np.sum(nn.logSoftmax(h).mul(y), 1)).neg();
  };
  const step = jit((all: any, x: any, y: any) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(all), x, y);
    return [tree.map((p: any, d: any) => p.sub(d.mul(0.1)), all, gradients), value];
  });
  const batches = Array.from({ length: STEPS }, (_, b) => {
    const pixels = Float32Array.from(train.images.subarray(b * BATCH * 784, (b + 1) * BATCH * 784), (v) => v / 255);
    const y = new Float32Array(BATCH * 10);
    for (let i = 0; i < BATCH; i++) y[10 * i + train.labels[b * BATCH + i]] = 1;
    return [np.array(pixels).reshape([BATCH, 784]), np.array(y).reshape([BATCH, 10])];
  });
  return async () => {
    const began = performance.now();
    let value: any;
    for (const [x, y] of batches) {
      value?.dispose?.();
      [parameters, value] = step(parameters, x.ref, y.ref);
    }
    await value.data();
    return (performance.now() - began) / STEPS;
  };
}
/* eslint-enable @typescript-eslint/no-explicit-any */

const middle = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' }, 'jax-js': { type: 'string' } } });
  const own = stockProduct();
  await ready();
  const page = await inPage();
  const fit = await layers();
  const ways: Record<string, Way> = {
    'bnlab, wasm, Node': inNode,
    'the same in a page (Chromium)': page.way,
    'the same with TensorFlow.js’s own product': () => withStock(own),
    'tf.layers `fit`, wasm, Node': fit,
  };
  if (values['jax-js'] !== undefined)
    ways['@jax-js/jax, wasm, jit(valueAndGrad), Node'] = await jaxJs(values['jax-js']);
  const found: Record<string, number[]> = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (const way of Object.values(ways)) await way(); // warm
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [name, way] of Object.entries(ways)) found[name].push(await way());
  await page.close();
  const [first] = Object.values(found);
  const rows = Object.entries(found).map(([name, each]) => {
    const ratio = middle(each.map((value, i) => value / first[i]));
    return `| ${name} | ${Math.min(...each).toFixed(2)} | ${middle(each).toFixed(2)} | ${ratio.toFixed(2)} |`;
  });
  const load = os.loadavg()[0];
  const busy =
    load > os.cpus().length
      ? ` The machine was busy (load ${load.toFixed(1)} on ${os.cpus().length} cores): read ratios, not times.`
      : '';
  const absent = values['jax-js'] === undefined ? '\n@jax-js/jax was not measured: it is not installed.\n' : '';
  const text = `# The step of a page

Written by \`node -r ts-node/register/transpile-only test/bench/page.ts\`. 784-100-100-100-10, sigmoid, BN, mini-batches of ${BATCH}, SGD; ${values.rounds} rounds of ${STEPS} steps, each
way in turn. Milliseconds per step; the ratio is the median over the rounds of time over that of the first row in the same round. tf.layers runs here on the same mended kernels.${busy}

| way | fastest, ms | median, ms | ratio |
|---|---:|---:|---:|
${rows.join('\n')}
${absent}`;
  writeAtomically(path.join(__dirname, 'results', 'page.md'), text);
  console.log(text);
  process.exit(0);
}
void main();
