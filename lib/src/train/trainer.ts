import {
  abortSignal,
  callback,
  expectArgument,
  expectOptions,
  flag,
  having,
  listOf,
  needed,
  numbers,
  oneOf,
  type Options,
  optionsOf,
  own,
  recordOf,
  shown,
  tensor,
  text,
  whole,
} from '../core/checks';
import { Random } from '../core/random';
import { compile, engineCard, tf, type CompiledStep, type NamedTensors, type StepContext } from '../engine';
import { batchIndices, IMAGE_SIDE, sizeOf, toTensors, type Dataset } from '../data';
import type { Layer } from '../nn';
import { platform, usedMemory } from '../platform/port';
import { profile } from '../platform/profile';
import type { Json, LabelledBatch, NoProbes, Probe, ProbePoint, Probes, ProbeValues } from '../probe/types';
import { evaluateWithTaps, type EvaluateOptions } from './evaluate';
import { expectInputs, expectNetwork, expectTargets } from '../probe/model';
import { expectOneOf } from '../nn/checks';
import {
  finiteOrNull,
  type Divergence,
  type Evaluation,
  type History,
  type Provenance,
  type Seeds,
  type Settings,
} from './history';
import { expectOneHot, lossOf, softmaxCrossEntropy, type Loss, type LossName } from '../nn/loss';
import { Optimizer, type OptimizerName, type OptimizerSettings, type StepScalars, type WeightDecay } from './optimizer';
import { replaceStatistics } from './population';
import { digest } from './provenance';
import { scheduleRates, type Schedule } from './schedule';

/** Training and test set as tensors, with a name for the provenance. */
export interface TensorData {
  /** For the provenance. Default `'tensors'`. */
  name?: string;
  /** x [n, ...] float32, finite; y [n, classes] one-hot, or targets of a regression. */
  train: LabelledBatch;
  /** As `train`. */
  test: LabelledBatch;
}

/** What a run trains and tests on: a data set as `loadDataset` gives it, or tensors. */
export type TrainingData = Dataset | TensorData;

/** What `record` sees after each step; tensors by the network's labels (`layer1/weights`), those of trainable variables. */
export interface StepRecord {
  /** Training loss of the step, before it changed the weights. */
  loss: tf.Scalar;
  /** Of the loss, before weight decay. */
  gradients: Record<string, tf.Tensor>;
  /** Weights before and after the step. */
  before: Record<string, tf.Tensor>;
  /** Weights after the step. */
  after: Record<string, tf.Tensor>;
}

/** What is fixed for a {@link Trainer}: everything that is part of the step. */
export interface StepOptions {
  /** What is trained; it keeps the trained weights. */
  network: Layer;
  /** Default `'sgd'`. */
  optimizer?: OptimizerName | OptimizerSettings;
  /** Default `'crossEntropy'`. */
  loss?: LossName | Loss;
  /** L2 or decoupled; a number means L2, null none, as in a history. */
  weightDecay?: number | WeightDecay | null;
  /** Small tensors to keep from every step, computed in the step itself: norms, angles. Part of the trace. */
  record?: (at: StepRecord) => Record<string, tf.Tensor>;
  /** `'auto'` (default): as a graph where the engine can. `'eager'`: step by step, for comparison. */
  mode?: 'auto' | 'graph' | 'eager';
}

/** How far a run is. */
export interface TrainingProgress {
  /** Steps done. */
  step: number;
  /** Steps in all. */
  steps: number;
  /** Seconds since the run began. */
  seconds: number;
  /** Estimate of the seconds left, from the pace so far. */
  secondsLeft: number;
  /** Last training loss read; NaN before the first. */
  loss: number;
  /** Which run, where there are several. */
  name: string;
}

/** Upper bounds at which a run stops and keeps what it has. */
export interface Budget {
  /** Wall time. */
  seconds?: number;
  /** Resident memory of the process. */
  bytes?: number;
}

