import {
  abortSignal,
  callback,
  expectArgument,
  expectOptions,
  needed,
  object,
  type Options,
  own,
  shown,
  whole,
} from '../../core/checks';
import { tf } from '../tf';
import { CompileError, guarded, insideStep } from './guard';
import { Feed } from './body';
import { loopGraphs } from './graph';
import { LoopGraph, LoopKind } from './loop';
import { NativeBackend, nativeBackend } from '../engines/native/addon';
import { drawMany, StepRandom, stepStream } from './random';
import { Session } from './session';
import { AnyStep, Trace, checkOutputs, trace, withoutEffect } from './trace';
import { Outlook, digestOf } from './watch';

/** Named tensors. */
export type NamedTensors = Record<string, tf.Tensor>;

/** What a step gets besides its inputs. */
export interface StepContext {
  /** seeded random tensors that differ from step to step */
  readonly random: StepRandom;
  /** the number of this step, counted from 0 over all calls of `run`, int32 */
  readonly step: tf.Scalar;
}

/** Settings of {@link compile}. */
export interface CompileOptions {
  /** 'graph' traces and runs a TensorFlow graph, 'eager' calls the step every time; 'auto' (default) traces where it can. */
  mode?: 'auto' | 'graph' | 'eager';
  /**
   * Compile the operations of the step with XLA. `'auto'` (default): unless the step contains a convolution or a pooling, whose
   * XLA kernels for processors are slower than TensorFlow's own.
   */
  xla?: 'auto' | boolean;
  /** seed of `context.random`, default 0 */
  seed?: number;
}

/** What a chunk of steps gave, as `onProgress` sees it. */
export interface StepProgress {
  /** steps of this call that are done */
  done: number;
  /** steps of this call in all */
  steps: number;
  /** seconds since the call began */
  seconds: number;
  /** what the steps since the last report returned, stacked; only until `onProgress` returns */
  outputs: NamedTensors;
}

/** Settings of one call of {@link CompiledStep.run}. */
export interface RunOptions {
  /** examples held on the device, by the name of the step's input; the first axis of each counts examples */
  data: NamedTensors;
  /** row indices into the data, one row of the matrix per step: [steps, batch]; as a flat Int32Array with `batchSize` */
  batches: Int32Array | tf.Tensor2D;
  /** rows per step, when `batches` is an Int32Array */
  batchSize?: number;
  /** one value per step each; arrives in the step as the scalar input of that name */
  schedules?: Record<string, Float32Array | readonly number[]>;
  /** called after every chunk of steps, about ten times a second */
  onProgress?: (progress: StepProgress) => void;
  /** stops between two chunks; what was computed is kept */
  signal?: AbortSignal;
  /** seed of `context.random` for this call, default that of `compile` */
  seed?: number;
  /** number of this call's first step, for `context.step` and `context.random`; default: after the last step done */
  firstStep?: number;
}

const NAMED = { ...object, words: 'named tensors such as { x, y }' };
const COMPILE_OPTIONS: Options<CompileOptions> = { mode: own, xla: own, seed: whole };
const RUN_OPTIONS: Options<RunOptions> = {
  ...{
    data: needed(NAMED),
    batches: needed(own),
    batchSize: own,
    schedules: { ...object, words: 'lists of numbers by name' },
  },
  ...{ onProgress: callback, signal: abortSignal, seed: whole, firstStep: own },
};

/** What {@link CompiledStep.run} gives. */
export interface RunResult<O extends { [K in keyof O]: tf.Tensor } = NamedTensors> {
  /** steps done */
  steps: number;
  /**
   * everything the step returned, stacked over the steps: [steps, ...]; the caller disposes them. A run of no steps gives
   * [0, ...] when an earlier run has told the shapes, else no outputs
   */
  outputs: { [K in keyof O]: tf.Tensor };
  /** true when the signal stopped it before the last step */
  stopped: boolean;
}

