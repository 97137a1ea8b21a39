/** A snapshot of a training run is taken, and put back: what it needs to go on as if it had not been cut. */
import { isTensor, shown } from '../core/checks';
import { canonicalJson, type Json, stored } from '../core/json';
import { engineCard } from '../engine';
import type { StateDict } from '../nn';
import { loadStateDictInto, stateDictOf } from '../nn/weights/state';
import type { SlotValues } from './optimizer';
import { digest } from './provenance';
import type { ResolvedRun } from './resolve';
import type { SnapshotOf, SnapshotRecord, StoredFloats, TrainingSnapshot } from './snapshot-data';
import type { TrainingStep } from './step';

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