/** What can differ from run to run of one {@link Trainer}. */
export interface TrainRunOptions<P extends Probes = Probes> {
  /** What to train and test on. */
  data: TrainingData;
  /** Number of updates, at least 1. */
  steps: number;
  /** Examples per update (the m of a dense layer), from 1 to the size of the training set. */
  batchSize: number;
  /** Base rate, above 0. */
  learningRate: number;
  /** Factor on the learning rate over the steps; default constant. */
  schedule?: Schedule;
  /** Order of the batches and noise inside the step, separately if need be. */
  seed: number | { order: number; noise: number };
  /** For the provenance: the seed the network was built with. */
  weightsSeed?: number;
  /** Evaluate before the first step, after every so many, and after the last. Default: a twentieth of the steps. */
  evaluateEvery?: number;
  /** Evaluate after these numbers of steps instead (0 is before the first); the last step is always added. */
  evaluateAt?: number[];
  /** Also evaluate the test set in training mode, with mini-batches of `batchSize`. */
  evaluateTrainingMode?: boolean;
  /** Also evaluate the first so many training examples. */
  evaluateTrain?: number;
  /**
   * What batch normalization uses at evaluation: `'moving'` averages (default), or `'population'` statistics of 50 training mini-batches,
   * taken anew at each evaluation point; the moving averages stay.
   */
  inference?: 'moving' | 'population';
  /**
   * What to look at, at every evaluation point; the results go into `evaluations[i].probes`, by these names. What one throws
   * ends the run with that error, except in a network that has diverged, where it counts as null.
   */
  probes?: P | Probes;
  /** Row numbers of the batches, `steps * batchSize`, instead of random epochs. */
  batches?: Int32Array;
  /** For a data set: `'grey'` (default) or `'binary'` pixels. */
  pixels?: 'grey' | 'binary';
  /** Training loss above which the run ends as diverged; default 1000. Infinity, or null as in a history: only NaN and infinity end it. */
  divergenceBound?: number | null;
  /** Rows per forward pass of an evaluation; default 1000. */
  evaluationBatch?: number;
  /** Stands in the history and in progress. Default the network's name. */
  name?: string;
  /** Called as the run gets on, and after every evaluation. */
  onProgress?: (progress: TrainingProgress) => void;
  /** Aborting it ends the run between steps; the history holds what was done. */
  signal?: AbortSignal;
  /** Bounds of time and memory. */
  budget?: Budget;
}

/** Everything {@link trainNetwork} takes. */
export type TrainOptions<P extends Probes = Probes> = StepOptions & TrainRunOptions<P>;

const STEP_OPTIONS: Options<StepOptions> = {
  ...{ network: needed(own), optimizer: own, loss: own, weightDecay: own, record: callback, mode: own },
};

const BUDGET: Options<Budget> = { seconds: own, bytes: own };
const SEED_PAIR = having<{ order: number; noise: number }>('a whole number or { order, noise }', {
  ...{ order: needed(whole), noise: needed(whole) },
});

const RUN_OPTIONS: Options<TrainRunOptions> = {
  ...{ data: needed(own), steps: needed(own), batchSize: needed(own), learningRate: needed(own), schedule: own },
  ...{ seed: needed(own), weightsSeed: whole, evaluateEvery: own, evaluateAt: listOf(own), evaluateTrainingMode: flag },
  ...{ evaluateTrain: own, inference: own, probes: own, batches: numbers, pixels: oneOf(['grey', 'binary']) },
  ...{ divergenceBound: own, evaluationBatch: own, name: text, onProgress: callback, signal: abortSignal },
  budget: optionsOf(BUDGET),
};

/** Tensors by name. */
const RECORDED = recordOf(tensor);

/** What only `compare` takes: one object of options may be spread into both. */
const COMPARISON_NAMES = ['sides', 'seeds', 'learningRates', 'shareWeights', 'onRun'];

/** Throws for names of options that neither a step nor a run has, and for values of another kind. */
export function expectRunOptions(where: string, options: TrainRunOptions): void {
  expectOptions(where, options, RUN_OPTIONS, [...Object.keys(STEP_OPTIONS), ...COMPARISON_NAMES]);
}

