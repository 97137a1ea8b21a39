/** The checks of core/checks for this room: what they refuse is a {@link DataError} `argument`. Also what this room alone asks for. */
import * as core from '../core/checks';
import { kindOf } from './arrays';
import { DataError } from './errors';

/** {@link core.expectArgument}. */
export function expectArgument(where: string, name: string, value: unknown, wanted: core.Wanted): void {
  asArgument(() => core.expectArgument(where, name, value, wanted));
}

/** {@link core.expectArguments}. */
export function expectArguments(where: string, given: Parameters<typeof core.expectArguments>[1]): void {
  asArgument(() => core.expectArguments(where, given));
}

/** {@link core.expectOptions}. */
export function expectOptions<T>(
  where: string,
  given: unknown,
  options: core.Options<T>,
  passed: readonly string[] = [],
): asserts given is T {
  asArgument(() => core.expectOptions(where, given, options, passed));
}

function asArgument(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new DataError('argument', (error as Error).message, error);
  }
}

/** Bytes of a file: a Buffer is one, and so is an array of a notebook's own realm. */
export const bytes = core.kind('bytes in a Uint8Array, as readFile gives them', (v) => kindOf(v) === 'Uint8Array');
/** Environment variables, such as process.env. */
export const environment: core.Wanted = {
  words: 'environment variables, such as process.env',
  fits: core.object.fits,
  inside: (where, name, value) => {
    for (const [key, variable] of Object.entries(value as object))
      if (variable !== undefined) core.expectArgument(where, `${name}.${key}`, variable, core.text);
  },
};
/** A shape: sizes of the dimensions. */
export const shape = core.listOf(
  core.kind('a whole number of at least 0', (v) => Number.isSafeInteger(v) && (v as number) >= 0),
);
const ELEMENTS = /^((Uint|Int)(8|16|32)|Float(32|64))Array$/;
/** An array as the readers of files give it. */
export const dataArray: core.Wanted = {
  words: 'an array as readIdx, readNpy or readNpz gives it, { shape, values, type }',
  fits: core.object.fits,
  inside: (where, name, value) => {
    const given = value as { shape: number[]; values: ArrayLike<number>; type: unknown };
    core.expectArguments(where, {
      [`${name}.shape`]: [given.shape, shape],
      [`${name}.values`]: [given.values, core.kind('a typed array of numbers', (v) => ELEMENTS.test(kindOf(v)))],
      [`${name}.type`]: [given.type, core.text],
    });
    const length = given.shape.reduce((product, size) => product * size, 1);
    if (given.values.length === length) return;
    const wanted = `${length} for the shape [${given.shape.join(', ')}]`;
    throw new RangeError(`${where}: ${name} has ${given.values.length} values; wanted ${wanted}.`);
  },
};
/** Arrays by name. */
export const dataArrays: core.Wanted = core.recordOf(dataArray);
