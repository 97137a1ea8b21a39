/** The values of a network's variables as plain data: taken out, put back, and shared between networks. */
import { expectArgument, isTensor, object, shown } from '../../core/checks';
import { tf } from '../../engine';
import { StateDict } from '../types';

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
export function loadStateDictInto(where: string, named: Named, state: StateDict): void {
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
  for (const label of wanted) expectValues(`${where}: ${label}`, named[label], state[label]);
  tf.tidy(() => {
    // All of them are tensors before the first is assigned: what cannot be one leaves the network as it was.
    const tensors = wanted.map((label) => {
      const { values, shape } = state[label];
      return tf.tensor(values, shape, named[label].dtype);
    });
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

/** Throws unless an entry of a state can be put into a variable. */
function expectValues(where: string, variable: tf.Variable, entry: StateDict[string]): void {
  const { shape, values } = (entry ?? {}) as Partial<StateDict[string]>;
  const mine = `[${variable.shape.join(', ')}]`;
  if (isTensor(entry) || !Array.isArray(shape) || !(values instanceof Float32Array)) {
    const given = values === undefined || isTensor(entry) ? shown(entry) : shown(values);
    throw new TypeError(
      `${where}: wanted { shape: ${mine}, values: a Float32Array }, as stateDict() gives it, got ${given}. ` +
        'Other numbers: Float32Array.from(values).',
    );
  }
  if (!tf.util.arraysEqual(variable.shape, shape) || values.length !== variable.size) {
    throw new RangeError(`${where} is ${mine}, the state has [${shape.join(', ')}] with ${values.length} values.`);
  }
  const limit = LIMITS.get(variable);
  const bad = values.findIndex((value) => !Number.isFinite(value) || limit?.holds(value) === false);
  if (bad < 0) return;
  throw new RangeError(`${where}: value ${bad} is ${values[bad]}; wanted ${limit?.words ?? 'a finite number'}.`);
}
