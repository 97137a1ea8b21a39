/** TensorFlow.js's WebAssembly backend, as much of it as is used here. */
import { tf } from '../../tf';

/** A kernel's function as the module exports it; tensors go in as the numbers under which they are registered. */
export type Exported = (...parameters: number[]) => unknown;

/** The module, and Emscripten's way to call it. */
export interface WasmModule {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(place: number): void;
  cwrap(name: string, returns: string | null, kinds: string[]): (...parameters: unknown[]) => unknown;
  tfjs: {
    registerTensor(id: number, size: number, place: number): void;
    /** forgets a tensor, and what XNNPACK has packed of it; the memory is whoever's it was */
    disposeData(id: number): void;
  };
}

/** What the backend knows of a tensor's data. */
export interface TensorData {
  /** under which the module has it */
  id: number;
  /** where it is in the memory; null for strings */
  memoryOffset: number;
  shape: number[];
  dtype: tf.DataType;
  refCount: number;
}

/** The backend. */
export interface WasmBackend {
  wasm: WasmModule;
  dataIdNextNumber: number;
  dataIdMap: {
    /** moves data here from another backend */
    get(dataId: object): TensorData;
    has(dataId: object): boolean;
    set(dataId: object, data: TensorData): void;
    delete(dataId: object): boolean;
  };
  makeOutput(shape: number[], dtype: tf.DataType, place?: number, values?: ArrayBufferView): tf.TensorInfo;
  readSync(dataId: object): Float32Array | Int32Array | Uint8Array;
  incRef(dataId: object): void;
  disposeData(dataId: object): boolean;
}

/** Bytes of so many elements. */
export const bytesOf = (size: number, dtype: tf.DataType): number => size * tf.util.bytesPerElement(dtype);

/** Memory of the module, `>>> 0` because a place above 2 GiB comes as a negative number. */
export function allocate({ wasm }: WasmBackend, bytes: number): number {
  const place = wasm._malloc(bytes) >>> 0;
  if (place === 0 && bytes > 0) throw new Error(`WebAssembly has no memory for ${bytes} bytes.`);
  return place;
}
