/** Section 2: training with a gradient that takes the statistics for constants, and with the true one, at each learning rate. */
import { tf } from '../engine';
import { curves, finalLoss, stepSeries } from '../train/curves';
import type { StepRecord } from '../train/options';
import {
  answerOf,
  bySideAndRate,
  COMPARISON_SPEC,
  comparisonOf,
  SMALL_COMPARISON,
  type ComparisonAnswer,
  type ComparisonSpec,
  type SideAtRate,
  type SideSpec,
} from './comparison-spec';
import { type Definition } from './experiment';

/** How one side ended at one rate. */
export interface BlowUpRow extends SideAtRate {
  /** Training loss at the end, by seed; null for a run that diverged. */
  loss: number[];
  /** Norm of all weights after each step, [seeds][steps]; null from where a run diverged. */
  weights: number[][];
  /** Test accuracy at the end, by seed. */
  accuracy: number[];
}

/** What the experiment answers. */
export interface BlowUp extends ComparisonAnswer {
  /** One per side and rate that has a finished run; its rows are the seeds, without those in `missing`. */
  rows: BlowUpRow[];
}

/** The same network with the true gradient, and with one that takes the statistics for constants, with and without gamma and beta. */
const SIDES: SideSpec[] = [true, false].flatMap((affine) =>
  (['batch', 'pitfall:detached'] as const).map((norm) => ({
    name: `${norm === 'batch' ? 'differentiated' : 'held constant'}${affine ? ', gamma and beta' : ''}`,
    network: {
      ...{ kind: 'mlp', sizes: [784, 50, 50, 50, 10], activation: 'relu', norm },
      ...(affine ? {} : { normOptions: { center: false, scale: false } }),
    },
  })),
);

/** |W| over all layers, after a step. */
function weightNorm({ after }: StepRecord): Record<string, tf.Tensor> {
  const labels = Object.keys(after).filter((label) => label.endsWith('weights'));
  return { weights: tf.sqrt(tf.addN(labels.map((label) => tf.sum(tf.square(after[label]))))) };
}

export const definition: Definition<ComparisonSpec, BlowUp> = {
  name: 'blow-up',
  version: 1,
  question: 'Does a model blow up when the gradient does not know of the normalization?',
  whenAborted: 'returns what finished',
  defaults: {
    ...{ ...SMALL_COMPARISON, pixels: 'grey', sides: SIDES },
    ...{ learningRates: [0.01, 0.1, 1, 10], steps: 100, evaluations: 1 },
  },
  options: COMPARISON_SPEC,
  compute: async (options, control) => {
    const comparison = await comparisonOf(options, control, { record: weightNorm });
    const rows = bySideAndRate(comparison, (runs) => ({
      loss: runs.map(finalLoss),
      weights: runs.map((run) => stepSeries(run, 'weights')),
      accuracy: runs.map((run) => curves([run]).seeds[0].at(-1)!),
    }));
    return { rows, ...answerOf(comparison) };
  },
};
