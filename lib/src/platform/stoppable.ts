/** Long work that whoever sits before the host can end: in a notebook by the Stop button. */
import { platform } from './port';

/** Work was begun by what had been told to stop: a loop of trainings ends with it. */
export class StoppedError extends Error {
  /** `StoppedError`, in messages and to tell errors apart. */
  override readonly name = 'StoppedError';
}

/** Signals of work under way: what runs under one of them is part of that work. */
const underWay = new WeakSet<AbortSignal>();

/**
 * Runs long work so that it ends when its own signal says so, or when the reader presses Stop. What it then returns is its
 * answer: what it has.
 *
 * @param given the caller's signal; one of other stoppable work makes this a part of it
 * @param run the work, which looks at the signal it gets between two pieces of it
 * @param reached for the reader who stopped it: how far it came, such as `stopped at step 7 of 9`; null when it was done anyway
 * @throws StoppedError when it belongs to a cell that the reader has stopped: nothing was begun then
 */
export async function stoppable<T>(
  given: AbortSignal | null | undefined,
  run: (signal: AbortSignal | undefined) => Promise<T>,
  reached: () => string | null,
): Promise<T> {
  if (given && underWay.has(given)) return run(given);
  const work = platform().beginWork();
  if (!work) return run(given ?? undefined);
  try {
    // What a cell computes before its first pause cannot be left in order: Stop would cut it off in the middle.
    await platform().yieldToEvents();
    if (work.signal.aborted) throw new StoppedError('It was stopped before it began.');
    return await underOne(given, work.signal, run);
  } finally {
    work.end(work.signal.aborted ? reached() : null);
  }
}

/** Runs under a signal that is aborted with the first of the two. */
async function underOne<T>(
  given: AbortSignal | null | undefined,
  asked: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const both = new AbortController();
  const signals = given ? [given, asked] : [asked];
  const forget = signals.map((signal) => {
    const abort = () => both.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    return () => signal.removeEventListener('abort', abort);
  });
  underWay.add(both.signal);
  try {
    return await run(both.signal);
  } finally {
    forget.forEach((one) => one());
  }
}
