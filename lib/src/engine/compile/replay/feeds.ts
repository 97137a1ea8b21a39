/** What the steps of a chunk are fed with, as one block: a record for each step. */
import type { Call } from '../call';
import { Draw, drawMany } from '../random';
import type { Feed, Value } from './recording';

/** Of a call, what its steps are fed with. */
type Fed = Pick<Call, 'batches' | 'batchSize' | 'schedules' | 'seed' | 'firstStep'>;

/** Where in a record each feed begins. */
export type Places = readonly { feed: Feed; value: Value; offset: number }[];

/**
 * The records of steps `from` to `from + steps` of calls that are made side by side: step by step, of each step call by call.
 *
 * @param record bytes of a record
 */
export function feedsOf(
  calls: readonly Fed[],
  draws: readonly Draw[],
  places: Places,
  { record, from, steps }: { record: number; from: number; steps: number },
): ArrayBuffer {
  const bytes = new ArrayBuffer(record * steps * calls.length);
  calls.forEach((call, i) => {
    for (const { feed, value, offset } of places) {
      const { kind, of } = numbersOf(feed, call, { draws, size: value.size, from, steps });
      for (let s = 0; s < steps; s++) {
        new kind(bytes, (s * calls.length + i) * record + offset, value.size).set(of(s));
      }
    }
  });
  return bytes;
}

/** What a feed is at each step of a chunk. */
export function numbersOf(
  feed: Feed,
  { batches, batchSize, schedules, seed, firstStep }: Fed,
  { draws, size, from, steps }: { draws: readonly Draw[]; size: number; from: number; steps: number },
): { kind: typeof Int32Array | typeof Float32Array; of: (step: number) => ArrayLike<number> } {
  const number = firstStep + from;
  switch (feed.kind) {
    case 'rows':
      return { kind: Int32Array, of: (s) => batches.subarray((from + s) * batchSize, (from + s + 1) * batchSize) };
    case 'step':
      return { kind: Int32Array, of: (s) => [number + s] };
    case 'schedule':
      return { kind: Float32Array, of: (s) => [schedules[feed.name][from + s]] };
    case 'random': {
      const all = drawMany(draws[feed.draw], feed.draw, seed, number, steps);
      return { kind: Float32Array, of: (s) => all.subarray(s * size, (s + 1) * size) };
    }
  }
}
