/** One training step: forward, backward, update, and what `record` keeps of it; compiled where the engine can. */
import { expectArgument, recordOf, tensor } from '../core/checks';
import { compile, tf, type CompiledStep, type NamedTensors, type StepContext } from '../engine';
import { Optimizer, type StepScalars } from './optimizer';
import type { StepOptions } from './options';
import type { ResolvedStep } from './resolve';

/** Tensors by name. */
const RECORDED = recordOf(tensor);
/** Before the names of what `record` keeps, among the outputs of a step. */
const RECORD = 'record/';

/** A step for any number of runs. The optimizer's state is its own. */
export class TrainingStep {
  readonly optimizer: Optimizer;
  private readonly compiled: CompiledStep;

  constructor(readonly settings: ResolvedStep) {
    const { network, optimizer, weightDecay, mode } = settings;
    this.optimizer = new Optimizer(network.trainable, optimizer, weightDecay);
    this.compiled = compile((inputs: NamedTensors, context) => this.once(inputs, context), { mode });
  }

  /** Whether any step was done. */
  get hasRun(): boolean {
    return this.compiled.stepsDone > 0;
  }

  /** See `CompiledStep.oneThread`. */
  get oneThread(): boolean {
    return this.compiled.oneThread;
  }

  /** Steps over rows of the data: see `CompiledStep.run`. */
  run(options: Parameters<CompiledStep['run']>[0]): ReturnType<CompiledStep['run']> {
    return this.compiled.run(options);
  }

  dispose(): void {
    this.compiled.dispose();
    this.optimizer.dispose();
  }

  private once(inputs: NamedTensors, { random }: StepContext): NamedTensors {
    const { network, loss, record } = this.settings;
    const { x, y, ...scalars } = inputs;
    const { trainable } = network; // asked at each trace and each eager step: a layer may have been frozen or thawed
    const forward = () => loss(network.apply(x, { training: true, random }), y);
    const { value, grads } = tf.engine().gradients(forward, trainable, undefined, true);
    const before = record ? trainable.map((v) => v.clone()) : [];
    this.optimizer.apply(trainable, grads, scalars as unknown as StepScalars);
    return { loss: value, ...(record && this.recorded(record, value as tf.Scalar, grads, before)) };
  }

  private recorded(
    record: NonNullable<StepOptions['record']>,
    loss: tf.Scalar,
    gradients: tf.Tensor[],
    before: tf.Tensor[],
  ): NamedTensors {
    const { network } = this.settings;
    const { trainable } = network;
    const label = new Map(Object.entries(network.named).map(([name, variable]) => [variable.id, name]));
    const named = (tensors: (tf.Tensor | undefined)[]) =>
      Object.fromEntries(trainable.map((v, i) => [label.get(v.id) ?? v.name, tensors[i] ?? tf.zeros(v.shape)]));
    const kept = record({
      loss,
      gradients: named(gradients),
      before: named(before),
      after: named(trainable.map((v) => v.clone())),
    });
    expectArgument('trainNetwork', 'what record() returned', kept, RECORDED);
    return Object.fromEntries(Object.entries(kept).map(([name, value]) => [`${RECORD}${name}`, value]));
  }
}

/** What a step's `record` kept, by its own names. */
export function recordedIn(outputs: NamedTensors): [name: string, tensor: tf.Tensor][] {
  return Object.entries(outputs)
    .filter(([key]) => key.startsWith(RECORD))
    .map(([key, value]) => [key.slice(RECORD.length), value]);
}
