/** Each side's learning rates, and the one at which it ends best. */
import { rankLearningRates, type Sweep } from '../train/sweep';
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

/** What the experiment answers. */
export interface LearningRateSweep extends Omit<Sweep, 'comparison'> {
  /** What a stop left out. */
  missing: MissingRun[];
  /** Engine, data and commit. */
  origin: ReturnType<typeof originOf>;
}

export const definition: Definition<ComparisonSpec, LearningRateSweep> = {
  name: 'learning-rate-sweep',
  version: 1,
  question: 'At which learning rates does each network train, and at which does it end best?',
  whenAborted: 'returns what finished',
  defaults: { ...SMALL_COMPARISON, learningRates: [0.03, 0.3, 3, 30], evaluations: 1 },
  options: COMPARISON_SPEC,
  compute: async (options, control) => {
    const comparison = await comparisonOf(options, control);
    return {
      ...rankLearningRates(comparison),
      missing: missingRuns(comparison),
      origin: originOf(comparison),
    };
  },
};
