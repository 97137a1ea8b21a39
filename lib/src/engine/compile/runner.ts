import type { Call } from './call';
import type { CompileOptions, LoopKind, NamedTensors } from './options';
import type { AnyStep } from './step';

/** Some steps of a call that were run together. */
export interface Chunk {
  /** how many */
  steps: number;
  /** what they returned, stacked: [steps, ...]; whoever gets the chunk disposes them */
  tensors: NamedTensors;
}

/**
 * One way to run the steps of a compiled step. `compile` checks the call, keeps its data alive, asks for one chunk after the other, lets
 * the event loop run between two, and stops there. A runner keeps what belongs to its way: traces, graphs, recordings.
 *
 * - What is forbidden in a step is the same error in every runner: it calls the step within `guarded`, and checks what comes back with
 *   `checkOutputs`.
 * - Once a chunk is done, the variables hold their new values, as any tensor does; `count` has been told by then.
 * - A chunk takes about {@link CHUNK_MILLISECONDS}, the first as long as it must.
 */
export interface Runner {
  /** what a compiled step says of how it runs */
  readonly mode: 'graph' | 'eager';
  /** Runs steps of a call, from number `from` of the call on, at least one. `count` is told how many steps of the chunk are done. */
  chunk(call: Call, from: number, count: (steps: number) => void): Chunk | Promise<Chunk>;
  /** how many traces were made, and how long that took */
  readonly traces: { count: number; milliseconds: number };
  /** how its graphs run their loops */
  readonly loops: LoopKind[];
  /** whether what it has run so far runs on one thread */
  readonly oneThread: boolean;
  /** The step as it was traced, for people to read, or why there is nothing to show. */
  toString(): string;
  /** Frees what it keeps. The variables are the caller's. */
  dispose(): void;
}

/** Makes a runner of a step. */
export type RunnerOf = (step: AnyStep, options: CompileOptions) => Runner;

/** A chunk should take this long: well below the 100 ms after which a reader notices, because estimates err. */
export const CHUNK_MILLISECONDS = 60;
