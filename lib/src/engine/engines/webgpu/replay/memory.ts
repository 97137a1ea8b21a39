/** Which buffer each value of a recording has: made values take turns in as few as their lives allow. */
import type { Command, Value } from './recording';

/** A piece of memory that values take turns in. */
export interface Slot {
  bytes: number;
}

/**
 * Assigns a slot to every value that commands write.
 *
 * @param lasting values that have their own memory
 * @param results values that must be there at the end of a step
 */
export function assignSlots(
  commands: readonly Command[],
  lasting: ReadonlySet<Value>,
  results: Iterable<Value>,
): Map<Value, Slot> {
  const last = new Map<Value, number>();
  commands.forEach(({ bindings }, at) => {
    for (const value of bindings) last.set(value, at);
  });
  for (const value of results) last.set(value, commands.length);
  const slots = new Map<Value, Slot>();
  const free: Slot[] = [];
  commands.forEach(({ writes, bindings }, at) => {
    for (const value of writes) {
      if (lasting.has(value) || slots.has(value)) continue;
      slots.set(value, takeFrom(free, bytesOf(value)));
    }
    for (const value of new Set(bindings)) {
      const slot = slots.get(value);
      if (slot && last.get(value) === at) free.push(slot);
    }
  });
  return slots;
}

/** Bytes of a buffer that holds a value: one of no elements has some, too, and vectors of four are whole. */
export const bytesOf = ({ size }: { size: number }): number => 16 * Math.ceil(Math.max(1, size) / 4);

/** The smallest free slot that is large enough and not twice as large; a new one where there is none. */
function takeFrom(free: Slot[], bytes: number): Slot {
  let best = -1;
  free.forEach((slot, i) => {
    const fits = slot.bytes >= bytes && slot.bytes <= 2 * bytes;
    if (fits && (best < 0 || slot.bytes < free[best].bytes)) best = i;
  });
  return best < 0 ? { bytes } : free.splice(best, 1)[0];
}
