/** Each side's learning rates, and the one at which it ends best. */
import { rankLearningRates, type Sweep } from '../train/sweep';
import {
  answerOf,
  COMPARISON_SPEC,
  comparisonOf,
  SMALL_COMPARISON,
  type ComparisonAnswer,
  type ComparisonSpec,
} from './comparison-spec';
import { type Definition } from './experiment';

/** What the experiment answers. */
export type LearningRateSweep = Omit<Sweep, 'comparison'> & ComparisonAnswer;

export const definition: Definition<ComparisonSpec, LearningRateSweep> = {
  name: 'learning-rate-sweep',
  version: 1,
  question: 'At which learning rates does each network train, and at which does it end best?',
  whenAborted: 'returns what finished',
  defaults: { ...SMALL_COMPARISON, learningRates: [0.03, 0.3, 3, 30], evaluations: 1 },
  options: COMPARISON_SPEC,
  compute: async (options, control) => {
    const comparison = await comparisonOf(options, control);
    return { ...rankLearningRates(comparison), ...answerOf(comparison) };
  },
};
