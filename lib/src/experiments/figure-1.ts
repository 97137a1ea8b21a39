/** The comparison behind Figure 1 (a): test accuracy over training, without and with batch normalization, whatever the learning rate. */
import { curves } from '../train/curves';
import {
  answerOf,
  bySideAndRate,
  COMPARISON_SPEC,
  comparisonOf,
  SMALL_COMPARISON,
  type ComparisonAnswer,
  type ComparisonSpec,
  type SideAtRate,
} from './comparison-spec';
import { type Definition } from './experiment';

/** Test accuracy of one side at one rate. */
export interface AccuracyCurve extends SideAtRate {
  /** Steps done at each point. */
  steps: number[];
  /** [seeds][points]; null after a run diverged. */
  accuracy: number[][];
  /** How many of the seeds diverged. */
  diverged: number;
}

/** What the experiment answers. */
export interface Figure1 extends ComparisonAnswer {
  /** One per side and rate that has a finished run; its rows are the seeds, without those in `missing`. */
  curves: AccuracyCurve[];
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
    const found = bySideAndRate(comparison, (runs) => {
      const { x: steps, seeds: accuracy } = curves(runs);
      return { steps, accuracy, diverged: runs.filter((run) => run.diverged).length };
    });
    return { curves: found, ...answerOf(comparison) };
  },
};
