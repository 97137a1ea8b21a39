/**
 * Memory that TensorFlow's libraries take. Loading them reads 290 MiB of their files, and compiling a step 120 MiB, of which running it
 * needs 20: the rest is given back. See pages/pages.c, which set-up compiles on Linux; elsewhere nothing of this happens.
 */
import type { NativePaths } from './paths';

let release: (() => void) | undefined;

/** Loads TensorFlow's libraries, half by half, before the addon that computes with them does. */
export function loadLibraries({ pages, first }: NativePaths): void {
  try {
    process.dlopen({ exports: {} }, first);
    const addon = { exports: {} as { release(): void } };
    process.dlopen(addon, pages);
    ({ release } = addon.exports);
  } catch {
    // not built: the libraries come with the addon, and keep what they have read
  }
}

/** Gives back what has been read of TensorFlow's libraries. What is needed again comes back by itself. */
export function releasePages(): void {
  release?.();
}
