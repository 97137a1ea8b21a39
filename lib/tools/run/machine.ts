import * as os from 'node:os';

/** Memory that a kernel with TensorFlow and its Python beside it may need, bytes. */
const KERNEL_MEMORY = 2.5e9;

/**
 * How many kernels this machine carries at once: by its cores, and by the memory that is free on it and in the container.
 *
 * @param machine bytes that are free on the machine, and that the container's limit leaves
 */
export function sideBySide(
  machine = {
    cores: os.availableParallelism(),
    free: os.freemem(),
    left: process.availableMemory?.() ?? Infinity,
  },
): number {
  const memory = Math.min(machine.free, machine.left);
  return Math.max(1, Math.min(machine.cores, Math.floor(memory / KERNEL_MEMORY)));
}

/** How many processes each of so many kernels may have to make runs side by side, itself included. */
export function lanesEach(kernels: number, cores = os.availableParallelism()): number {
  return Math.max(1, Math.floor(cores / kernels));
}