/** The options of a step and of a run, for whoever hands them on. */
export const TRAIN_OPTIONS: Options<TrainOptions> = { ...STEP_OPTIONS, ...RUN_OPTIONS };

/**
 * Trains a network with mini-batches and records what happened. The network keeps the trained weights.
 *
 * The steps run compiled where the engine can, otherwise one by one with the same results. Two calls with the same network,
 * data and seed give the same history, `timing` aside. A run whose training loss leaves the bounds stops and says so in `diverged`.
 *
 * A run in parts: another call with the same network, the rest of the row numbers as `batches` and the rest of the schedule as a
 * `table` goes on where the first ended. For plain SGD without dropout the weights are then those of one run; momentum and Adam start anew.
 *
 * @returns the history: plain JSON, provenance included
 * @example
 * const network = mlp({ sizes: [784, 100, 100, 100, 10], activation: 'sigmoid', norm: 'batch', seed: 1 });
 * const history = await trainNetwork({
 *   network, data: await loadDataset(), steps: 1000, batchSize: 60, learningRate: 0.1, seed: 1,
 * });
 * finalAccuracy(history);
 * @throws RangeError for settings that make no sense, before anything is changed
 */
export async function trainNetwork<P extends Probes = NoProbes>(
  options: TrainOptions<P>,
): Promise<History<ProbeValues<P>>> {
  expectOptions('trainNetwork', options, TRAIN_OPTIONS, COMPARISON_NAMES);
  const trainer = new Trainer(options);
  try {
    return await trainer.train(options);
  } finally {
    trainer.dispose();
  }
}

/** Steps between two looks at the loss for divergence: a diverged run wastes at most so many. */
const CHECK_EVERY = 500;
/** At most so many points of the training loss go into a history. */
const LOSS_POINTS = 1000;

/**
 * One compiled training step, for any number of runs. For another seed, put other weights into the same network
 * (`restore`, `copyFrom`) and call `train` again: nothing is traced twice. The optimizer starts afresh with each run. A layer that has
 * been frozen or thawed between two runs counts as such in the second.
 */
export class Trainer {
  private readonly optimizer: Optimizer;
  private readonly loss: Loss;
  private readonly step: CompiledStep;
  private readonly options: StepOptions;
  private busy = false;

  constructor(options: StepOptions) {
    expectOptions('Trainer', options, STEP_OPTIONS, [...Object.keys(RUN_OPTIONS), ...COMPARISON_NAMES]);
    this.options = { ...options };
    const { network, optimizer = 'sgd', loss = 'crossEntropy', weightDecay } = options;
    expectNetwork('trainNetwork', network);
    expectOneOf('trainNetwork', 'mode', options.mode ?? 'auto', ['auto', 'graph', 'eager']);
    expectTrainable(network);
    if ((loss as string) === 'custom') {
      throw new RangeError(
        "trainNetwork: loss 'custom' stands in a history for a function of yours; give the function.",
      );
    }
    this.loss = lossOf(loss);
    this.optimizer = new Optimizer(network.trainable, optimizer, weightDecay);
    this.step = compile((inputs: NamedTensors, context) => this.oneStep(inputs, context), { mode: options.mode });
  }

  /**
   * One run from the network's present weights. See {@link trainNetwork}.
   * @param options see {@link TrainRunOptions}
   * @param prepared the data as tensors, already checked, where many runs share them; stays the caller's
   */
  async train<P extends Probes = NoProbes>(
    options: TrainRunOptions<P>,
    prepared?: PreparedData,
  ): Promise<History<ProbeValues<P>>> {
    expectRunOptions('Trainer.train', options);
    if (this.busy) throw new Error('Trainer: a run of this trainer is under way; await it before the next.');
    this.busy = true;
    let own: PreparedData | undefined;
    try {
      expectTrainable(this.options.network);
      checkOptions(options);
      own = prepared ? undefined : prepareData(options.data, options.pixels, this.options.loss ?? 'crossEntropy');
      return (await this.run(options, (prepared ?? own)!)) as History<ProbeValues<P>>;
    } finally {
      own?.dispose();
      this.busy = false;
    }
  }

