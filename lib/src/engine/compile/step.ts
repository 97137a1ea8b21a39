/** The function that `compile` was given: how it is called, and what it may return. The same for every runner. */
import { tf } from '../tf';
import { CompileError } from './guard';
import type { NamedTensors } from './options';
import type { StepRandom } from './random';

/* eslint-disable @typescript-eslint/no-explicit-any */
export type AnyStep = (inputs: any, context: { random: StepRandom; step: tf.Scalar }) => Record<string, tf.Tensor>;

/** The step, which names the inputs that it asked for in vain where that may be why it fails. */
export function naming(step: AnyStep): AnyStep {
  return (inputs, context) => {
    const absent = new Set<string>();
    const watched = new Proxy(inputs as NamedTensors, {
      get: (given, name: string) => {
        if (!(name in given)) absent.add(name);
        return given[name];
      },
    });
    try {
      return step(watched, context);
    } catch (error) {
      // an input that is not there is undefined, which TensorFlow.js calls 'null', and whatever trips over it says so
      const message = error instanceof Error ? error.message : String(error);
      if (absent.size === 0 || error instanceof CompileError || !/\bundefined\b|got 'null'/.test(message)) throw error;
      const quoted = (names: Iterable<string>) => [...names].map((name) => `'${name}'`).join(', ');
      throw new CompileError(
        `${message} The step asked for ${quoted(absent)} before it failed, which run() was not given. It was given ` +
          `${quoted(Object.keys(inputs as NamedTensors))}: if that is why, add the rest to data, or to schedules.`,
        { cause: error },
      );
    }
  };
}

/** Checks what a step returned; the same in every mode. */
export function checkOutputs(outputs: unknown): asserts outputs is Record<string, tf.Tensor> {
  if (outputs instanceof Promise) {
    outputs.catch(() => undefined); // what fails in there later is a consequence of this
    throw new CompileError(
      'The step returned a promise. A step is an ordinary function: take out async and await, and return tensors, ' +
        'whose values can be read after run().',
    );
  }
  if (outputs === null || typeof outputs !== 'object' || outputs instanceof tf.Tensor || Array.isArray(outputs)) {
    throw new CompileError(`The step must return named tensors such as { loss }, got ${describe(outputs)}.`);
  }
  for (const [name, value] of Object.entries(outputs)) {
    if (value instanceof Promise) {
      value.catch(() => undefined);
      throw new CompileError(
        `Output '${name}' of the step is a promise: what gives it (fit, trainOnBatch, ...) does its work after the step has ` +
          'ended. Use optimizer.minimize, which works at once.',
      );
    }
    if (!(value instanceof tf.Tensor)) {
      throw new CompileError(
        `Output '${name}' of the step must be a tensor, got ${describe(value)}. Wrap it: tf.scalar(x).`,
      );
    }
    if (value.isDisposed) {
      throw new CompileError(
        `Output '${name}' of the step was disposed inside the step. Return it from tf.tidy as well.`,
      );
    }
    if (value.dtype === 'string' || value.dtype === 'complex64') {
      throw new CompileError(`Output '${name}' of the step is ${value.dtype}; a step returns float32, int32 or bool.`);
    }
  }
}

/** The error for a step that does nothing one could notice, which is never what was meant. */
export function withoutEffect(): CompileError {
  return new CompileError(
    'The step returns no tensor and changes no variable. If it calls what works after the step has ended (fit, trainOnBatch, or ' +
      'anything to be awaited), use optimizer.minimize, which works at once.',
  );
}

function describe(value: unknown): string {
  if (value instanceof tf.Tensor) return 'a bare tensor';
  if (Array.isArray(value)) return 'an array';
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object' : `${typeof value} ${String(value)}`;
}
