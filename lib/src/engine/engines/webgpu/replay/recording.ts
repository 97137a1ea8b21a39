/** A training step as a list of dispatches: what was asked of the device, none of it done. */
import type { tf } from '../../../tf';
import type { Draw } from '../../../compile/random';
import type { Program, Uniform } from '../backend';

/** Where the content of a value comes from. */
export type Source =
  /** dispatches of the recording write it */
  | { kind: 'made' }
  /** values from JavaScript, made inside of the step */
  | { kind: 'constant'; values: Float32Array | Int32Array }
  /** a tensor from outside, which the recording keeps alive */
  | { kind: 'held'; dataId: object }
  /** all rows of the examples of that name */
  | { kind: 'data'; name: string }
  /** what changes from step to step */
  | { kind: 'feed'; feed: Feed }
  | { kind: 'variable'; variable: tf.Variable };

/** What a step is given anew each time. */
export type Feed =
  { kind: 'rows' } | { kind: 'step' } | { kind: 'schedule'; name: string } | { kind: 'random'; draw: number };

/** A tensor on the device, as it will be. Four bytes an element, whatever its type. */
export interface Value {
  id: number;
  shape: number[];
  dtype: tf.DataType;
  /** elements */
  size: number;
  source: Source;
}

/** One dispatch. */
export interface Command {
  /** for people */
  name: string;
  pipeline: GPUComputePipeline;
  reads: Value[];
  writes: Value[];
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
export interface Recording {
  values: Value[];
  commands: Command[];
  draws: Draw[];
  /** variables that the step assigned, with what they are given */
  changed: { variable: tf.Variable; before: Value; after: Value }[];
  outputs: { name: string; value: Value; shape: number[]; dtype: tf.DataType }[];
  /** lets go of the tensors from outside */
  release(): void;
}

/** Elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The variables that a recording reads or assigns. */
export function variablesOf({ values, changed }: Recording): tf.Variable[] {
  const read = values.flatMap(({ source }) => (source.kind === 'variable' ? [source.variable] : []));
  return [...new Set([...read, ...changed.map(({ variable }) => variable)])];
}

/** What a command writes that is not the step's own: where the engine takes note of an index that points nowhere. */
export const writtenOutside = ({ writes }: Command): Value | undefined =>
  writes.find(({ source }) => source.kind === 'held');

/** The commands that an output or a variable needs, or that check something, in order. */
export function needed(commands: readonly Command[], results: readonly Value[]): Command[] {
  const wanted = new Set(results);
  const kept: Command[] = [];
  for (const command of [...commands].reverse()) {
    if (!writtenOutside(command) && !command.writes.some((value) => wanted.has(value))) continue;
    for (const value of command.reads) wanted.add(value);
    kept.push(command);
  }
  return kept.reverse();
}

/** A digest of what a recording does: equal for two that do the same to the same variables and tensors. */
export function digestOf({ commands, changed, outputs, draws }: Recording, serial: (object: object) => number): string {
  const numbers = new Map<Value, number>();
  const lines: unknown[] = [draws];
  const source = (value: Value): unknown => {
    const { source } = value;
    if (source.kind === 'constant') return [...new Uint32Array(source.values.buffer, 0, source.values.length)];
    if (source.kind === 'variable') return ['variable', source.variable.id];
    if (source.kind === 'held') return ['held', serial(source.dataId)];
    return source;
  };
  const number = (value: Value) => {
    if (!numbers.has(value)) {
      numbers.set(value, numbers.size);
      lines.push([numbers.get(value), value.shape, value.dtype, source(value)]);
    }
    return numbers.get(value);
  };
  for (const { name, pipeline, bindings, uniforms, dispatch } of commands) {
    const written = uniforms ? [...new Uint32Array(uniforms)] : null;
    lines.push([name, serial(pipeline), bindings.map(number), written, dispatch]);
  }
  for (const { variable, after } of changed) lines.push([variable.id, number(after)]);
  for (const { name, value, dtype } of outputs) lines.push([name, dtype, number(value)]);
  return JSON.stringify(lines);
}
