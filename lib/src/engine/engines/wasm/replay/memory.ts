/** What a recording has in the module's memory: every tensor of the step, for as long as there is the recording. */
import type { Install } from '../../../compile/recorded';
import { sizeOf } from '../../../compile/replay/recording';
import { tf } from '../../../tf';
import { allocate, bytesOf, type TensorData, type WasmBackend } from '../backend';

/* eslint-disable @typescript-eslint/no-explicit-any */

/** Tensors that stay where they are, whoever disposes of them. */
export class Memory {
  /** data made since the recording began */
  readonly inside = new Set<object>();
  /** memory of no tensor */
  private readonly blocks: number[] = [];
  private readonly held: object[] = [];
  /** stand-ins that have no memory of their own yet */
  private readonly shared = new Set<object>();
  private readonly engine = tf.engine() as any;
  private watching = true;

  constructor(private readonly backend: WasmBackend) {}

  /**
   * Keeps all that is made until the recording ends.
   * @param made told of it
   */
  install(install: Install, made: (dataId: object) => void): void {
    const { backend } = this;
    const keep = (dataId: object) => {
      if (!this.watching || this.inside.has(dataId)) return;
      this.inside.add(dataId);
      backend.incRef(dataId);
      made(dataId);
    };
    install(backend, 'move', (original) => (dataId: object, ...rest: unknown[]) => {
      original.call(backend, dataId, ...rest);
      keep(dataId);
    });
    install(backend, 'makeOutput', (original) => (...parameters: unknown[]) => {
      const info = original.apply(backend, parameters) as tf.TensorInfo;
      keep(info.dataId);
      return info;
    });
  }

  /** Does what is no part of the step. */
  quietly<T>(work: () => T): T {
    const before = this.watching;
    this.watching = false;
    try {
      return work();
    } finally {
      this.watching = before;
    }
  }

  /** Keeps a tensor from outside. */
  hold(dataId: object): TensorData {
    const data = this.quietly(() => this.backend.dataIdMap.get(dataId));
    this.backend.incRef(dataId);
    this.held.push(dataId);
    return data;
  }

  /** A second tensor on the memory of another, until `settle` gives it some of its own. */
  standIn(of: object, shape: number[], dtype: tf.DataType): tf.Tensor {
    const { backend } = this;
    const { memoryOffset } = this.quietly(() => backend.dataIdMap.get(of));
    const dataId = {};
    const data = { id: backend.dataIdNextNumber++, memoryOffset, shape, dtype, refCount: 2 };
    backend.dataIdMap.set(dataId, data);
    backend.wasm.tfjs.registerTensor(data.id, sizeOf(shape), memoryOffset);
    this.inside.add(dataId);
    this.shared.add(dataId);
    return this.engine.makeTensorFromTensorInfo({ dataId, shape, dtype }, backend) as tf.Tensor;
  }

  /** Bytes that stay where they are. */
  block(bytes: Uint8Array): number {
    const place = allocate(this.backend, bytes.length);
    this.backend.wasm.HEAPU8.set(bytes, place);
    this.blocks.push(place);
    return place;
  }

  /** Ends the recording: what `used` does not name is let go of, and TensorFlow.js counts nothing of the rest as a tensor's. */
  settle(used: ReadonlySet<object>): void {
    const { backend, engine, shared } = this;
    for (const dataId of [...this.inside]) {
      const data = backend.dataIdMap.get(dataId);
      if (!used.has(dataId)) {
        this.letGo(dataId);
        this.inside.delete(dataId);
      } else if (data.refCount === 1) engine.removeDataId(dataId, backend);
      if (!used.has(dataId) || !shared.delete(dataId)) continue;
      data.memoryOffset = allocate(backend, bytesOf(sizeOf(data.shape), data.dtype));
      register(backend, data);
    }
  }

  /** Lets go of everything. */
  release(): void {
    for (const dataId of [...this.inside, ...this.held]) this.letGo(dataId);
    for (const place of this.blocks) this.backend.wasm._free(place);
    this.inside.clear();
    this.held.length = 0;
    this.blocks.length = 0;
  }

  private letGo(dataId: object): void {
    const { backend, engine } = this;
    if (!backend.dataIdMap.has(dataId)) return;
    if (this.shared.delete(dataId)) backend.dataIdMap.get(dataId).memoryOffset = 0; // it is another's
    if (backend.disposeData(dataId)) engine.removeDataId(dataId, backend);
  }
}

/** Tells the module anew where a tensor is, so that it forgets what it has packed of the tensor's former values. */
export function register({ wasm }: WasmBackend, { id, shape, memoryOffset }: TensorData, size = sizeOf(shape)): void {
  wasm.tfjs.disposeData(id);
  wasm.tfjs.registerTensor(id, size, memoryOffset);
}