  /** Frees the compiled step and the optimizer's variables; the network stays. */
  dispose(): void {
    this.step.dispose();
    this.optimizer.dispose();
  }

  private oneStep(inputs: NamedTensors, context: StepContext): NamedTensors {
    const { network, record } = this.options;
    const { x, y, ...scalars } = inputs;
    const { random } = context;
    const { trainable } = network; // asked at each trace and each eager step: a layer may have been frozen or thawed
    const forward = () => this.loss(network.apply(x, { training: true, random }), y);
    const { value, grads } = tf.engine().gradients(forward, trainable, undefined, true);
    const copies = () => trainable.map((v) => v.clone());
    const before = record ? copies() : [];
    this.optimizer.apply(trainable, grads, scalars as unknown as StepScalars);
    const outputs: Record<string, tf.Tensor> = { loss: value };
    if (!record) return outputs;
    const label = new Map(Object.entries(network.named).map(([name, variable]) => [variable.id, name]));
    const labels = trainable.map((v) => label.get(v.id) ?? v.name);
    const named = (tensors: (tf.Tensor | undefined)[]) =>
      Object.fromEntries(labels.map((name, i) => [name, tensors[i] ?? tf.zeros(trainable[i].shape)]));
    const recorded = record({
      loss: value as tf.Scalar,
      gradients: named(grads),
      before: named(before),
      after: named(copies()),
    });
    expectArgument('trainNetwork', 'what record() returned', recorded, RECORDED);
    for (const [name, value] of Object.entries(recorded)) outputs[`record/${name}`] = value;
    return outputs;
  }

