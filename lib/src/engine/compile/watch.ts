/** What a trace bakes in besides tensors, so that a change of it is noticed: which variables are trainable, and the properties of layers. */
import { tf } from '../tf';

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
export function serial(object: object): number {
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
