/** How values are read from a device. */
import { EngineError } from '../../errors';
import { tf } from '../../tf';
import type { Values, WebGPUBackend } from './backend';
import { expectHealthy, expectNothingFound, unreadFinding } from './trouble';

/** Lets the device's answers arrive until it is told to stop; false where none can arrive. */
export type TurnUntil = (settled: () => boolean) => boolean;

/**
 * Makes reading what it should be: `dataSync` works, where the host can wait for the device (the backend's own way wants a browser's
 * canvas), and what went wrong on the device is an error.
 * @param turnUntil how the host waits; a browser cannot
 */
export function readHonestly(backend: WebGPUBackend, turnUntil?: TurnUntil): void {
  backend.getBufferData = async (buffer) => {
    const { staging, withFinding } = copyForReading(backend, buffer);
    await staging.mapAsync(GPUMapMode.READ).catch(() => undefined);
    return contentOf(backend, staging, withFinding);
  };
  const read = backend.read.bind(backend);
  backend.read = async (dataId) => {
    const { dtype, shape } = backend.tensorMap.get(dataId);
    return isEmpty(shape, dtype) ? noValues(dtype) : read(dataId);
  };
  const cache = backend.convertAndCacheOnCPU.bind(backend);
  // A tensor may be disposed of while its values are on their way.
  backend.convertAndCacheOnCPU = (dataId, values) => (backend.tensorMap.has(dataId) ? cache(dataId, values) : values);
  if (!turnUntil) return;
  const own = backend.readSync.bind(backend);
  backend.readSync = (dataId) => {
    const { values, dtype, shape, resource } = backend.tensorMap.get(dataId);
    if (isEmpty(shape, dtype)) return noValues(dtype);
    if (values || dtype === 'string' || dtype === 'complex64' || !resource) return own(dataId);
    const read = tf.util.convertBackendValuesAndArrayBuffer(bytesOf(backend, resource, turnUntil), dtype);
    return backend.convertAndCacheOnCPU(dataId, read as Values);
  };
}

/** Whether a tensor holds nothing, and so no buffer that tells. */
function isEmpty(shape: number[], dtype: tf.DataType): boolean {
  return shape.includes(0) && dtype !== 'string' && dtype !== 'complex64';
}

const noValues = (dtype: tf.DataType): Values => tf.util.getTypedArrayFromDType(dtype as 'float32', 0) as Values;

/**
 * The content of a buffer, after all that was asked before.
 * @throws EngineError where the device was lost, refused something, or met an index that points nowhere
 */
export function bytesOf(backend: WebGPUBackend, buffer: GPUBuffer, turnUntil: TurnUntil): ArrayBuffer {
  const { staging, withFinding } = copyForReading(backend, buffer);
  staging.mapAsync(GPUMapMode.READ).catch(() => undefined);
  turnUntil(() => staging.mapState !== 'pending');
  return contentOf(backend, staging, withFinding);
}

/** Copies a buffer, and behind it the number that tells of an index that points nowhere, to where they can be read. */
function copyForReading(backend: WebGPUBackend, buffer: GPUBuffer): { staging: GPUBuffer; withFinding: boolean } {
  expectHealthy(backend);
  const finding = unreadFinding(backend);
  const size = buffer.size + (finding ? 4 : 0);
  const staging = backend.bufferManager.acquireBuffer(size, GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ);
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.commandEncoder!.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
  if (finding) backend.commandEncoder!.copyBufferToBuffer(finding, 0, staging, buffer.size, 4);
  backend.submitQueue();
  return { staging, withFinding: finding !== undefined };
}

function contentOf(backend: WebGPUBackend, staging: GPUBuffer, withFinding: boolean): ArrayBuffer {
  expectHealthy(backend);
  if (staging.mapState !== 'mapped')
    throw new EngineError('The GPU gave no values back: its device is lost, or was closed.');
  const bytes = staging.getMappedRange();
  const end = bytes.byteLength - (withFinding ? 4 : 0);
  const content = bytes.slice(0, end);
  const finding = withFinding ? new Int32Array(bytes.slice(end))[0] : 0;
  staging.unmap();
  backend.bufferManager.releaseBuffer(staging);
  if (withFinding) expectNothingFound(backend, finding);
  return content;
}
