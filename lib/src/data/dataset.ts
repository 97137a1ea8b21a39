/** The data sets by name. */
import { gunzipSync } from 'node:zlib';
import { DataError } from './errors';
import { sha256 } from './folders';
import { type Examples, readExamples } from './idx';
import { obtainFiles, type ObtainOptions } from './obtain';
import { type RealName, REAL_DATASETS } from './manifest';

/** Ten classes of 28x28 grey pictures, and what they are. The arrays are shared within the process: do not write to them. */
export interface Dataset {
  /** Short name, for programs. */
  name: 'mnist' | 'fashion' | 'digits';
  /** Name for readers: `'MNIST'`, `'Fashion-MNIST'`, `'generated digits'`. */
  title: string;
  /** Who made it. */
  source: string;
  /** Under which terms. */
  licence: string;
  /** SHA-256 of the training images, training labels, test images and test labels, decompressed, one after the other. */
  checksum: string;
  /** Where this process took it from. */
  from: 'BNLAB_DATA' | 'cache' | 'network' | 'generator';
  /** What the reader should know about where it came from, such as why it is not MNIST; absent when all is as expected. */
  note?: string;
  /** Training set. */
  train: Examples;
  /** Test set. */
  test: Examples;
  /** What each class is called. */
  classes: string[];
  /** Number of classes: 10. */
  classCount: 10;
}

/** Options of `loadDataset`. */
export type DatasetOptions = ObtainOptions;

const loaded = new Map<string, Promise<Dataset>>();

/**
 * Loads a data set: real pictures where they can be had, else generated digits.
 *
 * - `'mnist'`, `'fashion'`: from the folder that `BNLAB_DATA` names when it is set, else from this user's cache, else
 *   from the network (11 MB and 30 MB, kept in the cache). Every file is held against its SHA-256.
 * - `'digits'`: drawn by this library, the same on every machine.
 * - `'auto'` (default): `'mnist'` if it can be had, else `'digits'` with a `note` that says why.
 *
 * Loaded once per process; later calls with the same settings return the same object.
 *
 * @throws DataError with a message that says what was given, wanted, and what to do
 */
export function loadDataset(name: Dataset['name'] | 'auto' = 'auto', options: DatasetOptions = {}): Promise<Dataset> {
  const { BNLAB_DATA, BNLAB_MANIFEST, XDG_CACHE_HOME } = options.environment ?? process.env;
  const key = JSON.stringify([name, BNLAB_DATA, BNLAB_MANIFEST, XDG_CACHE_HOME]);
  const known = loaded.get(key);
  if (known) return known;
  const loading = load(name, options);
  loaded.set(key, loading);
  loading.catch(() => loaded.delete(key));
  return loading;
}

async function load(name: Dataset['name'] | 'auto', options: DatasetOptions): Promise<Dataset> {
  if (name === 'auto') return loadReal('mnist', options);
  const real = REAL_DATASETS.find((known) => known === name);
  if (real) return loadReal(real, options);
  throw new DataError('argument', `No data set '${name}'; wanted 'mnist', 'fashion', 'digits' or 'auto'.`);
}

async function loadReal(name: RealName, options: DatasetOptions): Promise<Dataset> {
  const { set, files, from } = await obtainFiles(name, options);
  const { trainImages, trainLabels, testImages, testLabels } = files;
  const raw = [trainImages, trainLabels, testImages, testLabels].map((bytes) => gunzipSync(bytes));
  return {
    name,
    title: set.title,
    source: set.source,
    licence: set.licence,
    checksum: sha256(...raw),
    from,
    train: readExamples(raw[0], raw[1], `${set.title} training`),
    test: readExamples(raw[2], raw[3], `${set.title} test`),
    classes: set.classes,
    classCount: 10,
  };
}
