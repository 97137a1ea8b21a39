/** Population statistics in place of the moving averages of a whole network. */
import { expectOptions, kind } from '../../core/checks';
import { tf } from '../../engine';
import { LayerRandom } from '../context';
import { describe, expectFinite, expectFloatTensor } from '../checks';
import { batchNormLayers } from '../normalization/batch-norm-layer';
import { averagedStatistics, MeasuredStatistics } from '../normalization/population';
import { valuesPerFeature } from '../normalization/shared';
import { Layer } from '../types';

const layerRandom = kind(
  'random numbers with a method bernoulli(keep, shape)',
  (value) => typeof (value as LayerRandom | null)?.bernoulli === 'function',
);

/**
 * Algorithm 2, lines 7 to 10: sends training mini-batches through the network in training mode, and puts
 * E[x] = E_B[mu_B] and Var[x] = m/(m-1) E_B[sigma2_B] in place of the moving averages of every batch normalization layer that
 * is not frozen.
 *
 * @example usePopulationStatistics(net, batches); const logits = net.apply(test, { training: false });
 * @param batches mini-batches of one size, such as those it was trained with; they are read, not disposed
 * @param options.random needed when the network has dropout
 * @throws RangeError when there is no batch, the shapes differ, one holds NaN or infinity, or the network has no batch normalization;
 *   nothing is changed then
 */
export function usePopulationStatistics(
  network: Layer,
  batches: readonly tf.Tensor[],
  options: { random?: LayerRandom } = {},
): void {
  const where = 'usePopulationStatistics';
  expectOptions<typeof options>(where, options, { random: layerRandom });
  const layers = batchNormLayers(network).filter((layer) => !layer.frozen);
  if (layers.length === 0) {
    throw new RangeError(`${where}: ${network.name} has no batch normalization layer, or all are frozen.`);
  }
  if (!Array.isArray(batches) || batches.length === 0) {
    throw new RangeError(
      `${where}: wanted a list of at least one mini-batch, got ${Array.isArray(batches) ? 'none' : typeof batches}.`,
    );
  }
  batches.forEach((batch, i) => {
    expectFloatTensor(where, `batch ${i}`, batch);
    expectFinite(where, `batch ${i}`, batch);
    // The size of an image counts too: m, and with it m/(m-1), would not be one number.
    if (!tf.util.arraysEqual(batch.shape, batches[0].shape)) {
      throw new RangeError(
        `${where}: mini-batches must be of one size, batch 0 is ${describe(batches[0])} and batch ${i} ${describe(batch)}.`,
      );
    }
  });
  const { problem } = takeStatistics(network, batches.length, (i) => batches[i], options.random);
  if (problem) throw problem;
}

/**
 * Puts the statistics of `passes` training mini-batches into every batch normalization layer that is not frozen. One that a pass applies
 * several times, such as one shared by two branches, is averaged over all its applications, as its moving averages are; one that no pass
 * applies keeps what it has.
 *
 * @param batch the mini-batch of a pass, made inside a tidy
 * @returns names of the layers that were set; `problem` where statistics are not finite, and then nothing is changed
 */
export function takeStatistics(
  network: Layer,
  passes: number,
  batch: (pass: number) => tf.Tensor,
  random?: LayerRandom,
): { names: string[]; problem: Error | null } {
  const layers = batchNormLayers(network).filter((layer) => !layer.frozen);
  const seen = new Map(layers.map(({ name }) => [name, [] as MeasuredStatistics[]]));
  if (seen.size < layers.length) {
    const names = layers.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    throw new RangeError(
      `${network.name}: two batch normalization layers are called '${twice}'. Give each its own name.`,
    );
  }
  // What a tap sees dies with the tidy of its layer, so it is kept until all is computed.
  const kept: tf.Tensor[] = [];
  const tap = (tapName: string, value: tf.Tensor) => {
    const cut = tapName.lastIndexOf('/');
    const applications = seen.get(tapName.slice(0, cut));
    const what = tapName.slice(cut + 1);
    if (!applications) return;
    // A layer calls in this order: mean, variance, xHat.
    if (what === 'mean' || what === 'variance') {
      const copy = tf.keep(tf.clone(value));
      kept.push(copy);
      if (what === 'mean') applications.push({ mean: copy, variance: copy, m: 0 });
      else applications[applications.length - 1].variance = copy;
    } else if (what === 'xHat' && applications.length > 0) {
      // In a convolution every place of every picture is a value: m is batch times height times width.
      applications[applications.length - 1].m = valuesPerFeature(value);
    }
  };
  try {
    for (let pass = 0; pass < passes; pass++) {
      tf.tidy(() => void network.apply(batch(pass), { training: true, updateStatistics: false, random, tap }));
    }
    const applied = layers.filter(({ name }) => seen.get(name)!.length > 0);
    let problem: Error | null = null;
    tf.tidy(() => {
      try {
        // All are computed, and checked, before one is set.
        const found = applied.map(({ name }) => averagedStatistics(name, seen.get(name)!));
        applied.forEach((layer, i) => layer.setStatistics(found[i].mean, found[i].variance));
      } catch (error) {
        problem = error as Error;
      }
    });
    return { names: problem ? [] : applied.map(({ name }) => name), problem };
  } finally {
    tf.dispose(kept);
  }
}
