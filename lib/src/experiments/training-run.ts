/** One network trained once: the unit that a sweep is made of. */
import { type Options, needed, orNull, positive, whole } from '../core/checks';
import { canonicalJson, stored, type Json } from '../core/json';
import { networkOf, type Network, type NetworkSpec } from '../nn';
import { resolveComparison, type ResolvedSide } from '../train/compare-options';
import { accuracies, type Divergence } from '../train/history';
import { prepareData, type PreparedData } from '../train/prepare';
import { runTraining } from '../train/run';
import { TrainingStep } from '../train/step';
import {
  NETWORK_SPEC,
  PAPER_SIDES,
  SMALL_COMPARISON,
  TRAINING_SPEC,
  type Origin,
  type TrainingSpec,
} from './comparison-spec';
import { datasetOf } from './data-spec';
import { ofTraining, type Definition, type RunControl, type Session } from './experiment';

/** Everything that decides the numbers of one training run. */
export interface TrainingRunSpec extends TrainingSpec {
  /** What is trained. */
  network: NetworkSpec;
  /** Whose initial weights, of the same seed, it takes wherever both have variables of one label; null for its own. */
  weightsOf: NetworkSpec | null;
  /** Base rate. */
  learningRate: number;
  /** Of weights and batches. */
  seed: number;
}

/** What one training run gives: the same for the same options, engine and library, wherever and beside whatever it ran. */
export interface TrainingRun {
  /** Steps done at each evaluation point. */
  steps: number[];
  /** Test accuracy at each, inference mode. */
  accuracy: number[];
  /** Mean test loss at each; null where it was not finite. */
  loss: (number | null)[];
  /** Test accuracy where it ended. */
  final: number;
  /** null when training loss stayed within bounds. */
  diverged: Divergence | null;
  /** Engine, data and commit. */
  origin: Origin;
}

export const definition: Definition<TrainingRunSpec, TrainingRun> = {
  name: 'training-run',
  version: 1,
  question: 'How well does this network learn, at this learning rate, from this seed?',
  whenAborted: 'throws',
  defaults: {
    ...{ network: PAPER_SIDES[1].network, weightsOf: null, learningRate: 1, seed: 1, data: SMALL_COMPARISON.data },
    ...{ pixels: 'binary', steps: 200, batchSize: 60, evaluations: 10, optimizer: 'sgd', weightDecay: 0 },
  },
  options: {
    ...{ network: needed(NETWORK_SPEC), weightsOf: needed(orNull(NETWORK_SPEC)), learningRate: needed(positive) },
    ...{ seed: needed(whole), ...TRAINING_SPEC },
  } satisfies Options<TrainingRunSpec>,
  compute: async (options, control) => {
    const session = new TrainingSession();
    try {
      return await session.compute(options, control);
    } finally {
      session.dispose();
    }
  },
  open: () => new TrainingSession(),
};

/** What runs that follow each other share: data that were loaded, and a network's step that was traced. */
class TrainingSession implements Session<TrainingRunSpec, TrainingRun> {
  private data: { of: string; prepared: PreparedData } | undefined;
  private stage: { of: string; network: Network; step: TrainingStep } | undefined;

  async compute(options: TrainingRunSpec, control: RunControl): Promise<TrainingRun> {
    const data = await this.prepared(options, control);
    const side = sideOf(options, control, data);
    const { network, step } = this.staged(options, side);
    const start = side.build(options.seed);
    network.loadStateDict(start.stateDict());
    start.dispose();
    const history = await runTraining(step, { ...side.run, ...side.rates[0] }, data);
    if (history.stopped) control.signal?.throwIfAborted();
    const { engine, data: dataset, commit } = history.provenance;
    const { steps, accuracy } = accuracies(history);
    return {
      ...{ steps, accuracy, loss: history.evaluations.map(({ test }) => test.loss) },
      ...{ final: accuracy[accuracy.length - 1], diverged: history.diverged },
      origin: { engine, data: dataset, commit },
    };
  }

  dispose(): void {
    this.data?.prepared.dispose();
    this.disposeStage();
    this.data = undefined;
  }

  private async prepared({ data, pixels }: TrainingRunSpec, { signal }: RunControl): Promise<PreparedData> {
    const of = key([data, pixels]);
    if (this.data?.of !== of) {
      this.dispose();
      this.data = { of, prepared: prepareData(await datasetOf(data, { signal }), pixels) };
    }
    return this.data.prepared;
  }

  /** The step depends on everything but what differs from run to run: rate, seed, and whose weights it starts from. */
  private staged(options: TrainingRunSpec, side: ResolvedSide): { network: Network; step: TrainingStep } {
    const { network: spec, batchSize, optimizer, weightDecay } = options;
    const of = key([spec, batchSize, optimizer, weightDecay]);
    if (this.stage?.of !== of) {
      this.disposeStage();
      const network = side.build(options.seed);
      this.stage = { of, network, step: new TrainingStep(side.step(network)) };
    }
    return this.stage;
  }

  private disposeStage(): void {
    this.stage?.step.dispose();
    this.stage?.network.dispose();
    this.stage = undefined;
  }
}

const key = (parts: unknown[]): string => canonicalJson(stored(parts) as Json);

function sideOf(options: TrainingRunSpec, control: RunControl, data: PreparedData): ResolvedSide {
  const { network: spec, weightsOf, learningRate, seed, evaluations, weightDecay, ...settings } = options;
  const build = (weights: number): Network => {
    const network = networkOf(spec, weights);
    if (weightsOf !== null) {
      const lender = networkOf(weightsOf, weights);
      network.copyFrom(lender);
      lender.dispose();
    }
    return network;
  };
  const { sides } = resolveComparison({
    ...settings,
    ...{ sides: [{ name: 'run', build }], seeds: [seed], learningRates: [learningRate], data },
    evaluate: { every: Math.ceil(options.steps / evaluations) },
    weightDecay: weightDecay === 0 ? null : weightDecay,
    signal: control.signal,
    onProgress: ofTraining(control),
  });
  return sides[0];
}
