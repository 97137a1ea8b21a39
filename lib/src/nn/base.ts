import { expectArgument, flag, isTensor, layer as aLayer, object, shown, text } from '../core/checks';
import { tf } from '../engine';
import { watchState } from '../engine/compile/watch';
import { ApplyContext, Layer, Network, WeightsSnapshot } from './types';

/** What is wanted of the values of some variables, such as a moving variance. */
const LIMITS = new WeakMap<tf.Variable, { words: string; holds: (value: number) => boolean }>();

/** Runs what builds layers; when it throws half-way, the variables made until then are disposed. */
export function allOrNothing<T>(build: () => T): T {
  const registered = tf.engine().registeredVariables;
  const before = new Set(Object.keys(registered));
  try {
    return build();
  } catch (error) {
    for (const name of Object.keys(registered)) if (!before.has(name)) registered[name].dispose();
    throw error;
  }
}

/**
 * What layers share: a name, labelled variables, freezing. Extend it to write a layer of your own: `addVariable` in the constructor, the
 * computation in `apply`. Statistics of the layer's own may move only where `context.updateStatistics ?? context.training` is true.
 *
 * @example
 * class Scale extends BaseLayer {
 *   readonly gain = this.addVariable('gain', tf.ones([100]));
 *   apply(x: tf.Tensor): tf.Tensor { return tf.mul(x, this.gain); }
 * }
 */
export abstract class BaseLayer implements Layer {
  private readonly own: Record<string, tf.Variable> = {};
  private readonly learns = new Set<tf.Variable>();
  private isFrozen = false;

  constructor(
    /** Before the labels of the variables and taps. */
    readonly name: string,
  ) {
    if (typeof name !== 'string' || name === '') {
      throw new TypeError(`A layer's name must be a non-empty string, got ${name === '' ? '""' : shown(name)}.`);
    }
    watchState(this);
  }

  /** Makes a variable labelled `NAME/label` from a tensor, which it disposes. `learns` false is for moving averages. */
  protected addVariable(label: string, initial: tf.Tensor, learns = true): tf.Variable {
    const variable = tf.variable(initial, learns);
    initial.dispose();
    this.own[`${this.name}/${label}`] = variable;
    if (learns) this.learns.add(variable);
    return variable;
  }

  /**
   * What the values of a variable must be, beyond finite, where a snapshot is put back.
   * @param words as in "wanted a variance, none negative"
   */
  protected limit(variable: tf.Variable, words: string, holds: (value: number) => boolean): void {
    LIMITS.set(variable, { words, holds });
  }

  get named(): Readonly<Record<string, tf.Variable>> {
    return this.own;
  }

  get variables(): tf.Variable[] {
    return Object.values(this.named);
  }

  get trainable(): tf.Variable[] {
    return this.isFrozen ? [] : [...this.learns].filter((variable) => variable.trainable);
  }

  /** A frozen layer trains nothing and updates no statistics; frozen batch normalization runs as at inference. */
  get frozen(): boolean {
    return this.isFrozen;
  }

  /** Freezes or thaws. */
  set frozen(value: boolean) {
    expectArgument(this.name, 'frozen', value, flag);
    this.isFrozen = value;
    // Optimizers that collect variables by themselves look at this flag.
    for (const variable of this.learns) variable.trainable = !value;
  }

  abstract apply(x: tf.Tensor, context: ApplyContext): tf.Tensor;

  dispose(): void {
    for (const variable of this.variables) if (!variable.isDisposed) variable.dispose();
  }

  /** Throws when the layer was disposed. */
  protected expectAlive(): void {
    expectAlive(this.name, this.variables);
  }
}

function expectAlive(where: string, variables: readonly tf.Variable[]): void {
  if (variables.some((variable) => variable.isDisposed)) {
    throw new TypeError(`${where}: this layer was disposed and cannot be used any more. Build it anew.`);
  }
}

/** Layers that are applied as one, with the variables of all of them. */
export abstract class Composite implements Network {
  readonly named: Readonly<Record<string, tf.Variable>>;

  /** @throws RangeError when two of the layers use one label; TypeError for what is no layer */
  constructor(
    /** Stands in messages, and before the labels of its own taps. */
    readonly name: string,
    /** The layers inside, from input to output. */
    readonly layers: Layer[],
  ) {
    expectArgument('A network', 'name', name, text);
    if (!Array.isArray(layers)) throw new TypeError(`${name}: layers must be a list of layers, got ${shown(layers)}.`);
    const named: Record<string, tf.Variable> = {};
    for (const [i, layer] of layers.entries()) {
      if (typeof layer?.apply !== 'function') {
        throw new TypeError(`${name}: layer ${i} must be a layer, such as dense(3, 2), got ${shown(layer)}.`);
      }
      expectArgument(name, `layer ${i}, '${layer.name}': its variables, named,`, layer.named, object);
      for (const [label, variable] of Object.entries(layer.named)) {
        if (label in named) {
          throw new RangeError(`${name}: two layers have a variable '${label}'. Give each layer a name of its own.`);
        }
        named[label] = variable;
      }
    }
    this.named = named;
    watchState(this);
  }

