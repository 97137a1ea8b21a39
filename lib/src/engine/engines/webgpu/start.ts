/** TensorFlow.js's WebGPU backend on a device, with all that is mended around its kernels. */
import { tf } from '../../tf';
import type { AdapterWords } from './adapter';
import type { WebGPUBackend, WebGPUBackendPackage } from './backend';
import { refuseWhatDoesNotFit } from './memory';
import { readHonestly, type TurnUntil } from './reading';
import { mendPrograms } from './shaders/mend';
import { rememberSources } from './shaders/sources';
import { watch } from './trouble';

/** What a backend is made on. */
export interface Ground {
  device: GPUDevice;
  adapter: AdapterWords;
  /** how the host waits for the device; a browser cannot */
  turnUntil?: TurnUntil;
}

/** Makes the backend, and makes it TensorFlow.js's. */
export async function startBackend(
  { WebGPUBackend }: WebGPUBackendPackage,
  { device, adapter, turnUntil }: Ground,
): Promise<WebGPUBackend> {
  const backend = new WebGPUBackend(device, adapter as unknown as GPUAdapterInfo);
  // Small tensors whose values are at hand would be computed by other kernels, some of them wrong.
  backend.shouldExecuteOnCPU = () => false;
  rememberSources(device);
  mendPrograms(backend);
  readHonestly(backend, turnUntil);
  watch(backend);
  refuseWhatDoesNotFit(backend);
  tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', () => backend as unknown as InstanceType<typeof tf.KernelBackend>, 3);
  if (!(await tf.setBackend('webgpu'))) throw new Error('its backend did not start');
  return backend;
}
