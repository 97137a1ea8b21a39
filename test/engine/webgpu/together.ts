/** Runs side by side and one after the other. Run by together.test.ts in a process of its own, with the engine in use. */
import { compile, type CompileOptions, type NamedTensors, tf } from 'bnlab';
import { BATCH, batches, model, type ModelOptions, problem } from '../steps';
import { dispatchesOf } from './replayed';

/** What a run gave: losses, and the values that it left of every variable. */
export interface Gave {
  losses: string[];
  variables: string[][];
}

export const TOGETHER: Record<string, ModelOptions> = {
  'batch norm, dropout, weight decay, Adam': {
    ...{ optimizer: () => tf.train.adam(0.01), norm: true, dropout: 0.3, l2: 1e-3 },
  },
  'convolutions, batch norm, momentum': {
    ...{ optimizer: () => tf.train.momentum(0.05, 0.9), norm: true, convolution: true },
  },
};

const RUNS = 3;
/** The run whose weights are NaN. */
export const DIVERGED = 1;
const STEPS = 3;

const texts = (values: ArrayLike<number>) => Array.from(values, String);
const registered = () => Object.values<tf.Variable>(tf.engine().registeredVariables);

/** What a run starts from: of all variables, what they are now, the weights otherwise in each run. */
function startOf(run: number, weights: readonly tf.Variable[]): Map<tf.Variable, tf.Tensor> {
  const scale = run === DIVERGED ? NaN : 1 + run / 10;
  return new Map(registered().map((v) => [v, weights.includes(v) ? tf.tidy(() => v.mul(scale)) : v.clone()]));
}

async function gaveOf(losses: tf.Tensor, own: Map<tf.Variable, tf.Tensor>): Promise<Gave> {
  const variables: string[][] = [];
  for (const tensor of own.values()) variables.push(texts(await tensor.data()));
  return { losses: texts(await losses.data()), variables };
}

/** A model's runs in both ways. */
export async function bothWays(
  options: ModelOptions,
  way: CompileOptions,
): Promise<{
  together: Gave[];
  alone: Gave[];
  left: number;
  stays: boolean;
  dispatches: [took: number, ofOne: number];
}> {
  const { x, y } = problem();
  const one = model(options);
  const step = compile<NamedTensors, NamedTensors>(one.step, way);
  const optionsOf = (run: number, part = 0) => ({
    ...{ data: { x, y }, batches: batches(STEPS, 3 + 10 * part + run), batchSize: BATCH },
    ...{ seed: 7 + run, firstStep: 1 + part * STEPS },
  });
  tf.dispose((await step.run(optionsOf(0))).outputs); // the optimizer makes its variables
  const before = tf.memory().numTensors;
  const kept = registered().map((v) => v.clone());
  const starts = Array.from({ length: RUNS }, (_, run) => startOf(run, one.variables));
  const { device } = tf.backend() as unknown as { device: GPUDevice };
  let dispatches = 0;
  const own = GPUComputePassEncoder.prototype.dispatchWorkgroups;
  GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...groups: [number, number, number]) {
    dispatches++;
    return own.apply(this, groups);
  };
  const together: Gave[] = [];
  // twice: the second call goes on where the first ended
  const parts = [];
  for (const part of [0, 1]) {
    parts.push(await step.runTogether(starts.map((variables, run) => ({ ...optionsOf(run, part), variables }))));
  }
  GPUComputePassEncoder.prototype.dispatchWorkgroups = own;
  await device.queue.onSubmittedWorkDone();
  for (const [run, variables] of starts.entries()) {
    const losses = tf.concat(parts.map((part) => part[run].outputs.loss));
    together.push(await gaveOf(losses, variables));
    losses.dispose();
  }
  tf.dispose(parts.flat().map(({ outputs }) => outputs));
  const same: boolean[] = [];
  for (const [i, variable] of registered().entries()) {
    same.push(String(await variable.data()) === String(await kept[i].data()));
  }
  tf.dispose(starts.flatMap((start) => [...start.values()]));
  const left = tf.memory().numTensors - before - kept.length;

  const alone: Gave[] = [];
  for (let run = 0; run < RUNS; run++) {
    registered().forEach((variable, i) => variable.assign(kept[i]));
    const start = startOf(run, one.variables);
    for (const [variable, tensor] of start) variable.assign(tensor);
    const results = [await step.run(optionsOf(run)), await step.run(optionsOf(run, 1))];
    const losses = tf.concat(results.map(({ outputs }) => outputs.loss));
    alone.push(await gaveOf(losses, new Map(registered().map((variable) => [variable, variable]))));
    tf.dispose([...start.values(), losses, ...results.flatMap(({ outputs }) => Object.values(outputs))]);
  }
  const ofOne = 2 * STEPS * dispatchesOf(step)!;
  step.dispose();
  one.dispose();
  tf.dispose([x, y, ...kept]);
  return { together, alone, left, stays: same.every(Boolean), dispatches: [dispatches, ofOne] };
}

/** Every model. */
export async function compared(): Promise<Record<string, Awaited<ReturnType<typeof bothWays>>>> {
  const results: Record<string, Awaited<ReturnType<typeof bothWays>>> = {};
  for (const [name, options] of Object.entries(TOGETHER)) results[name] = await bothWays(options, { mode: 'graph' });
  return results;
}
