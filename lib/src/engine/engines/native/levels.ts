/**
 * float32 tensors whose data are bytes on the device: see levels.ts of the engine room. TensorFlow.js has no such type, so each is a
 * tensor of float32 whose handle is made when somebody asks for it; `gather`, `slice` and compiled steps do not.
 */
import { isTracing } from '../../compile/guard';
import { tf } from '../../tf';
import { FIRST_WHITE, type LevelMeaning } from '../engine';
import { Info, KernelFunction, replace } from '../mend';
import { Binding, NativeBackend, NativeData, nativeBackend, OpAttribute, TensorMetadata } from './addon';

const known = new WeakSet<NativeBackend>();

/** What the backend knows of such a tensor. */
export class Levels implements NativeData {
  readonly dtype: number;
  readonly values = null;
  refCount = 1;
  private float: number | undefined;

  /** @param bytes handle of the levels, of type uint8 */
  constructor(
    private readonly binding: Binding,
    readonly bytes: number,
    readonly shape: number[],
    readonly meaning: LevelMeaning,
  ) {
    this.dtype = binding.TF_FLOAT;
  }

  /** Handle of the numbers, made when it is first asked for. */
  get id(): number {
    return (this.float ??= meaningOf(this.binding, this.bytes, this.meaning).id);
  }

  /** The numbers in JavaScript. The device does not keep them for that. */
  read(): unknown {
    const { binding } = this;
    const id = this.float ?? meaningOf(binding, this.bytes, this.meaning).id;
    try {
      return binding.tensorDataSync(id);
    } finally {
      if (id !== this.float) binding.deleteTensor(id);
    }
  }

  free(): void {
    this.binding.deleteTensor(this.bytes);
    if (this.float !== undefined) this.binding.deleteTensor(this.float);
  }
}

/** The levels behind a tensor's data, where it has them. */
export function levelsOf(backend: NativeBackend, dataId: object): Levels | undefined {
  const data = backend.tensorMap.has(dataId) ? backend.tensorMap.get(dataId) : undefined;
  return data instanceof Levels ? data : undefined;
}

/** A tensor of levels; undefined on a GPU, whose memory is another. */
export function keepLevels(levels: Uint8Array, shape: number[], meaning: LevelMeaning): tf.Tensor | undefined {
  const backend = nativeBackend();
  if (!backend || backend.binding.isUsingGpuDevice()) return undefined;
  const { binding } = backend;
  learn(backend);
  const dataId = {};
  const bytes = binding.createTensor(shape, binding.TF_UINT8, levels);
  backend.tensorMap.set(dataId, new Levels(binding, bytes, [...shape], meaning));
  const info: Info = { dataId, shape, dtype: 'float32' };
  return tf.engine().makeTensorFromTensorInfo(info);
}

/** What levels mean, as a tensor of its own, rounded as level / 255 is in JavaScript: a quotient of whole numbers below 2^24 is rounded once. */
function meaningOf(binding: Binding, bytes: number, meaning: LevelMeaning): TensorMetadata {
  const made: TensorMetadata[] = [];
  const one = (op: string, attributes: OpAttribute[], inputs: number[]) => {
    const [result] = binding.executeOp(op, attributes, inputs, 1);
    made.push(result);
    return result;
  };
  const type = (name: string, value: number) => ({ name, type: binding.TF_ATTR_TYPE, value });
  const toFloat = (from: number, id: number) => one('Cast', [type('SrcT', from), type('DstT', binding.TF_FLOAT)], [id]);
  const grey = meaning === 'grey';
  const bound = grey
    ? binding.createTensor([], binding.TF_FLOAT, Float32Array.of(255))
    : binding.createTensor([], binding.TF_UINT8, Uint8Array.of(FIRST_WHITE));
  try {
    if (grey) return one('RealDiv', [type('T', binding.TF_FLOAT)], [toFloat(binding.TF_UINT8, bytes).id, bound]);
    return toFloat(binding.TF_BOOL, one('GreaterEqual', [type('T', binding.TF_UINT8)], [bytes, bound]).id);
  } finally {
    binding.deleteTensor(bound);
    for (const { id } of made.slice(0, -1)) binding.deleteTensor(id);
  }
}

/** Teaches a backend to read and forget tensors of levels, and to take rows of them, once. */
function learn(backend: NativeBackend): void {
  if (known.has(backend)) return;
  known.add(backend);
  const { disposeData, readSync } = backend;
  backend.readSync = (dataId) => levelsOf(backend, dataId)?.read() ?? readSync.call(backend, dataId);
  backend.disposeData = (dataId, force = false) => {
    const levels = levelsOf(backend, dataId);
    if (!levels) return disposeData.call(backend, dataId, force);
    if (--levels.refCount > 0 && !force) return false;
    levels.free();
    backend.tensorMap.delete(dataId);
    return true;
  };
  replace('GatherV2', 'tensorflow', byLevels(gathered));
  replace('Slice', 'tensorflow', byLevels(sliced));
}

/** A way of taking some of the levels: handle of those, or undefined where it is the kernel's own business. */
type Taking = (backend: NativeBackend, levels: Levels, inputs: Record<string, Info>, attrs: any) => number | undefined; // eslint-disable-line @typescript-eslint/no-explicit-any

function byLevels(take: Taking): (own: KernelFunction) => KernelFunction {
  return (own) => (parameters) => {
    const backend = nativeBackend();
    const inputs = parameters.inputs as Record<string, Info>;
    const levels = backend && levelsOf(backend, inputs.x.dataId);
    // what is traced becomes operations of float32
    const taken = levels && !isTracing() ? take(backend, levels, inputs, parameters.attrs) : undefined;
    if (!backend || !levels || taken === undefined) return own(parameters);
    const { binding } = backend;
    try {
      return backend.createOutputTensor(meaningOf(binding, taken, levels.meaning));
    } finally {
      binding.deleteTensor(taken);
    }
  };
}

const gathered: Taking = (backend, levels, { indices }, { axis, batchDims }) => {
  const rows = backend.readSync(indices.dataId) as ArrayLike<number>;
  const isRow = (row: number) => row >= 0 && row < levels.shape[0];
  if (axis !== 0 || batchDims !== 0 || indices.dtype !== 'int32' || !Array.prototype.every.call(rows, isRow)) return;
  const { binding } = backend;
  const type = (name: string, value: number) => ({ name, type: binding.TF_ATTR_TYPE, value });
  const attributes = [
    { name: 'batch_dims', type: binding.TF_ATTR_INT, value: 0 },
    ...[type('Tparams', binding.TF_UINT8), type('Tindices', binding.TF_INT32), type('Taxis', binding.TF_INT32)],
  ];
  const zero = binding.createTensor([], binding.TF_INT32, Int32Array.of(0));
  const [ids] = [backend.getInputTensorIds([indices])];
  const [{ id }] = binding.executeOp('GatherV2', attributes, [levels.bytes, ...ids, zero], 1);
  binding.deleteTensor(zero);
  return id;
};

const sliced: Taking = ({ binding }, levels, { x }, { begin, size }) => {
  const [from, sizes] = tf.slice_util.parseSliceParams(x as tf.Tensor, begin, size);
  const int = (values: number[]) => binding.createTensor([values.length], binding.TF_INT32, Int32Array.from(values));
  const [start, lengths] = [int(from), int(sizes)];
  const attributes = [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_UINT8 },
    { name: 'Index', type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 },
  ];
  const [{ id }] = binding.executeOp('Slice', attributes, [levels.bytes, start, lengths], 1);
  for (const one of [start, lengths]) binding.deleteTensor(one);
  return id;
};
