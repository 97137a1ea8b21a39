/** The runs of a sweep on this machine: so many processes side by side; one that ends before its run does gives the run back. */
import type { Json } from '../../src/core/json';
import { type Answer, ProcessEnded, type Worker, WorkerProcess } from './process';

/** How often a run is begun before it is set aside. */
export const TRIES = 3;

/** A run that is to be made. */
export interface Task {
  identity: string;
  /** Where in the grid. */
  at: Readonly<Record<string, Json>>;
  options: Json;
}

/** Where the runs come from, and what becomes of them. */
export interface Work {
  /** Whether more may begin: false once the time is spent, or the sweep is to stop. */
  readonly goesOn: boolean;
  /** The next run; undefined when none is left, or no more is to begin. */
  next(): Task | undefined;
  /** Some ended. @throws Error when an answer cannot be kept: then the sweep ends */
  onDone(ended: readonly Ended[]): Promise<void>;
  /** Its last try failed. */
  onFailed(task: Task, error: string): Promise<void>;
}

/** A run with its answer. */
export interface Ended extends Answer {
  task: Task;
}

/** Who makes the runs. */
export interface Hands {
  /** In words, for the first line. */
  readonly words: string;
  /** What the runs are computed with. */
  engine(): Promise<string>;
  /** Has runs made until `work` has none left. */
  run(work: Work): Promise<void>;
  /** Ends it at once; what is under way is not finished here. */
  kill(): void;
}

interface Held extends Task {
  tries: number;
}

/** Processes for one experiment. */
export class Pool implements Hands {
  readonly words: string;
  private readonly processes = new Set<WorkerProcess>();
  private readonly again: Held[] = [];
  private first: WorkerProcess | undefined;
  private computes: string | undefined;
  private isKilled = false;

  /** @param width processes side by side */
  constructor(
    private readonly worker: Worker,
    private readonly width: number,
  ) {
    this.words = `${width} ${width === 1 ? 'process' : 'processes'}`;
  }

  /** What computes, as the first process says. @throws Error when it cannot begin, with what it said */
  async engine(): Promise<string> {
    this.first ??= await this.started();
    return this.computes!;
  }

  /**
   * Makes runs until `work` has none left.
   * @throws Error when no process can begin, one computes with another engine, or an answer cannot be kept
   */
  async run(work: Work): Promise<void> {
    try {
      await Promise.all(Array.from({ length: this.width }, () => this.lane(work)));
    } finally {
      this.kill();
    }
  }

  /** Ends all processes; what they were at is not finished. */
  kill(): void {
    this.isKilled = true;
    for (const one of this.processes) one.kill();
  }

  private async lane(work: Work): Promise<void> {
    let one: WorkerProcess | undefined;
    for (let held = this.take(work); held && !this.isKilled; held = this.take(work)) {
      let answer: Answer;
      try {
        one ??= this.borrowed() ?? (await this.started());
        held.tries += 1;
        answer = await one.run(held.identity, held.options);
      } catch (error) {
        if (this.isKilled) return;
        if (held.tries === 0) throw error; // no process could begin
        if (error instanceof ProcessEnded) one = undefined;
        if (held.tries < TRIES) this.again.push(held);
        else await work.onFailed(held, (error as Error).message);
        continue;
      }
      await work.onDone([{ ...answer, task: held }]);
    }
    one?.kill();
  }

  private take(work: Work): Held | undefined {
    const held = this.again.shift();
    if (held) return held;
    const next = work.next();
    return next && { ...next, tries: 0 };
  }

  private borrowed(): WorkerProcess | undefined {
    const { first } = this;
    this.first = undefined;
    return first;
  }

  /** A process that is ready. */
  private async started(): Promise<WorkerProcess> {
    const { process, engine } = await WorkerProcess.begin(this.worker, (one) => this.processes.add(one));
    this.computes ??= engine;
    if (engine !== this.computes) {
      throw new Error(
        `One process computes with ${this.computes}, another with ${engine}: their numbers do not belong together.`,
      );
    }
    return process;
  }
}
