/** A comparison under way: its runs are made here one by one, and in lanes where that is faster. */
import { platform } from '../platform/port';
import { secondsLeft, spent, stopwatch } from './budget';
import type { ResolvedComparison } from './compare-options';
import type { Comparison, ComparisonRun } from './comparison';
import { ComparisonRuns, type Place, type RunControls } from './comparison-runs';
import { Crew } from './crew';
import type { History, Reported } from './history';
import { lanesAllowed, lanesWorth } from './lane-rule';
import { bytesOf, laneData } from './lane-runs';
import type { TrainingProgress } from './options';
import type { PreparedData } from './prepare';
import type { ResolvedRun } from './resolve';
import { travelling } from './travelling';

/** What has become of a run. */
type Fate<V extends Reported> = ComparisonRun<V> | 'missing' | undefined;

export class Comparing<V extends Reported> {
  private readonly seconds = stopwatch();
  private readonly runs: ComparisonRuns;
  private readonly crew: Crew | null;
  /** Every run, seed by seed, side by side, rate by rate. */
  private readonly places: Place[];
  private readonly fates: Fate<V>[];
  private readonly allowed: number;
  private begun = 0;
  /** Begun in lanes that did not end them. */
  private readonly again: number[] = [];
  /** Steps done of the runs under way. */
  private readonly under = new Map<number, number>();
  private made = 0;
  /** Where this comparison was when the time of its steps was first looked at. */
  private first: { at: number; steps: number } | undefined;
  /** Number of the first run that `onRun` has not been told of. */
  private toTell = 0;
  private told: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: ResolvedComparison,
    private readonly data: PreparedData,
  ) {
    this.allowed = lanesAllowed(options.lanes);
    this.runs = new ComparisonRuns(options, data);
    this.places = options.seeds.flatMap((_, seedIndex) =>
      options.sides.flatMap(({ rates }, side) => rates.map((_, rate) => ({ side, seedIndex, rate }))),
    );
    this.fates = this.places.map(() => undefined);
    this.crew = this.crewOf();
  }

  /** Makes all runs that a stop or a budget leaves it. */
  async all(): Promise<Comparison<V>> {
    this.runs.open();
    const stop = () => this.crew?.stop();
    this.common.signal?.addEventListener('abort', stop);
    try {
      this.consider();
      do {
        for (let run = this.take(); run !== undefined; run = this.take()) await this.here(run);
      } while (await this.crew?.someEnd());
      await this.told;
    } finally {
      this.common.signal?.removeEventListener('abort', stop);
      this.crew?.leave();
    }
    return this.result();
  }

  /** How far it came, where it did not come to its end. */
  stoppedAt(): string | null {
    const { runs, missing } = this.result();
    const under = runs.filter(({ history }) => history.stopped).map(({ history }) => history);
    if (under.length === 0 && missing.length === 0) return null;
    const { steps } = this.common;
    const step = (runs.length - under.length) * steps + under.reduce((sum, { stepsDone }) => sum + stepsDone, 0);
    const names = under.map(({ name }) => name).join('; ');
    return `stopped at step ${step} of ${this.places.length * steps}${names && ` (${names})`}`;
  }

  dispose(): void {
    this.runs.dispose();
  }

  /** What all sides have in common of a run. */
  private get common(): ResolvedRun {
    return this.options.sides[0].run;
  }

  /** Null where the runs are made in this process alone. */
  private crewOf(): Crew | null {
    const { given, lanes, sides } = this.options;
    const job = travelling(given);
    const kept = job && (lanes ?? this.allowed) > 1 && laneData(this.common.data, sides[0].run, this.data);
    if (!kept) return null;
    return new Crew(job, kept, {
      take: () => this.take(),
      task: (run) => ({
        place: this.places[run],
        budget: this.budgetLeft(),
        wantsProgress: this.common.onProgress !== null,
      }),
      onProgress: (run, at) => this.report(run, at),
      onMade: (run, history) => this.keep(run, history),
      onLost: (run) => {
        this.under.delete(run);
        this.again.push(run);
      },
    });
  }

  /** The next run that is to be made, here or in a lane; what a stop or a budget leaves out is missing. */
  private take(): number | undefined {
    this.crew?.expectNoFailure();
    for (;;) {
      const run = this.again.shift() ?? (this.begun < this.places.length ? this.begun++ : undefined);
      if (run === undefined || !this.isOver()) return run;
      this.fates[run] = 'missing';
    }
  }

  private isOver(): boolean {
    return this.common.signal?.aborted === true || spent(this.common.budget, this.seconds()) !== null;
  }

  private async here(run: number): Promise<void> {
    const controls: RunControls = {
      signal: this.common.signal,
      budget: this.budgetLeft(),
      onProgress:
        this.crew || this.common.onProgress
          ? (at) => {
              this.report(run, at);
              this.consider();
            }
          : null,
    };
    await this.keep(run, await this.runs.make(this.places[run], controls));
  }

  /** Keeps a run, and tells of all that are there up to the first that is not. */
  private async keep(run: number, history: History): Promise<void> {
    this.under.delete(run);
    this.made++;
    this.fates[run] = { ...this.words(run), history: history as History<V> };
    this.told = this.told.then(() => this.tell());
    await this.told;
  }

  private async tell(): Promise<void> {
    for (let fate = this.fates[this.toTell]; fate !== undefined; fate = this.fates[this.toTell]) {
      this.toTell++;
      if (fate !== 'missing') await this.options.onRun?.(fate as never);
    }
  }

  private words(run: number): { side: string; seedIndex: number; learningRate: number } {
    const { side, seedIndex, rate } = this.places[run];
    const { name, rates } = this.options.sides[side];
    return { side: name, seedIndex, learningRate: rates[rate].learningRate };
  }

  private result(): Comparison<V> {
    const isMade = (fate: Fate<V>): fate is ComparisonRun<V> => typeof fate === 'object';
    return {
      ...{ kind: 'comparison', version: 1, sides: this.runs.sides, seeds: this.options.seeds },
      shared: this.runs.shared,
      runs: this.fates.filter(isMade),
      missing: this.places.flatMap((_, run) => (this.fates[run] === 'missing' ? [this.words(run)] : [])),
    };
  }

  /** Progress of one run, as that of the whole comparison. */
  private report(run: number, at: TrainingProgress): void {
    const { steps, onProgress } = this.common;
    this.under.set(run, at.step);
    if (!onProgress) return;
    const [step, total, seconds] = [this.stepsDone(), this.places.length * steps, this.seconds()];
    const left = secondsLeft(seconds, step, total);
    onProgress({ ...at, run: this.words(run), step, steps: total, seconds, secondsLeft: left });
  }

  private stepsDone(): number {
    return [...this.under.values()].reduce((sum, steps) => sum + steps, this.made * this.common.steps);
  }

  /** Hires lanes once the pace here says that they are worth it. */
  private consider(): void {
    const { crew, options, places } = this;
    if (!crew) return;
    if (options.lanes !== undefined) return crew.hire(options.lanes - 1);
    const done = this.stepsDone();
    const now = platform().milliseconds();
    // Before the first step there is no pace: the step is being traced.
    if (done > 0) this.first ??= { at: now, steps: done };
    if (!this.first || done === this.first.steps) return;
    const each = (now - this.first.at) / 1000 / (done - this.first.steps);
    const worth = lanesWorth(
      {
        oneThread: this.runs.oneThread,
        secondsLeft: each * (places.length * this.common.steps - done),
        runsLeft: places.length - this.begun,
        dataBytes: bytesOf(this.common.data),
      },
      this.allowed,
    );
    if (worth > 0) crew.hire(worth);
  }

  private budgetLeft(): ResolvedRun['budget'] {
    const { seconds, bytes } = this.common.budget;
    return { bytes, seconds: seconds === undefined ? undefined : Math.max(0, seconds - this.seconds()) };
  }
}
