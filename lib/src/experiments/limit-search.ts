/** What searches for the values up to which a network trains share: a run that ends in an accuracy, and bisection of the logarithm. */
import type { Network } from '../nn';
import { StoppedError } from '../platform/stoppable';
import { evaluateWithTaps } from '../train/evaluate';
import type { History } from '../train/history';
import type { TrainRunOptions } from '../train/options';
import { replaceStatistics } from '../train/population';
import type { PreparedData } from '../train/prepare';
import type { Trainer } from '../train/trainer';

const POPULATION_BATCHES = 10;

/**
 * Trains, and scores the test set at inference with population statistics of ten training mini-batches: moving averages lag behind weights
 * that take long steps. Where statistics are not finite, the averages stay.
 *
 * @param stopped what the error says where the run is stopped: half a search is no limit
 */
export async function trainedAccuracy(
  { trainer, network, prepared }: { trainer: Trainer; network: Network; prepared: PreparedData },
  settings: TrainRunOptions & { seed: number },
  stopped: string,
): Promise<{ accuracy: number; history: History }> {
  const history = await trainer.train(settings, prepared);
  if (history.stopped) throw new StoppedError(stopped);
  const { batchSize, seed } = settings;
  replaceStatistics(network, prepared.train.x, { batchSize, batchCount: POPULATION_BATCHES, seed });
  const { accuracy } = evaluateWithTaps({ network, ...prepared.test }, []).score;
  return { accuracy: accuracy ?? 0, history };
}

/** Narrows the interval between a value that holds and one that does not, in either order, until they differ by a factor `within` at most. */
export async function bisect(
  holds: (value: number) => Promise<boolean>,
  [inside, outside]: readonly [number, number],
  within: number,
): Promise<{ inside: number; outside: number }> {
  while (Math.max(inside / outside, outside / inside) > within) {
    const middle = Math.sqrt(inside * outside);
    if (await holds(middle)) inside = middle;
    else outside = middle;
  }
  return { inside, outside };
}
