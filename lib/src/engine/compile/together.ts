/** Several runs of one step, each with values of its own for the variables: what they have in common, and one after the other. */
import { shown } from '../../core/checks';
import { tf } from '../tf';
import type { Call } from './call';
import { CompileError } from './guard';

/** Tensors in the place of variables. */
export type OwnVariables = Map<tf.Variable, tf.Tensor>;

/** Where a run has its variables. */
export interface Variables {
  of(variable: tf.Variable): tf.Tensor;
  /** Gives a variable a value; the tensor is then no longer the caller's. */
  put(variable: tf.Variable, tensor: tf.Tensor): void;
}

/** In the variables themselves. */
export const itself: Variables = {
  of: (variable) => variable,
  put: (variable, tensor) => {
    variable.assign(tensor);
    tensor.dispose();
  },
};

/** In tensors in their place, where there are some; what is put goes there. */
export const inPlace = (own: OwnVariables): Variables => ({
  of: (variable) => own.get(variable) ?? variable,
  put: (variable, tensor) => {
    own.get(variable)?.dispose();
    own.set(variable, tensor);
  },
});

/**
 * Does something with the variables of one run in the place of all: those that it leaves with other values than before are the run's from
 * then on, and have their former values again.
 */
export async function withOwn<T>(own: OwnVariables, work: () => Promise<T>): Promise<T> {
  const registered = () => Object.values<tf.Variable>(tf.engine().registeredVariables);
  const before = new Map(registered().map((variable) => [variable, variable.clone()]));
  try {
    for (const [variable, tensor] of own) if (!variable.isDisposed) variable.assign(tensor);
    const result = await work();
    const created = registered().find((variable) => !before.has(variable));
    if (created) {
      throw new CompileError(
        `The step has created the variable '${created.name}', whose first value the other runs lack. Run it once before runTogether().`,
      );
    }
    return result;
  } finally {
    const variables = inPlace(own);
    for (const [variable, former] of before) {
      if (!variable.isDisposed && variable.dataId !== former.dataId) {
        if (variable.dataId !== own.get(variable)?.dataId) variables.put(variable, variable.clone());
        variable.assign(former);
      }
      former.dispose();
    }
  }
}

/** @throws RangeError unless runs differ only in what each may have of its own */
export function expectAlike([first, ...others]: readonly Call[]): void {
  const differ = (what: string, one: unknown, other: unknown) =>
    new RangeError(`runTogether: the runs' ${what} must agree, got ${shown(one)} and ${shown(other)}.`);
  for (const call of others) {
    for (const what of ['steps', 'batchSize'] as const) {
      if (call[what] !== first[what]) throw differ(what, first[what], call[what]);
    }
    for (const what of ['data', 'schedules'] as const) {
      const [one, other] = [first, call].map((of) => Object.keys(of[what]).join(', '));
      if (one !== other) throw differ(what, one, other);
    }
    const name = first.dataNames.find((of) => call.data[of].dataId !== first.data[of].dataId);
    if (name !== undefined)
      throw new RangeError(`runTogether: the runs must share data.${name}, one and the same tensor.`);
  }
}
