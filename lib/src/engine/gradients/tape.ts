/**
 * Repairs to how TensorFlow.js records what is to be differentiated. What is recorded while two gradients are open may be
 * differentiated twice; only there does anything differ from TensorFlow.js that would take time.
 *
 * - A saved output is recorded before the operation that gave it, so that a second derivative finds no way from there to the input and
 *   takes it for a constant: that of tanh has lost its largest term. Here the operation comes first.
 * - What the function given to `tf.customGrad` computes is not recorded, so what it saves is a constant in a second derivative. Here it
 *   is recorded, and its value is cut off from that record, so that the gradient still is the one the function states.
 * - The inputs of such a function live as long as its gradient, which may use them without saving them (as that of `tf.logSigmoid`
 *   does). A value that was there before the call is copied; TensorFlow.js would add the gradient to the one of the value itself.
 * - An input that is left out (`tf.batchNorm` without a scale) is no input.
 */
import { keepForWayBack } from '../tape';
import { tf } from '../tf';

/* eslint-disable @typescript-eslint/no-explicit-any */

interface Node {
  id: number;
  kernelName: string;
  inputs: Record<string, tf.Tensor>;
  outputs: tf.Tensor[];
  saved: tf.Tensor[];
}

type Custom = (...given: any[]) => { value: tf.Tensor; gradFunc: (...given: any[]) => unknown };

const engine = () => tf.engine() as any;

/** Whether what a gradient computes here is recorded itself, because it will be differentiated. */
export function differentiatedAgain(): boolean {
  return engine().isTapeOn();
}

/** What `body` computes, for automatic differentiation a constant. */
export function constant<T extends tf.TensorContainer>(body: () => T): T {
  const { state } = engine();
  state.kernelDepth++;
  try {
    return tf.tidy(body);
  } finally {
    state.kernelDepth--;
  }
}

/** To be called once. */
export function repairTape(): void {
  const one = engine();
  const { addTapeNode, getTensorsForGradient, customGrad } = one;

  one.addTapeNode = (
    name: string,
    inputs: any,
    outputs: tf.Tensor[],
    gradient: unknown,
    saved: unknown,
    attrs: unknown,
  ) => {
    addTapeNode.call(one, name, withoutGaps(inputs), outputs, gradient, saved, attrs);
    if (one.state.gradientDepth > 1) afterWhatGaveIt(one.state.activeTape, outputs);
  };

  one.getTensorsForGradient = (...given: unknown[]) =>
    (getTensorsForGradient.apply(one, given) as (tf.Tensor | null | undefined)[]).filter((tensor) => tensor != null);

  one.customGrad = (f: Custom) => {
    const plain = customGrad.call(one, f);
    return (...inputs: tf.Tensor[]) => {
      if (!one.isTapeOn() || !inputs.every((input) => input instanceof tf.Tensor)) return plain(...inputs);
      const { state } = one;
      const again = state.gradientDepth > 1;
      // linked to the inputs only where that will be asked for
      const copies = () => inputs.map((input) => one.runKernel('Identity', { x: input }) as tf.Tensor);
      const kept = again ? copies() : constant(copies);
      for (const copy of kept) keepForWayBack(copy);
      const disposal: Node = { id: state.nextTapeNodeId++, kernelName: 'kept', inputs: {}, outputs: [], saved: kept };
      state.activeTape.push(disposal);
      const before = one.nextTensorId() as number;
      const recorded: Custom = (...given) => {
        const depth = state.kernelDepth as number;
        const at = <T>(level: number, body: () => T): T => {
          const before = state.kernelDepth as number;
          state.kernelDepth = level;
          try {
            return body();
          } finally {
            state.kernelDepth = before;
          }
        };
        const save = given[inputs.length] as tf.GradSaveFunc;
        const result = again
          ? at(0, () => f(...kept, (tensors: tf.Tensor[]) => at(depth, () => save(tensors))))
          : f(...kept, save);
        if (!(result?.value instanceof tf.Tensor) || !(again || result.value.id < before)) return result;
        return { ...result, value: one.runKernel('Identity', { x: result.value }) as tf.Tensor };
      };
      return customGrad.call(one, recorded)(...inputs);
    };
  };
}

function withoutGaps(
  inputs: Record<string, tf.Tensor | null | undefined>,
): Record<string, tf.Tensor | null | undefined> {
  for (const name in inputs) {
    if (inputs[name] == null) return Object.fromEntries(Object.entries(inputs).filter(([, input]) => input != null));
  }
  return inputs;
}

/** Moves the last node of the tape before the copies of its outputs that it saved. */
function afterWhatGaveIt(tape: Node[], outputs: tf.Tensor[]): void {
  const last = tape.length - 1;
  let to = last;
  while (to > 0 && isCopyOf(tape[to - 1], outputs)) to--;
  if (to < last) tape.splice(to, 0, ...tape.splice(last, 1));
}

function isCopyOf({ inputs, outputs }: Node, of: tf.Tensor[]): boolean {
  return outputs.length === 1 && outputs[0].kept && 'x' in inputs && of.includes(inputs.x);
}
