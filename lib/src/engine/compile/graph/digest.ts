import { createHash } from 'node:crypto';
import type { NativeBackend } from '../../engines/native/addon';
import { serial } from '../watch';
import { Source, Trace } from './trace';

/** A digest of what a trace does: equal for two that do the same to the same variables and tensors. */
export function digestOf(traced: Trace, backend: NativeBackend): string {
  const hash = createHash('sha256');
  const numbers = new Map<number, number>();
  const source = (from: Source): unknown => {
    if (from.kind === 'constant') return ['constant', from.values.constructor.name, [...bytesOf(from.values)]];
    if (from.kind === 'variable') return ['variable', from.variable.id];
    if (from.kind === 'random') return ['random', traced.draws[from.draw]];
    if (from.kind !== 'held') return from;
    const { values } = backend.tensorMap.get(from.dataId);
    const inside = !from.outside && ArrayBuffer.isView(values);
    return inside
      ? ['inside', createHash('sha256').update(bytesOf(values)).digest('hex')]
      : ['held', serial(from.dataId)];
  };
  const name = (id: number) => {
    if (!numbers.has(id)) {
      numbers.set(id, numbers.size);
      const from = traced.sources.get(id);
      const { shape, dtype } = traced.info.get(id)!;
      hash.update(JSON.stringify([numbers.get(id), shape, dtype, from ? source(from) : null]));
    }
    return numbers.get(id);
  };
  for (const { op, attributes, inputs, outputs } of traced.ops) {
    hash.update(JSON.stringify([op, attributes, inputs.map(name), outputs.map(name)]));
  }
  for (const { variable, value } of traced.changed) hash.update(JSON.stringify([variable.id, name(value)]));
  for (const output of traced.outputs) hash.update(JSON.stringify([output.name, output.dtype, name(output.value)]));
  return hash.digest('hex');
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