  private async run(options: TrainRunOptions, data: PreparedData): Promise<History> {
    const { network } = this.options;
    const { steps, batchSize, learningRate, signal, budget = {} } = options;
    const divergenceBound = boundOf(options);
    const { schedule = { kind: 'constant' }, name = network.name, onProgress } = options;
    const n = data.train.x.shape[0];
    checkOptions(options, n);
    const seeds: Seeds = {
      weights: options.weightsSeed ?? null,
      ...(typeof options.seed === 'number'
        ? { order: options.seed, noise: options.seed }
        : { order: options.seed.order, noise: options.seed.noise }),
    };
    const rates = scheduleRates(learningRate, steps, schedule);
    const batches = options.batches
      ? checkBatches(options.batches, steps * batchSize, n)
      : batchIndices({ n, batch: batchSize, steps, random: new Random(seeds.order, 'order') });
    const points = evaluationPoints(options);
    const probes = Object.entries(options.probes ?? {}).map(([probe, given]) => ({
      name: probe,
      probe: typeof given === 'function' ? { measure: given } : given,
      memory: {},
    }));
    const settings: Settings = {
      batchSize,
      learningRate,
      schedule,
      optimizer: this.optimizer.settings,
      weightDecay: this.optimizer.weightDecay,
      loss: typeof this.options.loss === 'function' ? 'custom' : (this.options.loss ?? 'crossEntropy'),
      divergenceBound: finiteOrNull(divergenceBound),
      inference: options.inference ?? 'moving',
    };
    const provenance: Provenance = {
      commit: platform().commit(),
      engine: plain(engineCard()),
      data: data.description,
      network: describe(network),
      profile: profile(),
      seeds,
      settings: JSON.parse(JSON.stringify(settings)),
      batches: digest(batches),
    };
    const losses = new LossWindows(steps);
    const perStep: Record<string, Json[]> = {};
    const evaluations: Evaluation[] = [];
    const timing = { seconds: 0, stepSeconds: 0, evaluationSeconds: 0 };
    const began = Date.now();
    const seconds = () => (Date.now() - began) / 1000;
    let lastLoss = NaN;
    const report = (step: number) =>
      onProgress?.({
        step,
        steps,
        seconds: seconds(),
        secondsLeft: step > 0 ? (seconds() / step) * (steps - step) : NaN,
        loss: lastLoss,
        name,
      });
    let stopped: History['stopped'] = null;
    let diverged: Divergence | null = null;
    let step = 0;
    this.optimizer.reset();
    const batch = tf.tidy(() => {
      const rows = tf.tensor1d(batches.slice(0, batchSize), 'int32');
      return { x: tf.gather(data.train.x, rows), y: tf.gather(data.train.y, rows) };
    });

    const evaluateHere = async () => {
      const start = Date.now();
      const rate = rates[Math.min(step, steps - 1)];
      const at = { step, learningRate: rate, network, loss: this.loss, test: data.test, batch };
      const moving = options.inference === 'population' ? network.variables.map((v) => v.clone()) : [];
      try {
        if (moving.length > 0) replaceStatistics(network, data.train.x, { batchSize });
        evaluations.push(await this.evaluation(at, options, data, probes, diverged !== null));
      } finally {
        moving.forEach((value, i) => network.variables[i].assign(value));
        tf.dispose(moving);
      }
      timing.evaluationSeconds += (Date.now() - start) / 1000;
      report(step);
    };

    try {
      if (points[0] === 0) await evaluateHere();
      while (step < steps && !diverged && !stopped) {
        const nextPoint = points.find((point) => point > step) ?? steps;
        const end = Math.min(nextPoint, step + CHECK_EVERY);
        const start = Date.now();
        const base = step;
        const result = await this.step.run({
          data: { x: data.train.x, y: data.train.y },
          batches: batches.subarray(step * batchSize, end * batchSize),
          batchSize,
          seed: seeds.noise,
          firstStep: step,
          schedules: { learningRate: rates.subarray(step, end), ...this.optimizer.schedules(step, end) },
          onProgress: ({ done }) => report(base + done),
          signal,
        });
        timing.stepSeconds += (Date.now() - start) / 1000;
        const { loss, ...recorded } = result.outputs;
        if (loss) {
          const values = loss.dataSync() as Float32Array;
          diverged = losses.add(values, divergenceBound);
          lastLoss = values[values.length - 1];
        }
        for (const [key, tensor] of Object.entries(recorded)) {
          const rows = tensor.arraySync() as Json[];
          (perStep[key.slice('record/'.length)] ??= []).push(...rows.map(plain));
        }
        tf.dispose(result.outputs);
        step += result.steps;
        if (signal?.aborted || result.stopped) stopped = 'signal';
        else if (budget.seconds !== undefined && seconds() > budget.seconds) stopped = 'seconds';
        else if (budget.bytes !== undefined && usedMemory() > budget.bytes) stopped = 'bytes';
        if (step === steps) stopped = null;
        const isNew = evaluations.at(-1)?.step !== step; // stopped before the first step, it is not
        if (isNew && (step === nextPoint || diverged || stopped)) await evaluateHere();
      }
    } finally {
      tf.dispose([batch.x, batch.y]);
    }
    timing.seconds = seconds();
    return {
      kind: 'history',
      version: 1,
      name,
      provenance,
      steps,
      stepsDone: step,
      stopped,
      diverged,
      losses: losses.finish(),
      evaluations,
      perStep,
      timing,
    };
  }

