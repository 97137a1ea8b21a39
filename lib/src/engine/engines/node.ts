/** The engines of a program that runs in Node, and the machine that it runs on. Loaded by the library's entry. */
import * as os from 'node:os';
import { setHost } from '../host';
import { js } from './js';
import { cuda, native } from './native/native';
import { registerEngines } from './registry';
import { wasm } from './wasm/node';

setHost({
  environment: process.env,
  processor: () => os.cpus()[0]?.model.trim() ?? 'unknown processor',
  parallelism: () => os.availableParallelism(),
  memoryBytes: memoryLimit,
  nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
  version: process.versions.node,
});
registerEngines([cuda, native, wasm, js]);

/** Bytes of memory that this process may use. */
export function memoryLimit(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  // Without a container the kernel reports its largest number.
  return constrained > 0 && constrained < os.totalmem() ? constrained : os.totalmem();
}
