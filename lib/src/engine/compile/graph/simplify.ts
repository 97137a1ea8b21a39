import { Binding } from '../../engines/native/addon';
import { Trace, TracedOp } from './trace';

/**
 * Takes out what TensorFlow.js adds and a graph does not need: casts to the type a tensor has already, reshapes to the shape
 * it has already, and matrix products of the kind for many matrices at once. Values keep their bits. Changes `traced` where a
 * value turns out to be another one.
 */
export function simplify(traced: Trace, binding: Binding): TracedOp[] {
  const { info, sources } = traced;
  const same = new Map<number, number>();
  const root = (id: number) => same.get(id) ?? id;
  const reshapeOf = new Map<number, number>();
  const ops: TracedOp[] = [];
  let fresh = -1;
  const shapeOf = (id: number) => info.get(id)!.shape;
  const reshape = (from: number, to: number, type: unknown) => {
    const target = fresh--;
    sources.set(target, { kind: 'constant', values: Int32Array.from(shapeOf(to)) });
    info.set(target, { shape: [shapeOf(to).length], dtype: binding.TF_INT32 });
    const attributes = [
      { name: 'T', type: binding.TF_ATTR_TYPE, value: type },
      { name: 'Tshape', type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 },
    ];
    ops.push({ op: 'Reshape', attributes, inputs: [from, target], outputs: [to] });
    reshapeOf.set(to, from);
  };
  for (const original of liveOps(traced.ops, traced)) {
    const { op, attributes, outputs } = original;
    const inputs = original.inputs.map(root);
    const value = (name: string) => attributes.find((a) => a.name === name)?.value;
    const [out] = outputs;
    if (!sources.has(out)) {
      if (op === 'Cast' && value('SrcT') === value('DstT')) {
        same.set(out, inputs[0]);
        continue;
      }
      if (op === 'Reshape') {
        const from = reshapeOf.get(inputs[0]) ?? inputs[0];
        if (sameShape(shapeOf(from), shapeOf(out))) same.set(out, from);
        else reshape(from, out, value('T'));
        continue;
      }
      if (op === 'BatchMatMulV2' && inputs.every((id) => shapeOf(id).length === 2)) {
        const transpose = (name: string, from: string) => ({
          name,
          type: binding.TF_ATTR_BOOL,
          value: value(from) ?? false,
        });
        const type = attributes.find((a) => a.name === 'T')!;
        const asMatrices = [type, transpose('transpose_a', 'adj_x'), transpose('transpose_b', 'adj_y')];
        ops.push({ op: 'MatMul', attributes: asMatrices, inputs, outputs });
        continue;
      }
    }
    ops.push({ op, attributes, inputs, outputs });
  }
  for (const output of traced.outputs) output.value = root(output.value);
  for (const change of traced.changed) change.value = root(change.value);
  return liveOps(ops, traced);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** The operations among `ops` that reach an output or a changed variable. */
export function liveOps(ops: readonly TracedOp[], traced: Trace): TracedOp[] {
  const needed = new Set<number>(traced.outputs.map(({ value }) => value));
  for (const { value } of traced.changed) needed.add(value);
  const live: TracedOp[] = [];
  for (let i = ops.length - 1; i >= 0; i--) {
    const op = ops[i];
    if (!op.outputs.some((id) => needed.has(id) && !traced.sources.has(id))) continue;
    live.push(op);
    for (const id of op.inputs) needed.add(id);
  }
  return live.reverse();
}
