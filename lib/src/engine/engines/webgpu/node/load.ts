/** Makes WebGPU TensorFlow.js's backend in this process, in Node. */
import { tf } from '../../../tf';
import { readSynchronously, WebGPUBackend } from '../backend';
import { AdapterWords, DawnOptions, requestDevice } from './dawn';
import { requireBackend, WebgpuPaths } from './paths';
import { turnPumpUntil } from './pump';

/** The backend and its device, once it computes. */
export interface Loaded {
  backend: WebGPUBackend;
  device: GPUDevice;
  adapter: AdapterWords;
}

/**
 * Loads Dawn and the backend, and makes it TensorFlow.js's.
 * @throws EngineError where no adapter was found
 */
export async function loadWebgpu(paths: WebgpuPaths, options: DawnOptions): Promise<Loaded> {
  const { device, adapter } = await requestDevice(paths, options);
  const backend = makeBackend(device, adapter);
  tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', () => backend as unknown as InstanceType<typeof tf.KernelBackend>, 3);
  if (!(await tf.setBackend('webgpu'))) throw new Error('its backend did not start');
  return { backend, device, adapter };
}

function makeBackend(device: GPUDevice, adapter: AdapterWords): WebGPUBackend {
  const { WebGPUBackend } = requireBackend();
  // Small tensors whose values are at hand would be computed by other kernels, in JavaScript.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  const backend = new WebGPUBackend(device, adapter as unknown as GPUAdapterInfo);
  readSynchronously(backend, turnPumpUntil);
  return backend;
}
