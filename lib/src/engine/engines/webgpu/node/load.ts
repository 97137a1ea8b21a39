/** Makes WebGPU TensorFlow.js's backend in this process, in Node. */
import type { WebGPUBackend } from '../backend';
import type { AdapterWords } from '../adapter';
import { startBackend } from '../start';
import { type DawnOptions, requestDevice } from './dawn';
import { requireBackend, type WebgpuPaths } from './paths';
import { turnPumpUntil } from './pump';

/** The backend and its device, once it computes. */
export interface Loaded {
  backend: WebGPUBackend;
  device: GPUDevice;
  adapter: AdapterWords;
  /** see DawnOptions */
  ownDriver: boolean;
}

/**
 * Loads Dawn and the backend, and makes it TensorFlow.js's.
 * @throws EngineError where no adapter was found
 */
export async function loadWebgpu(paths: WebgpuPaths, options: DawnOptions): Promise<Loaded> {
  const { device, adapter, ownDriver } = await requestDevice(paths, options);
  const backend = await startBackend(requireBackend(), { device, adapter, turnUntil: turnPumpUntil });
  return { backend, device, adapter, ownDriver };
}
