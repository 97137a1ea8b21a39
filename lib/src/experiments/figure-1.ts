/** The comparison behind Figure 1 (a): test accuracy over training, without and with batch normalization, whatever the learning rate. */
import { runsOf } from '../train/comparison';
import { curves } from '../train/curves';
import {
  COMPARISON_SPEC,
  comparisonOf,
  missingRuns,
  originOf,
  SMALL_COMPARISON,
  type ComparisonSpec,
  type MissingRun,
} from './comparison-spec';
import { type Definition } from './experiment';

/** Test accuracy of one side at one rate. */
export interface AccuracyCurve {
  /** Name of the side. */
  side: string;
  /** Base rate. */
  learningRate: number;
  /** Steps done at each point. */
  steps: number[];
  /** [seeds][points]; null after a run diverged. */
  accuracy: number[][];
  /** How many of the seeds diverged. */
  diverged: number;
}

/** What the experiment answers. */
export interface Figure1 {
  /** One per side and rate that has a finished run; its rows are the seeds, without those in `missing`. */
  curves: AccuracyCurve[];
  /** What a stop left out. */
  missing: MissingRun[];
  /** Engine, data and commit. */
  origin: ReturnType<typeof originOf>;
}

export const definition: Definition<ComparisonSpec, Figure1> = {
  name: 'figure-1',
  version: 1,
  question: 'Does a network with batch normalization train faster, at each learning rate?',
  whenAborted: 'returns what finished',
  defaults: SMALL_COMPARISON,
  options: COMPARISON_SPEC,
  compute: async (options, control) => {
    const comparison = await comparisonOf(options, control);
    const found = comparison.sides.flatMap(({ name, learningRates }) =>
      learningRates.flatMap((learningRate): AccuracyCurve[] => {
        const runs = runsOf(comparison, name, learningRate);
        if (runs.length === 0) return [];
        const { x: steps, seeds: accuracy } = curves(runs);
        const diverged = runs.filter((run) => run.diverged).length;
        return [{ side: name, learningRate, steps, accuracy, diverged }];
      }),
    );
    return { curves: found, missing: missingRuns(comparison), origin: originOf(comparison) };
  },
};
