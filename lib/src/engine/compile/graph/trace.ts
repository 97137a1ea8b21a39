import { tf } from '../../tf';
import { CompileError } from '../guard';
import { OpAttribute, nativeBackend, releaseData } from '../../engines/native/addon';
import { Draw, StepRandom, stepStream } from '../random';
import {
  callStep,
  disposedOutside,
  expectEffect,
  expectKept,
  type Recorded,
  readsValues,
  recordTwice,
  recordWithin,
  type Turns,
  usableVariables,
} from '../recorded';
import type { AnyStep } from '../step';

/* eslint-disable @typescript-eslint/no-explicit-any */

/** A tensor with its contents, small enough to be written into the graph. */
export interface Constant {
  kind: 'constant';
  values: Float32Array | Int32Array | Uint8Array;
}

/** Where a value that the step did not compute comes from. */
export type Source =
  | Constant
  /** an input of the step, by name: a batch of the data or one value of a schedule */
  | { kind: 'input'; name: string }
  /** the number of the step */
  | { kind: 'step' }
  | { kind: 'random'; draw: number }
  | { kind: 'variable'; variable: tf.Variable }
  /** a tensor from outside the step, or a large one made inside from JavaScript values; its data is held by the trace */
  | { kind: 'held'; dataId: object; outside: boolean };

/** One TensorFlow operation that the step executed. Values are named by the addon's tensor ids. */
export interface TracedOp {
  op: string;
  attributes: OpAttribute[];
  inputs: number[];
  outputs: number[];
}

/** What one call of a step did. */
export interface Trace {
  ops: TracedOp[];
  /** shape and TensorFlow dtype of every value */
  info: Map<number, { shape: number[]; dtype: number }>;
  /** values that no traced operation computed */
  sources: Map<number, Source>;
  draws: Draw[];
  /** variables the step assigned, each with the value it had at the end */
  changed: { variable: tf.Variable; value: number }[];
  outputs: { name: string; value: number; shape: number[]; dtype: tf.DataType }[];
  /** lets go of the data the trace holds */
  release(): void;
}

/** Tensors made from JavaScript values inside the step are written into the graph up to this many elements. */
const LARGE = 4096;

/** Operations a graph cannot repeat faithfully, and why. */
const UNSUPPORTED: Record<string, string> = {
  Where: 'the shape of its result depends on values',
  Unique: 'the shape of its result depends on values',
  UniqueV2: 'the shape of its result depends on values',
  NonMaxSuppressionV3: 'the shape of its result depends on values',
  NonMaxSuppressionV4: 'the shape of its result depends on values',
  NonMaxSuppressionV5: 'the shape of its result depends on values',
  Multinomial: 'it draws random numbers of its own; use context.random',
  SummaryWriter: 'it writes files',
  CreateSummaryFileWriter: 'it writes files',
  WriteScalarSummary: 'it writes files',
  WriteSummary: 'it writes files',
};

/** Arguments of one call of the step. */
export interface StepArguments {
  inputs: Record<string, tf.Tensor>;
  seed: number;
  stepNumber: number;
}

/**
 * Records what `step` does: once, or twice when the first call creates variables (optimizer slots, moving averages created on
 * first use), which are then given back the value they were created with. Every variable ends as it began.
 *
 * @throws CompileError for what a graph cannot repeat
 */
export function trace(step: AnyStep, given: StepArguments): Trace {
  return recordTwice(() => record(step, given));
}

/** A variable with a handle of its own for the time of a call, so that no other tensor can be mistaken for it. */
interface Disguise {
  variable: tf.Variable;
  /** its true data, untouched by the call */
  original: object;
  /** the handle that stands for it */
  standIn: number;
}