/** A step that {@link compile} made. */
export interface CompiledStep<O extends { [K in keyof O]: tf.Tensor } = NamedTensors> {
  /**
   * Runs one step per row of `batches`, in order. Variables are read when it starts and hold their new values when it is done,
   * also after each chunk of at most about 100 ms, between which the event loop runs; the first, of one step, also traces and
   * compiles. Data disposed meanwhile are kept until it is done.
   *
   * @throws CompileError when the step does what cannot be compiled, or runs already; at once when called inside a step
   * @throws RangeError when shapes, indices or schedules do not fit, or an option is not known, with the one that was meant
   * @throws TypeError when an option is of another kind
   */
  run(options: RunOptions): Promise<RunResult<O>>;
  /** how it runs: 'graph' or 'eager' */
  readonly mode: 'graph' | 'eager';
  /** steps done so far, which is the number of the next one */
  readonly stepsDone: number;
  /** how many graphs have been traced, and how long tracing and loading them took */
  readonly traces: { count: number; milliseconds: number };
  /** how the graphs run their loops, see {@link LoopKind}; empty before the first run and in eager mode */
  readonly loops: LoopKind[];
  /** Frees the graphs. The variables are the caller's. */
  dispose(): void;
}

/** A chunk should take this long: well below the 100 ms after which a reader notices, because estimates err. */
const CHUNK_MILLISECONDS = 60;
/** Bytes that a chunk feeds and fetches, at most. */
const CHUNK_BYTES = 64 * 2 ** 20;

/**
 * Makes a training step fast: traced once, it runs as a TensorFlow graph, many steps per call, with no JavaScript between them.
 *
 * The step is ordinary TensorFlow.js: any layers, any loss, any optimizer. It gets a batch and returns named tensors; whatever
 * `tf.Variable` it assigns (weights, optimizer slots, moving averages) is found and carried on.
 *
 * ```ts
 * const step = compile(({ x, y }, { random }) => {
 *   const loss = optimizer.minimize(() => softmaxCrossEntropy(network.apply(x, { training: true, random }), y), true)!;
 *   return { loss };
 * });
 * const { outputs } = await step.run({ data: { x, y }, batches, batchSize: 60 });   // outputs.loss: [steps]
 * ```
 *
 * - Variables that the step only reads are read at each call. Other tensors from outside the step, and JavaScript values, are
 *   constants of the trace (`adam.learningRate` is one: to change it, compile again); when such a tensor has been disposed since,
 *   the step is traced again.
 * - Looked at before each chunk, so that the step is traced again where they matter: `trainable` of its variables, the properties of
 *   this library's layers (`frozen`, `rate`, the layers of a network), and whether there is a new variable, as when a name that the step
 *   uses has been given another one.
 * - What may change from step to step is data, a schedule, a variable, `context.random` or `context.step`.
 * - Reading values (`dataSync`, `print`, ...), random operations of TensorFlow.js, and operations whose result's shape depends on
 *   values are errors that name the call.
 * - New shapes trace anew; traces are kept until `dispose`.
 * - Where there is no native engine, and with `{ mode: 'eager' }`, the same call runs the step as it is, with the same results up to
 *   the rounding of the engine.
 *
 * The step function itself is called once or twice per trace, not once per training step: JavaScript counters in it do not count.
 *
 * What it computes is what eager execution computes, on a processor:
 *
 * - Nothing is rewritten by the rules of real numbers: (x + c) - c is rounded twice, x / 1e38 is a division.
 * - Without XLA (`xla: false`; by default a step with convolutions) TensorFlow's own kernels run: the same bits, but for softmax, products of
 *   matrices and convolutions, for which TensorFlow has kernels of its own in graphs: those agree to rounding.
 * - With XLA the same bits, with NaN, infinities and signs of zero, for +, -, *, /, minimum and maximum, comparisons, roots, rounding, casts,
 *   `argMax`, `where`, integers, and whatever moves values about. To rounding, about 1e-6 of the largest term: exp, log, powers, tanh and
 *   their like, sums, products of matrices, gradients. And a product that is added to something may be taken before it is rounded (a
 *   fused multiply-add): x * y + z can be finite where x * y alone is infinite.
 * - Rounding grows where the step makes it grow: a logit of 1e9 is known to 64 only, and softmax takes its exponential.
 * - Numbers below 1.2e-38 in size (denormal) may count as 0. With an infinite logit, softmax is NaN there or in its whole row.
 * - On a GPU XLA keeps its algebraic simplifier: there the first of these does not hold with XLA.
 *
 * @throws TypeError when the step is no function, or the options no object of options
 * @throws RangeError for an option that is not known, with the one that was meant, or a value that is none of its own
 */
export function compile<
  I extends { [K in keyof I]: tf.Tensor } = NamedTensors,
  O extends { [K in keyof O]: tf.Tensor } = NamedTensors,
