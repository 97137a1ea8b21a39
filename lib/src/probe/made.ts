/** Which function of this library made a probe, and of what: another process makes the same of that. */
import type { Probe, Probes } from './types';

/** A probe as plain data. */
export interface ProbeSpec {
  /** Name of the function that makes it. */
  by: string;
  /** What that takes; undefined where it takes nothing. */
  options: unknown;
}

const known = new WeakMap<object, ProbeSpec & Pick<Probe, 'measure' | 'taps'>>();

/** The probe, which is known from here on as what `by` makes of `options`. */
export function made<T>(by: string, options: object | undefined, probe: Probe<T>): Probe<T> {
  try {
    known.set(probe, { by, options: structuredClone(options), measure: probe.measure, taps: probe.taps });
  } catch {
    // made of a function: nobody else can make it
  }
  return probe;
}

/** How to make it anew; undefined for a function, a probe of one's own, and one that was changed. */
export function specOf(probe: Probes[string]): ProbeSpec | undefined {
  const found = known.get(probe);
  if (!found || typeof probe === 'function' || probe.measure !== found.measure || probe.taps !== found.taps)
    return undefined;
  return { by: found.by, options: found.options };
}
