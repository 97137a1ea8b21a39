/** The runs of a sweep on this machine: so many processes side by side; one that ends before its run does gives the run back. */
import type { Json } from '../../src/core/json';
import { type Answer, ProcessEnded, type Worker, WorkerProcess } from './process';

/** How often a run is begun before it is set aside. */
export const TRIES = 3;

/** A run that is to be made. */
export interface Task {
  identity: string;
  options: Json;
}

/** Where the runs come from, and what becomes of them. */
export interface Work {
  /** The next run; undefined when none is left, or no more is to begin. */
  next(): Task | undefined;
  /** It ended. */
  onDone(identity: string, answer: Answer): void;
  /** Its last try failed. */
  onFailed(identity: string, error: string): void;
}

interface Held extends Task {
  tries: number;
}

/** Processes for one experiment. */
export class Pool {
  private readonly processes = new Set<WorkerProcess>();
  private readonly again: Held[] = [];
  private first: WorkerProcess | undefined;
  private computes: string | undefined;
  private isKilled = false;

  constructor(private readonly worker: Worker) {}

  /** What computes, as the first process says. @throws Error when it cannot begin, with what it said */
  async engine(): Promise<string> {
    this.first ??= await this.started();
    return this.computes!;
  }

  /**
   * Makes runs until `work` has none left.
   * @param width processes side by side
   * @throws Error when no process can begin, or one computes with another engine
   */
  async run(width: number, work: Work): Promise<void> {
    try {
      await Promise.all(Array.from({ length: width }, () => this.lane(work)));
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
      try {
        one ??= this.borrowed() ?? (await this.started());
        held.tries += 1;
        work.onDone(held.identity, await one.run(held.identity, held.options));
      } catch (error) {
        if (this.isKilled) return;
        if (held.tries === 0) throw error; // no process could begin
        if (error instanceof ProcessEnded) one = undefined;
        if (held.tries < TRIES) this.again.push(held);
        else work.onFailed(held.identity, (error as Error).message);
      }
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
    const one = new WorkerProcess(this.worker);
    this.processes.add(one);
    const engine = await one.engine().catch((error: Error) => {
      throw new Error(`A process for the sweep cannot begin: ${error.message}`, { cause: error });
    });
    this.computes ??= engine;
    if (engine !== this.computes) {
      throw new Error(
        `One process computes with ${this.computes}, another with ${engine}: their numbers do not belong together.`,
      );
    }
    return one;
  }
}
