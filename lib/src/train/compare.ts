/** Several networks trained under the same conditions. */
import { Random } from '../core/random';
import { batchIndices } from '../data';
import type { Network, StateDict } from '../nn';
import { stoppable } from '../platform/stoppable';
import type { Json, NoProbes, Probes, ProbeValues } from '../probe/types';
import { secondsLeft, spent, stopwatch } from './budget';
import {
  expectCompareOptions,
  resolveComparison,
  type CompareOptions,
  type ResolvedComparison,
  type ResolvedSide,
} from './compare-options';
import type { Comparison } from './comparison';
import { describeNetwork } from './describe';
import type { History, Reported } from './history';
import type { RunningSide } from './options';
import { prepareData, type PreparedData } from './prepare';
import { expectToFit, type ResolvedRun } from './resolve';
import { runTraining } from './run';
import { TrainingStep } from './step';

/**
 * Trains several networks under the same conditions: per seed the same initial weights (of what they share), the same batches in
 * the same order, at each learning rate, with everything else equal. One after the other in this process; each side is
 * traced once, whatever the number of seeds and rates.
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

/** A side with the network that all its runs train, and its step, traced once. */
interface Stage {
  side: ResolvedSide;
  network: Network;
  step: TrainingStep;
}

/** What the networks of one seed start from. */
interface Start {
  weights: StateDict;
  description: Json;
}

class Comparing<V extends Reported> {
  private readonly stages: Stage[] = [];
  private readonly seconds = stopwatch();
  private readonly result: Comparison<V>;

  constructor(
    private readonly options: ResolvedComparison,
    private readonly data: PreparedData,
  ) {
    const { seeds } = options;
    this.result = { kind: 'comparison', version: 1, sides: [], seeds, shared: {}, runs: [], missing: [] };
  }

  /** What all sides have in common of a run. */
  private get common(): ResolvedRun {
    return this.options.sides[0].run;
  }

  /** Runs of all sides, seeds and rates. */
  private get runCount(): number {
    const { seeds, sides } = this.options;
    return seeds.length * sides.reduce((sum, { rates }) => sum + rates.length, 0);
  }

  async all(): Promise<Comparison<V>> {
    const { sides, seeds } = this.options;
    const n = this.data.train.x.shape[0];
    for (const { run } of sides) expectToFit(run, n);
    for (const side of sides) this.add(side);
    const { batchSize, steps } = this.common;
    for (const [seedIndex, seed] of seeds.entries()) {
      if (seedIndex > 0 && this.isOver()) {
        this.leaveOut(seedIndex);
        continue;
      }
      // One array for every side and rate; its digest, in each history, shows it.
      const rows = batchIndices({ n, batchSize, steps, random: new Random(seed.order, 'order') });
      const starts = this.starts(seed.weights);
      for (const [i, stage] of this.stages.entries()) {
        for (const rate of stage.side.rates) {
          const { learningRate } = rate;
          if (this.isOver()) {
            this.result.missing.push({ side: stage.side.name, seedIndex, learningRate });
            continue;
          }
          await this.one(stage, starts[i], { ...rate, rows }, seedIndex);
        }
      }
    }
    return this.result;
  }

  private leaveOut(seedIndex: number): void {
    for (const { side } of this.stages)
      for (const { learningRate } of side.rates) this.result.missing.push({ side: side.name, seedIndex, learningRate });
  }

  /** How far it came, where it did not come to its end. */
  stoppedAt(): string | null {
    const { runs, missing } = this.result;
    const last = runs.at(-1);
    const under = last?.history.stopped ? last.history : null;
    if (!under && missing.length === 0) return null;
    const { steps } = this.common;
    const step = (runs.length - (under ? 1 : 0)) * steps + (under?.stepsDone ?? 0);
    return `stopped at step ${step} of ${this.runCount * steps}${under ? ` (${under.name})` : ''}`;
  }

  dispose(): void {
    for (const { network, step } of this.stages) {
      step.dispose();
      network.dispose();
    }
  }

  private add(side: ResolvedSide): void {
    const network = side.build(this.options.seeds[0].weights);
    try {
      this.stages.push({ side, network, step: new TrainingStep(side.step(network)) });
    } catch (error) {
      network.dispose();
      throw error;
    }
    const parameters = network.trainable.reduce((sum, v) => sum + v.size, 0);
    const learningRates = side.rates.map(({ learningRate }) => learningRate);
    this.result.sides.push({ name: side.name, learningRates, parameters });
  }

  private isOver(): boolean {
    return this.common.signal?.aborted === true || spent(this.common.budget, this.seconds()) !== null;
  }

  private async one(
    { side, network, step }: Stage,
    start: Start,
    what: Pick<ResolvedRun, 'learningRate' | 'rates' | 'rows'>,
    seedIndex: number,
  ): Promise<void> {
    const { onRun, seeds } = this.options;
    const { weights, order } = seeds[seedIndex];
    network.loadStateDict(start.weights);
    const run: ResolvedRun = {
      ...side.run,
      ...what,
      name: `${side.name}, seed ${weights}, rate ${what.learningRate}`,
      seeds: { weights, order, noise: order },
      onProgress: this.progress({ side: side.name, seedIndex, learningRate: what.learningRate }),
      budget: this.budgetLeft(),
    };
    const history = (await runTraining(step, run, this.data)) as History<V>;
    // The step is shared by all seeds; this run's network is the one that its seed built.
    history.provenance.network = start.description;
    this.result.runs.push({ side: side.name, seedIndex, learningRate: what.learningRate, history });
    await onRun?.(this.result.runs.at(-1) as never);
  }

  /** Progress of one run, as that of the whole comparison. */
  private progress(running: RunningSide): ResolvedRun['onProgress'] {
    const { steps, onProgress } = this.common;
    if (!onProgress) return null;
    const before = this.result.runs.length * steps;
    const total = this.runCount * steps;
    return (at) => {
      const [step, seconds] = [before + at.step, this.seconds()];
      onProgress({ ...at, run: running, step, steps: total, seconds, secondsLeft: secondsLeft(seconds, step, total) });
    };
  }

  private budgetLeft(): ResolvedRun['budget'] {
    const { seconds, bytes } = this.common.budget;
    return { bytes, seconds: seconds === undefined ? undefined : Math.max(0, seconds - this.seconds()) };
  }

  /** Each side's weights before training: built from the seed, then the first side's values wherever labels are shared. */
  private starts(seed: number): Start[] {
    const { sides, shareWeights } = this.options;
    const networks: Network[] = [];
    try {
      return sides.map((side, i) => {
        const network = side.build(seed);
        networks.push(network);
        if (i > 0) this.result.shared[side.name] = shareWeights ? network.copyFrom(networks[0]) : [];
        return { weights: network.stateDict(), description: describeNetwork(network) };
      });
    } finally {
      for (const network of networks) network.dispose();
    }
  }
}
