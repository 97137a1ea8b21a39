/** The single runs of a comparison, in whichever order they are asked for: each is as if it were the first. */
import { Random } from '../core/random';
import { batchIndices } from '../data';
import type { Network, StateDict } from '../nn';
import type { Json } from '../probe/types';
import type { ResolvedComparison, ResolvedSide } from './compare-options';
import type { Comparison } from './comparison';
import { describeNetwork } from './describe';
import type { History } from './history';
import type { PreparedData } from './prepare';
import { expectToFit, type ResolvedRun } from './resolve';
import { runTraining } from './run';
import { TrainingStep } from './step';

/** Which run: positions among sides, seeds, and the side's rates. */
export interface Place {
  side: number;
  seedIndex: number;
  rate: number;
}

/** What whoever asks for a run says of it. */
export type RunControls = Pick<ResolvedRun, 'onProgress' | 'signal' | 'budget'>;

/** A side with the network that all its runs train, and its step, traced once. */
interface Stage {
  side: ResolvedSide;
  network: Network;
  step: TrainingStep;
}

/** What the runs of one seed have in common. */
interface Start {
  seedIndex: number;
  /** One array for every side and rate; its digest, in each history, shows it. */
  rows: Int32Array;
  /** Each side's weights before training, and its network in words. */
  sides: { weights: StateDict; description: Json }[];
}

export class ComparisonRuns {
  /** As a comparison says it of each side. */
  readonly sides: Comparison['sides'] = [];
  /** Labels of the variables that every side took from the first. */
  readonly shared: Comparison['shared'] = {};
  private readonly stages: Stage[] = [];
  private start: Start | undefined;

  constructor(
    private readonly options: ResolvedComparison,
    private readonly data: PreparedData,
  ) {}

  /** Builds what the runs need. @throws RangeError for settings that do not fit the data, and as the networks' builders */
  open(): void {
    for (const { run } of this.options.sides) expectToFit(run, this.size);
    for (const side of this.options.sides) this.add(side);
    this.startOf(0);
  }

  /** Whether all steps that have run so far run on one thread. */
  get oneThread(): boolean {
    return this.stages.every(({ step }) => !step.hasRun || step.oneThread);
  }

  /** Trains one network from its seed's weights. */
  async make({ side: sideIndex, seedIndex, rate }: Place, controls: RunControls): Promise<History> {
    const { side, network, step } = this.stages[sideIndex];
    const { rows, sides } = this.startOf(seedIndex);
    const { weights, order } = this.options.seeds[seedIndex];
    network.loadStateDict(sides[sideIndex].weights);
    const { learningRate, rates } = side.rates[rate];
    const run: ResolvedRun = {
      ...side.run,
      ...controls,
      ...{ learningRate, rates, rows },
      name: `${side.name}, seed ${weights}, rate ${learningRate}`,
      seeds: { weights, order, noise: order },
    };
    const history = await runTraining(step, run, this.data);
    // The step is shared by all seeds; this run's network is the one that its seed built.
    history.provenance.network = sides[sideIndex].description;
    return history;
  }

  dispose(): void {
    for (const { network, step } of this.stages) {
      step.dispose();
      network.dispose();
    }
  }

  private get size(): number {
    return this.data.train.x.shape[0];
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
    this.sides.push({ name: side.name, learningRates, parameters });
  }

  private startOf(seedIndex: number): Start {
    if (this.start?.seedIndex === seedIndex) return this.start;
    const { seeds, sides } = this.options;
    const { batchSize, steps } = sides[0].run;
    const { weights, order } = seeds[seedIndex];
    const rows = batchIndices({ n: this.size, batchSize, steps, random: new Random(order, 'order') });
    this.start = { seedIndex, rows, sides: this.weightsOf(weights) };
    return this.start;
  }

  /** Built from the seed, then the first side's values wherever labels are shared. */
  private weightsOf(seed: number): Start['sides'] {
    const { sides, shareWeights } = this.options;
    const networks: Network[] = [];
    try {
      return sides.map((side, i) => {
        const network = side.build(seed);
        networks.push(network);
        if (i > 0) this.shared[side.name] = shareWeights ? network.copyFrom(networks[0]) : [];
        return { weights: network.stateDict(), description: describeNetwork(network) };
      });
    } finally {
      for (const network of networks) network.dispose();
    }
  }
}
