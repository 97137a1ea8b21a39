import { platform } from '../../platform/port';
import { tf } from '../tf';
import type { Call } from './call';
import type { NamedTensors, RunResult } from './options';
import type { Chunks, Runner } from './runner';

/** Runs steps from number `from` of the calls on; `count` is told how many of them are done. */
export type RunChunk = (from: number, count: (steps: number) => void) => Promise<Chunks>;

/** What a runner does for one call. */
export const chunksOf =
  (runner: Runner, call: Call): RunChunk =>
  async (from, count) => {
    const { steps, tensors } = await runner.chunk(call, from, count);
    return { steps, tensors: [tensors] };
  };

/**
 * Runs calls of as many steps side by side, chunk by chunk: after each, `onProgress` is told and the event loop runs; they stop between two.
 *
 * @param form of what earlier calls returned, for a call of no steps
 * @param count told how many steps of the calls are done
 */
export async function runChunks(
  run: RunChunk,
  calls: readonly Call[],
  form: Form,
  count: (steps: number) => void,
): Promise<{ results: RunResult[]; form: Form }> {
  const [{ steps }] = calls;
  const began = performance.now();
  const collected: NamedTensors[][] = calls.map(() => []);
  let done = 0;
  try {
    while (done < steps && !calls.some(({ signal }) => signal?.aborted)) {
      const before = done;
      const chunk = await run(done, (ofChunk) => count(before + ofChunk));
      chunk.tensors.forEach((tensors, i) => collected[i].push(tensors));
      done += chunk.steps;
      const seconds = (performance.now() - began) / 1000;
      calls.forEach((call, i) => report(call, done, seconds, chunk.tensors[i]));
      await platform().yieldToEvents();
    }
    if (done > 0) form = formOf(collected[0][0]);
    const results = collected.map((chunks) => ({
      ...{ steps: done, stopped: done < steps },
      outputs: done > 0 ? join(chunks) : nothing(form),
    }));
    return { results, form };
  } finally {
    tf.dispose(collected);
  }
}

function report({ onProgress, steps }: Call, done: number, seconds: number, tensors: NamedTensors): void {
  if (!onProgress) return;
  const outputs: NamedTensors = {};
  for (const [name, tensor] of Object.entries(tensors)) outputs[name] = tensor.clone();
  try {
    onProgress({ done, steps, seconds, outputs });
  } finally {
    tf.dispose(outputs);
  }
}

/** Names, shapes per step and types of outputs. */
export type Form = { name: string; shape: number[]; dtype: tf.DataType }[];

function formOf(outputs: NamedTensors): Form {
  return Object.entries(outputs).map(([name, { shape, dtype }]) => ({ name, shape: shape.slice(1), dtype }));
}

/** No steps of that form. */
function nothing(form: Form): NamedTensors {
  const outputs: NamedTensors = {};
  for (const { name, shape, dtype } of form) outputs[name] = tf.tensor([], [0, ...shape], dtype);
  return outputs;
}

/** Chunks of stacked outputs, end to end. */
function join(chunks: NamedTensors[]): NamedTensors {
  const joined: NamedTensors = {};
  for (const name of Object.keys(chunks[0])) {
    joined[name] =
      chunks.length === 1
        ? chunks[0][name].clone()
        : tf.concat(
            chunks.map((chunk) => chunk[name]),
            0,
          );
  }
  return joined;
}
