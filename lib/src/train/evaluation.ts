/** What is seen of a network at one evaluation point of a run. */
import { stored } from '../core/json';
import { tf } from '../engine';
import { keepVariables } from '../probe/model';
import type { LabelledBatch, Probe, ProbePoint } from '../probe/types';
import { evaluateWithTaps } from './evaluate';
import type { Evaluation, Reported, Score } from './history';
import { replaceStatistics } from './population';
import type { PreparedData } from './prepare';
import type { ResolvedRun, ResolvedStep } from './resolve';

/** Scores the test set, and whatever else is asked for, and lets the probes look. The network is left as it was. */
export class Evaluator {
  private readonly memories: Record<string, unknown>[];

  constructor(
    private readonly step: ResolvedStep,
    private readonly run: ResolvedRun,
    private readonly data: PreparedData,
    /** One training batch for the probes, always the same. */
    private readonly batch: LabelledBatch,
  ) {
    this.memories = run.evaluation.probes.map(() => ({}));
  }

  /**
   * @param done steps done
   * @param diverged whether the run has: what a probe throws then counts as null
   */
  async at(done: number, diverged: boolean): Promise<Evaluation> {
    const { network } = this.step;
    if (this.run.evaluation.inference === 'moving') return this.look(done, diverged);
    const moving = keepVariables(network);
    try {
      replaceStatistics(network, this.data.train.x, { batchSize: this.run.batchSize });
      return await this.look(done, diverged);
    } finally {
      moving.restore();
      moving.dispose();
    }
  }

  private async look(done: number, diverged: boolean): Promise<Evaluation> {
    const { probes, batchSize, trainingMode } = this.run.evaluation;
    const { test } = this.data;
    const wanted = [...new Set(probes.flatMap(({ probe }) => probe.taps ?? []))];
    const n = test.x.shape[0];
    const found = evaluateWithTaps({ ...this.step, ...test, batchSize: Math.min(batchSize, n) }, wanted);
    try {
      const evaluation: Evaluation = { step: done, test: found.score, probes: {} };
      if (trainingMode) evaluation.testTrainingMode = this.score(test, Math.min(this.run.batchSize, n), true);
      if (this.run.evaluation.train > 0) evaluation.train = this.scoreOfTrain();
      await this.probe(evaluation, found.taps, diverged || found.score.loss === null);
      return evaluation;
    } finally {
      tf.dispose(found.taps);
    }
  }

  private score(set: LabelledBatch, batchSize: number, training = false): Score {
    return evaluateWithTaps({ ...this.step, ...set, batchSize, training }, []).score;
  }

  private scoreOfTrain(): Score {
    const { x, y } = this.data.train;
    const rows = Math.min(this.run.evaluation.train, x.shape[0]);
    const first = tf.tidy(() => ({ x: tf.slice(x, 0, rows), y: tf.slice(y, 0, rows) }));
    try {
      return this.score(first, Math.min(this.run.evaluation.batchSize, rows));
    } finally {
      tf.dispose([first.x, first.y]);
    }
  }

  /** @param lost whether the network is not finite, and so has no curvature or singular values: that must not cost the run. */
  private async probe(evaluation: Evaluation, taps: ProbePoint['taps'], lost: boolean): Promise<void> {
    const { network, loss } = this.step;
    const { rates, steps } = this.run;
    const { step } = evaluation;
    const learningRate = rates[Math.min(step, steps - 1)];
    const reported = evaluation.probes as Reported;
    for (const [i, { name, probe }] of this.run.evaluation.probes.entries()) {
      const memory = this.memories[i];
      const at: ProbePoint = {
        step,
        learningRate,
        network,
        loss,
        test: this.data.test,
        batch: this.batch,
        taps,
        memory,
      };
      reported[name] = await measured(probe, at, lost);
    }
  }
}

async function measured(probe: Probe, at: ProbePoint, lost: boolean): Promise<unknown> {
  try {
    return stored(await probe.measure(at), expectNoTensor);
  } catch (error) {
    if (!lost) throw error;
    return null;
  }
}

function expectNoTensor(entry: unknown): void {
  if (entry instanceof tf.Tensor) throw new TypeError('A probe returned a tensor; wanted plain numbers (dataSync).');
}
