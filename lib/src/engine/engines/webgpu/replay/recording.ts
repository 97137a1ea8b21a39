/** A training step as a list of dispatches: what was asked of the device, none of it done. */
import type { tf } from '../../../tf';
import {
  type AnyCommand,
  type AnyRecording,
  digestWith,
  type Feed,
  neededFor,
  sizeOf,
  type Source,
  type Value,
  variablesOf,
} from '../../../compile/replay/recording';
import type { Program, Uniform } from '../backend';

/** A tensor on the device, as it will be. Four bytes an element, whatever its type. */
export type { Feed, Source, Value };
export { sizeOf, variablesOf };

/** One dispatch. */
export interface Command extends AnyCommand {
  pipeline: GPUComputePipeline;
  /** what stands at binding 0, 1, ...; the uniforms, where there are any, follow */
  bindings: Value[];
  uniforms: ArrayBuffer | null;
  dispatch: readonly [number, number, number];
  /** what it is of TensorFlow.js's, for fusion */
  origin?: Origin;
}

/** A program of TensorFlow.js, with the shapes that it was given, which may be others than those of the values. */
export interface Origin {
  program: Program;
  inputs: { shape: number[]; dtype: tf.DataType }[];
  output: { shape: number[]; dtype: tf.DataType };
  uniforms: Uniform[];
}

/** What one call of a step did. */
export type Recording = AnyRecording<Command>;

/** What a command writes that is not the step's own: where the engine takes note of an index that points nowhere. */
export const writtenOutside = ({ writes }: Command): Value | undefined =>
  writes.find(({ source }) => source.kind === 'held');

/** The commands that an output or a variable needs, or that check something, in order. */
export const needed = (commands: readonly Command[], results: readonly Value[]): Command[] =>
  neededFor(commands, results, (command) => writtenOutside(command) !== undefined);

/** A digest of what a recording does: equal for two that do the same to the same variables and tensors. */
export const digestOf = (recording: Recording, serial: (object: object) => number): string =>
  digestWith(recording, serial, ({ name, pipeline, bindings, uniforms, dispatch }, number) => {
    const written = uniforms ? [...new Uint32Array(uniforms)] : null;
    return [name, serial(pipeline), bindings.map(number), written, dispatch];
  });
