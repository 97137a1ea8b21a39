/** The data sets by name. */
import { having, needed, type Options, optionsOf, shown, text, whole } from '../core/checks';
import { platform } from '../platform/port';
import { contentsOf } from './arrays';
import { expectArgument, expectOptions } from './checks';
import { DIGIT_OPTIONS, type DigitOptions, generateDigits } from './digits';
import { DataError } from './errors';
import { type ByteExamples, CLASS_COUNT, type Examples } from './examples';
import { readExamples } from './idx';
import { PARTS, REAL_DATASETS, type RealName } from './manifest';
import { DOWNLOAD_OPTIONS, type DownloadOptions, isUnobtainable, obtain } from './source';

/**
 * Pictures with their classes, and what they are. `loadDataset` gives ten classes of 28x28 grey pictures, `readDataset` whatever
 * the files hold. The arrays are shared within the process: do not write to them.
 */
export interface Dataset<E extends Examples = Examples> {
  /** Short name, for programs: `'mnist'`, `'fashion'`, `'digits'`, or what `readDataset` was told. */
  name: string;
  /** Name for readers: `'MNIST'`, `'Fashion-MNIST'`, `'generated digits'`. */
  title: string;
  /** Who made it. */
  source: string;
  /** Under which terms. */
  licence: string;
  /** SHA-256 of the training images, training labels, test images and test labels, decompressed, one after the other; of the
   * reader's own files, of the pixels and labels as they are taken. */
  checksum: string;
  /** Where this process took it from. */
  from: 'BNLAB_DATA' | 'cache' | 'network' | 'generator' | 'files';
  /** What the reader should know: why it is not MNIST, or why it could not be kept. Absent when there is nothing. */
  note?: string;
  /** Training set. */
  train: E;
  /** Test set. */
  test: E;
  /** What each class is called. */
  classes: string[];
  /** Number of classes. */
  classCount: number;
}

/** The data sets that `loadDataset` knows by name. */
export type DatasetName = 'mnist' | 'fashion' | 'digits';

/** Options of `loadDataset`. */
export interface DatasetOptions extends DownloadOptions {
  /** How many generated digits, and which; 60,000 and 10,000 of seed 1 by default. */
  digits?: DigitOptions;
}

const DATASET_OPTIONS: Options<DatasetOptions> = { ...DOWNLOAD_OPTIONS, digits: optionsOf(DIGIT_OPTIONS) };

/** The environment variables that decide what is loaded, and from where. */
const VARIABLES = ['BNLAB_DATASET', 'BNLAB_DATA', 'BNLAB_CACHE', 'XDG_CACHE_HOME', 'BNLAB_MANIFEST', 'BNLAB_OFFLINE'];

const loaded = new Map<string, Promise<Dataset<ByteExamples>>>();

/**
 * Loads a data set: real pictures where they can be had, else generated digits.
 *
 * - `'mnist'`, `'fashion'`: from the folder that `BNLAB_DATA` names when it is set, else from this user's cache, else
 *   from the network (11 MB and 30 MB, then kept in the cache). Every file is held against its SHA-256, or that of what
 *   it holds: files that were decompressed or compressed anew are as good.
 * - `'digits'`: drawn by this library in about two seconds, the same on every machine.
 * - `'auto'` (default): what `BNLAB_DATASET` names when it is set, else `'mnist'` if it can be had, else `'digits'` with
 *   a `note` that says why. Without network that takes a few seconds at most; `BNLAB_OFFLINE=1` saves them.
 *
 * Loaded once per process: later calls with the same settings return the same object.
 *
 * @param name which data set
 * @param options progress, a signal to stop, how many digits, environment variables other than the process's
 * @returns both sets with their names, source and checksum
 * @throws DataError `folder` or `checksum` when BNLAB_DATA is not what it should be, also under `'auto'`; `network` or
 *   `checksum` when `'mnist'` or `'fashion'` cannot be had; `stopped` when the signal said so; `manifest`, `format`,
 *   `argument`. The message says what was given, what was wanted, and what to do.
 *
 * @example
 * const data = await loadDataset();
 * console.log(datasetText(data));
 * const { x, y } = toTensors(data.train, { pixels: 'binary' });
 */
