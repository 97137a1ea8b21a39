/** A data set as data: what a file, an address, another process or another machine can hold. */
import {
  abortSignal,
  counting,
  expectArgument,
  expectOptions,
  needed,
  oneOf,
  optionsOf,
  whole,
  type Wanted,
} from '../core/checks';
import { loadDataset, subset, type ByteExamples, type Dataset } from '../data';
import { Random } from '../core/random';

/** What is trained and tested on, as plain JSON. */
export interface DataSpec {
  /** `digits` are drawn by this library and are there everywhere; `mnist` and `fashion` as `loadDataset` finds them. */
  kind: 'digits' | 'mnist' | 'fashion';
  /** Number of training examples; default all of a published set, 60,000 digits. Fewer are balanced over the classes. */
  train?: number;
  /** Number of test examples; default all of a published set, 10,000 digits. */
  test?: number;
  /** Which digits, or which of the published examples; default 1. */
  seed?: number;
}

/** What a {@link DataSpec} must be. */
export const DATA_SPEC: Wanted = optionsOf<DataSpec>({
  ...{ kind: needed(oneOf(['digits', 'mnist', 'fashion'])), train: counting, test: counting, seed: whole },
});

/**
 * Loads the data set that a specification describes.
 *
 * @example await datasetOf({ kind: 'digits', train: 2000, test: 500 })
 * @throws TypeError or RangeError for what is no specification; DataError as `loadDataset`, or for more examples than there are
 */
export async function datasetOf(
  spec: DataSpec,
  options: { signal?: AbortSignal } = {},
): Promise<Dataset<ByteExamples>> {
  expectArgument('datasetOf', 'the data', spec, DATA_SPEC);
  expectOptions<typeof options>('datasetOf', options, { signal: abortSignal });
  const { kind, train, test, seed = 1 } = spec;
  if (kind === 'digits') return loadDataset('digits', { ...options, digits: { train, test, seed } });
  const data = await loadDataset(kind, options);
  const part = (which: 'train' | 'test', n?: number) =>
    n === undefined || n === data[which].n ? data[which] : subset(data[which], n, new Random(seed, which));
  return { ...data, train: part('train', train), test: part('test', test) };
}