>(step: (inputs: I, context: StepContext) => O, options: CompileOptions = {}): CompiledStep<O> {
  return new Compiled(step as AnyStep, options) as unknown as CompiledStep<O>;
}

/** A traced step, loaded. */
interface Loaded {
  traced: Trace;
  graph: LoopGraph;
  session: Session;
  inputNames: string;
  outputNames: string;
  /** graphs to fall back on when TensorFlow cannot compile this one */
  others: (() => LoopGraph)[];
  /** what it does, and what might change that */
  digest: string;
  outlook: Outlook;
  /** measured, NaN before the first chunk */
  millisecondsPerStep: number;
  warm: boolean;
}

/** A call of run, checked. */
interface Call {
  data: NamedTensors;
  dataNames: string[];
  batches: Int32Array;
  batchSize: number;
  steps: number;
  schedules: Record<string, Float32Array>;
  seed: number;
  firstStep: number;
  onProgress?: (progress: StepProgress) => void;
  signal?: AbortSignal;
}

class Compiled {
  private readonly loaded = new Map<string, Loaded>();
  private running = false;
  private disposed = false;
  private next = 0;
  /** what the last steps returned, for a run of no steps */
  private last: Form = [];
  readonly traces = { count: 0, milliseconds: 0 };

  private readonly step: AnyStep;

  constructor(
    step: AnyStep,
    private readonly options: CompileOptions,
  ) {
    expectArgument('compile', 'the step', step, callback);
    expectOptions('compile', options, COMPILE_OPTIONS);
    this.step = naming(step);
    const { mode = 'auto', xla = 'auto' } = options;
    if (!['auto', 'graph', 'eager'].includes(mode)) {
      throw new RangeError(`compile: mode must be 'auto', 'graph' or 'eager', got ${shown(mode)}.`);
    }
    if (xla !== 'auto' && typeof xla !== 'boolean') {
      throw new RangeError(`compile: xla must be 'auto', true or false, got ${shown(xla)}.`);
    }
  }

  get mode(): 'graph' | 'eager' {
    const { mode = 'auto' } = this.options;
    if (mode === 'eager') return 'eager';
    if (nativeBackend()) return 'graph';
    if (mode === 'graph') {
      throw new CompileError(
        `{ mode: 'graph' } needs the native engine, and the one in use is '${tf.getBackend()}'. ` +
          "Leave mode out, or set it to 'auto', to run the step eagerly here.",
      );
    }
    return 'eager';
  }

  get loops(): LoopKind[] {
    return [...this.loaded.values()].map(({ graph }) => graph.kind);
  }

  get stepsDone(): number {
    return this.next;
  }

  run(options: RunOptions): Promise<RunResult> {
    // thrown, not rejected: nobody could await it in there
    if (insideStep()) {
      throw new CompileError(
        'run() inside a step: a step is one training step. Call the function of the other step itself.',
      );
    }
    return this.runOnce(options);
  }

  private async runOnce(options: RunOptions): Promise<RunResult> {
    if (this.disposed) throw new CompileError('This compiled step has been disposed; compile it again.');
    if (this.running) {
      throw new CompileError('This compiled step is running already. Await the first run() before the next.');
    }
    this.running = true;
    try {
      await tf.ready();
      const call = await this.check(options);
      // on tensors of its own: the caller may dispose his while it runs
      const data: NamedTensors = {};
      for (const name of call.dataNames) data[name] = call.data[name].clone();
      try {
        return await this.runChunks({ ...call, data });
      } finally {
        tf.dispose(data);
      }
    } finally {
      this.running = false;
    }
  }

  dispose(): void {
    if (this.running)
      throw new CompileError('This compiled step is running. Stop it and await run() before dispose().');
    this.disposed = true;
    for (const loaded of this.loaded.values()) free(loaded);
    this.loaded.clear();
  }

