/** Records a step: TensorFlow.js's WebGPU backend is asked for every dispatch, and none is made. */
import { tf } from '../../../tf';
import { Draw, StepRandom, stepStream } from '../../../compile/random';
import {
  callStep,
  disposedOutside,
  expectEffect,
  expectKept,
  type Install,
  type Recorded,
  readsValues,
  recordTwice,
  recordWithin,
  usableVariables,
} from '../../../compile/recorded';
import type { AnyStep } from '../../../compile/step';
import { Program, Uniform, WebGPUBackend } from '../backend';
import { Command, needed, Recording, sizeOf, Value } from './recording';
import { gatherRows, toFloat } from './shaders';
import { packUniforms } from './uniforms';
import { releaseData, Values } from './values';

/* eslint-disable @typescript-eslint/no-explicit-any */

/** What a recording is made from. */
export interface Given {
  backend: WebGPUBackend;
  /** the examples, by name */
  data: Record<string, tf.Tensor>;
  batchSize: number;
  schedules: string[];
  seed: number;
  stepNumber: number;
}

/** Gives a variable that the step has just created the value it was created with. */
export type Materialize = (
  made: Pick<Recording, 'commands' | 'draws'>,
  created: { variable: tf.Variable; value: Value }[],
) => void;

/**
 * Records what `step` does: once, or twice when the first call creates variables, which keep the value they were created with.
 * Every variable ends as it began.
 *
 * @throws CompileError for what cannot be repeated
 */
export function record(step: AnyStep, given: Given, materialize: Materialize): Recording {
  return recordTwice(() => new Recorder(given, materialize).run(step));
}

/** A variable that the step made; `value`, where what it was made with is a value of the recording. */
interface Created {
  name: string;
  variable: tf.Variable;
  value: Value | undefined;
}

/** A variable with a stand-in for its data for the time of a call, so that no other tensor can be mistaken for it. */
interface Disguise {
  variable: tf.Variable;
  original: object;
  value: Value;
}

class Recorder {
  private readonly backend: WebGPUBackend;
  private readonly engine = tf.engine() as any;
  private readonly kernels: string[] = [];
  private readonly values: Values;
  private readonly commands: Command[] = [];
  private readonly draws: Draw[] = [];
  private readonly created: Created[] = [];
  private readonly disguises: Disguise[] = [];

  constructor(
    private readonly given: Given,
    private readonly materialize: Materialize,
  ) {
    this.backend = given.backend;
    this.values = new Values(given.backend, () => this.kernels.at(-1));
  }

  run(step: AnyStep): Recorded<Recording, Created> {
    const recording = recordWithin('record', {
      begin: (install) => {
        this.install(install);
        for (const variable of usableVariables()) this.disguise(variable);
      },
      call: () => this.call(step),
      end: () => {
        for (const disguise of this.disguises) this.undisguise(disguise);
        this.fillCreated(); // also after an error: an optimizer keeps what it has made
      },
      release: () => this.values.release(),
    });
    return { recording, created: this.created };
  }

  private call(step: AnyStep): Recording {
    const inputs = this.inputs();
    const stepNumber = this.values.standIn([], 'int32', { kind: 'feed', feed: { kind: 'step' } });
    const random = new StepRandom(stepStream(this.given.seed, this.given.stepNumber), (draw, tensor) => {
      const feed = { kind: 'random', draw: this.draws.length } as const;
      this.draws.push(draw);
      this.values.standFor(tensor, this.values.add(draw.shape, 'float32', { kind: 'feed', feed }));
    });
    const outputs: Recording['outputs'] = [];
    callStep(step, inputs, { random, step: stepNumber as tf.Scalar }, (name, tensor) => {
      outputs.push({ name, value: this.values.of(tensor), shape: [...tensor.shape], dtype: tensor.dtype });
    });
    const changed: Recording['changed'] = [];
    for (const { variable, value } of this.disguises) {
      expectKept(variable);
      const after = this.values.of(variable);
      if (after !== value) changed.push({ variable, before: value, after: this.asStored(after, variable.dtype) });
    }
    expectEffect(changed, outputs, this.created);
    const results = [...outputs.map(({ value }) => value), ...changed.map(({ after }) => after)];
    const commands = needed(this.commands, results);
    const used = new Set([...results, ...commands.flatMap(({ bindings }) => bindings)]);
    const values = this.values.all.filter((value) => used.has(value));
    return { values, commands, draws: this.draws, changed, outputs, release: () => this.values.release() };
  }

  /** A value as its type says, where it is stored as another: integers that were cast to float32. */
  private asStored(value: Value, dtype: tf.DataType): Value {
    if (dtype !== 'float32' || value.dtype === 'float32') return value;
    const converted = this.values.add(value.shape, dtype, { kind: 'made' });
    this.commands.push(toFloat(this.backend.device, value, converted));
    return converted;
  }

  private fillCreated(): void {
    const made = this.created.flatMap(({ variable, value }) =>
      value && value.source.kind !== 'held' && !variable.isDisposed ? [{ variable, value }] : [],
    );
    if (made.length === 0) return;
    const commands = needed(
      this.commands,
      made.map(({ value }) => value),
    );
    this.materialize({ commands, draws: this.draws }, made);
  }

