/** Training in several ways of compiling a step, as the tests of each engine that records and plays do it. */
import { compile, type CompileOptions, type NamedTensors, tf } from 'bnlab';
import { batches, BATCH, model, type ModelOptions, problem } from './steps';

export interface Ran {
  mode: string;
  traces: number;
  losses: number[];
  weights: number[][];
  /** the step in words */
  listing: string;
}

/**
 * Two runs of a model, a variable put elsewhere between them.
 * @param more steps of the second run
 */
export async function train(options: ModelOptions, way: CompileOptions, more: number): Promise<Ran> {
  const { x, y } = problem();
  const one = model(options);
  const step = compile<NamedTensors, NamedTensors>(one.step, { ...way, seed: 4 });
  const first = await step.run({ data: { x, y }, batches: batches(3), batchSize: BATCH });
  const half = one.variables[0].mul(0.5);
  one.variables[0].assign(half);
  half.dispose();
  const second = await step.run({ data: { x, y }, batches: batches(more, 8), batchSize: BATCH });
  const losses = [...(await first.outputs.loss.data()), ...(await second.outputs.loss.data())];
  const weights: number[][] = [];
  for (const variable of one.variables) weights.push(Array.from(await variable.data()));
  const { mode, traces } = step;
  const listing = String(step);
  step.dispose();
  one.dispose();
  tf.dispose([x, y, first.outputs, second.outputs]);
  return { mode, traces: traces.count, losses, weights, listing };
}

/** What `of` gives for each of `cases` in each of `ways`. */
export async function inEveryWay<C, W, R>(
  cases: Record<string, C>,
  ways: Record<string, W>,
  of: (one: C, way: W) => Promise<R>,
): Promise<Record<string, Record<string, R>>> {
  const results: Record<string, Record<string, R>> = {};
  for (const [name, one] of Object.entries(cases)) {
    results[name] = {};
    for (const [way, options] of Object.entries(ways)) results[name][way] = await of(one, options);
  }
  return results;
}
