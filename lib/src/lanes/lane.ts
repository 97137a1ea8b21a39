/** A process beside this one, which makes the tasks of a job one at a time. */
import type { Companion, Numbers } from '../platform/port';
import type { Order, Report } from './messages';

/** It could not do what was asked of it; it has ended, or will not be asked again. */
export class LaneError extends Error {
  /** `LaneError`, to tell errors apart. */
  override readonly name = 'LaneError';
}

/** Something large that a lane is to have, and keeps until it gets another. */
export interface Kept {
  /** The same for what is the same. */
  key: string;
  /** Asked for where the lane does not have it. */
  value(): { about: unknown; arrays: Numbers[] };
}

/** One process. */
export class Lane {
  private readonly reports: Report[] = [];
  private waiting: (() => void) | undefined;
  private kept: string | undefined;
  private isOver = false;

  /** @param ended told when it has ended, whoever ended it */
  constructor(
    private readonly companion: Companion,
    ended: () => void,
  ) {
    const wake = () => {
      this.waiting?.();
      this.waiting = undefined;
    };
    companion.listen(
      (message) => {
        this.reports.push(message as Report);
        wake();
      },
      () => {
        this.isOver = true;
        ended();
        wake();
      },
    );
  }

  /** Its number on this machine. */
  get id(): number {
    return this.companion.id;
  }

  /** What it says of itself once it can compute. @throws LaneError when it cannot */
  async ready(): Promise<string> {
    const report = await this.next();
    if (report.is === 'ready') return report.about;
    throw new LaneError(report.is === 'failed' ? report.error : `It began with '${report.is}'.`);
  }

  /** Makes it ready for the tasks of a job. @throws LaneError when it cannot */
  async open(job: unknown, kept: Kept): Promise<void> {
    if (this.kept !== kept.key) {
      const { about, arrays } = kept.value();
      this.send({ is: 'keep', key: kept.key, value: about }, arrays);
      this.kept = kept.key;
    }
    this.send({ is: 'open', job });
    await this.answer();
  }

  /**
   * Has one task made.
   * @param onProgress in the order of what it tells, and where this function was called: a notebook's cell knows its own
   * @throws LaneError when there is no answer; what `onProgress` throws
   */
  async run(task: unknown, onProgress: (at: unknown) => void): Promise<unknown> {
    this.send({ is: 'run', task });
    return this.answer(onProgress);
  }

  /** The task under way is to end soon, with what it has. */
  stop(): void {
    this.send({ is: 'stop' });
  }

  /** The job is over. */
  close(): void {
    this.send({ is: 'close' });
  }

  /** See `Companion.rest`. */
  rest(isResting: boolean): void {
    this.companion.rest(isResting);
  }

  /** Ends the process, whatever it does. */
  end(): void {
    this.companion.end();
  }

  private send(order: Order, arrays: Numbers[] = []): void {
    try {
      this.companion.send(order, arrays);
    } catch (error) {
      throw new LaneError(`It cannot be told: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  private async answer(onProgress?: (at: unknown) => void): Promise<unknown> {
    for (;;) {
      const report = await this.next();
      if (report.is === 'progress') onProgress?.(report.at);
      else if (report.is === 'failed') throw new LaneError(report.error);
      else return report.is === 'done' ? report.answer : undefined;
    }
  }

  private async next(): Promise<Report> {
    for (;;) {
      const report = this.reports.shift();
      if (report) return report;
      if (this.isOver) throw new LaneError('The process ended.');
      await new Promise<void>((resolve) => (this.waiting = resolve));
    }
  }
}
