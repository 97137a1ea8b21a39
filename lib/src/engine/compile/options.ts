import {
  abortSignal,
  callback,
  expectOptions,
  needed,
  object,
  type Options,
  own,
  shown,
  whole,
} from '../../core/checks';
import type { tf } from '../tf';
import type { StepRandom } from './random';

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
  /**
   * 'graph' traces and runs a TensorFlow graph (on WebGPU and WebAssembly: records and replays), 'eager' calls the step every time; 'auto' (default) traces
   * where it can.
   */
  mode?: 'auto' | 'graph' | 'eager';
  /**
   * Compile the operations of the step with XLA. `'auto'` (default): unless the step contains a convolution or a pooling, whose
   * XLA kernels for processors are slower than TensorFlow's own. On WebGPU: fuse the step's shaders; `'auto'` does.
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
  /** stops between two chunks; what was computed is kept. A notebook's Stop button does the same */
  signal?: AbortSignal;
  /** seed of `context.random` for this call, default that of `compile` */
  seed?: number;
  /** number of this call's first step, for `context.step` and `context.random`; default: after the last step done */
  firstStep?: number;
}

/** One of several runs that are made side by side. */
export interface RunTogether extends RunOptions {
  /**
   * What the run has in the place of variables. A variable that the step assigns and that is not there is taken as it is, and added.
   * The tensors are the map's: whoever made it disposes those that are in it at the end.
   */
  variables: Map<tf.Variable, tf.Tensor>;
}

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

/**
 * How a graph runs its steps: 'xla': the loop is one XLA computation; 'clusters': TensorFlow's executor runs the loop, and XLA compiles
 * the parts of the step that it can; 'executor': no XLA.
 */
export type LoopKind = 'xla' | 'clusters' | 'executor';

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
  /**
   * Several runs, each with values of its own for the variables, and batches, schedules, seed and number of the first step of its own: as many
   * steps on the same data. What each gives is what it would give alone. On WebGPU they are computed side by side, for which a GPU
   * that is idle with one takes hardly longer; elsewhere one after the other. The variables themselves stay as they are.
   *
   * @throws as `run`, and a RangeError when the runs do not go together
   */
  runTogether(runs: readonly RunTogether[]): Promise<RunResult<O>[]>;
  /** how it runs: 'graph' or 'eager' */
  readonly mode: 'graph' | 'eager';
  /** steps done so far, which is the number of the next one */
  readonly stepsDone: number;
  /** how many graphs have been traced, and how long tracing and loading them took */
  readonly traces: { count: number; milliseconds: number };
  /** how the graphs run their loops, see {@link LoopKind}; empty before the first run and in eager mode */
  readonly loops: LoopKind[];
  /** whether the graphs are so small that each runs on one thread; false before the first run and in eager mode */
  readonly oneThread: boolean;
  /**
   * The step as it was traced, for people to read: inputs with types and shapes, one line per operation, `name = kernel(inputs, attributes):
   * type [shape]`, outputs, and the variables that are assigned. TensorFlow's errors call an operation by the same name. Casts and
   * reshapes that change nothing are left out, as they are in the graph. One listing per trace, so per set of shapes. Before the first run, and in
   * eager mode, it says that there is none.
   */
  toString(): string;
  /** Frees the graphs. The variables are the caller's. */
  dispose(): void;
}

const NAMED = { ...object, words: 'named tensors such as { x, y }' };
const COMPILE_OPTIONS: Options<CompileOptions> = { mode: own, xla: own, seed: whole };

/** @throws RangeError or TypeError for options of `compile` that are none */
export function expectCompileOptions(options: CompileOptions): void {
  expectOptions('compile', options, COMPILE_OPTIONS);
  const { mode = 'auto', xla = 'auto' } = options;
  if (!['auto', 'graph', 'eager'].includes(mode)) {
    throw new RangeError(`compile: mode must be 'auto', 'graph' or 'eager', got ${shown(mode)}.`);
  }
  if (xla !== 'auto' && typeof xla !== 'boolean') {
    throw new RangeError(`compile: xla must be 'auto', true or false, got ${shown(xla)}.`);
  }
}

/** The options of `run`, with what each must be. */
export const RUN_OPTIONS: Options<RunOptions> = {
  ...{
    data: needed(NAMED),
    batches: needed(own),
    batchSize: own,
    schedules: { ...object, words: 'lists of numbers by name' },
  },
  ...{ onProgress: callback, signal: abortSignal, seed: whole, firstStep: own },
};
