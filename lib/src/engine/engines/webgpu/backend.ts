/** TensorFlow.js's WebGPU backend, as much of it as is used here, and how values are read from it. */
import { EngineError } from '../../errors';
import { tf } from '../../tf';

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

/**
 * Lets `dataSync` work: the backend's own way wants a browser's canvas.
 * @param turnUntil lets the device's answers arrive until it is told to stop; false where none can arrive
 */
export function readSynchronously(backend: WebGPUBackend, turnUntil: (settled: () => boolean) => boolean): void {
  const own = backend.readSync.bind(backend);
  backend.readSync = (dataId) => {
    const { values, dtype, resource } = backend.tensorMap.get(dataId);
    if (values || dtype === 'string' || dtype === 'complex64' || !resource) return own(dataId);
    const read = tf.util.convertBackendValuesAndArrayBuffer(bytesOf(backend, resource, turnUntil), dtype);
    return backend.convertAndCacheOnCPU(dataId, read as Values);
  };
}

/** The content of a buffer, after all that was asked before. */
export function bytesOf(
  backend: WebGPUBackend,
  buffer: GPUBuffer,
  turnUntil: (settled: () => boolean) => boolean,
): ArrayBuffer {
  const { size } = buffer;
  const staging = backend.bufferManager.acquireBuffer(size, GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ);
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.commandEncoder!.copyBufferToBuffer(buffer, 0, staging, 0, size);
  backend.submitQueue();
  let refusal: unknown;
  staging.mapAsync(GPUMapMode.READ).catch((error: unknown) => void (refusal = error));
  turnUntil(() => staging.mapState !== 'pending');
  if (staging.mapState !== 'mapped') {
    throw new EngineError(`The GPU gave no values${refusal instanceof Error ? `: ${refusal.message}` : ''}.`);
  }
  const bytes = staging.getMappedRange().slice(0);
  staging.unmap();
  backend.bufferManager.releaseBuffer(staging);
  return bytes;
}
