import { expectOptions, needed, own, shown, text, whole } from '../core/checks';
import { Random } from '../core/random';
import { made } from './made';
import type { Probe } from './types';

/**
 * Follows the values at a tap through training: the same examples and units at every evaluation point, drawn once at random, on the test
 * set in inference mode. What a histogram over training steps is made of.
 *
 * @param options.tap such as `layer3/preActivation`, what enters the last hidden nonlinearity
 * @param options.count how many values; default 2000, all of them where there are fewer
 * @param options.seed of the draw; default 0
 * @returns a probe that reports the values to five digits; NaN, null in a history, for one that is not finite
 * @example trainNetwork({ ...options, probes: { inputs: sampleProbe({ tap: 'layer3/preActivation' }) } })
 * @throws RangeError for a count that is not a whole number of at least 1
 */
export function sampleProbe(options: { tap: string; count?: number; seed?: number }): Probe<number[]> {
  expectOptions<typeof options>('sampleProbe', options, { tap: needed(text), count: own, seed: whole });
  const { tap, count = 2000, seed = 0 } = options;
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`sampleProbe: count must be a whole number of at least 1, got ${shown(count)}.`);
  }
  return made('sampleProbe', options, {
    taps: [tap],
    measure: ({ taps, memory }) => {
      const values = taps[tap].dataSync();
      const places = (memory.places ??= draw(values.length, count, seed)) as number[];
      return places.map((i) => (Number.isFinite(values[i]) ? Number(values[i].toPrecision(5)) : NaN));
    },
  });
}

function draw(length: number, count: number, seed: number): number[] {
  if (length <= count) return Array.from({ length }, (_, i) => i);
  const random = new Random(seed, 'sampleProbe');
  return Array.from({ length: count }, () => random.integer(length));
}
