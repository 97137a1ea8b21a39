/** TensorFlow.js's WebGPU backend, as much of it as is used here, and how values are read from it. */
import { EngineError } from '../../errors';
import { tf } from '../../tf';
import { expectHealthy, expectNothingFound, unreadFinding } from './trouble';

type Values = Float32Array | Int32Array | Uint8Array;

/** What the backend knows of a tensor's data. */
export interface TensorData {
  values: Values | Uint8Array[] | null | undefined;
  dtype: tf.DataType;
  shape: number[];
  refCount: number;
  resource?: GPUBuffer | null;
  complexTensorInfos?: { real: tf.TensorInfo; imag: tf.TensorInfo };
}

/** The pool of buffers. */
export interface BufferManager {
  acquireBuffer(size: number, usage: number, mappedAtCreation?: boolean, reuse?: boolean): GPUBuffer;
  releaseBuffer(buffer: GPUBuffer, reuse?: boolean): void;
}

/** A uniform value of a program. */
export interface Uniform {
  type: string;
  data: number[];
}

/** A shader and how it is dispatched; see the package's webgpu_program.d.ts. */
export interface Program {
  outputShape: number[];
  variableNames: string[];
  shaderKey: string;
  workgroupSize: [number, number, number];
  dispatchLayout: { x: number[]; y?: number[]; z?: number[] };
  dispatch: [number, number, number];
  uniforms?: string;
  size?: boolean;
  atomic?: boolean;
  outputComponent?: number;
  variableComponents?: number[];
  pipeline?: GPUComputePipeline;
  getUserCode(): string;
}

/** The backend. */
export interface WebGPUBackend {
  device: GPUDevice;
  queue: GPUQueue;
  bufferManager: BufferManager;
  tensorMap: { get(dataId: object): TensorData; has(dataId: object): boolean };
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  pipelineCache: Record<string, GPUComputePipeline>;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  uploadToGPU(dataId: object): void;
  makeUniforms(uniforms: Uniform[]): { offset: number; size: number; buffer: GPUBuffer };
  makeTensorInfo(shape: number[], dtype: tf.DataType, values?: unknown): tf.TensorInfo;
  runWebGPUProgram(
    program: Program,
    inputs: tf.TensorInfo[],
    dtype: tf.DataType,
    uniforms?: Uniform[],
    output?: tf.TensorInfo,
  ): tf.TensorInfo;
  recordAndSubmit(program: Program, output: tf.TensorInfo, inputs: tf.TensorInfo[], uniforms?: Uniform[]): void;
  shouldExecuteOnCPU(inputs: tf.TensorInfo[], sizeThreshold?: number): boolean;
  getBufferData(buffer: GPUBuffer): Promise<ArrayBuffer>;
  readSync(dataId: object): Values;
  read(dataId: object): Promise<Values>;
  convertAndCacheOnCPU(dataId: object, values: Values): Values;
  incRef(dataId: object): void;
  disposeData(dataId: object, force?: boolean): boolean;
  dispose(): void;
}

/** The npm package. */
export interface WebGPUBackendPackage {
  WebGPUBackend: new (device: GPUDevice, info: GPUAdapterInfo) => WebGPUBackend;
}

/** Ends what is being recorded, and hands it to the device. */
export function flush(backend: WebGPUBackend): void {
  backend.endComputePassEncoder();
  if (backend.commandEncoder) backend.submitQueue();
}

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
  const cache = backend.convertAndCacheOnCPU.bind(backend);
  // A tensor may be disposed of while its values are on their way.
  backend.convertAndCacheOnCPU = (dataId, values) => (backend.tensorMap.has(dataId) ? cache(dataId, values) : values);
  if (!turnUntil) return;
  const own = backend.readSync.bind(backend);
  backend.readSync = (dataId) => {
    const { values, dtype, resource } = backend.tensorMap.get(dataId);
    if (values || dtype === 'string' || dtype === 'complex64' || !resource) return own(dataId);
    const read = tf.util.convertBackendValuesAndArrayBuffer(bytesOf(backend, resource, turnUntil), dtype);
    return backend.convertAndCacheOnCPU(dataId, read as Values);
  };
}

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
