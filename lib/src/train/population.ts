import { expectOptions, needed, type Options, own, whole } from '../core/checks';
import { Random } from '../core/random';
import { tf } from '../engine';
import { batchIndices } from '../data';
import { batchNormLayers, type Layer } from '../nn';
import { takeStatistics } from '../nn/networks/population';
import { expectCount } from '../nn/checks';
import { expectInputs, expectNetwork, fixedNoise } from '../probe/model';
import { expectBatchSize } from './resolve';

/** From how many mini-batches, and of which size. */
export interface PopulationOptions {
  /** m, the size the network was trained with. */
  batchSize: number;
  /** Mini-batches to average over; default 50. */
  batchCount?: number;
  /** Which examples they hold; default 0. */
  seed?: number;
}

const POPULATION_OPTIONS: Options<PopulationOptions> = { batchSize: needed(own), batchCount: own, seed: whole };

/**
 * Puts population statistics of a training set in place of the moving averages of every batch normalization layer that is not
 * frozen (Algorithm 2, lines 8-11): E[x] = E_B[mu_B] and Var[x] = m/(m-1) E_B[sigma2_B], over training mini-batches drawn at random,
 * all layers from the same forward passes in training mode. A layer that a pass applies several times is averaged over all applications.
 *
 * @param x training inputs [n, ...]
 * @returns names of the layers that were set; none when the network has no batch normalization
 * @example setPopulationStatistics(network, x, { batchSize: 60 })
 * @throws TypeError when x is disposed or not float32; RangeError for NaN or infinity in it, a batch of one, or a
 *   batchSize that is not from 1 to n. Nothing is changed then
 */
export function setPopulationStatistics(network: Layer, x: tf.Tensor, options: PopulationOptions): string[] {
  expectOptions('setPopulationStatistics', options, POPULATION_OPTIONS);
  expectNetwork('setPopulationStatistics', network);
  expectInputs('setPopulationStatistics', x);
  const { batchSize, batchCount } = options;
  expectCount('setPopulationStatistics', 'batchSize', batchSize);
  if (batchCount !== undefined) expectCount('setPopulationStatistics', 'batchCount', batchCount);
  expectBatchSize(batchSize, x.shape[0]);
  const { names, problem } = replaceStatistics(network, x, options);
  if (problem) throw problem;
  return names;
}

/** {@link setPopulationStatistics}; where they are not finite, as in a network that has diverged, nothing changes and `problem` says so. */
export function replaceStatistics(
  network: Layer,
  x: tf.Tensor,
  { batchSize, batchCount = 50, seed = 0 }: PopulationOptions,
): { names: string[]; problem: Error | null } {
  if (batchNormLayers(network).length === 0) return { names: [], problem: null };
  const n = x.shape[0];
  const rows = batchIndices({ n, batchSize, steps: batchCount, random: new Random(seed, 'population') });
  const batch = (b: number) => tf.gather(x, tf.tensor1d(rows.slice(b * batchSize, (b + 1) * batchSize), 'int32'));
  return takeStatistics(network, batchCount, batch, fixedNoise(seed));
}
