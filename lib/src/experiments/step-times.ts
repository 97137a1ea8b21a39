/** How long a training step takes by the size of its mini-batch: compiled, and operation by operation. */
import {
  abortSignal,
  callback,
  counting,
  expectOptions,
  having,
  listOf,
  needed,
  network as aNetwork,
  oneOf,
  type Options,
  own,
  positive,
} from '../core/checks';
import { Random } from '../core/random';
import { tf } from '../engine';
import { networkOf, type Network, type NetworkSpec } from '../nn';
import { expectInputs, expectTargets } from '../probe/model';
import { oneHotLabels } from '../train/labels';
import { resolveStep } from '../train/resolve';
import { TrainingStep } from '../train/step';
import { type Definition, ofTraining, type PartsDone } from './experiment';

/** `compiled`: many steps a call, as `compile` runs them; `eager`: one operation after the other, each called from JavaScript. */
export type StepMode = (typeof STEP_MODES)[number];

/** Names of {@link StepMode}. */
export const STEP_MODES = ['compiled', 'eager'] as const;

/** What {@link stepTimes} takes. */
export interface StepTimesOptions {
  /** Left as it is: the steps are of length 0. */
  network: Network;
  /** The training set, [n, inputs] float32. */
  x: tf.Tensor;
  /** One-hot labels, [n, classes]. */
  y: tf.Tensor;
  /** m, each at most n. */
  batchSizes: readonly number[];
  /** How the steps are run. Default both. */
  modes?: readonly StepMode[];
  /** Samples of each. Default 5. */
  repeats?: number;
  /** A sample is as many steps as last so many milliseconds. Default 20. */
  sampleMilliseconds?: number;
  /** Called as the run gets on. */
  onProgress?: (progress: PartsDone) => void;
  /** Aborting it ends the run, which then throws the signal's reason. */
  signal?: AbortSignal;
}

const STEP_TIMES_OPTIONS: Options<StepTimesOptions> = {
  ...{ network: needed(aNetwork), x: needed(own), y: needed(own), batchSizes: needed(listOf(counting)) },
  ...{ modes: listOf(oneOf(STEP_MODES)), repeats: counting, sampleMilliseconds: positive },
  ...{ onProgress: callback, signal: abortSignal },
};

/** Milliseconds per step, by mode: [sizes][repeats]. */
export type StepTimes = Partial<Record<StepMode, number[][]>>;

/**
 * Milliseconds per training step of plain gradient descent, forward, backward and update, with the gathering of its rows, for each size of
 * mini-batch. All sizes and modes are timed in turn, every repeat in the other direction than the one before; a sample is as many steps as
 * last `sampleMilliseconds` (default 20), in one call. What was traced and compiled before is not counted.
 *
 * Read them as a + b m (`relativeLinearFit`): time per example without the fixed cost a says nothing about b.
 *
 * @example const { compiled } = await stepTimes({ network, x, y, batchSizes: [1, 8, 64], repeats: 5 });
 * @throws RangeError for a size above n; the signal's reason, when it aborts
 */
