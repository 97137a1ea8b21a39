/** Compiled steps on WebAssembly, recorded once and played: the same in Node and in a page. Of Node's own modules it takes nothing. */
import { compile, ready, tf } from 'bnlab';
import { BATCH, batches, model, problem, type ModelOptions } from '../engine/steps';

/** What came out, as plain data. */
export interface Compiled {
  engine: string;
  mode: string;
  /** of each step */
  losses: number[];
  /** tensors that are there after the run but were not before */
  left: number;
}

const STEPS = 40;
const CASES: ModelOptions[] = [
  { optimizer: () => tf.train.momentum(0.05, 0.9), norm: true, dropout: 0.2, l2: 1e-3 },
  { optimizer: () => tf.train.adam(0.01), norm: true, convolution: true },
];

/** Trains by `compile`, in the engine that `ready` takes. */
export async function compiled(): Promise<Compiled[]> {
  const { engine } = await ready();
  const once = async (options: ModelOptions): Promise<Compiled> => {
    const before = tf.memory().numTensors;
    const [data, made] = [problem(), model(options)];
    const step = compile(made.step, { seed: 6 });
    const schedules = { ignored: new Float32Array(STEPS) };
    const { outputs } = await step.run({ data, batches: batches(STEPS), batchSize: BATCH, schedules });
    const found = { engine, mode: step.mode, losses: [...(await outputs.loss.data())].map(Number) };
    step.dispose();
    tf.dispose([outputs, data]);
    made.dispose();
    return { ...found, left: tf.memory().numTensors - before };
  };
  const all: Compiled[] = [];
  for (const options of CASES) all.push(await once(options));
  return all;
}