  get variables(): tf.Variable[] {
    return Object.values(this.named);
  }

  get trainable(): tf.Variable[] {
    return this.layers.flatMap((layer) => layer.trainable);
  }

  abstract apply(x: tf.Tensor, context: ApplyContext): tf.Tensor;

  dispose(): void {
    for (const layer of this.layers) layer.dispose();
  }

  copyFrom(other: Network): string[] {
    expectArgument(`${this.name}.copyFrom`, 'other', other, aLayer);
    expectArgument(`${this.name}.copyFrom`, `the variables of ${other.name}, named,`, other.named, object);
    const shared = Object.keys(this.named).filter((label) => label in other.named);
    if (shared.length === 0) {
      throw new RangeError(
        `${this.name}.copyFrom: no label is shared with ${other.name}. Here: ${Object.keys(this.named).join(', ') || 'none'}; ` +
          `there: ${Object.keys(other.named).join(', ') || 'none'}.`,
      );
    }
    const mine = (label: string) => this.named[label];
    const theirs = (label: string) => other.named[label];
    expectAlive(`${this.name}.copyFrom`, shared.map(mine));
    expectAlive(`${this.name}.copyFrom`, shared.map(theirs));
    for (const label of shared) {
      if (!tf.util.arraysEqual(mine(label).shape, theirs(label).shape)) {
        const [here, there] = [mine(label), theirs(label)].map((variable) => `[${variable.shape.join(', ')}]`);
        throw new RangeError(`${this.name}.copyFrom: ${label} is ${here} here and ${there} there.`);
      }
    }
    // A variable that is assigned itself would be lost.
    for (const label of shared) if (mine(label) !== theirs(label)) mine(label).assign(theirs(label));
    return shared;
  }

  snapshot(): WeightsSnapshot {
    expectAlive(`${this.name}.snapshot`, this.variables);
    const out: WeightsSnapshot = {};
    for (const [label, variable] of Object.entries(this.named)) {
      out[label] = { shape: [...variable.shape], values: Float32Array.from(variable.dataSync() as Float32Array) };
    }
    return out;
  }

  restore(snapshot: WeightsSnapshot): void {
    expectAlive(`${this.name}.restore`, this.variables);
    expectArgument(`${this.name}.restore`, 'snapshot', snapshot, object);
    const wanted = Object.keys(this.named);
    const missing = wanted.filter((label) => !(label in snapshot));
    const extra = Object.keys(snapshot).filter((label) => !(label in this.named));
    if (missing.length || extra.length) {
      throw new RangeError(
        `${this.name}.restore: the snapshot is of another network. Missing: ${missing.join(', ') || 'none'}; ` +
          `not known here: ${extra.join(', ') || 'none'}.`,
      );
    }
    for (const label of wanted) expectValues(`${this.name}.restore: ${label}`, this.named[label], snapshot[label]);
    tf.tidy(() => {
      // All of them are tensors before the first is assigned: what cannot be one leaves the network as it was.
      const tensors = wanted.map((label) => {
        const { values, shape } = snapshot[label];
        return tf.tensor(values, shape, this.named[label].dtype);
      });
      wanted.forEach((label, i) => this.named[label].assign(tensors[i]));
    });
  }
}

/** Throws unless an entry of a snapshot can be put into a variable. */
function expectValues(where: string, variable: tf.Variable, entry: WeightsSnapshot[string]): void {
  const { shape, values } = (entry ?? {}) as Partial<WeightsSnapshot[string]>;
  const mine = `[${variable.shape.join(', ')}]`;
  if (isTensor(entry) || !Array.isArray(shape) || !(values instanceof Float32Array)) {
    const given = values === undefined || isTensor(entry) ? shown(entry) : shown(values);
    throw new TypeError(
      `${where}: wanted { shape: ${mine}, values: a Float32Array }, as snapshot() gives it, got ${given}. ` +
        'Other numbers: Float32Array.from(values).',
    );
  }
  if (!tf.util.arraysEqual(variable.shape, shape) || values.length !== variable.size) {
    throw new RangeError(`${where} is ${mine}, the snapshot has [${shape.join(', ')}] with ${values.length} values.`);
  }
  const limit = LIMITS.get(variable);
  const bad = values.findIndex((value) => !Number.isFinite(value) || limit?.holds(value) === false);
  if (bad < 0) return;
  throw new RangeError(`${where}: value ${bad} is ${values[bad]}; wanted ${limit?.words ?? 'a finite number'}.`);
}
