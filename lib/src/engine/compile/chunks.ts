import { platform } from '../../platform/port';
import { tf } from '../tf';
import type { Call } from './call';
import type { NamedTensors, RunResult } from './options';
import type { Runner } from './runner';

/**
 * Runs a call chunk by chunk: after each, `onProgress` is told and the event loop runs; it stops between two.
 *
 * @param form of what earlier calls returned, for a call of no steps
 * @param count told how many steps of the call are done
 */
export async function runChunks(
  runner: Runner,
  call: Call,
  form: Form,
  count: (steps: number) => void,
): Promise<RunResult & { form: Form }> {
  const { steps, signal } = call;
  const began = performance.now();
  const collected: NamedTensors[] = [];
  let done = 0;
  try {
    while (done < steps && !signal?.aborted) {
      const before = done;
      const chunk = await runner.chunk(call, done, (ofChunk) => count(before + ofChunk));
      collected.push(chunk.tensors);
      done += chunk.steps;
      report(call, done, (performance.now() - began) / 1000, chunk.tensors);
      await platform().yieldToEvents();
    }
    if (collected.length > 0) form = formOf(collected[0]);
    const outputs = collected.length > 0 ? join(collected) : nothing(form);
    return { steps: done, outputs, stopped: done < steps, form };
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
