/** One run of a training step over its batches, and the history of it. */
import { stored } from '../core/json';
import { Random } from '../core/random';
import { engineCard, type RunOptions, type RunResult, tf } from '../engine';
import { batchIndices } from '../data';
import { platform } from '../platform/port';
import { profile } from '../platform/profile';
import type { Json, LabelledBatch } from '../probe/types';
import { secondsLeft, spent, stopwatch } from './budget';
import { describeNetwork } from './describe';
import { Evaluator } from './evaluation';
import type { Divergence, Evaluation, History, Provenance } from './history';
import { LossWindows } from './losses';
import type { PreparedData } from './prepare';
import { digest } from './provenance';
import { expectToFit, type ResolvedRun } from './resolve';
import { identityOf, putBack, takeSnapshot } from './snapshot';
import type { SnapshotRecord } from './snapshot-data';
import { recordedIn, type TrainingStep } from './step';

/** Steps between two looks at the loss for divergence: a diverged run wastes at most so many. */
const CHECK_EVERY = 500;

/** Runs a step from the network's present weights, the optimizer afresh; or from a snapshot. */
export async function runTraining(step: TrainingStep, run: ResolvedRun, data: PreparedData): Promise<History> {
  expectToFit(run, data.train.x.shape[0]);
  const one = new Run(step, run, data);
  try {
    await one.begin();
    while (!one.isOver) {
      const took = stopwatch();
      const result = await step.run(one.next());
      await one.take(result, took());
    }
    return one.history();
  } finally {
    one.dispose();
  }
}

/**
 * A run, part by part: `begin`, then as long as it is not over the steps of `next`, and `take` with what they gave. When it begins and takes,
 * the network has the run's values.
 */
export class Run {
  private readonly rows: Int32Array;
  private readonly losses: LossWindows;
  private readonly perStep: Record<string, Json[]>;
  private readonly evaluations: Evaluation[];
  private readonly resumed: SnapshotRecord['resumed'];
  private readonly timing = { seconds: 0, stepSeconds: 0, evaluationSeconds: 0 };
  private readonly seconds = stopwatch();
  private readonly provenance: Provenance;
  private readonly batch: LabelledBatch;
  private readonly evaluator: Evaluator;
  private done = 0;
  private lastLoss = NaN;
  private stopped: History['stopped'] = null;
  private diverged: Divergence | null = null;

  constructor(
    private readonly step: TrainingStep,
    private readonly run: ResolvedRun,
    private readonly data: PreparedData,
  ) {
    const { steps, batchSize, rows, seeds, resume } = run;
    const n = data.train.x.shape[0];
    this.rows = rows
      ? rows instanceof Int32Array
        ? rows
        : Int32Array.from(rows)
      : batchIndices({ n, batchSize, steps, random: new Random(seeds.order, 'order') });
    // A copy: the snapshot stays the caller's.
    const before = resume ? stored(resume.record) : null;
    this.done = resume?.step ?? 0;
    this.losses = new LossWindows(steps, before?.losses);
    this.perStep = (before?.perStep ?? {}) as Record<string, Json[]>;
    this.evaluations = (before?.evaluations ?? []) as unknown as Evaluation[];
    this.resumed = resume ? [...before!.resumed, { step: resume.step, engine: resume.engine }] : [];
    this.provenance = this.provenanceOf();
    this.batch = this.firstBatch();
    this.evaluator = new Evaluator(step.settings, run, data, this.batch);
  }

  /** Whether it has ended: at its last step, or before. */
  get isOver(): boolean {
    return this.done >= this.run.steps || this.diverged !== null || this.stopped !== null;
  }

  /** The optimizer afresh, and a look at the network before the first step where that is asked for; or all as a snapshot has it. */
  async begin(): Promise<void> {
    const { resume, evaluation } = this.run;
    if (resume) return putBack(this.step, resume, this.identity(resume.step));
    this.step.optimizer.reset();
    if (evaluation.points[0] === 0) await this.evaluate();
  }

  /** Steps up to the next look at the network or at the losses, as `CompiledStep.run` takes them. */
  next(): RunOptions {
    const { batchSize, rates, seeds, signal } = this.run;
    const [base, end] = [this.done, Math.min(this.nextPoint, this.done + CHECK_EVERY)];
    return {
      data: { x: this.data.train.x, y: this.data.train.y },
      batches: this.rows.subarray(base * batchSize, end * batchSize),
      batchSize,
      seed: seeds.noise,
      firstStep: base,
      schedules: { learningRate: rates.subarray(base, end), ...this.step.optimizer.schedules(base, end) },
      onProgress: ({ done }) => this.report(base + done),
      signal: signal ?? undefined,
    };
  }

