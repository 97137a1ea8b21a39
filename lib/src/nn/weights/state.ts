/** The values of a network's variables as plain data: taken out, put back, and shared between networks. */
import { expectArgument, isTensor, object, shown } from '../../core/checks';
import { tf } from '../../engine';
import { StateDict, StoredStateDict } from '../types';

type Named = Readonly<Record<string, tf.Variable>>;

/** What is wanted of the values of some variables, such as a moving variance. */
const LIMITS = new WeakMap<tf.Variable, { words: string; holds: (value: number) => boolean }>();

/** What the values of a variable must be, beyond finite, where a state is put back. */
export function limitValues(variable: tf.Variable, words: string, holds: (value: number) => boolean): void {
  LIMITS.set(variable, { words, holds });
}

/** Throws when one of a layer's variables was disposed. */
export function expectAlive(where: string, variables: readonly tf.Variable[]): void {
  if (variables.some((variable) => variable.isDisposed)) {
    throw new TypeError(`${where}: this layer was disposed and cannot be used any more. Build it anew.`);
  }
}

/** The present values, by label. */
export function stateDictOf(where: string, named: Named): StateDict {
  expectAlive(where, Object.values(named));
  const out: StateDict = {};
  for (const [label, variable] of Object.entries(named)) {
    out[label] = { shape: [...variable.shape], values: Float32Array.from(variable.dataSync() as Float32Array) };
  }
  return out;
}

/** Puts values back, all or none. */
export function loadStateDictInto(where: string, named: Named, state: StateDict | StoredStateDict): void {
  expectAlive(where, Object.values(named));
  expectArgument(where, 'state', state, object);
  const wanted = Object.keys(named);
  const missing = wanted.filter((label) => !(label in state));
  const extra = Object.keys(state).filter((label) => !(label in named));
  if (missing.length || extra.length) {
    throw new RangeError(
      `${where}: the state is of another network. Missing: ${missing.join(', ') || 'none'}; ` +
        `not known here: ${extra.join(', ') || 'none'}.`,
    );
  }
  const given = wanted.map((label) => valuesFor(`${where}: ${label}`, named[label], state[label]));
  tf.tidy(() => {
    // All of them are tensors before the first is assigned: what cannot be one leaves the network as it was.
    const tensors = wanted.map((label, i) => tf.tensor(given[i], named[label].shape, named[label].dtype));
    wanted.forEach((label, i) => named[label].assign(tensors[i]));
  });
}

/** Copies the values of every variable whose label is in both; returns the labels. */
export function copyShared(where: string, to: Named, from: { readonly name: string; readonly named: Named }): string[] {
  const shared = Object.keys(to).filter((label) => label in from.named);
  if (shared.length === 0) {
    throw new RangeError(
      `${where}: no label is shared with ${from.name}. Here: ${Object.keys(to).join(', ') || 'none'}; ` +
        `there: ${Object.keys(from.named).join(', ') || 'none'}.`,
    );
  }
  const mine = (label: string) => to[label];
  const theirs = (label: string) => from.named[label];
  expectAlive(where, shared.map(mine));
  expectAlive(where, shared.map(theirs));
  for (const label of shared) {
    if (!tf.util.arraysEqual(mine(label).shape, theirs(label).shape)) {
      const [here, there] = [mine(label), theirs(label)].map((variable) => `[${variable.shape.join(', ')}]`);
      throw new RangeError(`${where}: ${label} is ${here} here and ${there} there.`);
    }
  }
  // A variable that is assigned itself would be lost.
  for (const label of shared) if (mine(label) !== theirs(label)) mine(label).assign(theirs(label));
  return shared;
}

/** The values of an entry of a state, which fit the variable; throws for others. */
function valuesFor(where: string, variable: tf.Variable, entry: (StateDict | StoredStateDict)[string]): Float32Array {
  const { shape, values } = (entry ?? {}) as Partial<typeof entry>;
  const mine = `[${variable.shape.join(', ')}]`;
  const floats = isTensor(entry) || !Array.isArray(shape) ? undefined : floatsOf(where, values);
  if (!floats) {
    const given = values === undefined || isTensor(entry) ? shown(entry) : shown(values);
    throw new TypeError(
      `${where}: wanted { shape: ${mine}, values: a Float32Array }, as stateDict() and JSON of it give it, got ${given}. ` +
        'Other numbers: Float32Array.from(values).',
    );
  }
  if (!tf.util.arraysEqual(variable.shape, shape!) || floats.length !== variable.size) {
    throw new RangeError(`${where} is ${mine}, the state has [${shape!.join(', ')}] with ${floats.length} values.`);
  }
  const limit = LIMITS.get(variable);
  const bad = floats.findIndex((value) => !Number.isFinite(value) || limit?.holds(value) === false);
  if (bad < 0) return floats;
  throw new RangeError(`${where}: value ${bad} is ${floats[bad]}; wanted ${limit?.words ?? 'a finite number'}.`);
}

/** Numbers as a Float32Array, as the list that JSON of `stored` holds, or as the object that JSON makes of a Float32Array. */
function floatsOf(where: string, values: unknown): Float32Array | undefined {
  if (values instanceof Float32Array) return values;
  if (typeof values !== 'object' || values === null || ArrayBuffer.isView(values)) return undefined;
  const list: unknown[] = Array.isArray(values) ? Array.from(values as unknown[]) : Object.values(values);
  if (!Array.isArray(values) && Object.keys(values).some((key, i) => key !== String(i))) return undefined;
  const bad = list.findIndex((value) => typeof value !== 'number');
  if (bad < 0) return Float32Array.from(list as number[]);
  const advice = list[bad] === null ? ' JSON makes null of NaN and infinity.' : '';
  throw new TypeError(`${where}: value ${bad} is ${shown(list[bad])}; wanted a number.${advice}`);
}