  private async evaluation(
    at: Omit<ProbePoint, 'taps' | 'memory'>,
    options: TrainRunOptions,
    data: PreparedData,
    probes: { name: string; probe: Probe; memory: Record<string, unknown> }[],
    diverged: boolean,
  ): Promise<Evaluation> {
    const { network } = this.options;
    const { loss } = this;
    const score = (what: EvaluateOptions) => evaluateWithTaps(what, []).score;
    const wanted = [...new Set(probes.flatMap(({ probe }) => probe.taps ?? []))];
    const common = { network, loss: this.options.loss ?? loss };
    const rowsOf = (set: LabelledBatch) => Math.min(options.evaluationBatch ?? 1000, set.x.shape[0]);
    const { score: test, taps } = evaluateWithTaps({ ...common, ...data.test, batchSize: rowsOf(data.test) }, wanted);
    try {
      const evaluation: Evaluation = { step: at.step, test, probes: {} };
      if (options.evaluateTrainingMode) {
        evaluation.testTrainingMode = score({
          ...common,
          ...data.test,
          training: true,
          batchSize: Math.min(options.batchSize, data.test.x.shape[0]),
        });
      }
      if (options.evaluateTrain) {
        const rows = Math.min(options.evaluateTrain, data.train.x.shape[0]);
        const first = tf.tidy(() => ({ x: tf.slice(data.train.x, 0, rows), y: tf.slice(data.train.y, 0, rows) }));
        evaluation.train = score({ ...common, ...first, batchSize: rowsOf(first) });
        tf.dispose([first.x, first.y]);
      }
      for (const { name, probe, memory } of probes) {
        try {
          evaluation.probes[name] = plain(await probe.measure({ ...at, taps, memory }));
        } catch (error) {
          // A network that is not finite has no curvature or singular values; that must not cost the run, and all others with it.
          if (!diverged && test.loss !== null) throw error;
          evaluation.probes[name] = null;
        }
      }
      return evaluation;
    } finally {
      tf.dispose(taps);
    }
  }
}

function expectTrainable({ trainable, name }: Layer): void {
  if (trainable.length > 0) return;
  throw new RangeError(`trainNetwork: network '${name}' has no trainable variable. Are all its layers frozen?`);
}

/** Name, size and, where the network says it, configuration. */
export function describe(network: Layer): Json {
  const parameters = network.trainable.reduce((sum, v) => sum + v.size, 0);
  const { config } = network as { config?: unknown };
  return { name: network.name, parameters, config: plain(config) };
}

/** The same value as it will be after a trip through JSON: NaN and infinities become null, typed arrays plain ones. */
function plain(value: unknown): Json {
  if (typeof value === 'number') return finiteOrNull(value);
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>, plain);
  if (value instanceof tf.Tensor) throw new TypeError('A probe returned a tensor; wanted plain numbers (dataSync).');
  return Object.fromEntries(Object.entries(value as object).map(([key, entry]) => [key, plain(entry)]));
}

/** Means of the training loss over windows, and the watch for divergence. */
class LossWindows {
  private readonly window: number;
  private readonly steps: number[] = [];
  private readonly values: (number | null)[] = [];
  private sum = 0;
  private count = 0;
  private seen = 0;

  constructor(steps: number) {
    this.window = Math.ceil(steps / LOSS_POINTS);
  }

  /** Takes losses in; returns where they left the bounds, if they did. What comes after that point is not recorded. */
  add(losses: Float32Array, bound: number): Divergence | null {
    for (const loss of losses) {
      if (!(Math.abs(loss) <= bound) || !Number.isFinite(loss)) {
        const reason = Number.isNaN(loss)
          ? 'loss is NaN'
          : Number.isFinite(loss)
            ? `loss above the bound of ${bound}`
            : 'loss is infinite';
        return { step: this.seen, loss: finiteOrNull(loss), reason };
      }
      this.seen++;
      this.sum += loss;
      if (++this.count === this.window) this.flush();
    }
    return null;
  }

  finish(): History['losses'] {
    if (this.count > 0) this.flush();
    return { window: this.window, steps: this.steps, values: this.values };
  }

  private flush(): void {
    this.steps.push(this.seen);
    this.values.push(finiteOrNull(this.sum / this.count));
    this.sum = 0;
    this.count = 0;
  }
}

/** Data as tensors, checked, described for the provenance. */
export interface PreparedData {
  /** Training set. */
  train: LabelledBatch;
  /** Test set. */
  test: LabelledBatch;
  /** Name, checksum and sizes, for the provenance. */
  description: Json;
  /** Frees what was made here; tensors that were given stay. */
  dispose(): void;
}

const TENSOR_DATA = having<TensorData>(
  'a data set, as loadDataset() gives it, or { train: { x, y }, test: { x, y } }',
  {
    name: text,
  },
);