  private async check(options: RunOptions): Promise<Call> {
    expectOptions('run', options, RUN_OPTIONS);
    const { data, batches, schedules = {}, seed = this.options.seed ?? 0, firstStep = this.next } = options;
    const dataNames = Object.keys(data);
    if (dataNames.length === 0)
      throw new RangeError('run: data holds no tensor; wanted named tensors such as { x, y }.');
    let rows: number | undefined;
    for (const name of dataNames) {
      const tensor = data[name];
      if (!(tensor instanceof tf.Tensor)) throw new TypeError(`run: data.${name} is not a tensor.`);
      if (tensor.isDisposed) throw new RangeError(`run: data.${name} has been disposed.`);
      if (tensor.rank === 0)
        throw new RangeError(`run: data.${name} is a scalar; its first axis must count the examples.`);
      if (tensor.dtype === 'string' || tensor.dtype === 'complex64') {
        throw new RangeError(`run: data.${name} is ${tensor.dtype}; wanted float32, int32 or bool.`);
      }
      rows ??= tensor.shape[0];
      if (tensor.shape[0] !== rows) {
        throw new RangeError(
          `run: data.${name} has ${tensor.shape[0]} examples and data.${dataNames[0]} ${rows}; they must agree.`,
        );
      }
    }
    let indices: Int32Array;
    let { batchSize } = options;
    if (batches instanceof tf.Tensor) {
      if (batches.isDisposed) throw new RangeError('run: batches has been disposed.');
      if (batches.rank !== 2 || batches.dtype !== 'int32') {
        throw new RangeError(
          `run: batches must be int32 of rank 2 [steps, batch], got ${batches.dtype} [${batches.shape}].`,
        );
      }
      if (batchSize !== undefined && batchSize !== batches.shape[1]) {
        throw new RangeError(`run: batchSize ${shown(batchSize)} contradicts batches of shape [${batches.shape}].`);
      }
      batchSize = batches.shape[1]!;
      indices = (await batches.data()) as Int32Array;
    } else if (isInt32Array(batches)) {
      if (batchSize === undefined || !Number.isInteger(batchSize) || batchSize < 1) {
        throw new RangeError(
          `run: a flat Int32Array of batches needs batchSize, a whole number from 1 on; got ${shown(batchSize)}.`,
        );
      }
      if (batches.length % batchSize !== 0) {
        throw new RangeError(`run: ${batches.length} indices are no whole number of batches of ${batchSize}.`);
      }
      indices = new Int32Array(batches);
    } else {
      throw new TypeError('run: batches must be an Int32Array (with batchSize) or an int32 tensor [steps, batch].');
    }
    if (batchSize === 0) throw new RangeError('run: batches of 0 rows.');
    for (let i = 0; i < indices.length; i++) {
      if (indices[i] < 0 || indices[i] >= rows!) {
        throw new RangeError(
          `run: batch ${Math.floor(i / batchSize)} asks for row ${indices[i]}, and the data has rows 0 to ${rows! - 1}.`,
        );
      }
    }
    const steps = indices.length / batchSize;
    const checked: Record<string, Float32Array> = {};
    for (const [name, values] of Object.entries(schedules)) {
      if (Object.hasOwn(data, name)) throw new RangeError(`run: '${name}' is the name of a schedule and of data.`);
      if (typeof values !== 'object' || values === null || typeof values.length !== 'number') {
        throw new TypeError(`run: schedule '${name}' must list one number per step, got ${shown(values)}.`);
      }
      if (values.length !== steps) {
        throw new RangeError(`run: schedule '${name}' has ${values.length} values for ${steps} steps.`);
      }
      // a hole counts as well as a word: a schedule of undefined would be NaN
      const bad = Array.from(values as ArrayLike<unknown>).findIndex((value) => typeof value !== 'number');
      if (bad >= 0) {
        const got = JSON.stringify((values as readonly unknown[])[bad]) ?? 'undefined';
        throw new TypeError(`run: schedule '${name}' must list numbers, got ${got} for step ${bad}.`);
      }
      checked[name] = Float32Array.from(values);
    }
    if (!Number.isSafeInteger(firstStep) || firstStep < 0 || firstStep + steps > 2 ** 31) {
      throw new RangeError(`run: firstStep must be a whole number from 0 on, got ${shown(firstStep)}.`);
    }
    const { onProgress, signal } = options;
    return {
      data,
      dataNames,
      batches: indices,
      batchSize,
      steps,
      schedules: checked,
      seed,
      firstStep,
      onProgress,
      signal,
    };
  }

