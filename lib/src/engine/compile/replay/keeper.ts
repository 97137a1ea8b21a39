/** Keeps what was recorded of a step, for the shapes of each call, and knows when it has to be recorded again. */
import { CompileError } from '../guard';
import { Outlook, serial } from '../watch';
import { listing } from './listing';
import { type AnyCommand, type AnyRecording, variablesOf } from './recording';

/** How an engine records and plays. */
export interface Rules<R, P> {
  /** whether a tensor from outside that the recording holds is no longer what it was */
  isStale(recording: R): boolean;
  record(): R;
  /** what plays it */
  player(recording: R): { recording: R; player: P };
}

/** A recording that is kept, and what plays it. */
export interface Kept<R, P> {
  recording: R;
  player: P;
}

interface Entry<R, P> extends Kept<R, P> {
  digest: string;
  outlook: Outlook;
}

/** The recordings of one step, made by one engine. */
export class Keeper<R extends AnyRecording<AnyCommand>, P> {
  readonly traces = { count: 0, milliseconds: 0 };
  private readonly entries = new Map<string, Entry<R, P>>();

  /**
   * @param digestOf equal for two recordings that do the same
   * @param end lets go of what plays a recording
   */
  constructor(
    private readonly digestOf: (recording: R, serial: (object: object) => number) => string,
    private readonly end: (player: P) => void = () => {},
  ) {}

  /**
   * What there is, in words.
   * @param what a step is, in the first line of each recording
   */
  listing(what: (kept: Kept<R, P>) => string): string {
    if (this.entries.size === 0) return 'replay, not recorded yet: run() records it';
    return [...this.entries.values()].map((entry) => listing(entry.recording, what(entry))).join('\n\n');
  }

  dispose(): void {
    for (const key of [...this.entries.keys()]) this.forget(key);
  }

  /** The recording for the shapes that `key` names, made now if there is none, or if the step may do something else than it did. */
  load(key: string, { isStale, record, player }: Rules<R, P>): Kept<R, P> {
    const stale = this.entries.get(key);
    // before the recording, which must not find what only the old one holds
    if (stale && isStale(stale.recording)) this.forget(key);
    const known = this.entries.get(key);
    if (known && !known.outlook.mayDiffer()) return known;
    const began = performance.now();
    const recording = record();
    const digest = this.digestOf(recording, serial);
    const outlook = new Outlook(variablesOf(recording));
    if (known?.digest === digest) {
      recording.release();
      known.outlook = outlook;
      return known;
    }
    this.forget(key);
    let entry: Entry<R, P>;
    try {
      entry = { ...player(recording), digest, outlook };
    } catch (error) {
      recording.release();
      throw error;
    }
    this.entries.set(key, entry);
    this.traces.count++;
    this.traces.milliseconds += performance.now() - began;
    return entry;
  }

  private forget(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.end(entry.player);
    entry.recording.release();
    this.entries.delete(key);
  }
}

/** @throws CompileError where a variable that the recording reads or assigns is gone */
export function expectVariables(recording: AnyRecording<AnyCommand>): void {
  for (const variable of variablesOf(recording)) {
    if (variable.isDisposed) {
      throw new CompileError(`The variable '${variable.name}', which the compiled step uses, has been disposed.`);
    }
  }
}