/** Tensors of a data set, checked; a data set given as tensors stays the caller's. */
export function prepareData(
  data: TrainingData,
  pixels: 'grey' | 'binary' | undefined,
  loss: LossName | Loss,
): PreparedData {
  if (isDataset(data)) {
    const train = toTensors(data.train, { pixels });
    const test = toTensors(data.test, { pixels });
    const { name, title, checksum } = data;
    const bytes = [data.train.images, data.train.labels, data.test.images, data.test.labels];
    const sizes = { shape: [...(data.train.shape ?? [IMAGE_SIDE, IMAGE_SIDE, 1])], classes: data.classCount };
    const counts = { train: data.train.n, test: data.test.n };
    const description = {
      name,
      title,
      checksum,
      pixels: pixels ?? 'grey',
      ...sizes,
      ...counts,
      digest: digest(...bytes),
    };
    return { train, test, description, dispose: () => tf.dispose([train.x, train.y, test.x, test.y]) };
  }
  if (data !== undefined && data !== null) expectArgument('trainNetwork', 'data', data, TENSOR_DATA);
  const check = (which: 'train' | 'test'): LabelledBatch => {
    const { x, y } = data?.[which] ?? {};
    expectInputs(`data.${which}`, x);
    expectTargets(`data.${which}`, x, y);
    if (lossOf(loss) !== softmaxCrossEntropy) return { x, y };
    expectOneHot(`data.${which}.y`, y);
    return { x, y };
  };
  const train = check('train');
  const test = check('test');
  for (const key of ['x', 'y'] as const) {
    const [wanted, given] = [train[key].shape.slice(1), test[key].shape.slice(1)];
    if (tf.util.arraysEqual(wanted, given)) continue;
    throw new RangeError(
      `data.test.${key} has shape [${test[key].shape}] and data.train.${key} [${train[key].shape}]; wanted the same but for the ` +
        'number of examples.',
    );
  }
  const bytes = [train.x, train.y, test.x, test.y].map((tensor) => tensor.dataSync());
  const sizes = { train: train.x.shape[0], test: test.x.shape[0] };
  const description = { name: data.name ?? 'tensors', ...sizes, digest: digest(...bytes) };
  return { train, test, description, dispose: () => undefined };
}

/**
 * Numbers that go into a network for one example of this data, and that come out of it.
 *
 * @internal
 */
export function widthsOf(data: TrainingData): { inputs: number; outputs: number } {
  if (isDataset(data)) return { inputs: sizeOf(data.train), outputs: data.classCount };
  const { x, y } = data.train;
  return { inputs: tf.util.sizeFromShape(x.shape.slice(1)), outputs: tf.util.sizeFromShape(y.shape.slice(1)) };
}

function isDataset(data: TrainingData): data is Dataset {
  return typeof data === 'object' && data !== null && 'checksum' in data;
}

/**
 * One-hot float32 labels [n, classes].
 *
 * @param labels whole numbers from 0 to classes - 1
 * @example oneHotLabels([2, 0], 3) // [[0, 0, 1], [1, 0, 0]]
 * @throws RangeError for a label that is not a whole number from 0 to classes - 1, naming its row
 */
export function oneHotLabels(labels: ArrayLike<number>, classes: number): tf.Tensor2D {
  if (!Number.isInteger(classes) || classes < 1) {
    throw new RangeError(`oneHotLabels: classes must be a whole number of at least 1, got ${shown(classes)}.`);
  }
  expectArgument('oneHotLabels', 'labels', labels, numbers);
  if (labels.length === 0) throw new RangeError('oneHotLabels: wanted at least one label, got none.');
  const values = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(`oneHotLabels: label ${i} is ${label}; wanted a whole number from 0 to ${classes - 1}.`);
    }
    values[i * classes + label] = 1;
  }
  return tf.tensor2d(values, [labels.length, classes]);
}

