/**
 * Records a step: it is called once, on the WebAssembly backend, while it is noted which kernels compute what, and which functions of the
 * module each calls with which numbers. What it assigns is undone.
 */
import {
  callStep,
  disposedOutside,
  expectEffect,
  expectKept,
  expectShapeKnown,
  type Install,
  type Recorded,
  recordTwice,
  recordWithin,
  usableVariables,
} from '../../../compile/recorded';
import { type Call } from '../../../compile/call';
import { type Draw, StepRandom, stepStream } from '../../../compile/random';
import { type Feed, neededFor, type Source } from '../../../compile/replay/recording';
import type { AnyStep } from '../../../compile/step';
import { tf } from '../../../tf';
import type { KernelFunction, KernelParameters } from '../../mend';
import type { WasmBackend } from '../backend';
import { type Doing, noteCalls } from './calls';
import { Memory } from './memory';
import type { Command, KernelCall, Recording, Value } from './recording';
import { Values } from './values';

/* eslint-disable @typescript-eslint/no-explicit-any */

/** Kernels that look at the shape of what they are given, and at nothing else. */
const OF_SHAPES: ReadonlySet<string> = new Set(['ZerosLike', 'OnesLike']);

/**
 * Records what `step` does with step `at` of a call: once, or twice when the first call creates variables, which keep the value they were
 * created with. Every variable ends as it began.
 *
 * @throws CompileError for what cannot be repeated
 */
export function record(step: AnyStep, backend: WasmBackend, call: Call, at: number): Recording {
  return recordTwice(() => new Recorder(backend, call, at).run(step));
}

/** A variable with a stand-in for its data for the time of a call, so that no other tensor can be mistaken for it. */
interface Disguise {
  variable: tf.Variable;
  original: object;
  value: Value;
}

/** The kernel that is computing, and what it has made. */
interface Current extends Doing {
  made: object[];
}

class Recorder {
  private readonly engine = tf.engine() as any;
  private readonly memory: Memory;
  private readonly values: Values;
  private readonly commands: Command[] = [];
  private readonly draws: Draw[] = [];
  private readonly created: tf.Variable[] = [];
  private readonly disguises: Disguise[] = [];
  private current: Current | undefined;
  private setUpAgain = () => {};

  constructor(
    private readonly backend: WasmBackend,
    private readonly given: Call,
    private readonly at: number,
  ) {
    this.memory = new Memory(backend);
    this.values = new Values(backend, this.memory);
  }

  run(step: AnyStep): Recorded<Recording, tf.Variable> {
    try {
      const recording = recordWithin('record', {
        begin: (install) => {
          this.install(install);
          for (const variable of usableVariables()) this.disguise(variable);
        },
        call: () => this.call(step),
        end: () => {
          this.setUpAgain();
          for (const disguise of this.disguises) this.undisguise(disguise);
        },
        release: () => {},
      });
      this.memory.settle(usedBy(recording));
      return { recording, created: this.created };
    } catch (error) {
      this.memory.release();
      throw error;
    }
  }

  private call(step: AnyStep): Recording {
    const { firstStep, seed, schedules } = this.given;
    const number = firstStep + this.at;
    const inputs = this.batch();
    for (const [name, values] of Object.entries(schedules)) {
      inputs[name] = this.fed(tf.scalar(values[this.at]), { kind: 'schedule', name });
    }
    const stepNumber = this.fed(tf.scalar(number, 'int32'), { kind: 'step' }) as tf.Scalar;
    const random = new StepRandom(stepStream(seed, number), (draw, tensor) => {
      this.fed(tensor, { kind: 'random', draw: this.draws.length });
      this.draws.push(draw);
    });
    const outputs: Recording['outputs'] = [];
    callStep(step, inputs, { random, step: stepNumber }, (name, tensor) => {
      outputs.push({ name, value: this.values.of(tensor), shape: [...tensor.shape], dtype: tensor.dtype });
    });
    const changed: Recording['changed'] = [];
    for (const { variable, value } of this.disguises) {
      expectKept(variable);
      const after = this.values.of(variable);
      if (after !== value) changed.push({ variable, before: value, after });
    }
    expectEffect(changed, outputs, this.created);
    const results = [...outputs.map(({ value }) => value), ...changed.map(({ after }) => after)];
    const commands = neededFor(this.commands, results);
    const used = new Set([...results, ...changed.map(({ before }) => before)]);
    for (const { reads, writes } of commands) for (const value of [...reads, ...writes]) used.add(value);
    const values = this.values.all.filter((value) => used.has(value));
    return { values, commands, draws: this.draws, changed, outputs, release: () => this.memory.release() };
  }

  /** The rows of the step's batch. */
  private batch(): Record<string, tf.Tensor> {
    const { data, dataNames, batches, batchSize } = this.given;
    const inputs: Record<string, tf.Tensor> = {};
    this.current = { calls: [], more: false, made: [] }; // what gathers them is no part of the step
    try {
      const rows = tf.tensor1d(batches.slice(this.at * batchSize, (this.at + 1) * batchSize), 'int32');
      for (const name of dataNames) {
        inputs[name] = this.standFor(tf.gather(data[name], rows), { kind: 'data', name });
      }
    } finally {
      this.current = undefined;
    }
    return inputs;
  }

  private fed(tensor: tf.Tensor, feed: Feed): tf.Tensor {
    return this.standFor(tensor, { kind: 'feed', feed });
  }

  private standFor(tensor: tf.Tensor, source: Source): tf.Tensor {
    this.values.add(tensor, source);
    return tensor;
  }

