/** The compiler's look at notebooks before they run, in a thread beside: the first runs while it is at the second. */
import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CompiledCell } from '../check/ahead';
import type { CheckedNotebook } from '../check/compile';
import type { Finding } from '../check/finding';

/** What it says against the notebook's types, and its cells, compiled, where they can be before they run. */
export interface Looked {
  findings: Finding[];
  cells?: CompiledCell[];
}

export class Looks {
  private readonly thread = new Worker(path.join(__dirname, 'look-worker.js'));
  private readonly answers: Promise<Looked>[];

  /** @param notebooks in the order in which they will be asked for */
  constructor(private readonly notebooks: readonly CheckedNotebook[]) {
    const waiting: { resolve(looked: Looked): void; reject(error: Error): void }[] = [];
    this.answers = notebooks.map(({ file, notebook }) => {
      this.thread.postMessage({ file, notebook });
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    });
    for (const answer of this.answers) answer.catch(() => undefined); // who asks for it hears of it
    const fail = (error: Error) => waiting.splice(0).forEach(({ reject }) => reject(error));
    this.thread.on('message', (looked: Looked) => waiting.shift()?.resolve(looked));
    this.thread.on('error', fail);
    this.thread.on('exit', () => fail(new Error('the compiler ended before it had looked at the notebook')));
  }

  /** @throws Error when the compiler itself fails */
  of(notebook: CheckedNotebook): Promise<Looked> {
    return this.answers[this.notebooks.indexOf(notebook)];
  }

  /** Waits until it has looked at all of them. */
  async all(): Promise<void> {
    await Promise.allSettled(this.answers);
  }

  async close(): Promise<void> {
    await this.thread.terminate();
  }
}
