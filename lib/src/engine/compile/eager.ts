import { tf } from '../tf';
import { batchInputs, Call } from './call';
import { guarded } from './guard';
import type { NamedTensors } from './options';
import { StepRandom, stepStream } from './random';
import { CHUNK_MILLISECONDS, Chunk, Runner } from './runner';
import { AnyStep, checkOutputs, withoutEffect } from './step';

/** Calls the step as it is, once per training step. Runs on every engine. */
export class EagerRunner implements Runner {
  readonly mode = 'eager';
  readonly traces = { count: 0, milliseconds: 0 };
  readonly loops = [];
  readonly oneThread = false;

  constructor(private readonly step: AnyStep) {}

  chunk(call: Call, from: number, count: (steps: number) => void): Chunk {
    const began = performance.now();
    const each: NamedTensors[] = [];
    try {
      do {
        each.push(this.one(call, from + each.length));
        count(each.length);
        const elapsed = performance.now() - began;
        if (elapsed + elapsed / each.length > CHUNK_MILLISECONDS) break;
      } while (from + each.length < call.steps);
      const tensors: NamedTensors = {};
      for (const name of Object.keys(each[0])) tensors[name] = tf.stack(each.map((outputs) => outputs[name]));
      return { tensors, steps: each.length };
    } finally {
      tf.dispose(each);
    }
  }

  toString(): string {
    return `eager on ${tf.getBackend()}: the step is called as it is, once per training step, so there is no trace to show`;
  }

  dispose(): void {}

  private one(call: Call, s: number): NamedTensors {
    return tf.tidy(() => {
      const number = call.firstStep + s;
      const inputs = batchInputs(call, s);
      const step = tf.scalar(number, 'int32');
      const random = new StepRandom(stepStream(call.seed, number));
      const before = variableData();
      const outputs = guarded(() => this.step(inputs, { random, step }));
      checkOutputs(outputs);
      if (Object.keys(outputs).length === 0 && sameData(before, variableData())) throw withoutEffect();
      // a clone: an output may be an input, a variable or a tensor from outside, which must outlive or not outlive the step
      const copies: NamedTensors = {};
      for (const [name, value] of Object.entries(outputs)) copies[name] = value.clone();
      return copies;
    });
  }
}

/** Where every variable has its values: assigning one puts them elsewhere. */
function variableData(): object[] {
  return Object.values(tf.engine().registeredVariables).map(({ dataId }) => dataId);
}

function sameData(a: readonly object[], b: readonly object[]): boolean {
  return a.length === b.length && a.every((dataId, i) => dataId === b[i]);
}
