/**
 * Runs inside the kernel's process, before tslab (`node --require`), when the runner executes a notebook.
 *
 * tslab calls a cell "ok" when a promise that nobody awaits rejects, or when a timer throws. This module writes each such
 * fault to a file that the runner reads after every cell, with the number of the cell that *started* the work: an
 * AsyncLocalStorage is entered with each cell, so a timer set in the third cell that throws during the fifth is reported
 * against the third.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { inspect } from 'node:util';
import './bootstrap/kernel-watch';

/** One line of the file that the kernel writes and the runner reads. */
export interface KernelNote {
  kind: 'unhandledRejection' | 'uncaughtException' | 'end';
  /** Which executed code cell started it, counted from 1; null when it cannot be told. */
  execution: number | null;
  message: string;
  /** For `end`: what the library says of itself, where the notebook loaded it. */
  engine?: unknown;
}

const notesFile = process.env.BNLAB_KERNEL_NOTES;
if (notesFile) install(notesFile);

function install(file: string): void {
  const cells = new AsyncLocalStorage<number>();
  let executions = 0;

  const note = (entry: KernelNote) => fs.appendFileSync(file, JSON.stringify(entry) + '\n');
  const report = (kind: KernelNote['kind']) => (reason: unknown) =>
    note({ kind, execution: cells.getStore() ?? null, message: describe(reason) });
  // Added beside tslab's own listeners, which keep the process alive and print the error into the running cell.
  process.on('uncaughtException', report('uncaughtException'));
  process.on('unhandledRejection', report('unhandledRejection'));

  const executor = require(path.join(path.dirname(require.resolve('tslab')), 'executor.js')) as {
    createExecutor: (...args: unknown[]) => { execute(source: string): Promise<boolean> };
  };
  const createExecutor = executor.createExecutor;
  executor.createExecutor = (...args) => {
    const made = createExecutor(...args);
    const execute = made.execute.bind(made);
    made.execute = (source) => cells.run(++executions, () => execute(source));
    return made;
  };

  const pending = trackTimers(() => cells.getStore() !== undefined);
  Object.defineProperty(globalThis, 'bnlabKernel', {
    enumerable: false,
    value: {
      /**
       * Lets what the cells left behind come to its end: waits until no timer started by a cell is pending, at most
       * `limit` milliseconds, then writes the closing note.
       */
      async settle(limit: number): Promise<void> {
        await cells.exit(async () => {
          const deadline = performance.now() + limit;
          const pause = (ms: number) => new Promise<void>((resolve) => pending.plainTimeout(resolve, ms));
          do await pause(20);
          while (pending.count() > 0 && performance.now() < deadline);
          note({ kind: 'end', execution: null, message: '', engine: engineCard() });
        });
      },
    },
  });

  // The runner's process may be killed outright; a kernel must not outlive it.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(0);
  }, 1000).unref();
}

/** Counts the one-shot timers that cells start and that would keep a script alive. */
function trackTimers(inCell: () => boolean): { count(): number; plainTimeout: typeof setTimeout } {
  const plainTimeout = globalThis.setTimeout;
  const plainClear = globalThis.clearTimeout;
  const waiting = new Set<NodeJS.Timeout>();
  const tracked = (callback: (...args: unknown[]) => void, delay?: number, ...args: unknown[]) => {
    if (!inCell() || typeof callback !== 'function') return plainTimeout(callback, delay, ...args);
    const timer: NodeJS.Timeout = plainTimeout(() => {
      waiting.delete(timer);
      callback(...args);
    }, delay);
    waiting.add(timer);
    return timer;
  };
  // `util.promisify(setTimeout)` must go on giving the promise form.
  globalThis.setTimeout = Object.defineProperties(
    tracked,
    Object.getOwnPropertyDescriptors(plainTimeout),
  ) as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((timer: NodeJS.Timeout) => {
    waiting.delete(timer);
    plainClear(timer);
  }) as typeof clearTimeout;
  return {
    count: () => {
      let n = 0;
      for (const timer of waiting) if (timer.hasRef()) n++;
      return n;
    },
    plainTimeout,
  };
}

function describe(reason: unknown): string {
  if (reason instanceof Error) return reason.stack ?? `${reason.name}: ${reason.message}`;
  return inspect(reason, { depth: 3, colors: false });
}

/** The library's own account of the engine; undefined when the notebook never loaded it. */
function engineCard(): unknown {
  const main = path.join(__dirname, '..', 'index.js');
  const loaded = require.cache[main]?.exports as { engineCard?: () => unknown } | undefined;
  try {
    return loaded?.engineCard?.();
  } catch {
    return undefined; // loaded, but ready() was never awaited: there is no engine to speak of
  }
}
