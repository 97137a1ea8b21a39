import { Random, tf } from '../engine';
import { batchIndices } from '../data';
import { BatchNormLayer, type Layer, type Network } from '../nn';
import { averagedStatistics } from '../nn/batch-norm';
import { expectInputs, expectNetwork, fixedNoise } from '../probe/model';

/** From how many mini-batches, and of which size. */
export interface PopulationOptions {
  /** m, the size the network was trained with. */
  batchSize: number;
  /** Mini-batches to average over; default 50. */
  batches?: number;
  /** Which examples they hold; default 0. */
  seed?: number;
}

/**
 * Puts population statistics of a training set in place of the moving averages of every batch normalization layer that is not
 * frozen (Algorithm 2, lines 8-11): E[x] = E_B[mu_B] and Var[x] = m/(m-1) E_B[sigma2_B], over training mini-batches drawn at random,
 * all layers from the same forward passes in training mode.
 *
 * @param x training inputs [n, ...]
 * @returns names of the layers that were set; none when the network has no batch normalization
 * @example setPopulationStatistics(network, x, { batchSize: 60 })
 * @throws TypeError when x is disposed or not float32; RangeError for NaN or infinity in it, or a batch of one; DataError when batchSize
 *   is not from 1 to n. Nothing is changed then
 */
export function setPopulationStatistics(network: Layer, x: tf.Tensor, options: PopulationOptions): string[] {
  expectNetwork('setPopulationStatistics', network);
  expectInputs('setPopulationStatistics', x);
  const { names, problem } = replaceStatistics(network, x, options);
  if (problem) throw problem;
  return names;
}

/** {@link setPopulationStatistics}; where they are not finite, as in a network that has diverged, nothing changes and `problem` says so. */
export function replaceStatistics(
  network: Layer,
  x: tf.Tensor,
  { batchSize, batches = 50, seed = 0 }: PopulationOptions,
): { names: string[]; problem: Error | null } {
  const layers = batchNormLayers(network);
  if (layers.length === 0) return { names: [], problem: null };
  const n = x.shape[0];
  const rows = batchIndices({ n, batch: batchSize, steps: batches, random: new Random(seed, 'population') });
  const byName = new Map(layers.map((layer) => [layer.name, { layer, seen: [] as Statistics[], m: 0 }]));
  const random = fixedNoise(seed);
  const kept: tf.Tensor[] = [];
  const keep = (value: tf.Tensor) => {
    // A tapped tensor dies when `apply` returns.
    kept.push(tf.keep(value.clone()));
    return kept[kept.length - 1];
  };
  try {
    for (let b = 0; b < batches; b++) {
      const tap = (tapName: string, value: tf.Tensor) => {
        const cut = tapName.lastIndexOf('/');
        const entry = byName.get(tapName.slice(0, cut));
        if (!entry) return;
        const what = tapName.slice(cut + 1);
        if (what === 'mean' || what === 'variance') entry.seen[b] = { ...entry.seen[b], [what]: keep(value) };
        // In a convolution every place of every picture is a value: m is batch times height times width.
        else if (what === 'xHat') entry.m = value.size / value.shape[value.rank - 1]!;
      };
      tf.tidy(() => {
        const batch = tf.gather(x, tf.tensor1d(rows.slice(b * batchSize, (b + 1) * batchSize), 'int32'));
        network.apply(batch, { training: true, updateStatistics: false, tap, random });
      });
    }
    // A frozen layer runs as at inference: it has no mini-batch statistics, and keeps what it has.
    const found = [...byName.values()].filter((entry) => entry.seen.length > 0);
    let problem: Error | null = null;
    tf.tidy(() => {
      let statistics: Statistics[];
      try {
        statistics = found.map(({ layer, seen, m }) => averagedStatistics(layer.name, seen, m));
      } catch (error) {
        problem = error as Error;
        return;
      }
      found.forEach(({ layer }, i) => layer.setStatistics(statistics[i].mean, statistics[i].variance));
    });
    return { names: problem ? [] : found.map(({ layer }) => layer.name), problem };
  } finally {
    tf.dispose(kept);
  }
}

interface Statistics {
  mean: tf.Tensor;
  variance: tf.Tensor;
}

/** Every batch normalization layer of a network, however deep. */
function batchNormLayers(layer: Layer): BatchNormLayer[] {
  if (layer instanceof BatchNormLayer) return [layer];
  return ((layer as Partial<Network>).layers ?? []).flatMap(batchNormLayers);
}
