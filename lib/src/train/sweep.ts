/** Every side at its own best learning rate. */
import { median } from '../statistics';
import type { NoProbes, Probes, ProbeValues } from '../probe/types';
import { compareResolved } from './compare';
import { expectCompareOptions, resolveComparison, type CompareOptions } from './compare-options';
import { expectComparison, runsOf, type Comparison } from './comparison';
import { finalAccuracy, type Reported } from './history';

/** One line of a sweep's table. */
export interface SweepRow {
  /** Name of the side. */
  side: string;
  /** Base rate. */
  learningRate: number;
  /** Final test accuracy, one per seed that finished. */
  final: number[];
  /** Median of `final`; null when no run finished. */
  median: number | null;
  /** Runs that diverged; they count with the accuracy they were stopped at. */
  diverged: number;
}

/** A comparison, its table, and the rate chosen for each side. */
export interface Sweep<V extends Reported = Reported> {
  /** All runs. */
  comparison: Comparison<V>;
  /** One row per side and rate. */
  table: SweepRow[];
  /** By side; a side without a finished run has none. */
  best: Record<string, number>;
  /** The rule, in words. */
  rule: string;
  /** Sides whose best rate is the lowest or highest tried: the sweep does not show that it is a best one. */
  atEdge: string[];
}

/**
 * Chooses each side's learning rate from a comparison: the highest median final test accuracy over seeds; of equal ones the
 * smaller rate. The same rule for every side. Where runs are `missing`, a rate is judged by the seeds that finished, and not at all
 * where none did: `final` in the table shows how many.
 *
 * @throws RangeError when a side has no finished run
 */
export function chooseLearningRates(comparison: Comparison): Omit<Sweep, 'comparison'> {
  expectComparison('chooseLearningRates', comparison);
  const chosen = rankLearningRates(comparison);
  const none = comparison.sides.find(({ name }) => !(name in chosen.best));
  if (none) throw new RangeError(`chooseLearningRates: side '${none.name}' has no finished run.`);
  return chosen;
}

/**
 * The same, without the sides that have no finished run.
 *
 * @internal
 */
export function rankLearningRates(comparison: Comparison): Omit<Sweep, 'comparison'> {
  const table: SweepRow[] = comparison.sides.flatMap(({ name, learningRates }) =>
    learningRates.map((learningRate) => {
      const histories = runsOf(comparison, name, learningRate);
      const final = histories.map(finalAccuracy);
      return {
        side: name,
        learningRate,
        final,
        median: final.length > 0 ? median(final) : null,
        diverged: histories.filter((history) => history.diverged).length,
      };
    }),
  );
  const best: Record<string, number> = {};
  const atEdge: string[] = [];
  for (const { name } of comparison.sides) {
    const rows = table.filter((row) => row.side === name && row.median !== null);
    if (rows.length === 0) continue;
    rows.sort((a, b) => b.median! - a.median! || a.learningRate - b.learningRate);
    best[name] = rows[0].learningRate;
    const rates = rows.map((row) => row.learningRate);
    if (best[name] === Math.min(...rates) || best[name] === Math.max(...rates)) atEdge.push(name);
  }
  const rule = 'highest median final test accuracy over the seeds; of equal ones the smaller rate';
  return { table, best, rule, atEdge };
}

/**
 * {@link compare} over several learning rates and {@link chooseLearningRates}: every side at its own best rate, and the whole
 * table to show that the choice was not made for one of them.
 *
 * Where a budget or a signal ends it early, the runs that finished are kept: `comparison.missing` lists the rest, and a side without any
 * has no entry in `best`.
 *
 * @example
 * const sweep = await learningRateSweep({ sides, seeds: [1, 2, 3], learningRates: [0.03, 0.1, 0.3, 1], ...rest });
 * table(sweep.table);
 * @throws as `compare`
 */
export async function learningRateSweep<P extends Probes = NoProbes, Q extends Probes = NoProbes>(
  options: CompareOptions<P, Q>,
): Promise<Sweep<ProbeValues<P & Q>>> {
  expectCompareOptions('learningRateSweep', options);
  const comparison = await compareResolved<ProbeValues<P & Q>>(resolveComparison(options));
  return { comparison, ...rankLearningRates(comparison) };
}
