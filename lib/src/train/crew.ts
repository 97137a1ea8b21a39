/** The processes beside this one that make runs of one comparison. */
import { giveBack, idleLane, laneIds, startLane } from '../lanes/idle';
import { type Kept, type Lane, LaneError } from '../lanes/lane';
import type { History } from './history';
import { engineWords, type LaneTask } from './lane-runs';
import type { TrainingProgress } from './options';
import type { Travelling } from './travelling';

/** Where runs come from, and what becomes of them. Runs go by their number. */
export interface Work {
  /** The next run; undefined when none is left to begin. */
  take(): number | undefined;
  task(run: number): LaneTask;
  onProgress(run: number, at: TrainingProgress): void;
  onMade(run: number, history: History): Promise<void>;
  /** It was not made, and nothing is known of why: whoever makes it again sees. */
  onLost(run: number): void;
}

/** Hires lanes, has them make runs, and lets them go. */
export class Crew {
  /** Those that are at a run. */
  private readonly busy = new Map<Lane, Promise<void>>();
  private hired = 0;
  private isOver = false;
  private failure: { error: unknown } | undefined;

  constructor(
    private readonly job: Travelling,
    private readonly data: Kept,
    private readonly work: Work,
  ) {}

  /** Has so many at work in all: those that rest begin at once, others when they have started. Called again, it hires those that lack. */
  hire(count: number): void {
    for (; this.hired < count; this.hired++) {
      const resting = idleLane();
      if (resting) {
        this.begin(resting);
        continue;
      }
      const lane = laneIds().length < count ? startLane() : undefined; // the last comparison's may be on their way back
      if (!lane) return;
      lane.ready().then(
        (engine) => {
          if (engine !== engineWords()) return lane.end(); // its numbers would be others
          if (this.isOver) return giveBack(lane);
          lane.rest(false);
          this.begin(lane);
        },
        () => lane.end(),
      );
    }
  }

  /** Runs under way are to end soon. */
  stop(): void {
    for (const lane of this.busy.keys()) lane.stop();
  }

  /**
   * Waits until one of them has nothing left to do.
   * @returns false when none is at work
   * @throws what `work` threw
   */
  async someEnd(): Promise<boolean> {
    const [...all] = this.busy.values();
    if (all.length > 0) await Promise.race(all);
    this.expectNoFailure();
    return all.length > 0;
  }

  /** @throws what `work` threw when a lane told it something */
  expectNoFailure(): void {
    if (this.failure) throw this.failure.error;
  }

  /** The comparison is over: who is still at a run, is ended. */
  leave(): void {
    this.isOver = true;
    for (const lane of this.busy.keys()) lane.end();
  }

  private begin(lane: Lane): void {
    void this.open(lane).then((isOpen) => {
      if (!isOpen) return lane.end();
      const working = this.serve(lane).catch((error: unknown) => {
        this.failure ??= { error };
      });
      this.busy.set(lane, working);
      void working.then(() => this.busy.delete(lane));
    });
  }

  private async open(lane: Lane): Promise<boolean> {
    try {
      await lane.open(this.job, this.data);
      return true;
    } catch {
      return false; // what is wrong with the comparison shows here
    }
  }

  private async serve(lane: Lane): Promise<void> {
    for (let run = this.next(); run !== undefined; run = this.next()) {
      let history: History;
      try {
        const number = run;
        const onProgress = (at: unknown) => this.work.onProgress(number, at as TrainingProgress);
        history = (await lane.run(this.work.task(run), onProgress)) as History;
      } catch (error) {
        lane.end();
        this.work.onLost(run);
        if (error instanceof LaneError) return;
        throw error;
      }
      await this.work.onMade(run, history);
    }
    lane.close();
    giveBack(lane);
  }

  private next(): number | undefined {
    return this.isOver || this.failure ? undefined : this.work.take();
  }
}
