/** Makes WebGPU TensorFlow.js's backend in this process, in Node. */
import { tf } from '../../../tf';
import type { WebGPUBackend } from '../backend';
import { readHonestly } from '../reading';
import { refuseWhatDoesNotFit } from '../memory';
import { watch } from '../trouble';
import { AdapterWords, DawnOptions, requestDevice } from './dawn';
import { requireBackend, WebgpuPaths } from './paths';
import { turnPumpUntil } from './pump';
import { mendPrograms } from '../shaders/mend';
import { rememberSources } from '../shaders/sources';

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
  const backend = makeBackend(device, adapter);
  tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', () => backend as unknown as InstanceType<typeof tf.KernelBackend>, 3);
  if (!(await tf.setBackend('webgpu'))) throw new Error('its backend did not start');
  return { backend, device, adapter, ownDriver };
}

function makeBackend(device: GPUDevice, adapter: AdapterWords): WebGPUBackend {
  const { WebGPUBackend } = requireBackend();
  const backend = new WebGPUBackend(device, adapter as unknown as GPUAdapterInfo);
  // Small tensors whose values are at hand would be computed by other kernels, some of them wrong.
  backend.shouldExecuteOnCPU = () => false;
  rememberSources(device);
  mendPrograms(backend);
  readHonestly(backend, turnPumpUntil);
  watch(backend);
  refuseWhatDoesNotFit(backend);
  return backend;
}
