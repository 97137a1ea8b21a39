import { usedMemory } from '../platform/port';
import type { Budget } from './options';

/** Which bound is reached after so many seconds; null while none is. */
export function spent({ seconds, bytes }: Budget, passed: number): 'seconds' | 'bytes' | null {
  if (seconds !== undefined && passed >= seconds) return 'seconds';
  if (bytes !== undefined && usedMemory() > bytes) return 'bytes';
  return null;
}

/** Seconds since it was made. */
export function stopwatch(): () => number {
  const began = Date.now();
  return () => (Date.now() - began) / 1000;
}

/** An estimate of the seconds left after `step` of `steps`; NaN before the first. */
export function secondsLeft(seconds: number, step: number, steps: number): number {
  return step > 0 ? (seconds / step) * (steps - step) : NaN;
}
