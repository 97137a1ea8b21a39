/** Isotonic regression: the rising curve that is nearest to a noisy one. */
import { expectArgument, numbers } from '../core/checks';

/**
 * The non-decreasing sequence with the least sum of squared distances from the values (pool adjacent violators). It smooths a noisy
 * curve that is known to rise, without a width to choose: what falls is averaged with what came before it.
 *
 * @returns as many numbers as were given
 * @example isotonicRegression([1, 3, 2, 4]) // [1, 2.5, 2.5, 4]
 * @throws RangeError for a value that is not finite
 * @see Barlow, Bartholomew, Bremner & Brunk, Statistical Inference under Order Restrictions (1972)
 */
export function isotonicRegression(values: ArrayLike<number>): number[] {
  expectArgument('isotonicRegression', 'values', values, numbers);
  const blocks: { sum: number; count: number }[] = [];
  for (const [i, value] of Array.from(values).entries()) {
    if (!Number.isFinite(value)) {
      throw new RangeError(`isotonicRegression: values must be finite, but values[${i}] is ${value}.`);
    }
    let last = { sum: value, count: 1 };
    while (blocks.length > 0 && mean(blocks[blocks.length - 1]) >= mean(last)) {
      const before = blocks.pop()!;
      last = { sum: before.sum + last.sum, count: before.count + last.count };
    }
    blocks.push(last);
  }
  return blocks.flatMap((block) => Array.from({ length: block.count }, () => mean(block)));
}

const mean = ({ sum, count }: { sum: number; count: number }) => sum / count;
