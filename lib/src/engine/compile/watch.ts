/** What a trace bakes in besides tensors, so that a change of it is noticed: which variables are trainable, and the properties of layers. */
import { createHash } from 'node:crypto';
import { tf } from '../tf';
import { NativeBackend } from '../engines/native/addon';
import { Source, Trace } from './trace';

const watched = new Set<WeakRef<object>>();
const gone = new FinalizationRegistry<WeakRef<object>>((reference) => watched.delete(reference));

/**
 * Has compiled steps look, at each run, whether properties of `object` have changed since they were traced: a layer's `frozen`, a
 * dropout's `rate`. Compared are its own properties: numbers, strings, booleans, which objects they are, lists and plain objects of such.
 */
export function watchState(object: object): void {
  const reference = new WeakRef(object);
  watched.add(reference);
  gone.register(object, reference);
}

const serials = new WeakMap<object, number>();
let lastSerial = 0;

/** A number for an object, the same each time. */
function serial(object: object): number {
  if (!serials.has(object)) serials.set(object, ++lastSerial);
  return serials.get(object)!;
}

function fingerprint(value: unknown, depth: number): string {
  if (typeof value === 'function') return `#${serial(value)}`;
  if (typeof value !== 'object' || value === null)
    return `${typeof value} ${Object.is(value, -0) ? '-0' : String(value)}`;
  const isPlain = depth === 0 || Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  if (!isPlain || depth > 3) return `#${serial(value)}`;
  return Object.entries(value)
    .map(([key, entry]) => `${key}=${fingerprint(entry, depth + 1)}`)
    .join(';');
}

const registered = () => Object.values(tf.engine().registeredVariables);

/** A look at everything a trace bakes in that can be looked at cheaply. */
export class Outlook {
  private readonly objects = [...watched].flatMap((reference) => {
    const object = reference.deref();
    return object ? [{ reference, text: fingerprint(object, 0) }] : [];
  });
  private readonly variables: { variable: tf.Variable; trainable: boolean }[];
  private readonly there = new Set(registered().map(({ id }) => id));

  /** @param variables those that the step reads or assigns */
  constructor(variables: readonly tf.Variable[]) {
    this.variables = variables.map((variable) => ({ variable, trainable: variable.trainable }));
  }

  /** Whether the step may do something else now: one of these has changed, or a variable has been made that it may have got. */
  mayDiffer(): boolean {
    return (
      registered().some(({ id }) => !this.there.has(id)) ||
      this.variables.some(({ variable, trainable }) => variable.trainable !== trainable) ||
      this.objects.some(({ reference, text }) => {
        const object = reference.deref();
        return object !== undefined && fingerprint(object, 0) !== text;
      })
    );
  }
}

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
