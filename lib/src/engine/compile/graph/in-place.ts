import { Body, Emitter, bytes } from './body';
import { DataType } from './proto';

/** Variables below this size, in bytes, are copied faster than the copy is avoided. */
const LARGE = 2 ** 18;

/**
 * New values of the step's variables, such that XLA can write them over the old ones.
 *
 * XLA updates a variable of its loop in place only if the data says that nobody reads the old value afterwards. A matrix of weights has
 * a second reader: the gradient of the layer's input, dl/du = dl/dx W^T. Nothing orders it against W - lr dl/dW, and so XLA copies W
 * in every step. Here the new value depends on that reader: a zero made of one of its elements is added. The zero is made with
 * integers (a 32-bit pattern shifted out of its 32 bits), so it is 0 for infinity and NaN as well.
 *
 * @param symbol notation of a value of the trace
 * @param written new values that are written over the old ones as it is
 * @returns notation of the new values, in the order of `traced.changed`
 */
export function writtenInPlace(
  body: Body,
  emitter: Emitter,
  symbol: (id: number) => string,
  written: ReadonlySet<number>,
): string[] {
  const float = { type: DataType.float32 };
  const int = { type: DataType.int32 };
  const unsigned = { type: DataType.uint32 };
  const ints = (name: string, values: number[]) =>
    emitter.constant(name, DataType.int32, [values.length], Int32Array.from(values));
  const zeroAfter = (name: string, id: number) => {
    const { shape } = body.traced.info.get(id)!;
    const [begin, size] = [0, 1].map((n) =>
      ints(
        `${name}/${n}`,
        shape.map(() => n),
      ),
    );
    const slice = emitter.add(`${name}/slice`, 'Slice', [symbol(id), begin, size], { T: float, Index: int })();
    const types = { T: float, Tshape: int };
    const element = emitter.add(`${name}/element`, 'Reshape', [slice, ints(`${name}/scalar`, [])], types)();
    const bits = emitter.add(`${name}/bits`, 'Bitcast', [element], { T: float, type: unsigned })();
    const sixteen = emitter.constant(`${name}/sixteen`, DataType.uint32, [], Uint32Array.of(16));
    const half = emitter.add(`${name}/half`, 'RightShift', [bits, sixteen], { T: unsigned })();
    const none = emitter.add(`${name}/none`, 'RightShift', [half, sixteen], { T: unsigned })();
    return emitter.add(`${name}/zero`, 'Cast', [none], { SrcT: unsigned, DstT: float })();
  };
  return body.traced.changed.map(({ value }, i) =>
    (written.has(value) ? [] : unorderedReads(body, i)).reduce((soFar, id, k) => {
      const name = `in_place${i}_${k}`;
      return emitter.add(name, 'AddV2', [soFar, zeroAfter(name, id)], { T: float })();
    }, symbol(value)),
  );
}

/** Outputs of the operations that read the old value of a large variable and that its new value does not depend on. */
export function unorderedReads({ ops, traced }: Body, changed: number): number[] {
  const { variable, value } = traced.changed[changed];
  const isFloat = (id: number) => traced.info.get(id)!.dtype === DataType.float32;
  if (!isFloat(value) || bytes(DataType.float32, variable.shape) < LARGE) return [];
  const producers = new Map(ops.flatMap((op) => op.outputs.map((id) => [id, op] as const)));
  const before = new Set<unknown>();
  const pending = [value];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const op = producers.get(id);
    if (!op || before.has(op)) continue;
    before.add(op);
    pending.push(...op.inputs);
  }
  const reads = (id: number) => {
    const source = traced.sources.get(id);
    return source?.kind === 'variable' && source.variable === variable;
  };
  return ops
    .filter((op) => !before.has(op) && op.inputs.some(reads))
    .map(({ outputs }) => outputs[0])
    .filter((id) => isFloat(id) && !traced.info.get(id)!.shape.includes(0));
}
