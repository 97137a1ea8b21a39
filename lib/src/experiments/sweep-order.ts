/** What a cell and the program that makes the runs of its sweep say to each other. */
import type { Json } from '../core/json';
import type { SweepRun } from './sweep-spec';

/** The file among the tools that makes them. */
export const SWEEP_PROGRAM = 'sweep/cell';

/** To the program: make these, or end in order. */
export type SweepOrder =
  | {
      /** A file that describes a sweep, or one as data. */
      sweep:
        { file: string } | { name: string; experiment: string; axes: readonly string[]; runs: readonly SweepRun[] };
      /** Where sweeps are kept; the checkout's unless told. */
      folder?: string;
      only: readonly string[];
      workers?: number;
      budget?: number;
      retry: boolean;
      /** A queue's address, or true for the environment's. */
      queue?: string | true;
    }
  | 'stop';

/** A run that is kept. */
export interface RunKept {
  /** Among the runs that were planned. */
  index: number;
  answer: Json;
  seconds: number;
  engine: string;
}

/** From the program. */
export type SweepReport =
  | { is: 'planned'; name: string; folder: string; places: Record<string, Json>[] }
  | { is: 'kept'; runs: RunKept[]; before: boolean }
  | { is: 'aside'; index: number; error: string }
  | { is: 'line'; text: string }
  | { is: 'failed'; error: string };
