/** Buffers on the device: what is too large is refused before anything is asked of it, and what it has no memory for is an error. */
import { EngineError } from '../../errors';
import type { WebGPUBackend } from './backend';
import { expectHealthy, tookShortage } from './trouble';

/** A tensor of nothing has a buffer as well: a shader can be given no buffer of nothing. */
const LEAST = 4;

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/**
 * @throws EngineError when a buffer is larger than the device takes: how large, and what to do
 */
export function expectFits(device: GPUDevice, size: number, usage: number): void {
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  const most = usage & GPUBufferUsage.STORAGE ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize;
  if (size <= most) return;
  throw new EngineError(
    `A tensor of ${megabytes(size)} was to be made, and this GPU takes ${megabytes(most)} in one piece. ` +
      'Take fewer examples at once; or BNLAB_ENGINE=native, which the memory of the machine limits.',
  );
}

const noMemory = (size: number): EngineError =>
  new EngineError(
    `The GPU has no memory for a tensor of ${megabytes(size)}. Dispose tensors (tf.tidy), or take fewer examples at once.`,
  );

/**
 * A buffer of one's own, outside of the backend's pool.
 * @throws EngineError where it is too large, or there is no memory for it
 */
export function createBuffer(backend: WebGPUBackend, size: number, usage: number): GPUBuffer {
  expectFits(backend.device, size, usage);
  const buffer = backend.device.createBuffer({ size, usage });
  if (!tookShortage(backend)) return buffer;
  buffer.destroy();
  throw noMemory(size);
}

/** Makes every buffer that a backend makes one of these, and each submission an error where something went wrong. Once a backend. */
export function refuseWhatDoesNotFit(backend: WebGPUBackend): void {
  const { device, bufferManager } = backend;
  const own = bufferManager.acquireBuffer.bind(bufferManager);
  bufferManager.acquireBuffer = (size, usage, mapped, reuse) => {
    expectHealthy(backend);
    expectFits(device, size, usage);
    const buffer = own(Math.max(size, LEAST), usage, mapped, reuse);
    if (tookShortage(backend)) {
      bufferManager.releaseBuffer(buffer, false);
      throw noMemory(size);
    }
    return buffer;
  };
  const submit = backend.submitQueue.bind(backend);
  backend.submitQueue = () => {
    submit();
    expectHealthy(backend);
  };
}
