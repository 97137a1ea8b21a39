/** A process that makes runs, as the one that started it sees it. */
import { type ChildProcess } from 'node:child_process';
import * as path from 'node:path';
import { spawnGuarded } from '../../setup/guarded';
import type { Json } from '../../src/core/json';
import type { Order, Report } from './messages';
import { ADDRESS, PASSWORD } from './queue/address';

/** What a process runs. */
export interface Worker {
  /** Name of the experiment. */
  experiment: string;
  /** The sweep's file, where the experiment is its own. */
  file?: string;
}

/** The process ended before it had an answer. */
export class ProcessEnded extends Error {}

/** A run's answer, and how long it took. */
export interface Answer {
  answer: Json;
  seconds: number;
}

interface Waiting {
  resolve(report: Report): void;
  reject(error: Error): void;
}

/**
 * One process with one thread for the computing, so that two of them use two processors better than one process does, and so that a run's
 * numbers are the same however many there are.
 */
export class WorkerProcess {
  private readonly child: ChildProcess;
  private readonly reports: Report[] = [];
  private waiting: Waiting | undefined;
  private ended: ProcessEnded | undefined;
  private said = '';

  constructor({ experiment, file }: Worker) {
    const { [ADDRESS]: _, [PASSWORD]: __, ...secretless } = process.env; // an experiment has no business at the queue
    const words = [path.join(__dirname, 'worker.js'), experiment, ...(file ? [file] : [])];
    this.child = spawnGuarded(process.execPath, words, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...secretless, TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1', BNLAB_LANES: '1' },
    });
    this.child.stderr!.on('data', (text: Buffer) => (this.said = (this.said + text.toString()).slice(-2000)));
    this.child.on('message', (report: Report) => {
      if (this.waiting) this.waiting.resolve(report);
      else this.reports.push(report);
      this.waiting = undefined;
    });
    this.child.on('error', (error) => this.end(error.message));
    // Not at `exit`, when the last words may still be under way.
    this.child.on('close', (code, signal) =>
      this.end(signal ? `it was ended by ${signal}` : `it ended with code ${code}`),
    );
  }

  /** What computes in it. @throws ProcessEnded when it cannot begin */
  async engine(): Promise<string> {
    const report = await this.next();
    if (report.is !== 'ready') throw new Error(`The process of a sweep began with '${report.is}'.`);
    return report.engine;
  }

  /** Digests of published data as they are here, by kind. @throws Error where one cannot be had */
  async data(kinds: string[]): Promise<Record<string, string>> {
    if (kinds.length === 0) return {};
    this.child.send({ dataOf: kinds } satisfies Order, () => undefined);
    const report = await this.next();
    if (report.is === 'failed') throw new Error(report.error);
    if (report.is !== 'data') throw new Error(`The process of a sweep answered '${report.is}'.`);
    return report.digests;
  }

  /** Makes one run. @throws ProcessEnded when the process does not outlive it; Error with the run's own message when it fails */
  async run(identity: string, options: Json): Promise<Answer> {
    if (!this.ended) this.child.send({ identity, options } satisfies Order, () => undefined); // who is gone is seen at its end
    const report = await this.next();
    if (report.is === 'failed') throw new Error(report.error);
    if (report.is !== 'done') throw new Error(`The process of a sweep answered '${report.is}'.`);
    return report;
  }

  /** Ends it, whatever it does. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  private next(): Promise<Report> {
    const report = this.reports.shift();
    if (report) return Promise.resolve(report);
    if (this.ended) return Promise.reject(this.ended);
    return new Promise((resolve, reject) => (this.waiting = { resolve, reject }));
  }

  private end(why: string): void {
    const words = this.said.trim();
    this.ended ??= new ProcessEnded(
      `the process that made it did not outlive it: ${why}${words && `, having said: ${words}`}`,
    );
    this.waiting?.reject(this.ended);
    this.waiting = undefined;
  }
}
