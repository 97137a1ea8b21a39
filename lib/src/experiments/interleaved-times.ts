/** Several tasks timed in turn, so that a slow moment of the machine strikes all of them. */
import { callback, expectArgument, expectOptions, type Options, own, positive, recordOf, shown } from '../core/checks';
import { tf } from '../engine';

/** How {@link interleavedTimes} repeats. */
export interface RepeatOptions {
  /** Samples of each task. Default 5. */
  repeats?: number;
  /** A sample is as many calls as last so many milliseconds, and at least one. Default 4. */
  sampleMilliseconds?: number;
}

/** Every option of {@link RepeatOptions}. */
export const REPEAT_OPTIONS: Options<RepeatOptions> = { repeats: own, sampleMilliseconds: positive };

/**
 * Milliseconds per call of several tasks that are timed in turn: every repeat goes through all tasks, in the other direction than the
 * one before, so that a slow moment of the machine strikes all of them. One call to warm up, and one to choose the number of calls in
 * a sample, are not counted.
 *
 * @param tasks by name; each must have finished its work when it returns (end with `dataSync` where an engine may put work off)
 * @returns by name, one number per repeat
 * @example const { bn, zca } = interleavedTimes({ bn: () => run(bnLayer), zca: () => run(zcaLayer) }, { repeats: 9 });
 * @throws RangeError for repeats that are not a whole number above 0
 */
export function interleavedTimes<N extends string>(
  tasks: Record<N, () => unknown>,
  options: RepeatOptions = {},
): Record<N, number[]> {
  expectOptions('interleavedTimes', options, REPEAT_OPTIONS);
  expectArgument('interleavedTimes', 'tasks', tasks, recordOf(callback));
  const { repeats = 5, sampleMilliseconds = 4 } = options;
  if (!Number.isInteger(repeats) || repeats < 1) {
    throw new RangeError(`interleavedTimes: repeats must be a whole number above 0, got ${shown(repeats)}.`);
  }
  const names = Object.keys(tasks) as N[];
  const sample = (name: N, calls: number) => {
    const began = performance.now();
    for (let call = 0; call < calls; call++) tasks[name]();
    return (performance.now() - began) / calls;
  };
  const calls = names.map((name) => {
    sample(name, 1);
    return Math.max(1, Math.ceil(sampleMilliseconds / Math.max(sample(name, 1), 1e-3)));
  });
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<N, number[]>;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const order = names.map((_, i) => (repeat % 2 === 0 ? i : names.length - 1 - i));
    for (const i of order) times[names[i]].push(sample(names[i], calls[i]));
  }
  return times;
}

/** One number read from the result: no engine can have put the work off. */
export function finish(f: () => tf.Tensor): void {
  tf.tidy(() => tf.slice(f(), [0, 0], [1, 1]).dataSync());
}
