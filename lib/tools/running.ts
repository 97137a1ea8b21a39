/** What the commands that write have in common: they can be stopped, and only one at a time works on one target. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { acquire, LockLost } from '../setup/lock';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** From the terminal and from npm, one Ctrl-C arrives twice. Milliseconds. */
const SAME = 1000;

/** Thrown where a command waits and is asked to stop. */
class Stopped extends Error {}

/** Whether, and why, a command is to end in order. */
export class Stop {
  /** The signal that asked for it; undefined as long as none did. */
  signal: NodeJS.Signals | undefined;
  /** The words of a lock that was lost, see bootstrap/lock.js. */
  lost: string | undefined;
  private readonly listeners = new Set<() => void>();

  /** True when the command is to begin nothing more. */
  get asked(): boolean {
    return this.signal !== undefined || this.lost !== undefined;
  }

  /** Calls `listener` when it is asked; at once, when it has been. @returns takes the listener away */
  onAsked(listener: () => void): () => void {
    if (this.asked) listener();
    else this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Asks. */
  ask(why: { signal?: NodeJS.Signals; lost?: string }): void {
    this.signal ??= why.signal;
    this.lost ??= why.lost;
    for (const listener of this.listeners) listener();
    this.listeners.clear();
  }

  /** What the command's process ends with: as shells have it for a signal. */
  exitCode(otherwise: number): number {
    if (this.signal) return 128 + os.constants.signals[this.signal];
    return this.lost === undefined ? otherwise : 1;
  }
}

/**
 * Runs a command's work so that Ctrl-C, a request to end and a closed terminal let it end in order. Asked again, it ends
 * at once. `npm run` says afterwards that the same command goes on.
 *
 * @returns what `work` returns, or the exit code of a command that was stopped
 */
export async function stoppable(work: (stop: Stop) => Promise<number>): Promise<number> {
  const stop = new Stop();
  let first = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (!stop.asked) {
      first = now;
      stop.ask({ signal });
    } else if (now - first > SAME) process.exit(128 + os.constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return stop.exitCode(await work(stop));
  } catch (error) {
    if (error instanceof LockLost) stop.ask({ lost: error.message });
    else if (!(error instanceof Stopped)) throw error;
    return stop.exitCode(1);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    if (stop.lost !== undefined) {
      console.error(`Stopped: ${stop.lost}. When the other one is done, run the same command again.`);
    }
  }
}

/**
 * Works on a folder while no other command does; waits for the one that does.
 *
 * @param folder what is written to; made if need be
 * @param command what the user typed, for whoever waits for us
 * @param stop ends the waiting, and is asked when the turn is lost to another command
 * @throws Error that names the folder when it cannot be written
 */
export async function onlyOne<T>(folder: string, command: string, stop: Stop, work: () => Promise<T>): Promise<T> {
  const waiting = (message: string) => console.error(message);
  const stopIfAsked = () => {
    if (stop.asked) throw new Stopped();
  };
  let lock;
  try {
    lock = await acquire(path.join(folder, LOCK), { command, waiting, stopIfAsked });
  } catch (error) {
    if (error instanceof Stopped) throw error;
    throw cannotWrite(folder, error);
  }
  lock.onLost = () => stop.ask({ lost: new LockLost(path.join(folder, LOCK)).message });
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** As `onlyOne`, on several folders, always in one order, so that no two commands wait for each other. */
export function onlyOneOnAll<T>(folders: string[], command: string, stop: Stop, work: () => Promise<T>): Promise<T> {
  const real = (folder: string) => {
    try {
      fs.mkdirSync(folder, { recursive: true });
      return fs.realpathSync(folder);
    } catch (error) {
      throw cannotWrite(folder, error);
    }
  };
  const [first, ...rest] = [...new Set(folders.map(real))].sort();
  if (first === undefined) return work();
  return onlyOne(first, command, stop, () => onlyOneOnAll(rest, command, stop, work));
}

function cannotWrite(folder: string, error: unknown): Error {
  // On a read-only file system Node's recursive mkdir says ENOENT; the folder above knows better.
  let above = path.resolve(folder);
  while (!fs.existsSync(above)) above = path.dirname(above);
  let why = (error as Error).message;
  try {
    fs.accessSync(above, fs.constants.W_OK);
  } catch (refused) {
    why = (refused as Error).message;
  }
  return new Error(
    `${folder} cannot be written (${why}). Make room or give permission there, then run the same command again.`,
    { cause: error },
  );
}

/** The lock's name in the folder. */
const LOCK = '.bnlab.lock';