/** Refuses settings that make no sense; with `n` training examples known, also a batch that does not fit. */
export function checkOptions(options: Omit<TrainRunOptions, 'data' | 'learningRate'>, n?: number): void {
  const count = (name: string, value: number | undefined, low = 1) => {
    if (value === undefined || (Number.isInteger(value) && value >= low)) return;
    throw new RangeError(`${name}: wanted a whole number of at least ${low}, got ${shown(value)}.`);
  };
  count('steps', options.steps ?? NaN);
  count('batchSize', options.batchSize ?? NaN);
  if (n !== undefined && options.batchSize > n) {
    throw new RangeError(`batchSize: ${options.batchSize} is more than the ${n} training examples; wanted 1 to ${n}.`);
  }
  count('evaluateEvery', options.evaluateEvery);
  count('evaluationBatch', options.evaluationBatch);
  count('evaluateTrain', options.evaluateTrain);
  for (const [name, bound] of Object.entries(options.budget ?? {})) {
    if (bound === undefined || (typeof bound === 'number' && bound >= 0)) continue;
    throw new RangeError(`budget.${name}: wanted zero or above, got ${shown(bound)}.`);
  }
  if (options.probes !== undefined) expectArgument('probes', 'probes', options.probes, PROBES);
  for (const [name, probe] of Object.entries(options.probes ?? {})) {
    if (typeof (typeof probe === 'function' ? probe : probe?.measure) === 'function') continue;
    throw new TypeError(`probes.${name}: wanted a function or { taps, measure }, got ${typeof probe}.`);
  }
  const bound = boundOf(options);
  if (typeof bound !== 'number' || !(bound > 0)) {
    throw new RangeError(`divergenceBound: wanted a loss above zero, got ${shown(bound)}.`);
  }
  if (options.evaluateEvery !== undefined && options.evaluateAt !== undefined) {
    throw new RangeError('evaluateEvery and evaluateAt were both given; wanted one of them.');
  }
  for (const point of options.evaluateAt ?? []) {
    if (!Number.isInteger(point) || point < 0 || point > options.steps) {
      throw new RangeError(`evaluateAt: wanted whole numbers from 0 to ${options.steps} (steps), got ${shown(point)}.`);
    }
  }
  if (typeof options.seed !== 'number') expectArgument('trainNetwork', 'seed', options.seed, SEED_PAIR);
  const seeds = typeof options.seed === 'number' ? [options.seed] : [];
  if (options.inference !== undefined && options.inference !== 'moving' && options.inference !== 'population') {
    throw new RangeError(`inference: ${shown(options.inference)} is not known; wanted 'moving' or 'population'.`);
  }
  for (const seed of seeds) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`seed: wanted a whole number, got ${shown(seed)}.`);
  }
}

/** The loss above which a run has diverged; a history says null for Infinity, which JSON does not have. */
function boundOf({ divergenceBound = 1000 }: Pick<TrainRunOptions, 'divergenceBound'>): number {
  return divergenceBound ?? Infinity;
}

/** Probes by name. */
const PROBES = having('probes by name', {});

/** Steps after which to evaluate, ascending. */
function evaluationPoints({ steps, evaluateEvery = Math.ceil(steps / 20), evaluateAt }: TrainRunOptions): number[] {
  const points = evaluateAt
    ? [...evaluateAt]
    : Array.from({ length: Math.ceil(steps / evaluateEvery) }, (_, i) => i * evaluateEvery);
  return [...new Set([...points, steps])].sort((a, b) => a - b);
}

function checkBatches(batches: Int32Array, length: number, n: number): Int32Array {
  if (batches.length !== length) {
    throw new RangeError(`batches: wanted steps * batchSize = ${length} row numbers, got ${batches.length}.`);
  }
  const bad = batches.findIndex((row) => !Number.isInteger(row) || row < 0 || row >= n);
  if (bad >= 0) throw new RangeError(`batches: entry ${bad} is row ${batches[bad]}; wanted 0 to ${n - 1}.`);
  return batches instanceof Int32Array ? batches : Int32Array.from(batches);
}