function record(step: AnyStep, given: StepArguments): Recorded<Trace, tf.Variable> {
  const backend = nativeBackend();
  if (!backend) throw new CompileError(`Tracing needs the native engine; the backend in use is '${tf.getBackend()}'.`);
  const engine = tf.engine() as any;
  const real = backend.binding;
  const ops: TracedOp[] = [];
  const info: Trace['info'] = new Map();
  const sources: Trace['sources'] = new Map();
  const draws: Draw[] = [];
  const disguises: Disguise[] = [];
  const created: tf.Variable[] = [];
  const held: object[] = [];
  /** data whose meaning is known before TensorFlow gives it a handle */
  const meaning = new Map<object, Source>();
  /** data written from JavaScript values inside the step */
  const written = new Set<object>();
  const kernels: string[] = [];
  const originalIds = backend.getInputTensorIds;

  const release = () => {
    for (const dataId of held.splice(0)) releaseData(backend, dataId);
  };

  /** Tensor ids for these tensors, after noting where those that no traced operation computed come from. */
  const inputIds = (tensors: { dataId: object }[]): number[] => {
    const sourcesHere = tensors.map((tensor) => {
      if (tensor.dataId === undefined) {
        throw new CompileError(
          `${kernels.at(-1) ?? 'An operation'} takes a 64-bit integer, which a compiled step cannot.`,
        );
      }
      return meaning.get(tensor.dataId) ?? unknownSource(tensor.dataId);
    });
    const ids = originalIds.call(backend, tensors);
    ids.forEach((id, i) => {
      const source = sourcesHere[i];
      if (source && !sources.has(id)) sources.set(id, source);
      if (!info.has(id)) {
        const { shape, dtype } = backend.tensorMap.get(tensors[i].dataId);
        info.set(id, { shape: [...shape], dtype });
      }
    });
    return ids;
  };

  const unknownSource = (dataId: object): Source | undefined => {
    if (!backend.tensorMap.has(dataId)) {
      throw disposedOutside(kernels.at(-1));
    }
    const data = backend.tensorMap.get(dataId);
    if (data.dtype === real.TF_STRING) {
      throw new CompileError(
        `${kernels.at(-1) ?? 'An operation'} takes a string tensor, which a compiled step cannot.`,
      );
    }
    if (data.values === null && info.has(data.id)) return undefined;
    const outside = !written.has(dataId);
    let source: Source;
    const values = data.values;
    if (!outside && values !== null && !Array.isArray(values) && values.length <= LARGE) {
      source = { kind: 'constant', values: values.slice() };
    } else {
      backend.incRef(dataId);
      held.push(dataId);
      source = { kind: 'held', dataId, outside };
    }
    meaning.set(dataId, source);
    return source;
  };

  const disguise = (variable: tf.Variable) => {
    const original = variable.dataId;
    const { dtype } = backend.tensorMap.get(original);
    const [id] = originalIds.call(backend, [variable]);
    const attributes = [{ name: 'T', type: real.TF_ATTR_TYPE, value: dtype }];
    const [copy] = real.executeOp('Identity', attributes, [id], 1);
    const standIn = backend.createOutputTensor(copy);
    backend.incRef(standIn.dataId);
    (variable as any).dataId = standIn.dataId;
    const source: Source = { kind: 'variable', variable };
    meaning.set(standIn.dataId, source);
    sources.set(copy.id, source);
    info.set(copy.id, { shape: [...copy.shape], dtype: copy.dtype });
    disguises.push({ variable, original, standIn: copy.id });
  };

  /** Ends the disguise: the variable has its own data again, whatever the step assigned. */
  const undisguise = ({ variable, original }: Disguise) => {
    const current = variable.dataId;
    (variable as any).dataId = original;
    // a disposed variable has let go of its stand-in; what it stood for goes as well
    releaseData(backend, variable.isDisposed ? original : current);
  };

  const recorder = Object.create(real, {
    executeOp: {
      value: (op: string, attributes: OpAttribute[], inputs: number[], count: number) => {
        if (Object.hasOwn(UNSUPPORTED, op)) {
          throw new CompileError(`TensorFlow's ${op} inside a compiled step: ${UNSUPPORTED[op]}.`);
        }
        const made = real.executeOp(op, attributes, inputs, count);
        ops.push({
          op,
          attributes: attributes.map((a) => ({ ...a })),
          inputs: [...inputs],
          outputs: made.map((metadata) => metadata.id),
        });
        for (const { id, shape, dtype } of made) info.set(id, { shape: [...shape], dtype });
        return made;
      },
    },
  });

  const install: Turns<Trace>['begin'] = (install) => {
    install(backend, 'binding', () => recorder);
    install(backend, 'getInputTensorIds', () => inputIds);
    install(backend, 'write', (original) => (...parameters: unknown[]) => {
      const dataId = original.apply(backend, parameters);
      written.add(dataId);
      return dataId;
    });
    for (const name of ['readSync', 'read']) {
      install(backend, name, (original) => (dataId: object) => {
        // GatherV2's kernel reads its indices only to check their range, which TensorFlow does again at every step
        if (kernels.at(-1) === 'GatherV2') return original.call(backend, dataId);
        throw readsValues(kernels.at(-1));
      });
    }
    install(engine, 'runKernel', (original) => (name: string, inputs: unknown, attributes: unknown) => {
      kernels.push(name);
      try {
        return original.call(engine, name, inputs, attributes);
      } finally {
        kernels.pop();
      }
    });
    install(engine, 'makeVariable', (original) => (...parameters: unknown[]) => {
      const variable = original.apply(engine, parameters) as tf.Variable;
      created.push(variable);
      disguise(variable);
      return variable;
    });
  };

  let stepNumber: tf.Scalar;
  const call = (): Trace => {
    const random = new StepRandom(stepStream(given.seed, given.stepNumber), (draw, tensor) => {
      meaning.set(tensor.dataId, { kind: 'random', draw: draws.length });
      draws.push(draw);
    });
    const outputs: Trace['outputs'] = [];
    callStep(step, given.inputs, { random, step: stepNumber }, (name, tensor) => {
      const [value] = inputIds([tensor]);
      outputs.push({ name, value, shape: [...tensor.shape], dtype: tensor.dtype });
    });
    const changed: Trace['changed'] = [];
    for (const { variable, standIn } of disguises) {
      expectKept(variable);
      const [value] = inputIds([variable]);
      if (value !== standIn) changed.push({ variable, value });
    }
    expectEffect(changed, outputs, created);
    return { ops, info, sources, draws, changed, outputs, release };
  };

  const recording = recordWithin('trace', {
    begin: (replace) => {
      for (const variable of usableVariables()) disguise(variable);
      for (const [name, tensor] of Object.entries(given.inputs)) meaning.set(tensor.dataId, { kind: 'input', name });
      stepNumber = tf.scalar(given.stepNumber, 'int32');
      meaning.set(stepNumber.dataId, { kind: 'step' });
      install(replace);
    },
    call,
    end: () => disguises.forEach(undisguise),
    release,
  });
  return { recording, created };
}
