/** What layers share, and what a layer of one's own extends. */
import { expectArgument, flag, shown } from '../../core/checks';
import { tf } from '../../engine';
import { watchState } from '../../engine/compile/watch';
import { ApplyContext } from '../context';
import { Layer } from '../types';
import { expectAlive, limitValues } from '../weights/state';

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
  /** Whether the variables that learn stand still though the layer is not frozen. */
  protected held = false;

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
   * What the values of a variable must be, beyond finite, where a state is put back.
   * @param words as in "wanted a variance, none negative"
   */
  protected limit(variable: tf.Variable, words: string, holds: (value: number) => boolean): void {
    limitValues(variable, words, holds);
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
    this.hold();
  }

  /** Optimizers that collect variables by themselves look at this flag. */
  protected hold(): void {
    for (const variable of this.learns) variable.trainable = !this.isFrozen && !this.held;
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
