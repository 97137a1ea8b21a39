/** A training run that was cut, as plain data: what it needs to go on as if it had not been. */
import { expectArgument, isTensor, resultOf, shown } from '../core/checks';
import { canonicalJson, type Json, stored } from '../core/json';
import { engineCard } from '../engine';
import type { StateDict } from '../nn';
import { loadStateDictInto, stateDictOf } from '../nn/weights/state';
import type { Evaluation } from './history';
import type { LossesSoFar } from './losses';
import type { SlotValues } from './optimizer';
import { digest } from './provenance';
import type { ResolvedRun } from './resolve';
import type { TrainingStep } from './step';

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

/** Takes a snapshot of a run between two steps. */
export function takeSnapshot(
  step: TrainingStep,
  done: number,
  of: SnapshotOf,
  record: SnapshotRecord,
): TrainingSnapshot {
  const { network } = step.settings;
  const slots = step.optimizer.values(network.named);
  return {
    kind: 'snapshot',
    version: 1,
    step: done,
    engine: stored(engineCard()) as Json,
    of,
    network: mapped(stateDictOf(network.name, network.named), asText),
    optimizer: mapped(slots, (list) => list.map(asText)),
    record: stored(record) as unknown as SnapshotRecord,
  };
}

/** What must be the same, of a run after `done` of its steps. */
export function identityOf(
  { optimizer, weightDecay, lossName }: TrainingStep['settings'],
  { seeds, rates, batchSize }: ResolvedRun,
  rows: Int32Array,
  data: Json,
  done: number,
): SnapshotOf {
  return {
    optimizer: stored(optimizer) as Json,
    weightDecay: stored(weightDecay) as Json,
    loss: lossName,
    noise: seeds.noise,
    data: ((data ?? {}) as { digest?: Json }).digest ?? null,
    batches: digest(rows.slice(0, done * batchSize)),
    rates: digest(rates.slice(0, done)),
  };
}

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

/** What differs, in a reader's words. */
const WORDS: Record<keyof SnapshotOf, string> = {
  optimizer: 'the optimizer',
  weightDecay: 'the weight decay',
  loss: 'the loss',
  noise: 'the seed of the noise',
  data: 'the data (their digest)',
  batches: 'the mini-batches of the steps done (their digest; they follow from seed, batchSize and rows)',
  rates: 'the learning rates of the steps done (their digest; they follow from learningRate and schedule)',
};

/**
 * Puts a snapshot into a step's network and optimizer, all of it or nothing.
 *
 * @throws RangeError for a snapshot of another run or network, TypeError for what is no array of numbers; then nothing is changed
 */
export function putBack(step: TrainingStep, snapshot: TrainingSnapshot, mine: SnapshotOf): void {
  const where = 'trainNetwork: resume';
  for (const key of Object.keys(WORDS) as (keyof SnapshotOf)[]) {
    const theirs = (snapshot.of as SnapshotOf | undefined)?.[key] ?? null;
    const [given, wanted] = [theirs, mine[key]].map((value) => canonicalJson(value as Json));
    if (given === wanted) continue;
    throw new RangeError(
      `${where}: the snapshot is of another run: ${WORDS[key]} was ${given}, and is ${wanted}. ` +
        'Give the run as it was, or put the weights alone into the network (loadStateDict) and begin anew.',
    );
  }
  const { network } = step.settings;
  const slots = mapped(expectRecord('optimizer', snapshot.optimizer), (list, label) => {
    expectList(`${where}: optimizer of ${label}`, list);
    return list.map((entry, i) => fromText(`${where}: optimizer of ${label}, ${i}`, entry));
  });
  const put = step.optimizer.prepare(where, network.named, slots);
  const state: StateDict = mapped(expectRecord('network', snapshot.network), (entry, label) =>
    fromText(`${where}: ${label}`, entry),
  );
  loadStateDictInto(where, network.named, state);
  put();
}

function mapped<A, B>(of: Record<string, A>, change: (value: A, key: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [key, change(value, key)]));
}

function expectRecord<T>(name: string, given: Record<string, T>): Record<string, T> {
  if (typeof given === 'object' && given !== null && !Array.isArray(given) && !isTensor(given)) return given;
  throw new TypeError(`trainNetwork: resume: ${name} must hold arrays by label, got ${shown(given)}.`);
}

function expectList(where: string, given: unknown): asserts given is unknown[] {
  if (!Array.isArray(given)) throw new TypeError(`${where} must be a list of arrays, got ${shown(given)}.`);
}

function asText({ shape, values }: SlotValues): StoredFloats {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return { shape, float32: Array.from(bits, (word) => word.toString(16).padStart(8, '0')).join('') };
}

function fromText(where: string, given: unknown): SlotValues {
  const { shape, float32 } = (given ?? {}) as Partial<StoredFloats>;
  if (!Array.isArray(shape) || typeof float32 !== 'string' || !/^([0-9a-f]{8})*$/.test(float32)) {
    const what = typeof float32 === 'string' ? `a text of ${float32.length} characters` : shown(given);
    throw new TypeError(`${where}: wanted { shape, float32: eight hexadecimal digits a number }, got ${what}.`);
  }
  const bits = Uint32Array.from({ length: float32.length / 8 }, (_, i) =>
    parseInt(float32.slice(8 * i, 8 * i + 8), 16),
  );
  return { shape, values: new Float32Array(bits.buffer) };
}