export async function stepTimes(options: StepTimesOptions): Promise<StepTimes> {
  expectOptions('stepTimes', options, STEP_TIMES_OPTIONS);
  const { network, x, y, batchSizes, modes = STEP_MODES, repeats = 5, sampleMilliseconds = 20 } = options;
  expectInputs('stepTimes', x);
  expectTargets('stepTimes', x, y);
  const n = x.shape[0];
  const large = batchSizes.find((m) => m > n);
  if (large !== undefined)
    throw new RangeError(`stepTimes: a mini-batch of ${large} of ${n} examples; wanted at most ${n}.`);
  const before = network.stateDict();
  const steps = modes.map((mode) => ({
    mode,
    step: new TrainingStep(resolveStep({ network, mode: mode === 'eager' ? 'eager' : 'auto' })),
  }));
  const tasks = steps.flatMap(({ mode, step }) =>
    batchSizes.map((m, i) => ({ mode, i, time: (count: number) => timeOf(step, { x, y }, m, count), count: 1 })),
  );
  const times: StepTimes = Object.fromEntries(modes.map((mode) => [mode, batchSizes.map((): number[] => [])]));
  try {
    for (const task of tasks) {
      await task.time(1); // traces and compiles
      await task.time(2); // and the loop over steps
      const once = Math.max(await task.time(8), 1e-3);
      task.count = Math.min(MOST_STEPS, Math.max(8, Math.ceil(sampleMilliseconds / once)));
      options.signal?.throwIfAborted();
    }
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const task of repeat % 2 === 0 ? tasks : [...tasks].reverse()) {
        times[task.mode]![task.i].push(await task.time(task.count));
      }
      options.onProgress?.({ step: repeat + 1, steps: repeats, name: `repeat ${repeat + 1}` });
      options.signal?.throwIfAborted();
    }
  } finally {
    for (const { step } of steps) step.dispose();
    network.loadStateDict(before);
  }
  return times;
}

const MOST_STEPS = 20000;

/** Milliseconds per step of one call. */
async function timeOf(step: TrainingStep, data: { x: tf.Tensor; y: tf.Tensor }, batchSize: number, steps: number) {
  const random = new Random(0, 'rows');
  const n = data.x.shape[0];
  const batches = Int32Array.from({ length: steps * batchSize }, () => random.integer(n));
  const schedules = { learningRate: new Float32Array(steps) };
  const began = performance.now();
  const { outputs } = await step.run({ data, batches, batchSize, schedules });
  outputs.loss.dataSync(); // no engine can have put the work off
  const milliseconds = performance.now() - began;
  tf.dispose(outputs);
  return milliseconds / steps;
}

/** {@link StepTimesOptions} as data. */
export interface StepTimesSpec {
  /** What takes the steps, a dense network: its inputs are random numbers. */
  network: Extract<NetworkSpec, { kind: 'mlp' }>;
  /** m. */
  batchSizes: number[];
  /** How the steps are run. */
  modes: StepMode[];
  /** Samples of each. */
  repeats: number;
  /** Length of a sample. */
  sampleMilliseconds: number;
}

export const definition: Definition<StepTimesSpec, { milliseconds: StepTimes }> = {
  name: 'step-times',
  version: 1,
  question: 'How long does a training step take by the size of its mini-batch, on this machine?',
  whenAborted: 'throws',
  defaults: {
    network: { kind: 'mlp', sizes: [784, 100, 10], activation: 'relu' },
    ...{ batchSizes: [1, 8, 64, 512], modes: ['compiled', 'eager'], repeats: 5, sampleMilliseconds: 20 },
  },
  options: {
    network: needed(
      having<StepTimesSpec['network']>("a dense network such as { kind: 'mlp', sizes: [784, 100, 10] }", {
        ...{ kind: needed(oneOf(['mlp'])), sizes: needed(listOf(counting)) },
      }),
    ),
    ...{ batchSizes: needed(listOf(counting)), modes: needed(listOf(oneOf(STEP_MODES))) },
    ...{ repeats: needed(counting), sampleMilliseconds: needed(positive) },
  },
  compute: async ({ network: spec, ...options }, control) => {
    const network = networkOf(spec, 1);
    const random = new Random(1, 'step times');
    const n = Math.max(1, ...options.batchSizes);
    const [inputs, classes] = [spec.sizes[0], spec.sizes[spec.sizes.length - 1]];
    const x = tf.tensor2d(random.normals(n * inputs), [n, inputs]);
    const labels = Array.from({ length: n }, (_, i) => i % classes);
    const y = oneHotLabels(labels, classes);
    try {
      return {
        milliseconds: await stepTimes({
          ...options,
          signal: control.signal,
          onProgress: ofTraining(control),
          network,
          x,
          y,
        }),
      };
    } finally {
      network.dispose();
      tf.dispose([x, y]);
    }
  },
};
