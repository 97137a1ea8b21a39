/** Which value of a recording stands for which data of TensorFlow.js. */
import { CompileError } from '../../../compile/guard';
import { disposedOutside } from '../../../compile/recorded';
import { sizeOf, type Source } from '../../../compile/replay/recording';
import type { tf } from '../../../tf';
import type { WasmBackend } from '../backend';
import type { Memory } from './memory';
import type { Value } from './recording';

type Info = Pick<tf.TensorInfo, 'dataId' | 'shape' | 'dtype'>;

/** The values of one recording. */
export class Values {
  /** in the order in which they came */
  readonly all: Value[] = [];
  private readonly known = new Map<object, Value>();

  constructor(
    private readonly backend: WasmBackend,
    private readonly memory: Memory,
  ) {}

  /**
   * The value that stands for a tensor.
   * @param kernel that takes it, for messages
   */
  of(info: Info, kernel?: string): Value {
    const { dataId, dtype } = info;
    const known = this.known.get(dataId);
    if (known) return known;
    if (dtype === 'string' || dtype === 'complex64') {
      throw new CompileError(`${kernel ?? 'An operation'} takes a ${dtype} tensor, which a compiled step cannot.`);
    }
    if (this.memory.inside.has(dataId)) return this.constant(info);
    if (!this.backend.dataIdMap.has(dataId) && (info as tf.Tensor).isDisposed) throw disposedOutside(kernel);
    this.memory.hold(dataId);
    return this.add(info, { kind: 'held', dataId });
  }

  /** Whether the step finds the same in it each time. */
  isConstant({ source: { kind } }: Value): boolean {
    return kind === 'constant' || kind === 'held';
  }

  /** A tensor whose content is what it is now, in all steps. */
  constant(info: Info): Value {
    const { backend } = this;
    const values = this.memory.quietly(() => backend.readSync(info.dataId));
    const numbers = info.dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
    return this.add(info, { kind: 'constant', values: numbers });
  }

  /** A value more. */
  add({ dataId, shape, dtype }: Info, source: Source): Value {
    const data = this.backend.dataIdMap.get(dataId);
    const value: Value = {
      ...{ id: this.all.length, shape: [...shape], dtype, size: sizeOf(shape), source },
      ...{ dataId, data },
    };
    this.all.push(value);
    this.known.set(dataId, value);
    return value;
  }
}
