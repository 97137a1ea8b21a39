/** Calling a step while what it asks of a backend is recorded: the same for graphs and for replay. */
import { tf } from '../tf';
import { CompileError, guarded, patch, setTracing } from './guard';
import type { StepContext } from './options';
import { AnyStep, checkOutputs, withoutEffect } from './step';

/* eslint-disable @typescript-eslint/no-explicit-any */

/** What one call of a step did, and the variables that it created. */
export interface Recorded<R, C extends { name: string }> {
  recording: R;
  created: C[];
}

/**
 * Records once, or twice when the first call creates variables (optimizer slots, moving averages created on first use).
 *
 * @throws CompileError where the second creates some as well
 */
export function recordTwice<R extends { release(): void }, C extends { name: string }>(
  record: () => Recorded<R, C>,
): R {
  const first = record();
  if (first.created.length === 0) return first.recording;
  first.recording.release();
  const second = record();
  if (second.created.length > 0) {
    second.recording.release();
    throw new CompileError(
      `The step creates a variable at every call ('${second.created[0].name}'). Create variables once, outside the step: ` +
        'a variable is what a step keeps from one call to the next.',
    );
  }
  return second.recording;
}

/** Replaces `holder[key]` until the recording ends. */
export type Install = (holder: any, key: string, make: (original: any) => any) => void;

/** What a recorder does at each turn. */
export interface Turns<R> {
  /** puts itself in the place of what a step calls, and disguises the variables */
  begin(install: Install): void;
  call(): R;
  /** gives the variables back what they were; everything else is as before by then */
  end(): void;
  /** lets go of what it holds, after an error */
  release(): void;
}

/** Records within a scope of that name, after which everything is as before, whatever happens. */
export function recordWithin<R>(scope: string, { begin, call, end, release }: Turns<R>): R {
  const engine = tf.engine();
  const undo: (() => void)[] = [];
  let restored = false;
  const restore = () => {
    if (restored) return;
    restored = true;
    setTracing(false);
    for (const one of undo.splice(0).reverse()) one();
    end();
  };
  engine.startScope(scope);
  setTracing(true);
  try {
    begin((holder, key, make) => undo.push(patch(holder, key, make)));
    const recording = call();
    restore();
    return recording;
  } catch (error) {
    release();
    throw error;
  } finally {
    restore();
    engine.endScope();
  }
}

/** The variables there are that a step can use. */
export const usableVariables = (): tf.Variable[] =>
  Object.values<tf.Variable>(tf.engine().registeredVariables).filter(
    ({ dtype }) => dtype !== 'string' && dtype !== 'complex64',
  );

/**
 * Calls the step. What it returns is looked at before its scope ends.
 * @param keep takes a named output
 */
export function callStep(
  step: AnyStep,
  inputs: Record<string, tf.Tensor>,
  context: StepContext,
  keep: (name: string, tensor: tf.Tensor) => void,
): void {
  const engine = tf.engine();
  engine.startScope('step');
  try {
    const outputs = guarded(() => step(inputs, context));
    checkOutputs(outputs);
    for (const [name, tensor] of Object.entries(outputs)) keep(name, tensor);
  } finally {
    engine.endScope();
  }
}

/** @throws CompileError where the step disposes a variable */
export function expectKept(variable: tf.Variable): void {
  if (!variable.isDisposed) return;
  throw new CompileError(`The step disposes the variable '${variable.name}'. Dispose variables outside the step.`);
}

/** @throws CompileError where it did nothing one could notice */
export function expectEffect(...what: readonly (readonly unknown[])[]): void {
  if (what.every((list) => list.length === 0)) throw withoutEffect();
}

/** The error for a kernel that wants values while it is recorded. */
export const readsValues = (kernel: string | undefined): CompileError =>
  new CompileError(
    `${kernel ?? 'TensorFlow.js'} reads the values of a tensor inside a compiled step, so they would be ` +
      'frozen into the graph. Compute it outside the step and pass it in as data or a variable.',
  );

/** Kernels whose result has a shape that only values tell, which a recording cannot know. */
const SHAPED_BY_VALUES: ReadonlySet<string> = new Set([
  ...['Where', 'Unique', 'UniqueV2', 'NonMaxSuppressionV3', 'NonMaxSuppressionV4', 'NonMaxSuppressionV5'],
  ...['SparseFillEmptyRows', 'SparseReshape', 'StringNGrams', 'StringSplit'],
]);

/** @throws CompileError for a kernel that gives another shape for other values */
export function expectShapeKnown(kernel: string): void {
  if (!SHAPED_BY_VALUES.has(kernel)) return;
  throw new CompileError(`${kernel} inside a compiled step: the shape of its result depends on values.`);
}

/** The error for a tensor from outside that is not there. */
export const disposedOutside = (kernel: string | undefined): CompileError =>
  new CompileError(
    `${kernel ?? 'An operation'} inside a compiled step takes a tensor from outside that has been disposed.`,
  );