export async function loadDataset(
  name: DatasetName | 'auto' = 'auto',
  options: DatasetOptions = {},
): Promise<Dataset<ByteExamples>> {
  expectOptions('loadDataset', options, DATASET_OPTIONS);
  const environment = options.environment ?? platform().environment;
  const key = JSON.stringify([name, options.digits, ...VARIABLES.map((variable) => environment[variable])]);
  const known = loaded.get(key);
  if (known) return known;
  const loading = load(name, options);
  loaded.set(key, loading);
  loading.catch(() => loaded.delete(key));
  return loading;
}

/**
 * What a data set is, in one line for figures and verdicts: title, sizes, checksum.
 *
 * @throws DataError `argument` for what is no data set
 */
export function datasetText(dataset: Dataset): string {
  expectArgument('datasetText', 'dataset', dataset, TITLED);
  const { title, train, test, checksum } = dataset;
  const count = (n: number) => n.toLocaleString('en-US');
  return `${title}: ${count(train.n)} training and ${count(test.n)} test pictures, sha256 ${checksum.slice(0, 12)}`;
}

const COUNTED = needed(having<Examples>('examples', { n: needed(whole) }));
const TITLED = having<Dataset>('a data set, as loadDataset() gives it', {
  ...{ title: needed(text), train: COUNTED, test: COUNTED, checksum: needed(text) },
});

async function load(asked: DatasetName | 'auto', options: DatasetOptions): Promise<Dataset<ByteExamples>> {
  const { BNLAB_DATASET } = options.environment ?? platform().environment;
  const name = (asked === 'auto' && BNLAB_DATASET) || asked;
  if (name === 'digits') return drawDigits(options);
  if (name === 'auto') return loadAuto(options);
  const real = REAL_DATASETS.find((known) => known === name);
  if (real) return loadReal(real, options);
  const from = name === asked ? '' : 'BNLAB_DATASET: ';
  const known = "wanted 'mnist', 'fashion', 'digits' or 'auto'";
  throw new DataError('argument', `${from}No data set ${shown(name)}; ${known}. Files of your own: readDataset.`);
}

async function loadAuto(options: DatasetOptions): Promise<Dataset<ByteExamples>> {
  try {
    return await loadReal('mnist', options, true);
  } catch (error) {
    if (!isUnobtainable(error, options.environment)) throw error;
    return { ...drawDigits(options), note: `These are generated digits, because ${error.message}` };
  }
}

async function loadReal(
  name: RealName,
  { digits: _, ...options }: DatasetOptions,
  unlessSilent = false,
): Promise<Dataset<ByteExamples>> {
  const { set, files, from, problem } = await obtain(name, { ...options, unlessSilent });
  const raw = PARTS.map((part) => contentsOf(files[part], set.files[part].name));
  const [trainImages, trainLabels, testImages, testLabels] = raw;
  const pair = (images: Uint8Array, labels: Uint8Array, title: string) =>
    readExamples(images, labels, title, { white: 255 }) as ByteExamples;
  return {
    name,
    title: set.title,
    source: set.source,
    licence: set.licence,
    checksum: platform().sha256(...raw),
    from,
    ...(problem && { note: problem }),
    train: pair(trainImages, trainLabels, `${set.title} training`),
    test: pair(testImages, testLabels, `${set.title} test`),
    classes: set.classes,
    classCount: CLASS_COUNT,
  };
}

function drawDigits(options: DatasetOptions): Dataset<ByteExamples> {
  const { train, test } = generateDigits(options.digits);
  return {
    name: 'digits',
    title: 'generated digits',
    source: 'drawn by this library (lib/src/data/digits.ts)',
    licence: 'MIT',
    checksum: platform().sha256(train.images, train.labels, test.images, test.labels),
    from: 'generator',
    train,
    test,
    classes: Array.from({ length: CLASS_COUNT }, (_, k) => String(k)),
    classCount: CLASS_COUNT,
  };
}
