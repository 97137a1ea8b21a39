/** Training one network: a run, or a step for many runs. */
import { stoppable } from '../platform/stoppable';
import type { History } from './history';
import type { NoProbes, Probes, ProbeValues } from '../probe/types';
import {
  expectRunOptions,
  expectStepOptions,
  expectTrainOptions,
  type StepOptions,
  type TrainOptions,
  type TrainRunOptions,
} from './options';
import { prepareData, type PreparedData } from './prepare';
import { expectTrainable, resolveRun, resolveStep, resolveTraining, type ResolvedRun } from './resolve';
import { runTraining } from './run';
import { TrainingStep } from './step';

/**
 * Trains a network with mini-batches and records what happened. The network keeps the trained weights.
 *
 * The steps run compiled where the engine can, otherwise one by one with the same results. Two calls with the same network,
 * data and seed give the same history, `timing` aside. A run whose training loss leaves the bounds stops and says so in `diverged`.
 *
 * A run in parts: `onSnapshot` gives what `resume` goes on from, to the bit as if the run had not been cut, optimizer and history
 * included. Without it each call starts the optimizer anew.
 *
 * @returns the history: plain JSON, provenance included
 * @example
 * const network = mlp({ sizes: [784, 100, 100, 100, 10], activation: 'sigmoid', norm: 'batch', seed: 1 });
 * const history = await trainNetwork({
 *   network, data: await loadDataset(), steps: 1000, batchSize: 60, learningRate: 0.1, seed: 1,
 * });
 * finalAccuracy(history);
 * @throws RangeError for settings that make no sense, before anything is changed
 */
export async function trainNetwork<P extends Probes = NoProbes>(
  options: TrainOptions<P>,
): Promise<History<ProbeValues<P>>> {
  expectTrainOptions('trainNetwork', options);
  const { step: settings, run } = resolveTraining(options);
  const step = new TrainingStep(settings);
  try {
    return (await runStoppably(step, run)) as History<ProbeValues<P>>;
  } finally {
    step.dispose();
  }
}

async function runWithData(step: TrainingStep, run: ResolvedRun): Promise<History> {
  const data = prepareData(run.data, run.pixels, step.settings.loss);
  try {
    return await runTraining(step, run, data);
  } finally {
    data.dispose();
  }
}

/** A run that its reader can stop. */
async function runStoppably(step: TrainingStep, run: ResolvedRun, prepared?: PreparedData): Promise<History> {
  let history: History | undefined;
  const train = async (signal: AbortSignal | undefined) => {
    const settings = { ...run, signal: signal ?? null };
    return (history = await (prepared ? runTraining(step, settings, prepared) : runWithData(step, settings)));
  };
  return stoppable(run.signal, train, () =>
    history?.stopped ? `${history.name}: stopped at step ${history.stepsDone} of ${history.steps}` : null,
  );
}

/**
 * One compiled training step, for any number of runs. For another seed, put other weights into the same network
 * (`loadStateDict`, `copyFrom`) and call `train` again: nothing is traced twice. The optimizer starts afresh with each run that does not `resume`. A layer that has
 * been frozen or thawed between two runs counts as such in the second.
 */
export class Trainer {
  private readonly step: TrainingStep;
  private busy = false;

  constructor(options: StepOptions) {
    expectStepOptions('Trainer', options);
    this.step = new TrainingStep(resolveStep(options));
  }

  /**
   * One run from the network's present weights. See {@link trainNetwork}.
   * @param options see {@link TrainRunOptions}
   * @param prepared the data as tensors, already checked, where many runs share them; stays the caller's
   */
  async train<P extends Probes = NoProbes>(
    options: TrainRunOptions<P>,
    prepared?: PreparedData,
  ): Promise<History<ProbeValues<P>>> {
    expectRunOptions('Trainer.train', options);
    if (this.busy) throw new Error('Trainer: a run of this trainer is under way; await it before the next.');
    this.busy = true;
    try {
      const { network } = this.step.settings;
      expectTrainable(network);
      const run = resolveRun(options, network.name);
      return (await runStoppably(this.step, run, prepared)) as History<ProbeValues<P>>;
    } finally {
      this.busy = false;
    }
  }

  /** Frees the compiled step and the optimizer's variables; the network stays. */
  dispose(): void {
    this.step.dispose();
  }
}