  private install(install: Install): void {
    const { backend, engine, memory } = this;
    memory.install(install, (dataId) => this.current?.made.push(dataId));
    this.setUpAgain = noteCalls(backend, { install, memory, now: () => this.current });
    for (const kernel of tf.getKernelsForBackend('wasm')) {
      install(kernel, 'kernelFunc', (own: KernelFunction) => (parameters: KernelParameters) => {
        return this.current ? own(parameters) : this.kernel(kernel.kernelName, own, parameters);
      });
    }
    install(engine, 'runKernel', (original) => (name: string, inputs: object, ...rest: unknown[]) => {
      for (const input of Object.values(inputs).flat() as (tf.Tensor | undefined)[]) {
        if (input?.dataId && !engine.state.tensorInfo.has(input.dataId)) throw disposedOutside(name);
      }
      return original.call(engine, name, inputs, ...rest);
    });
    install(engine, 'makeVariable', (original) => (...parameters: unknown[]) => {
      const variable = original.apply(engine, parameters) as tf.Variable;
      this.created.push(variable);
      this.giveOwnData(variable);
      this.disguise(variable);
      return variable;
    });
  }

  /** Computes, and notes what has to be done to compute it again. */
  private kernel(name: string, run: KernelFunction, parameters: KernelParameters): ReturnType<KernelFunction> {
    expectShapeKnown(name);
    const { inputs, attrs } = parameters;
    const given = Object.values(inputs).flat().filter(Boolean) as tf.TensorInfo[];
    const reads = [...new Set(given.map((info) => this.values.of(info, name)))];
    const current: Current = { calls: [], more: false, made: [] };
    this.current = current;
    let result: ReturnType<KernelFunction>;
    try {
      result = run(parameters);
    } finally {
      this.current = undefined;
    }
    const all = [result].flat();
    const made = new Set<object>(current.made);
    const writes = all.filter(({ dataId }) => made.delete(dataId));
    const isSame = OF_SHAPES.has(name) || reads.every((value) => this.values.isConstant(value));
    const isComputed = !isSame && (current.more || current.calls.length > 0);
    const values = writes.map((info) =>
      isComputed ? this.values.add(info, { kind: 'made' }) : this.values.constant(info),
    );
    if (!isComputed || values.length === 0) return result;
    const kernel: KernelCall | undefined = current.more
      ? { run, inputs: infosOf(inputs), attrs, outputs: all.map((info) => this.place(info, values)) }
      : undefined;
    const inner = kernel ? [] : [...made].map((dataId) => this.inner(dataId));
    this.commands.push({ name, attrs, reads, writes: values, kernel, calls: kernel ? [] : current.calls, inner });
    return result;
  }

  private place({ dataId, shape }: tf.TensorInfo, values: readonly Value[]): KernelCall['outputs'][number] {
    const value = values.find((one) => one.dataId === dataId);
    return value && { value, shape: [...shape] };
  }

  private inner(dataId: object): Value {
    const { shape, dtype } = this.backend.dataIdMap.get(dataId);
    return this.values.add({ dataId, shape, dtype }, { kind: 'made' });
  }

  /** A variable that the step makes keeps the value that it is made with: in data that are no part of the recording. */
  private giveOwnData(variable: tf.Variable): void {
    const { backend, engine, memory } = this;
    const { shape, dtype } = variable;
    const copy = memory.quietly(() =>
      backend.makeOutput([...shape], dtype, undefined, backend.readSync(variable.dataId)),
    );
    engine.disposeTensor(variable);
    (variable as any).dataId = copy.dataId;
    engine.trackTensor(variable, backend);
  }

  private disguise(variable: tf.Variable): void {
    const original = variable.dataId;
    const standIn = this.memory.standIn(original, [...variable.shape], variable.dtype);
    const value = this.values.add(standIn, { kind: 'variable', variable });
    this.backend.incRef(standIn.dataId);
    (variable as any).dataId = standIn.dataId;
    this.disguises.push({ variable, original, value });
  }

  /** Ends the disguise: the variable has its own data again, whatever the step assigned. */
  private undisguise({ variable, original }: Disguise): void {
    const { backend, engine } = this;
    const current = variable.dataId;
    (variable as any).dataId = original;
    // a disposed variable has let go of its stand-in; what it stood for goes as well
    const gone = variable.isDisposed ? original : current;
    if (backend.disposeData(gone)) engine.removeDataId(gone, backend);
  }
}

/** Data that the commands of a recording need, and those behind its results. */
function usedBy({ values, commands }: Recording): ReadonlySet<object> {
  const inner = commands.flatMap((command) => command.inner);
  return new Set([...values, ...inner].map(({ dataId }) => dataId));
}

/** Inputs of a kernel as they are when the tensors have been disposed. */
function infosOf(inputs: KernelParameters['inputs']): tf.NamedTensorInfoMap {
  const info = ({ dataId, shape, dtype }: tf.TensorInfo) => ({
    ...{ dataId, shape: [...shape], dtype },
    ...{ rank: shape.length, size: tf.util.sizeFromShape(shape) }, // some kernels ask for these
  });
  const named = Object.entries(inputs) as [string, tf.TensorInfo | tf.TensorInfo[] | undefined][];
  if (Array.isArray(inputs)) return inputs.map(info) as unknown as tf.NamedTensorInfoMap;
  return Object.fromEntries(
    named.flatMap(([key, input]) => (input ? [[key, Array.isArray(input) ? input.map(info) : info(input)]] : [])),
  ) as tf.NamedTensorInfoMap;
}
