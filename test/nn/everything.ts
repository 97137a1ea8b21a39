/**
 * Trains every kind of network for a few steps on the engine in use, eagerly and compiled. Run by engines.test.ts in a process of its own,
 * once per engine.
 */
import {
  activation,
  batchNormLayer,
  compile,
  conv2d,
  conv2dTranspose,
  convNet,
  globalAveragePool,
  inceptionNet,
  mlp,
  Network,
  Random,
  residualNet,
  sequential,
  tf,
} from 'bnlab';
import { PITFALLS, NORMS, toImage } from 'bnlab/internal';
import { descent } from '../support/descent';

const common = { activation: 'tanh', seed: 2, normOptions: { groups: 2, iterations: 4 } } as const;

/** Small networks from 36 inputs to 3 classes; between them they use every layer of the library. */
export const BUILDERS: Record<string, () => Network> = {
  ...Object.fromEntries(
    NORMS.filter((norm) => norm !== 'instance').map((norm) => [
      `mlp ${norm}`,
      () => mlp({ sizes: [36, 6, 6, 3], ...common, norm, dropout: 0.2 }),
    ]),
  ),
  ...Object.fromEntries(
    PITFALLS.map((name) => [
      `mlp pitfall:${name}`,
      () => mlp({ sizes: [36, 6, 3], ...common, norm: `pitfall:${name}` }),
    ]),
  ),
  'mlp debias': () =>
    mlp({ sizes: [36, 6, 3], ...common, activation: 'sigmoid', norm: 'batch', normOptions: { debias: true } }),
  'mlp after': () => mlp({ sizes: [36, 6, 3], ...common, activation: 'relu', norm: 'batch', placement: 'after' }),
  'convNet batch': () =>
    convNet({ image: [6, 6, 1], filters: [4, 4], hidden: 5, classes: 3, ...common, norm: 'batch' }),
  'convNet instance': () =>
    convNet({ image: [6, 6, 1], filters: [4], hidden: 0, classes: 3, ...common, norm: 'instance' }),
  inceptionNet: () =>
    inceptionNet({
      image: [6, 6, 1],
      stem: 2,
      classes: 3,
      ...common,
      norm: 'batch',
      blocks: [{ one: 2, three: [2, 3], double: [2, 2], pool: 2 }],
    }),
  convolutions: () =>
    sequential([
      toImage([6, 6, 1]),
      conv2d(1, 4, 3, { name: 'plain', bias: false, seed: 1 }),
      batchNormLayer(4, { name: 'plain' }),
      activation('tanh'),
      conv2d(4, 6, 3, { name: 'grouped', groups: 2, stride: 2, bias: false, seed: 2 }),
      batchNormLayer(6, { name: 'grouped' }),
      conv2d(6, 6, 3, { name: 'depthwise', groups: 6, seed: 3 }),
      activation('tanh'),
      conv2dTranspose(6, 3, 4, { name: 'up', stride: 2, pad: 1, seed: 4 }),
      globalAveragePool(),
    ]),
  residualNet: () => residualNet({ inputs: 36, width: 4, depth: 2, classes: 3, ...common, norm: 'batch' }),
};

export const STEPS = 4;
const BATCH = 6;

export type Result = Record<
  string,
  { mode: string; losses: number[]; weights: Record<string, number[]>; inference: number[] }
>;

async function train(build: () => Network, mode: 'auto' | 'eager', xla: 'auto' | false): Promise<Result[string]> {
  const random = new Random(9);
  const n = 24;
  const x = tf.tensor2d(random.normals(n * 36, 0.3), [n, 36]);
  const y = tf.tidy(() =>
    tf
      .oneHot(
        tf.tensor1d(
          Int32Array.from({ length: n }, (_, i) => i % 3),
          'int32',
        ),
        3,
      )
      .toFloat(),
  );
  const net = build();
  const optimizer = tf.train.sgd(0.05);
  const step = compile(descent(net, optimizer), { mode, seed: 4, xla });
  const batches = Int32Array.from({ length: STEPS * BATCH }, () => random.integer(n));
  const { outputs } = await step.run({ data: { x, y }, batches, batchSize: BATCH });
  const result = {
    mode: step.mode,
    losses: Array.from(await outputs.loss.data()),
    weights: Object.fromEntries(
      Object.entries(net.stateDict()).map(([label, { values }]) => [label, Array.from(values)]),
    ),
    inference: tf.tidy(() => Array.from(net.apply(x, { training: false }).dataSync())),
  };
  step.dispose();
  tf.dispose([x, y, outputs.loss]);
  optimizer.dispose();
  net.dispose();
  return result;
}

/** What came of each network; and how many tensors are left behind. */
export async function everything(): Promise<{ left: number; results: { auto: Result; eager: Result } }> {
  const results: { auto: Result; eager: Result } = { auto: {}, eager: {} };
  const before = tf.memory().numTensors;
  for (const [name, build] of Object.entries(BUILDERS)) {
    // XLA takes a second or so for each; two networks stand for all.
    const xla = name === 'mlp batch' || name === 'mlp renorm' ? 'auto' : false;
    results.auto[name] = await train(build, 'auto', xla);
    if (results.auto[name].mode !== 'eager') results.eager[name] = await train(build, 'eager', false);
  }
  return { left: tf.memory().numTensors - before, results };
}
