/** Several networks trained under the same conditions. */
import { stoppable } from '../platform/stoppable';
import type { NoProbes, Probes, ProbeValues } from '../probe/types';
import {
  expectCompareOptions,
  resolveComparison,
  type CompareOptions,
  type ResolvedComparison,
} from './compare-options';
import { Comparing } from './comparing';
import type { Comparison } from './comparison';
import type { Reported } from './history';
import { prepareData } from './prepare';

/**
 * Trains several networks under the same conditions: per seed the same initial weights (of what they share), the same batches in
 * the same order, at each learning rate, with everything else equal. Each side is traced once, whatever the number of seeds and rates.
 *
 * The runs are made one after the other, and where small networks leave processors free, in processes of this library beside this one
 * as well (`lanes`): the same numbers sooner. A run goes there as data, so that `build`, `record`, probes and a loss of one's own,
 * and a bound on this process's memory, keep all runs here.
 *
 * @example
 * const comparison = await compare({
 *   sides: [
 *     { name: 'without', network: { kind: 'mlp', sizes, activation: 'sigmoid' } },
 *     { name: 'with BN', network: { kind: 'mlp', sizes, activation: 'sigmoid', norm: 'batch' } },
 *   ],
 *   seeds: [1, 2, 3], learningRates: [0.1, 1], data, steps: 1000, batchSize: 60,
 * });
 * accuracyBand(comparison, { side: 'with BN', learningRate: 1 }) // {steps, median, low, high, n}
 * @throws RangeError, before the first run, for no sides, seeds or rates, one of them given twice, or settings that make no sense
 */
export async function compare<P extends Probes = NoProbes, Q extends Probes = NoProbes>(
  options: CompareOptions<P, Q>,
): Promise<Comparison<ProbeValues<P & Q>>> {
  expectCompareOptions('compare', options);
  return compareResolved(resolveComparison(options));
}

/** {@link compare} of options that have been resolved. The reader can stop it. */
export async function compareResolved<V extends Reported>(options: ResolvedComparison): Promise<Comparison<V>> {
  const { run } = options.sides[0];
  let comparing: Comparing<V> | undefined;
  const all = async (signal: AbortSignal | undefined) => {
    const data = prepareData(run.data, run.pixels, options.loss);
    const sides = options.sides.map((side) => ({ ...side, run: { ...side.run, signal: signal ?? null } }));
    comparing = new Comparing<V>({ ...options, sides }, data);
    try {
      return await comparing.all();
    } finally {
      comparing.dispose();
      data.dispose();
    }
  };
  return stoppable(run.signal, all, () => comparing?.stoppedAt() ?? null);
}
