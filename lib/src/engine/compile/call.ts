import { expectOptions, shown } from '../../core/checks';
import { tf } from '../tf';
import { NamedTensors, RUN_OPTIONS, RunOptions, StepProgress } from './options';

/** A call of run, checked. */
export interface Call {
  data: NamedTensors;
  dataNames: string[];
  /** row indices, one batch after the other */
  batches: Int32Array;
  batchSize: number;
  steps: number;
  schedules: Record<string, Float32Array>;
  seed: number;
  firstStep: number;
  onProgress?: (progress: StepProgress) => void;
  signal?: AbortSignal;
}

/**
 * Checks what `run` was given.
 *
 * @param unless what stands where the options say nothing
 * @throws RangeError or TypeError that says what was given and what was wanted
 */
export async function checkedCall(options: RunOptions, unless: { seed: number; firstStep: number }): Promise<Call> {
  expectOptions('run', options, RUN_OPTIONS);
  const { data, schedules = {}, onProgress, signal } = options;
  const { seed = unless.seed, firstStep = unless.firstStep } = options;
  const rows = rowsOf(data);
  const { batches, batchSize } = await batchesOf(options);
  for (let i = 0; i < batches.length; i++) {
    if (batches[i] < 0 || batches[i] >= rows) {
      throw new RangeError(
        `run: batch ${Math.floor(i / batchSize)} asks for row ${batches[i]}, and the data has rows 0 to ${rows - 1}.`,
      );
    }
  }
  const steps = batches.length / batchSize;
  const checked: Record<string, Float32Array> = {};
  for (const [name, values] of Object.entries(schedules)) {
    if (Object.hasOwn(data, name)) throw new RangeError(`run: '${name}' is the name of a schedule and of data.`);
    checked[name] = scheduleOf(name, values, steps);
  }
  if (!Number.isSafeInteger(firstStep) || firstStep < 0 || firstStep + steps > 2 ** 31) {
    throw new RangeError(`run: firstStep must be a whole number from 0 on, got ${shown(firstStep)}.`);
  }
  const dataNames = Object.keys(data);
  return { data, dataNames, batches, batchSize, steps, schedules: checked, seed, firstStep, onProgress, signal };
}

/** The number of examples. */
function rowsOf(data: NamedTensors): number {
  const [first, ...others] = Object.keys(data);
  if (first === undefined) throw new RangeError('run: data holds no tensor; wanted named tensors such as { x, y }.');
  let rows: number | undefined;
  for (const name of [first, ...others]) {
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
        `run: data.${name} has ${tensor.shape[0]} examples and data.${first} ${rows}; they must agree.`,
      );
    }
  }
  return rows!;
}

async function batchesOf({ batches, batchSize }: RunOptions): Promise<{ batches: Int32Array; batchSize: number }> {
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
    if (batches.shape[1] === 0) throw new RangeError('run: batches of 0 rows.');
    return { batches: (await batches.data()) as Int32Array, batchSize: batches.shape[1]! };
  }
  if (!isInt32Array(batches)) {
    throw new TypeError('run: batches must be an Int32Array (with batchSize) or an int32 tensor [steps, batch].');
  }
  if (batchSize === undefined || !Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(
      `run: a flat Int32Array of batches needs batchSize, a whole number from 1 on; got ${shown(batchSize)}.`,
    );
  }
  if (batches.length % batchSize !== 0) {
    throw new RangeError(`run: ${batches.length} indices are no whole number of batches of ${batchSize}.`);
  }
  return { batches: new Int32Array(batches), batchSize };
}

function scheduleOf(name: string, values: Float32Array | readonly number[], steps: number): Float32Array {
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
  return Float32Array.from(values);
}

/** By name, because a notebook's cell may have its own `Int32Array`. */
function isInt32Array(value: unknown): value is Int32Array {
  return Object.prototype.toString.call(value) === '[object Int32Array]';
}

/** The inputs of step `s` of a call as the step gets them. */
export function batchInputs(call: Call, s: number): NamedTensors {
  const inputs: NamedTensors = {};
  const rows = tf.tensor1d(call.batches.slice(s * call.batchSize, (s + 1) * call.batchSize), 'int32');
  for (const name of call.dataNames) inputs[name] = tf.gather(call.data[name], rows);
  for (const [name, values] of Object.entries(call.schedules)) inputs[name] = tf.scalar(values[s]);
  return inputs;
}
