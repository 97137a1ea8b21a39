/** Comparison of numbers, each test file with the tolerance that it states. */
import assert from 'node:assert/strict';

/** What a tolerance is of: nothing, the expected value, or the larger of it and 1. */
export type Of = 'absolute' | 'relative' | 'mixed';

const SCALE: Record<Of, (expected: number) => number> = {
  absolute: () => 1,
  relative: (expected) => Math.abs(expected),
  mixed: (expected) => Math.max(1, Math.abs(expected)),
};

/** An assertion that two numbers are within `usual` of each other, unless a call says another tolerance. */
export function closeWithin(usual: number, of: Of) {
  return (actual: number, expected: number, tolerance = usual, what = 'value'): void =>
    assert.ok(
      Math.abs(actual - expected) <= tolerance * SCALE[of](expected),
      `${what}: ${actual} is not ${expected} within ${tolerance}, ${of}`,
    );
}
