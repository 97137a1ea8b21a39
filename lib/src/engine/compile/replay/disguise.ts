/** Variables in disguise while a step is recorded. */
import type { tf } from '../../tf';
import { expectKept } from '../recorded';
import type { Value } from './recording';

/** What a disguise wants of an engine. */
export interface Wardrobe<V> {
  /** other data for a variable, and the value that they are in the recording; counted once for the variable, and once for the recording */
  standIn(variable: tf.Variable): { dataId: object; value: V };
  /** the value that a variable has by now */
  valueOf(variable: tf.Variable): V;
  /** lets go of data */
  release(dataId: object): void;
}

/** Gives each variable a stand-in for its data for the time of a call, so that no other tensor can be mistaken for it. */
export class Disguises<V extends Value> {
  private readonly worn: { variable: tf.Variable; original: object; value: V }[] = [];

  constructor(private readonly wardrobe: Wardrobe<V>) {}

  put(variable: tf.Variable): void {
    const original = variable.dataId;
    const { dataId, value } = this.wardrobe.standIn(variable);
    setData(variable, dataId);
    this.worn.push({ variable, original, value });
  }

  /**
   * What the step has assigned so far.
   * @throws CompileError where it has disposed a variable
   */
  changed(): { variable: tf.Variable; before: V; after: V }[] {
    return this.worn.flatMap(({ variable, value: before }) => {
      expectKept(variable);
      const after = this.wardrobe.valueOf(variable);
      return after === before ? [] : [{ variable, before, after }];
    });
  }

  /** Each variable has its own data again, whatever the step assigned. */
  end(): void {
    for (const { variable, original } of this.worn) {
      const current = variable.dataId;
      setData(variable, original);
      // a disposed variable has let go of its stand-in; what it stood for goes as well
      this.wardrobe.release(variable.isDisposed ? original : current);
    }
  }
}

const setData = (variable: tf.Variable, dataId: object): void =>
  void ((variable as { dataId: object }).dataId = dataId);
