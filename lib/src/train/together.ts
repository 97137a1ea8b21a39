/** Runs of one step side by side: what each would give alone, from a GPU that is idle with one. */
import { tf } from '../engine';
import { stopwatch } from './budget';
import type { History } from './history';
import type { PreparedData } from './prepare';
import { expectToFit, type ResolvedRun } from './resolve';
import { Run } from './run';
import type { TrainingStep } from './step';

/** A run under way, with what it has in the place of the variables. */
interface Lane {
  one: Run;
  variables: Map<tf.Variable, tf.Tensor>;
}

/**
 * Runs of as many steps that are looked at at the same ones, side by side. One that diverges ends, and the others go on. The network ends
 * with the values of one of them.
 *
 * @param enter gives the network the weights that run `i` starts from
 */
export async function runTogether(
  step: TrainingStep,
  runs: readonly ResolvedRun[],
  data: PreparedData,
  enter: (i: number) => void,
): Promise<History[]> {
  for (const run of runs) expectToFit(run, data.train.x.shape[0]);
  const lanes: Lane[] = [];
  try {
    for (const [i, run] of runs.entries()) {
      enter(i);
      const one = new Run(step, run, data);
      lanes.push({ one, variables: new Map() });
      await one.begin();
      lanes[i].variables = step.state();
    }
    for (let live = lanes; live.length > 0; live = live.filter(({ one }) => !one.isOver)) await advance(step, live);
    return lanes.map(({ one }) => one.history());
  } finally {
    for (const { one, variables } of lanes) {
      one.dispose();
      tf.dispose([...variables.values()]);
    }
  }
}

/** To the next look, all of them. */
async function advance(step: TrainingStep, lanes: readonly Lane[]): Promise<void> {
  const took = stopwatch();
  const results = await step.runTogether(lanes.map(({ one, variables }) => ({ ...one.next(), variables })));
  const each = took() / lanes.length;
  for (const [i, { one, variables }] of lanes.entries()) {
    for (const [variable, tensor] of variables) variable.assign(tensor);
    await one.take(results[i], each);
  }
}
