/** TensorFlow.js's WebGPU backend, as much of it as is used here. */
import { tf } from '../../tf';

/** Values of a tensor, as they are read. */
export type Values = Float32Array | Int32Array | Uint8Array;

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