  /** The batch of the examples, gathered by row, and the schedules' numbers. */
  private inputs(): Record<string, tf.Tensor> {
    const { data, batchSize, schedules, backend } = this.given;
    const rows = this.values.add([batchSize], 'int32', { kind: 'feed', feed: { kind: 'rows' } });
    const inputs: Record<string, tf.Tensor> = {};
    for (const [name, { shape, dtype, dataId }] of Object.entries(data)) {
      const stored = backend.tensorMap.get(dataId).dtype;
      const all = this.values.add(shape, stored, { kind: 'data', name });
      const batch = this.values.standIn([batchSize, ...shape.slice(1)], dtype, { kind: 'made' }, stored);
      this.commands.push(gatherRows(backend.device, all, rows, this.values.of(batch)));
      inputs[name] = batch;
    }
    for (const name of schedules) {
      inputs[name] = this.values.standIn([], 'float32', { kind: 'feed', feed: { kind: 'schedule', name } });
    }
    return inputs;
  }

  private install(install: Install): void {
    const { backend, engine } = this;
    install(backend, 'write', (original) => (...parameters: unknown[]) => {
      const dataId = original.apply(backend, parameters) as object;
      this.values.inside.add(dataId);
      return dataId;
    });
    install(backend, 'uploadToGPU', (original) => (dataId: object) => {
      if (!this.values.inside.has(dataId)) original.call(backend, dataId);
      else this.values.at(dataId);
    });
    install(backend, 'recordAndSubmit', () => this.dispatch);
    for (const name of ['readSync', 'read'] as const) {
      install(backend, name, () => (dataId: object) => this.read(dataId));
    }
    install(engine, 'runKernel', (original) => (name: string, inputs: object, ...rest: unknown[]) => {
      this.kernels.push(name);
      try {
        for (const input of Object.values(inputs).flat() as (tf.Tensor | undefined)[]) {
          if (input?.dataId && !engine.state.tensorInfo.has(input.dataId)) throw disposedOutside(name);
        }
        return original.call(engine, name, inputs, ...rest);
      } finally {
        this.kernels.pop();
      }
    });
    install(engine, 'makeVariable', (original) => (...parameters: unknown[]) => {
      const variable = original.apply(engine, parameters) as tf.Variable;
      const { values } = backend.tensorMap.get(variable.dataId);
      this.created.push({ name: variable.name, variable, value: values ? undefined : this.values.of(variable) });
      this.disguise(variable);
      return variable;
    });
  }

  /** What the backend calls for each dispatch. */
  private readonly dispatch = (
    program: Program,
    output: tf.TensorInfo,
    inputs: tf.TensorInfo[],
    own: Uniform[] = [],
  ): void => {
    const write = this.values.of(output);
    const reads = inputs.map((input) => this.values.of(input));
    const shapes = [...inputs, output].map(({ shape }) => shape);
    const uniforms: Uniform[] = [
      { type: 'float32', data: [NaN] },
      { type: 'float32', data: [Infinity] },
      ...shapes.flatMap((shape) => [
        { type: 'int32', data: shape },
        { type: 'int32', data: tf.util.computeStrides(shape) },
      ]),
      ...(program.size
        ? [{ type: 'int32', data: [sizeOf(program.outputShape) / (program.outputComponent || 1)] }]
        : []),
      ...own,
    ];
    const dataType = ({ dataId }: tf.TensorInfo) => this.backend.tensorMap.get(dataId).dtype;
    this.commands.push({
      name: this.kernels.at(-1) ?? program.shaderKey,
      pipeline: program.pipeline!,
      reads: program.atomic ? [...reads, write] : reads,
      writes: [write],
      bindings: [write, ...reads],
      uniforms: packUniforms(uniforms),
      dispatch: [...program.dispatch],
      origin: {
        program,
        inputs: inputs.map((input) => ({ shape: [...input.shape], dtype: dataType(input) })),
        output: { shape: [...output.shape], dtype: dataType(output) },
        uniforms: own,
      },
    });
  };

  /** What a kernel may read while it is recorded: what JavaScript has written. */
  private read(dataId: object): unknown {
    const kernel = this.kernels.at(-1);
    const { values, shape } = this.backend.tensorMap.get(dataId);
    if (this.values.inside.has(dataId) && values) return values;
    // it reads its indices only to check their range
    if (kernel === 'GatherV2') return new Int32Array(sizeOf(shape));
    throw readsValues(kernel);
  }

  private disguise(variable: tf.Variable): void {
    const original = variable.dataId;
    const standIn = this.values.standIn([...variable.shape], variable.dtype, { kind: 'variable', variable });
    this.backend.incRef(standIn.dataId);
    (variable as any).dataId = standIn.dataId;
    this.disguises.push({ variable, original, value: this.values.of(standIn) });
  }

  /** Ends the disguise: the variable has its own data again, whatever the step assigned. */
  private undisguise({ variable, original }: Disguise): void {
    const current = variable.dataId;
    (variable as any).dataId = original;
    // a disposed variable has let go of its stand-in; what it stood for goes as well
    releaseData(this.backend, variable.isDisposed ? original : current);
  }
}
