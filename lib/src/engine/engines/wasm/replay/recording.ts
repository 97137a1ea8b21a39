/** A training step as a list of kernels, each as the calls of the module that it consists of. */
import type { tf } from '../../../tf';
import {
  type AnyCommand,
  type AnyRecording,
  digestWith,
  type Value as AnyValue,
} from '../../../compile/replay/recording';
import type { KernelFunction } from '../../mend';
import type { Exported, TensorData } from '../backend';

/** A tensor of a recording: its place in the memory, and the number under which the module knows it, last as long as the recording. */
export interface Value extends AnyValue {
  dataId: object;
  data: TensorData;
}

/** A call of the module. */
export interface ModuleCall {
  run: Exported;
  parameters: number[];
}

/** A kernel that looks into the memory itself, or whose function of the module returns something: it is called anew in each step. */
export interface KernelCall {
  run: KernelFunction;
  inputs: tf.NamedTensorInfoMap;
  attrs: tf.NamedAttrMap | undefined;
  /** one by one, where its outputs are to be; undefined for one that is an input */
  outputs: ({ value: Value; shape: number[] } | undefined)[];
}

/** One kernel. */
export interface Command extends AnyCommand {
  reads: Value[];
  writes: Value[];
  attrs: object | undefined;
  /** in place of the calls, where those cannot be repeated by themselves */
  kernel: KernelCall | undefined;
  calls: ModuleCall[];
  /** what it keeps to itself */
  inner: Value[];
}

/** What one call of a step did. */
export interface Recording extends AnyRecording<Command> {
  values: Value[];
  changed: { variable: tf.Variable; before: Value; after: Value }[];
  outputs: { name: string; value: Value; shape: number[]; dtype: tf.DataType }[];
}

/** JSON has neither -0 nor NaN. */
const exactly = (_: string, value: unknown) =>
  typeof value === 'number' ? (Object.is(value, -0) ? '-0' : String(value)) : value;

/** A digest of what a recording does: equal for two that do the same to the same variables and tensors. */
export const digestOf = (recording: Recording, serial: (object: object) => number): string =>
  digestWith(recording, serial, ({ name, attrs, reads, writes }, number) => [
    name,
    JSON.stringify(attrs ?? null, exactly),
    reads.map(number),
    writes.map(number),
  ]);
