import { tf } from '../../tf';

/* eslint-disable @typescript-eslint/no-explicit-any */

/** One attribute as TensorFlow.js's kernels hand it to the addon. */
export interface OpAttribute {
  name: string;
  type: number;
  value: unknown;
}

/** What the addon says of a tensor that it made. */
export interface TensorMetadata {
  id: number;
  shape: number[];
  dtype: number;
}

/** The part of TensorFlow.js's native addon that this library uses. */
export interface Binding {
  executeOp(name: string, attributes: OpAttribute[], inputs: number[], outputs: number): TensorMetadata[];
  createTensor(shape: number[], dtype: number, values: ArrayBufferView): number;
  tensorDataSync(id: number): unknown;
  deleteTensor(id: number): void;
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(id: number, inputs: number[], inputNames: string, outputNames: string): TensorMetadata[];
  getNumOfSavedModels(): number;
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
  [constant: `TF_${string}`]: number;
}

/** Where the native backend keeps a tensor: values not yet handed to TensorFlow, or a handle. */
export interface NativeData {
  shape: number[];
  dtype: number;
  values: Float32Array | Int32Array | Uint8Array | Uint8Array[] | null;
  id: number;
  refCount: number;
}

/** The native backend of TensorFlow.js (tfjs-node), as this library uses it. */
export interface NativeBackend {
  binding: Binding;
  tensorMap: {
    get(dataId: object): NativeData;
    set(dataId: object, data: NativeData): void;
    has(dataId: object): boolean;
    delete(dataId: object): boolean;
  };
  getInputTensorIds(tensors: { dataId: object }[]): number[];
  createOutputTensor(metadata: TensorMetadata): tf.Tensor;
  executeMultipleOutputs(name: string, attributes: OpAttribute[], inputs: tf.Tensor[], outputs: number): tf.Tensor[];
  readSync(dataId: object): unknown;
  write(values: unknown, shape: number[], dtype: string): object;
  incRef(dataId: object): void;
  disposeData(dataId: object, force?: boolean): boolean;
  refCount(dataId: object): number;
}

/** The native backend when it is the one that computes, else undefined. */
export function nativeBackend(): NativeBackend | undefined {
  if (tf.getBackend() !== 'tensorflow') return undefined;
  const backend = tf.backend() as any;
  return typeof backend.binding?.executeOp === 'function' ? (backend as NativeBackend) : undefined;
}

/** Gives up one reference to data, and forgets the data with the last. */
export function releaseData(backend: NativeBackend, dataId: object): void {
  if (backend.tensorMap.has(dataId) && backend.disposeData(dataId)) (tf.engine() as any).removeDataId(dataId, backend);
}
