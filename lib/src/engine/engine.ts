import { EngineCard } from './card';
import { chooseEngine } from './choose';
import { EngineError } from './errors';
import { disposeTapeOnErrors } from './tape';
import { tf } from './tf';

let pending: Promise<EngineCard> | undefined;
let chosen: EngineCard | undefined;

/**
 * Makes the best engine of this machine compute. The first line of every script and notebook:
 *
 * ```ts
 * import { ready, tf } from 'bnlab';
 * await ready();
 * ```
 *
 * Order: TensorFlow on an NVIDIA GPU, WebGPU on any GPU, TensorFlow on the processor, WebAssembly, plain JavaScript. The environment
 * variable `BNLAB_ENGINE` (native, webgpu, wasm or js), read at the first call, forces one. Calls after the first, also while
 * it runs, share its answer.
 *
 * From here on each first and second derivative of TensorFlow.js's operations is right, or an error that names the operation: the page
 * "Gradients" of this reference says what was mended and what is refused.
 *
 * @returns the engine card: what computes, and why nothing better does
 * @throws EngineError when `BNLAB_ENGINE` names no engine, or one that is not available here
 */
export function ready(): Promise<EngineCard> {
  pending ??= chooseEngine().then(
    (card) => {
      disposeTapeOnErrors();
      return (chosen = card);
    },
    (error: unknown) => {
      pending = undefined; // another attempt may follow a repair
      throw error;
    },
  );
  return pending;
}

/**
 * What computes in this process.
 * @throws EngineError before `ready()` has been awaited
 */
export function engineCard(): EngineCard {
  if (!chosen) throw new EngineError('No engine has been chosen yet. Begin with: await ready();');
  return chosen;
}

greetInOurWords();

/**
 * TensorFlow.js's JavaScript backend greets at its first tensor with advice that does not fit here. What does help
 * whoever meets it is that `ready()` was forgotten.
 */
function greetInOurWords(): void {
  const js = tf.findBackend('cpu') as unknown as { firstUse?: boolean };
  delete js.firstUse;
  let said = false;
  // On the class: where nobody awaits ready(), TensorFlow.js makes another object of it.
  Object.defineProperty(Object.getPrototypeOf(js), 'firstUse', {
    get() {
      if (!pending && !said) {
        said = true;
        console.warn('bnlab: no engine chosen, so plain JavaScript computes, slowly. Begin with: await ready();');
      }
      return false;
    },
    set() {},
  });
}
