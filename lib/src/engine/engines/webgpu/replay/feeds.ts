/** What the steps of a chunk are fed with, as one block: a record for each step. */
import type { Call } from '../../../compile/call';
import { Draw, drawMany } from '../../../compile/random';
import type { Feed, Value } from './recording';

/**
 * The records of steps `from` to `from + steps` of a call.
 *
 * @param record bytes of a record
 * @param places where in it each feed begins
 */
export function feedsOf(
  call: Pick<Call, 'batches' | 'batchSize' | 'schedules' | 'seed' | 'firstStep'>,
  draws: readonly Draw[],
  places: readonly { feed: Feed; value: Value; offset: number }[],
  { record, from, steps }: { record: number; from: number; steps: number },
): ArrayBuffer {
  const bytes = new ArrayBuffer(record * steps);
  const number = call.firstStep + from;
  for (const { feed, value, offset } of places) {
    const put = (Kind: typeof Int32Array | typeof Float32Array, of: (step: number) => ArrayLike<number>) => {
      for (let s = 0; s < steps; s++) new Kind(bytes, s * record + offset, value.size).set(of(s));
    };
    switch (feed.kind) {
      case 'rows': {
        const { batches, batchSize } = call;
        put(Int32Array, (s) => batches.subarray((from + s) * batchSize, (from + s + 1) * batchSize));
        break;
      }
      case 'step':
        put(Int32Array, (s) => [number + s]);
        break;
      case 'schedule':
        put(Float32Array, (s) => [call.schedules[feed.name][from + s]]);
        break;
      case 'random': {
        const all = drawMany(draws[feed.draw], feed.draw, call.seed, number, steps);
        put(Float32Array, (s) => all.subarray(s * value.size, (s + 1) * value.size));
      }
    }
  }
  return bytes;
}
