/** What a notebook measures on: one data set, and several seeds. */
import { listOf, expectOptions, needed, own, type Options, optionsOf, whole } from '../core/checks';
import { loadDataset, type ByteExamples, type Dataset } from '../data';
import { type Profile } from '../platform/profile';
import { byProfile } from './profile';

/** What {@link study} takes. */
export interface StudyOptions {
  /** As `loadDataset`; default `auto`. */
  data?: Parameters<typeof loadDataset>[0];
  /** By profile; default three for `quick`, five else. */
  seeds?: Record<Profile, number[]>;
}

/** Data and seeds: spread it into `compare`, a figure, a verdict. */
export interface Study {
  /** What is trained and tested on. */
  data: Dataset<ByteExamples>;
  /** One run each. */
  seeds: number[];
}

const SEEDS = optionsOf<Record<Profile, number[]>>({
  ...{ quick: needed(listOf(whole)), full: needed(listOf(whole)), paper: needed(listOf(whole)) },
});
const STUDY_OPTIONS: Options<StudyOptions> = { data: own, seeds: SEEDS };

const FIVE = [1, 2, 3, 4, 5];

/**
 * The data set and the seeds of a notebook.
 *
 * @example
 * const shown = await study();
 * const comparison = await compare({ ...shown, sides, learningRates: [1], steps: 1000, batchSize: 60 });
 * verdict({ ...shown, id: 'faster', measured, rule: rule.above(1), expected });
 * @throws as `loadDataset`
 */
export async function study(options: StudyOptions = {}): Promise<Study> {
  expectOptions('study', options, STUDY_OPTIONS);
  const { data = 'auto', seeds = { quick: [1, 2, 3], full: FIVE, paper: FIVE } } = options;
  return { data: await loadDataset(data), seeds: [...byProfile(seeds)] };
}
