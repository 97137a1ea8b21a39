/** A training step as a list of commands: what every engine that records and replays has of it. */
import type { tf } from '../../tf';
import type { Draw } from '../random';

/** Where the content of a value comes from. */
export type Source =
  /** commands of the recording write it */
  | { kind: 'made' }
  /** values from JavaScript, made inside of the step */
  | { kind: 'constant'; values: Float32Array | Int32Array }
  /** a tensor from outside, which the recording keeps alive */
  | { kind: 'held'; dataId: object }
  /** the examples of that name: all rows, or those of the batch */
  | { kind: 'data'; name: string }
  /** what changes from step to step */
  | { kind: 'feed'; feed: Feed }
  | { kind: 'variable'; variable: tf.Variable };

/** What a step is given anew each time. */
export type Feed =
  { kind: 'rows' } | { kind: 'step' } | { kind: 'schedule'; name: string } | { kind: 'random'; draw: number };

/** A tensor of the recording. */
export interface Value {
  id: number;
  shape: number[];
  dtype: tf.DataType;
  /** elements */
  size: number;
  source: Source;
}

/** One command, as far as all engines' are alike. */
export interface AnyCommand {
  /** for people */
  name: string;
  reads: Value[];
  writes: Value[];
}

/** What one call of a step did. */
export interface AnyRecording<C extends AnyCommand> {
  values: Value[];
  commands: C[];
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
export function variablesOf<C extends AnyCommand>({ values, changed }: AnyRecording<C>): tf.Variable[] {
  const read = values.flatMap(({ source }) => (source.kind === 'variable' ? [source.variable] : []));
  return [...new Set([...read, ...changed.map(({ variable }) => variable)])];
}

/**
 * The commands that a result needs, in order.
 * @param always whether one is needed whatever it writes
 */
export function neededFor<C extends AnyCommand>(
  commands: readonly C[],
  results: readonly Value[],
  always: (command: C) => boolean = () => false,
): C[] {
  const wanted = new Set(results);
  const kept: C[] = [];
  for (const command of [...commands].reverse()) {
    if (!always(command) && !command.writes.some((value) => wanted.has(value))) continue;
    for (const value of command.reads) wanted.add(value);
    kept.push(command);
  }
  return kept.reverse();
}

/**
 * A digest of what a recording does: equal for two that do the same to the same variables and tensors.
 * @param words what a command does; `number` says which value is which
 */
export function digestWith<C extends AnyCommand>(
  { commands, changed, outputs, draws }: AnyRecording<C>,
  serial: (object: object) => number,
  words: (command: C, number: (value: Value) => number) => unknown,
): string {
  const numbers = new Map<Value, number>();
  const lines: unknown[] = [draws];
  const source = ({ source }: Value): unknown => {
    if (source.kind === 'constant') return [...new Uint32Array(source.values.buffer, 0, source.values.length)];
    if (source.kind === 'variable') return ['variable', source.variable.id];
    if (source.kind === 'held') return ['held', serial(source.dataId)];
    return source;
  };
  const number = (value: Value): number => {
    if (!numbers.has(value)) {
      numbers.set(value, numbers.size);
      lines.push([numbers.get(value), value.shape, value.dtype, source(value)]);
    }
    return numbers.get(value)!;
  };
  for (const command of commands) lines.push(words(command, number));
  for (const { variable, after } of changed) lines.push([variable.id, number(after)]);
  for (const { name, value, dtype } of outputs) lines.push([name, dtype, number(value)]);
  return JSON.stringify(lines);
}