  /**
   * Takes what the steps gave, whose outputs it disposes, and looks at the network where that is due.
   * @param seconds that they took
   */
  async take(result: RunResult, seconds: number): Promise<void> {
    const { steps, signal, budget } = this.run;
    const next = this.nextPoint;
    this.timing.stepSeconds += seconds;
    this.read(result.outputs);
    tf.dispose(result.outputs);
    this.done += result.steps;
    if (signal?.aborted || result.stopped) this.stopped = 'signal';
    else this.stopped = spent(budget, this.seconds());
    if (this.done === steps) this.stopped = null;
    const isNew = this.evaluations.at(-1)?.step !== this.done; // stopped before the first step, it is not
    if (isNew && (this.done === next || this.diverged || this.stopped)) await this.evaluate();
  }

  dispose(): void {
    tf.dispose([this.batch.x, this.batch.y]);
  }

  /** Where the network is looked at next. */
  private get nextPoint(): number {
    return this.run.evaluation.points.find((point) => point > this.done) ?? this.run.steps;
  }

  private firstBatch(): LabelledBatch {
    return tf.tidy(() => {
      const rows = tf.tensor1d(this.rows.slice(0, this.run.batchSize), 'int32');
      return { x: tf.gather(this.data.train.x, rows), y: tf.gather(this.data.train.y, rows) };
    });
  }

  private async evaluate(): Promise<void> {
    const took = stopwatch();
    this.evaluations.push(await this.evaluator.at(this.done, this.diverged !== null));
    this.timing.evaluationSeconds += took();
    this.report(this.done, this.evaluations.at(-1));
    const { onSnapshot } = this.run;
    if (!onSnapshot || this.done === 0 || this.diverged) return;
    const { losses, evaluations, perStep, resumed } = this;
    const record = { losses: losses.soFar(), evaluations, perStep, resumed };
    await onSnapshot(takeSnapshot(this.step, this.done, this.identity(this.done), record));
  }

  private identity(done: number) {
    return identityOf(this.step.settings, this.run, this.rows, this.data.description, done);
  }

  private read(outputs: Record<string, tf.Tensor>): void {
    if (outputs.loss) {
      const values = outputs.loss.dataSync() as Float32Array;
      this.diverged = this.losses.add(values, this.run.divergenceBound);
      this.lastLoss = values[values.length - 1];
    }
    for (const [name, tensor] of recordedIn(outputs)) {
      (this.perStep[name] ??= []).push(...stored(tensor.arraySync() as Json[]));
    }
  }

  private report(step: number, evaluation?: Evaluation): void {
    const { steps, name, onProgress } = this.run;
    if (!onProgress) return;
    const seconds = this.seconds();
    const left = secondsLeft(seconds, step, steps);
    onProgress({
      step,
      steps,
      seconds,
      secondsLeft: left,
      loss: this.lastLoss,
      name,
      ...(evaluation && { evaluation }),
    });
  }

  private provenanceOf(): Provenance {
    const { run, step, data } = this;
    const settings = {
      batchSize: run.batchSize,
      learningRate: run.learningRate,
      schedule: run.schedule,
      optimizer: step.settings.optimizer,
      weightDecay: step.settings.weightDecay,
      loss: step.settings.lossName,
      divergenceBound: run.divergenceBound,
      evaluate: { inference: run.evaluation.inference },
    };
    return {
      commit: platform().commit(),
      engine: stored(engineCard()),
      data: data.description,
      network: describeNetwork(step.settings.network),
      profile: profile(),
      seeds: run.seeds,
      settings: stored(settings) as Provenance['settings'],
      batches: digest(this.rows),
      ...(this.resumed.length > 0 && { resumed: this.resumed }),
    };
  }

  /** The record of it, up to where it is. */
  history(): History {
    this.timing.seconds = this.seconds();
    return {
      kind: 'history',
      version: 1,
      name: this.run.name,
      provenance: this.provenance,
      steps: this.run.steps,
      stepsDone: this.done,
      stopped: this.stopped,
      diverged: this.diverged,
      losses: this.losses.finish(),
      evaluations: this.evaluations,
      perStep: this.perStep,
      timing: this.timing,
    };
  }
}
