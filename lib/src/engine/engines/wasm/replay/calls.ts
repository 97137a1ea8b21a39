/** Which functions of the module TensorFlow.js's kernels call, and whether a kernel does more than call them. */
import type { Install } from '../../../compile/recorded';
import { tf } from '../../../tf';
import type { Exported, WasmBackend } from '../backend';
import type { Memory } from './memory';
import type { ModuleCall } from './recording';

/** What a kernel has done so far. */
export interface Doing {
  calls: ModuleCall[];
  /** it does what its calls do not tell */
  more: boolean;
}

/** Each kernel keeps functions that `cwrap` made of the module's; they are made anew. */
function setUpKernels(backend: WasmBackend): void {
  for (const { setupFunc } of tf.getKernelsForBackend('wasm')) setupFunc?.(backend as never);
}

/**
 * Notes the calls until the recording ends.
 * @param now the kernel that is computing
 * @returns what has to be done once everything is as before
 */
export function noteCalls(
  backend: WasmBackend,
  { install, memory, now }: { install: Install; memory: Memory; now: () => Doing | undefined },
): () => void {
  install(backend.wasm, 'cwrap', (cwrap: WasmBackend['wasm']['cwrap']) => (...how: Parameters<typeof cwrap>) => {
    const [name, returns, kinds] = how;
    const own = cwrap.apply(backend.wasm, how);
    return (...given: unknown[]) => {
      const doing = now();
      if (doing) {
        const parameters = numbersOf(given, kinds, memory);
        const run = (backend.wasm as unknown as Record<string, Exported | undefined>)[`_${name}`];
        if (returns === null && parameters && run) doing.calls.push({ run, parameters });
        else doing.more = true;
      }
      return own(...given);
    };
  });
  for (const name of ['readSync', 'typedArrayFromHeap']) {
    install(backend, name, (own: (...given: unknown[]) => unknown) => (...given: unknown[]) => {
      const doing = now();
      if (doing) doing.more = true;
      return own.apply(backend, given);
    });
  }
  setUpKernels(backend);
  return () => setUpKernels(backend);
}

/** Parameters as the module takes them: lists of numbers are in its memory. */
function numbersOf(given: readonly unknown[], kinds: readonly string[], memory: Memory): number[] | undefined {
  const numbers: number[] = [];
  for (const [i, value] of given.entries()) {
    if (kinds[i] === 'array' && value instanceof Uint8Array) numbers.push(memory.block(value));
    else if (value === null || ['number', 'boolean', 'undefined'].includes(typeof value)) numbers.push(Number(value));
    else return undefined;
  }
  return numbers;
}
