/** The runs of a comparison: one after the other, or a side's side by side. */
import { Random } from '../core/random';
import { batchIndices } from '../data';
import { togetherPays } from '../engine';
import type { Network, StateDict } from '../nn';
import type { Json } from '../probe/types';
import { secondsLeft, spent, stopwatch } from './budget';
import type { ResolvedComparison, ResolvedSide } from './compare-options';
import type { Comparison } from './comparison';
import { describeNetwork } from './describe';
import type { History, Reported } from './history';
import type { RunningSide } from './options';
import type { PreparedData } from './prepare';
import { expectToFit, type ResolvedRun } from './resolve';
import { runTraining } from './run';
import { TrainingStep } from './step';
import { runTogether } from './together';

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

/** What differs between the runs of a side. */
type Varied = Pick<ResolvedRun, 'learningRate' | 'rates' | 'rows'>;

/** One run of a side. */
interface One {
  what: Varied;
  start: Start;
  seedIndex: number;
}

/** Runs side by side, at most. */
const AT_ONCE = 32;

/** A comparison under way. */
export class Comparing<V extends Reported> {
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
    const { sides } = this.options;
    const n = this.data.train.x.shape[0];
    for (const { run } of sides) expectToFit(run, n);
    for (const side of sides) this.add(side);
    if (this.options.together ?? this.togetherPays()) await this.sideBySide();
    else await this.oneByOne();
    return this.result;
  }

  private async oneByOne(): Promise<void> {
    for (const [seedIndex, seed] of this.options.seeds.entries()) {
      if (seedIndex > 0 && this.isOver()) {
        this.leaveOut(seedIndex);
        continue;
      }
      // One array for every side and rate; its digest, in each history, shows it.
      const rows = this.rowsOf(seedIndex);
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
  }

  /** Where a budget of time may end it, runs come one after the other: those that are done count whole. */
  private togetherPays(): boolean {
    const { batchSize, budget } = this.common;
    return (
      this.runCount > this.stages.length &&
      budget.seconds === undefined &&
      this.result.sides.every(({ parameters }) => togetherPays(parameters * batchSize))
    );
  }

  /** A side's runs at once, as many as go; in the end all are in the order in which they would have been made one by one. */
  private async sideBySide(): Promise<void> {
    const { seeds, sides } = this.options;
    const ofSeed = seeds.map(({ weights }, i) => ({ rows: this.rowsOf(i), starts: this.starts(weights) }));
    for (const [i, stage] of this.stages.entries()) {
      const all = seeds.flatMap((_, seedIndex) => {
        const { rows, starts } = ofSeed[seedIndex];
        return stage.side.rates.map((rate) => ({ what: { ...rate, rows }, start: starts[i], seedIndex }));
      });
      for (let from = 0; from < all.length; from += AT_ONCE) {
        const some = all.slice(from, from + AT_ONCE);
        if (!this.isOver()) await this.several(stage, some);
        else {
          for (const { what, seedIndex } of some) {
            this.result.missing.push({ side: stage.side.name, seedIndex, learningRate: what.learningRate });
          }
        }
      }
    }
    const order = sides.map(({ name }) => name);
    for (const list of [this.result.runs, this.result.missing]) {
      list.sort((a, b) => a.seedIndex - b.seedIndex || order.indexOf(a.side) - order.indexOf(b.side));
    }
  }

  private rowsOf(seedIndex: number): Int32Array {
    const { batchSize, steps } = this.common;
    const random = new Random(this.options.seeds[seedIndex].order, 'order');
    return batchIndices({ n: this.data.train.x.shape[0], batchSize, steps, random });
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
    const step = runs.reduce((sum, { history }) => sum + (history.stopped ? history.stepsDone : steps), 0);
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

  private async one({ side, network, step }: Stage, start: Start, what: Varied, seedIndex: number): Promise<void> {
    network.loadStateDict(start.weights);
    const progress = this.progress([{ side: side.name, seedIndex, learningRate: what.learningRate }]);
    const history = await runTraining(step, this.runOf(side, what, seedIndex, progress(0)), this.data);
    await this.keep(side, { what, start, seedIndex }, history);
  }

  private async several({ side, network, step }: Stage, some: readonly One[]): Promise<void> {
    const running = some.map(({ what, seedIndex }) => ({
      ...{ side: side.name, seedIndex, learningRate: what.learningRate },
    }));
    const progress = this.progress(running);
    const runs = some.map(({ what, seedIndex }, i) => this.runOf(side, what, seedIndex, progress(i)));
    const histories = await runTogether(step, runs, this.data, (i) => network.loadStateDict(some[i].start.weights));
    for (const [i, history] of histories.entries()) await this.keep(side, some[i], history);
  }

  private runOf(
    side: ResolvedSide,
    what: Varied,
    seedIndex: number,
    onProgress: ResolvedRun['onProgress'],
  ): ResolvedRun {
    const { weights, order } = this.options.seeds[seedIndex];
    return {
      ...side.run,
      ...what,
      name: `${side.name}, seed ${weights}, rate ${what.learningRate}`,
      seeds: { weights, order, noise: order },
      onProgress,
      budget: this.budgetLeft(),
    };
  }

  private async keep(side: ResolvedSide, { what, start, seedIndex }: One, history: History): Promise<void> {
    // The step is shared by all seeds; this run's network is the one that its seed built.
    history.provenance.network = start.description;
    const run = { side: side.name, seedIndex, learningRate: what.learningRate, history: history as History<V> };
    this.result.runs.push(run);
    await this.options.onRun?.(run as never);
  }

  /** Progress of runs that are made at once, by number, as that of the whole comparison. */
  private progress(running: readonly RunningSide[]): (i: number) => ResolvedRun['onProgress'] {
    const { steps, onProgress } = this.common;
    if (!onProgress) return () => null;
    const before = this.result.runs.length * steps;
    const total = this.runCount * steps;
    const reached = running.map(() => 0);
    return (i) => (at) => {
      reached[i] = at.step;
      const [step, seconds] = [before + reached.reduce((a, b) => a + b, 0), this.seconds()];
      const left = secondsLeft(seconds, step, total);
      onProgress({ ...at, run: running[i], step, steps: total, seconds, secondsLeft: left });
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
