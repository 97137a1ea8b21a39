/** Plain data: what JSON holds of a value, and a check that it holds all of it. */
import { shown } from './checks';

/** Plain JSON data. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined };

/**
 * What JSON holds of a `T`: a list for a typed array, null for undefined, all properties of an object. A number that is NaN or infinite is
 * null there. The type leaves that out, as `JSON.parse` does: who looks at runs that diverged looks for it.
 */
export type Stored<T> = unknown extends T
  ? Json
  : T extends undefined
    ? null
    : T extends number | string | boolean | null
      ? T
      : T extends ArrayBufferView
        ? number[]
        : T extends readonly (infer E)[]
          ? Stored<E>[]
          : { [K in keyof T]: Stored<T[K]> };

/**
 * {@link Stored}: what JSON gives back of a value of numbers, texts, lists and objects.
 * @param expectEntry shown the value and everything in it; throws for what must not be stored
 */
export function stored<T>(value: T, expectEntry?: (entry: unknown) => void): Stored<T> {
  const isList = (entry: unknown): entry is ArrayLike<unknown> => ArrayBuffer.isView(entry) && 'length' in entry;
  const text = JSON.stringify(value ?? null, (_, entry: unknown) => {
    expectEntry?.(entry);
    return isList(entry) ? Array.from(entry) : entry;
  });
  return JSON.parse(text);
}

/**
 * Throws unless JSON gives the value back as it is.
 *
 * @throws TypeError that names the place: for a function, NaN or infinity, an object of a class, a value that holds itself
 */
export function expectJson(where: string, name: string, value: unknown): void {
  expectStored(where, name, value, []);
}

function expectStored(where: string, place: string, value: unknown, above: readonly unknown[]): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return;
  if (typeof value === 'object' && !above.includes(value)) {
    const inside = [...above, value];
    if (Array.isArray(value)) {
      return Array.from(value as unknown[]).forEach((one, i) => expectStored(where, `${place}[${i}]`, one, inside));
    }
    if (isPlain(value)) {
      for (const [key, one] of Object.entries(value)) {
        if (one !== undefined) expectStored(where, `${place}.${key}`, one, inside);
      }
      return;
    }
  }
  const given = above.includes(value) ? 'an object that holds itself' : shown(value);
  throw new TypeError(
    `${where}: ${place} must be plain JSON (finite numbers, texts, true, false, null, lists, objects), got ${given}.`,
  );
}

/** An object literal, also one of another realm, such as a worker's message or a notebook's cell may have. */
function isPlain(value: object): boolean {
  if (Object.prototype.toString.call(value) !== '[object Object]') return false;
  const parent: unknown = Object.getPrototypeOf(value);
  return parent === null || Object.getPrototypeOf(parent) === null;
}

/** A value as JSON with the names of every object in order: equal texts for equal values, whatever order they were written in. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(value, (_, entry: Json) =>
    entry !== null && typeof entry === 'object' && !Array.isArray(entry)
      ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)))
      : entry,
  );
}
