/** A training run between two steps, as plain data. */
import { expectArgument, resultOf, shown } from '../core/checks';
import type { Json } from '../core/json';
import type { Evaluation } from './history';
import type { LossesSoFar } from './losses';

/** Float32 numbers as text: eight hexadecimal digits each, those of its bits, so that JSON gives back every bit. */
export interface StoredFloats {
  /** Of the tensor. */
  shape: number[];
  /** The bits of each number, the sign first: `3f800000` is 1. */
  float32: string;
}

/** What must be the same for a run to go on. */
export interface SnapshotOf {
  /** With its settings filled in. */
  optimizer: Json;
  /** null for none. */
  weightDecay: Json;
  /** As a history names it. */
  loss: string;
  /** Of the noise inside the step. */
  noise: number;
  /** Digest of the examples. */
  data: Json;
  /** Digest of the rows of the steps done. */
  batches: string;
  /** Digest of the rates of the steps done. */
  rates: string;
}

/**
 * Where a training run stood between two steps: weights, moving averages, the optimizer's momentum or moments, and what it had recorded.
 * Plain JSON. `trainNetwork({ ..., resume: snapshot })` goes on from it.
 */
export interface TrainingSnapshot {
  /** What the JSON is. */
  kind: 'snapshot';
  /** Of this layout. */
  version: 1;
  /** Steps done. */
  step: number;
  /** What computed them. */
  engine: Json;
  /** What must be the same for a run to go on. */
  of: SnapshotOf;
  /** Every variable of the network, by label. */
  network: Record<string, StoredFloats>;
  /** By label of the variable: its velocity (momentum), or its first and second moment (Adam); empty for plain descent. */
  optimizer: Record<string, StoredFloats[]>;
  /** What the history holds of these steps. */
  record: SnapshotRecord;
}

/** The part of a history that the steps before a snapshot have written. */
export interface SnapshotRecord {
  /** Training loss so far. */
  losses: LossesSoFar;
  /** Evaluation points so far. */
  evaluations: Evaluation[];
  /** What `record` kept so far. */
  perStep: Record<string, Json[]>;
  /** Earlier snapshots that the run had gone on from. */
  resumed: { step: number; engine: Json }[];
}

const SNAPSHOT = resultOf<TrainingSnapshot>('snapshot', {});

/** Throws unless this is a snapshot of a run with these many steps or more, before anything is changed. */
export function expectSnapshot(where: string, snapshot: TrainingSnapshot, steps: number): void {
  expectArgument(where, 'resume', snapshot, SNAPSHOT);
  const { version, step } = snapshot;
  if ((version as number) !== 1) {
    throw new RangeError(
      `${where}: resume has version ${shown(version)}; this library reads version 1. Train from the start.`,
    );
  }
  if (!Number.isSafeInteger(step) || step < 0) {
    throw new RangeError(`${where}: resume.step must be a whole number from 0, got ${shown(step)}.`);
  }
  if (step >= steps) {
    throw new RangeError(
      `${where}: the snapshot was taken after ${step} steps and the run has ${steps}; wanted more steps than were done.`,
    );
  }
}