  private async runChunks(call: Call): Promise<RunResult> {
    const { steps, signal, onProgress } = call;
    const eager = this.mode === 'eager';
    const began = performance.now();
    const collected: NamedTensors[] = [];
    let done = 0;
    try {
      while (done < steps && !signal?.aborted) {
        const outputs = eager ? this.eagerChunk(call, done) : this.graphChunk(call, done);
        collected.push(outputs.tensors);
        done += outputs.steps;
        this.next = call.firstStep + done;
        if (onProgress) {
          const shown: NamedTensors = {};
          for (const [name, tensor] of Object.entries(outputs.tensors)) shown[name] = tensor.clone();
          try {
            onProgress({ done, steps, seconds: (performance.now() - began) / 1000, outputs: shown });
          } finally {
            tf.dispose(shown);
          }
        }
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      if (collected.length > 0) this.last = formOf(collected[0]);
      const outputs = collected.length > 0 ? join(collected) : nothing(this.last);
      return { steps: done, outputs, stopped: done < steps };
    } finally {
      tf.dispose(collected);
    }
  }

  /** As many steps as fit into a chunk's time, called one by one. */
  private eagerChunk(call: Call, from: number): { tensors: NamedTensors; steps: number } {
    const began = performance.now();
    const each: NamedTensors[] = [];
    let steps = 0;
    try {
      do {
        each.push(this.eagerStep(call, from + steps));
        steps++;
        this.next = call.firstStep + from + steps;
        const elapsed = performance.now() - began;
        if (elapsed + elapsed / steps > CHUNK_MILLISECONDS) break;
      } while (from + steps < call.steps);
      const tensors: NamedTensors = {};
      for (const name of Object.keys(each[0])) tensors[name] = tf.stack(each.map((outputs) => outputs[name]));
      return { tensors, steps };
    } finally {
      tf.dispose(each);
    }
  }

  private eagerStep(call: Call, s: number): NamedTensors {
    return tf.tidy(() => {
      const number = call.firstStep + s;
      const inputs = batchInputs(call, s);
      const step = tf.scalar(number, 'int32');
      const random = new StepRandom(stepStream(call.seed, number));
      const before = variableData();
      const outputs = guarded(() => this.step(inputs, { random, step }));
      checkOutputs(outputs);
      if (Object.keys(outputs).length === 0 && sameData(before, variableData())) throw withoutEffect();
      // a clone: an output may be an input, a variable or a tensor from outside, which must outlive or not outlive the step
      const copies: NamedTensors = {};
      for (const [name, value] of Object.entries(outputs)) copies[name] = value.clone();
      return copies;
    });
  }

  private graphChunk(call: Call, from: number): { tensors: NamedTensors; steps: number } {
    const backend = nativeBackend()!;
    const loaded = this.load(call, backend);
    const { traced } = loaded;
    const { variables, bytesPerStep } = loaded.graph.body;
    for (const variable of variables) {
      if (variable.isDisposed) {
        throw new CompileError(`The variable '${variable.name}', which the compiled step uses, has been disposed.`);
      }
    }
    const began = performance.now();
    let results: tf.Tensor[];
    let steps: number;
    for (;;) {
      const fits = loaded.graph.capacity ?? Math.max(1, Math.floor(CHUNK_BYTES / Math.max(1, bytesPerStep)));
      steps = Math.min(call.steps - from, fits, stepsNow(loaded));
      try {
        results = runGraph(loaded, call, from, steps, backend);
        break;
      } catch (error) {
        // What XLA cannot compile shows when it is first run; no variable has been assigned by then.
        if (loaded.warm || loaded.others.length === 0) throw error;
        loaded.session.dispose();
        Object.assign(loaded, loadFirst(loaded.others, backend));
      }
    }
    // The first run optimizes the graph and compiles it: it says nothing of the next.
    if (loaded.warm) loaded.millisecondsPerStep = (performance.now() - began) / steps;
    loaded.warm = true;

    const changed = traced.changed.length;
    for (let i = 0; i < changed; i++) {
      variables[i].assign(results[i]);
      results[i].dispose();
    }
    const tensors: NamedTensors = {};
    traced.outputs.forEach(({ name }, k) => (tensors[name] = results[changed + k]));
    return { tensors, steps };
  }

  /** The loaded graph for the shapes of this call, traced now if there is none. */
  private load(call: Call, backend: NativeBackend): Loaded {
    const key = JSON.stringify([
      call.batchSize,
      call.dataNames.map((name) => [name, call.data[name].dtype, call.data[name].shape.slice(1)]),
      Object.keys(call.schedules),
    ]);
    let known = this.loaded.get(key);
    const forget = () => {
      if (known) free(known);
      this.loaded.delete(key);
      known = undefined;
    };
    if (known && stale(known, backend)) forget(); // before the trace, which must not find what only the old one holds
    if (known && !known.outlook.mayDiffer()) return known;
    const began = performance.now();
    const inputs = tf.tidy(() => batchInputs(call, 0));
    let traced: Trace;
    try {
      traced = trace(this.step, { inputs, seed: call.seed, stepNumber: call.firstStep });
    } finally {
      tf.dispose(inputs);
    }
    const digest = digestOf(traced, backend);
    const outlook = new Outlook(variablesOf(traced));
    if (known?.digest === digest) {
      traced.release();
      known.outlook = outlook;
      return known;
    }
    forget();
    try {
      const { xla = 'auto' } = this.options;
      const graphs = loopGraphs(traced, {
        binding: backend.binding,
        dataNames: new Set(call.dataNames),
        xla: xla === 'auto' ? xlaPays(traced) : xla,
      });
      const ready = loadFirst(graphs, backend);
      const loaded: Loaded = { traced, ...ready, digest, outlook, millisecondsPerStep: NaN, warm: false };
      this.loaded.set(key, loaded);
      this.traces.count++;
      this.traces.milliseconds += performance.now() - began;
      return loaded;
    } catch (error) {
      traced.release();
      throw error;
    }
  }
}

/** Loads the first graph that TensorFlow accepts. */
function loadFirst(
  graphs: (() => LoopGraph)[],
  backend: NativeBackend,
): Pick<Loaded, 'graph' | 'session' | 'inputNames' | 'outputNames' | 'others'> {
  for (let i = 0; ; i++) {
    try {
      const graph = graphs[i]();
      return {
        graph,
        session: new Session(backend, graph.nodes, graph.functions),
        inputNames: graph.body.feeds.map(({ node }) => `${node}:0`).join(','),
        outputNames: graph.fetches.join(','),
        others: graphs.slice(i + 1),
      };
    } catch (error) {
      if (i === graphs.length - 1) throw error;
    }
  }
}

/** Runs `steps` steps of a call from number `from` on: changed variables and stacked outputs. */
function runGraph(
  { graph, session, traced, inputNames, outputNames }: Loaded,
  call: Call,
  from: number,
  steps: number,
  backend: NativeBackend,
): tf.Tensor[] {
  const { batchSize } = call;
  const first = call.firstStep + from;
  const rows = graph.capacity ?? steps;
  const temporary: tf.Tensor[] = [];
  /** One entry per step, and zeros up to the rows that the graph wants. */
  const perStep = (feed: Feed, values: Float32Array | Int32Array | Uint8Array): tf.Tensor => {
    const size = rows * feed.shape.reduce((a, b) => a * b, 1);
    let padded = values;
    if (values.length < size) {
      padded = new (values.constructor as new (n: number) => typeof values)(size);
      padded.set(values);
    }
    const dtype = values instanceof Float32Array ? 'float32' : values instanceof Int32Array ? 'int32' : 'bool';
    return made(tf.tensor(padded, [rows, ...feed.shape], dtype));
  };
  const made = (tensor: tf.Tensor) => {
    temporary.push(tensor);
    return tensor;
  };
  const feed = (one: Feed): { dataId: object } => {
    switch (one.kind) {
      case 'steps':
        return made(tf.scalar(steps, 'int32'));
      case 'firstStep':
        return made(tf.scalar(first, 'int32'));
      case 'indices':
        return perStep(one, call.batches.slice(from * batchSize, (from + steps) * batchSize));
      case 'data':
        return call.data[one.name];
      case 'schedule':
        return perStep(one, call.schedules[one.name].slice(from, from + steps));
      case 'random':
        return perStep(one, drawMany(traced.draws[one.draw], one.draw, call.seed, first, steps));
      case 'variable':
        return graph.body.variables[one.index];
      case 'held':
        return { dataId: one.dataId };
      case 'constant':
        return made(tf.tensor(one.values, one.shape, 'float32'));
    }
  };
  try {
    const ids = backend.getInputTensorIds(graph.body.feeds.map(feed));
    return session.run(ids, inputNames, outputNames).map((metadata) => backend.createOutputTensor(metadata));
  } finally {
    tf.dispose(temporary);
  }
}

/** By name, because a notebook's cell may have its own `Int32Array`. */
function isInt32Array(value: unknown): value is Int32Array {
  return Object.prototype.toString.call(value) === '[object Int32Array]';
}

/** The step, which names the inputs that it asked for in vain where that may be why it fails. */
function naming(step: AnyStep): AnyStep {
  return (inputs, context) => {
    const absent = new Set<string>();
    const watched = new Proxy(inputs as NamedTensors, {
      get: (given, name: string) => {
        if (!(name in given)) absent.add(name);
        return given[name];
      },
    });
    try {
      return step(watched, context);
    } catch (error) {
      // an input that is not there is undefined, which TensorFlow.js calls 'null', and whatever trips over it says so
      const message = error instanceof Error ? error.message : String(error);
      if (absent.size === 0 || error instanceof CompileError || !/\bundefined\b|got 'null'/.test(message)) throw error;
      const quoted = (names: Iterable<string>) => [...names].map((name) => `'${name}'`).join(', ');
      throw new CompileError(
        `${message} The step asked for ${quoted(absent)} before it failed, which run() was not given. It was given ` +
          `${quoted(Object.keys(inputs as NamedTensors))}: if that is why, add the rest to data, or to schedules.`,
        { cause: error },
      );
    }
  };
}

/** Where every variable has its values: assigning one puts them elsewhere. */
function variableData(): object[] {
  return Object.values(tf.engine().registeredVariables).map(({ dataId }) => dataId);
}

function sameData(a: readonly object[], b: readonly object[]): boolean {
  return a.length === b.length && a.every((dataId, i) => dataId === b[i]);
}

/** The inputs of step `s` of a call as the step gets them. */
function batchInputs(call: Call, s: number): NamedTensors {
  const inputs: NamedTensors = {};
  const rows = tf.tensor1d(call.batches.slice(s * call.batchSize, (s + 1) * call.batchSize), 'int32');
  for (const name of call.dataNames) inputs[name] = tf.gather(call.data[name], rows);
  for (const [name, values] of Object.entries(call.schedules)) inputs[name] = tf.scalar(values[s]);
  return inputs;
}

/** Steps for the next chunk: one to warm up, one to measure (it may be a long one), then what the time allows. */
function stepsNow({ warm, millisecondsPerStep }: Loaded): number {
  if (!warm || Number.isNaN(millisecondsPerStep)) return 1;
  return Math.max(1, Math.round(CHUNK_MILLISECONDS / millisecondsPerStep));
}

/** Whether a tensor from outside that the graph holds has been disposed by everybody else. */
function stale({ traced }: Loaded, backend: NativeBackend): boolean {
  for (const source of traced.sources.values()) {
    if (source.kind === 'held' && source.outside && backend.refCount(source.dataId) <= 1) return true;
  }
  return false;
}

/** The variables that a step reads or assigns. */
function variablesOf({ sources, changed }: Trace): tf.Variable[] {
  const read = [...sources.values()].flatMap((source) => (source.kind === 'variable' ? [source.variable] : []));
  return [...new Set([...read, ...changed.map(({ variable }) => variable)])];
}

/** The rule behind `xla: 'auto'`. */
function xlaPays(traced: Trace): boolean {
  return !traced.ops.some(({ op }) => /Conv|Pool/.test(op));
}

function free({ session, traced }: Loaded): void {
  session.dispose();
  traced.release();
}

/** Names, shapes per step and types of outputs. */
type Form = { name: string; shape: number[]; dtype: tf.DataType }[];

function formOf(outputs: NamedTensors): Form {
  return Object.entries(outputs).map(([name, { shape, dtype }]) => ({ name, shape: shape.slice(1), dtype }));
}

function nothing(form: Form): NamedTensors {
  const outputs: NamedTensors = {};
  for (const { name, shape, dtype } of form) outputs[name] = tf.tensor([], [0, ...shape], dtype);
  return outputs;
}

/** Chunks of stacked outputs, end to end. */
function join(chunks: NamedTensors[]): NamedTensors {
  const joined: NamedTensors = {};
  for (const name of Object.keys(chunks[0])) {
    joined[name] =
      chunks.length === 1
        ? chunks[0][name].clone()
        : tf.concat(
            chunks.map((chunk) => chunk[name]),
            0,
          );
  }
  return joined;
}
