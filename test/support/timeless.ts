/** Results but for how long they took, which is another time each time. */
import type { Comparison, History } from 'bnlab';

export const timeless = ({ timing: _, ...rest }: History) => rest;

export const timelessComparison = ({ runs, ...rest }: Comparison) => ({
  ...rest,
  runs: runs.map(({ history, ...run }) => ({ ...run, history: timeless(history) })),
});
