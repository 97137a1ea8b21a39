/** Which value of a recording stands for which data of TensorFlow.js. */
import { tf } from '../../../tf';
import { CompileError } from '../../../compile/guard';
import { disposedOutside } from '../../../compile/recorded';
import { TensorData, WebGPUBackend } from '../backend';
import { sizeOf, Source, Value } from './recording';

/* eslint-disable @typescript-eslint/no-explicit-any */

/** The values of one recording. */
export class Values {
  /** in the order in which they came */
  readonly all: Value[] = [];
  /** data made since the recording began */
  readonly inside = new Set<object>();
  /** values in place of buffers, by where the backend keeps them */
  private readonly known = new Map<object, Value>();
  private readonly held: object[] = [];

  /** @param where the kernel that is being recorded, for messages */
  constructor(
    private readonly backend: WebGPUBackend,
    private readonly where: () => string | undefined,
  ) {}

  /** The value that stands for a tensor. */
  of({ dataId }: { dataId: object }): Value {
    return this.known.get(dataId) ?? this.at(dataId);
  }

  /** The value that stands for some data. */
  at(dataId: object): Value {
    const known = this.known.get(dataId);
    if (known) return known;
    const { backend } = this;
    const where = this.where();
    if (!backend.tensorMap.has(dataId)) throw disposedOutside(where);
    const data = backend.tensorMap.get(dataId);
    if (data.dtype === 'string' || data.dtype === 'complex64') {
      throw new CompileError(`${where ?? 'An operation'} takes a ${data.dtype} tensor, which a compiled step cannot.`);
    }
    const value = this.add(data.shape, data.dtype, this.sourceOf(dataId, data));
    this.known.set(dataId, value);
    return value;
  }

  private sourceOf(dataId: object, data: TensorData): Source {
    if (this.inside.has(dataId)) {
      if (!data.values) return { kind: 'made' };
      const numbers = data.values as Float32Array;
      return {
        kind: 'constant',
        values: data.dtype === 'float32' ? Float32Array.from(numbers) : Int32Array.from(numbers),
      };
    }
    this.backend.uploadToGPU(dataId);
    this.backend.incRef(dataId);
    this.held.push(dataId);
    return { kind: 'held', dataId };
  }

  /** A value more. */
  add(shape: readonly number[], dtype: tf.DataType, source: Source): Value {
    const value: Value = { id: this.all.length, shape: [...shape], dtype, size: sizeOf(shape), source };
    this.all.push(value);
    return value;
  }

  /**
   * A tensor that stands for a value.
   * @param stored the type of its words on the device: integers that were cast to float32 are still integers there
   */
  standIn(shape: number[], dtype: tf.DataType, source: Source, stored = dtype): tf.Tensor {
    const info = this.backend.makeTensorInfo(shape, dtype);
    const tensor = (tf.engine() as any).makeTensorFromTensorInfo(info, this.backend) as tf.Tensor;
    this.standFor(tensor, this.add(shape, stored, source));
    return tensor;
  }

  /** Has a value stand for a tensor of the backend's. */
  standFor(tensor: tf.Tensor, value: Value): void {
    this.known.set(tensor.dataId, value);
    const data = this.backend.tensorMap.get(tensor.dataId);
    data.values = null;
    data.dtype = value.dtype;
  }

  /** Lets go of the data from outside that it held. */
  release(): void {
    for (const dataId of this.held.splice(0)) releaseData(this.backend, dataId);
  }
}

/** Gives up one reference to data, and forgets the data with the last. */
export function releaseData(backend: WebGPUBackend, dataId: object): void {
  if (backend.tensorMap.has(dataId) && backend.disposeData(dataId)) {
    (tf.engine() as any).removeDataId(dataId, backend);
  }
}
