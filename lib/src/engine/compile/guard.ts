import { tf } from '../tf';

/** What goes wrong when a step is compiled, with what to write instead. */
export class CompileError extends Error {
  /** `CompileError`, in messages and to tell errors apart. */
  override readonly name = 'CompileError';
}

/* TensorFlow.js's engine and backends are reached below their published types: tracing needs hooks that no API offers. */
/* eslint-disable @typescript-eslint/no-explicit-any */

/** Random operations of TensorFlow.js, by the name of the scope each opens, and what replaces them in a step. */
const RANDOM: Record<string, string> = {
  randomNormal: 'context.random.normal(shape, mean, standardDeviation)',
  randomStandardNormal: 'context.random.normal(shape)',
  truncatedNormal: 'context.random.normal(shape, mean, standardDeviation), clipped or redrawn as you need',
  randomUniform: 'context.random.uniform(shape, low, high)',
  randomUniformInt: 'tf.floor(context.random.uniform(shape, low, high)).toInt()',
  rand: 'context.random.uniform(shape, low, high)',
  randomGamma: 'gamma variates made beforehand and passed in as data',
  multinomial: 'context.random.uniform(shape) compared with the cumulative probabilities',
  dropout: 'context.random.dropout(x, rate)',
};

/** Methods of a tensor that bring its values to JavaScript. */
const READS = ['dataSync', 'data', 'arraySync', 'array', 'bufferSync', 'buffer', 'bytes', 'print', 'toString'] as const;

let stepsRunning = 0;

/**
 * Whether a step given to `compile` is running now, traced or eagerly. Values cannot be read then, so checks that need them
 * are left out.
 */
export function insideStep(): boolean {
  return stepsRunning > 0;
}

let tracing = false;

/** Whether a step is being recorded right now. */
export function isTracing(): boolean {
  return tracing;
}

/** Said by what records a step. */
export function setTracing(now: boolean): void {
  tracing = now;
}

/**
 * Calls `body` with everything forbidden in a step turned into an error that names the call and its replacement. The same
 * in eager mode as when tracing, so that a step which runs in one mode runs in all. Synchronous: nothing else runs meanwhile.
 */
export function guarded<T>(body: () => T): T {
  const engine = tf.engine() as any;
  const prototype = tf.Tensor.prototype as any;
  const undo: (() => void)[] = [];
  const kept: tf.Tensor[] = [];
  let forbidding = true;

  replace(engine, 'startScope', (original) => (name?: string) => {
    const operation = typeof name === 'string' ? name.replace(/__op$/, '') : '';
    if (Object.hasOwn(RANDOM, operation)) {
      throw new CompileError(
        `tf.${operation} inside a compiled step: its numbers would be drawn once and frozen into the graph. ` +
          `Use ${RANDOM[operation]} instead: it differs from step to step and repeats with the seed.`,
      );
    }
    return original.call(engine, name);
  });
  for (const name of READS) {
    replace(
      prototype,
      name,
      (original) =>
        function (this: tf.Tensor, ...parameters: unknown[]) {
          if (!forbidding) return original.apply(this, parameters);
          throw new CompileError(
            `tensor.${name}() inside a compiled step: the step is recorded once, so a value read in it, and any if or loop ` +
              'that depends on it, would be frozen. Return the tensor as an output and read it after run(), or express the ' +
              'choice with tf.where.',
          );
        },
    );
  }
  replace(Math, 'random', () => () => {
    throw new CompileError(
      'Math.random() inside a compiled step: its number would be drawn once and frozen into the graph. ' +
        'Use context.random.uniform(shape) instead.',
    );
  });
  replace(engine, 'keep', (original) => (tensor: tf.Tensor) => {
    kept.push(tensor);
    return original.call(engine, tensor);
  });
  let result: T;
  stepsRunning++;
  try {
    result = body();
  } catch (error) {
    tf.dispose(kept); // for a way back that is not taken
    throw error;
  } finally {
    stepsRunning--;
    forbidding = false;
    for (const restore of undo.reverse()) restore();
  }
  // what automatic differentiation keeps for the way back is disposed by now
  const escaped = kept.filter((tensor) => !tensor.isDisposed);
  if (escaped.length > 0) {
    tf.dispose(escaped);
    throw new CompileError(
      `The step keeps ${escaped.length} tensor${escaped.length > 1 ? 's' : ''} beyond its end (tf.keep, or an optimizer made ` +
        'inside the step). What a step carries to the next call belongs in a tf.Variable, what it reports in its outputs.',
    );
  }
  return result;

  function replace(holder: any, key: string, make: (original: any) => any): void {
    undo.push(patch(holder, key, make));
  }
}

/** Replaces `holder[key]` and gives back the function that undoes it, own property or inherited. */
export function patch(holder: any, key: string, make: (original: any) => any): () => void {
  const own = Object.getOwnPropertyDescriptor(holder, key);
  const original = holder[key];
  Object.defineProperty(holder, key, { value: make(original), configurable: true, writable: true, enumerable: false });
  return () => {
    if (own) Object.defineProperty(holder, key, own);
    else delete holder[key];
  };
}
