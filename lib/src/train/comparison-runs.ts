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
import { runTogether } from './together';

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
  async make(place: Place, controls: RunControls): Promise<History> {
    const { network, step } = this.stages[place.side];
    const { weights, description } = this.startOf(place.seedIndex).sides[place.side];
    network.loadStateDict(weights);
    return described(await runTraining(step, this.runOf(place, controls), this.data), description);
  }

  /**
   * Trains one side's network from several seeds' weights or at several rates, side by side.
   * @param controls of each of them, by its number
   */
  async makeTogether(places: readonly Place[], controls: (i: number) => RunControls): Promise<History[]> {
    const { network, step } = this.stages[places[0].side];
    const each = places.map((place, i) => ({
      run: this.runOf(place, controls(i)),
      ...this.startOf(place.seedIndex).sides[place.side],
    }));
    const runs = each.map(({ run }) => run);
    const histories = await runTogether(step, runs, this.data, (i) => network.loadStateDict(each[i].weights));
    return histories.map((history, i) => described(history, each[i].description));
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

  private runOf({ side: sideIndex, seedIndex, rate }: Place, controls: RunControls): ResolvedRun {
    const { side } = this.stages[sideIndex];
    const { rows } = this.startOf(seedIndex);
    const { weights, order } = this.options.seeds[seedIndex];
    const { learningRate, rates } = side.rates[rate];
    return {
      ...side.run,
      ...controls,
      ...{ learningRate, rates, rows },
      name: `${side.name}, seed ${weights}, rate ${learningRate}`,
      seeds: { weights, order, noise: order },
    };
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

/** The step is shared by all seeds; a run's network is the one that its seed built. */
function described(history: History, network: Json): History {
  history.provenance.network = network;
  return history;
}
