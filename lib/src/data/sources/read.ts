/** A reader's own data: files of several formats as a data set. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  either,
  kind as wanted,
  listOf,
  needed,
  object,
  type Options,
  optionsOf,
  recordOf,
  text,
  type Wanted,
  without,
} from '../../core/checks';
import { platform } from '../../platform/port';
import { ascii, contentsOf, type DataArray, firstBytes, foreign } from '../arrays';
import { type CifarKind, readCifar } from '../cifar';
import { expectOptions } from '../checks';
import { type Dataset } from '../dataset';
import { DataError } from '../errors';
import { type Examples, EXAMPLES_OPTIONS, type ExamplesOptions, pairUp, pixelsOf } from '../examples';
import { readNpy } from '../npy';
import { readNpz } from '../npz';
import { sameFile } from './folders';
import { readIdx } from '../idx';

/** One array: an IDX or `.npy` file, either of them gzip or not, or an `.npz` file, with the array's name if it holds several. */
export type ArrayFile = string | { file: string; array?: string };

/** Where the examples of a training or a test set are. */
export type PartFiles =
  | { images: ArrayFile; labels: ArrayFile }
  /** Files of CIFAR-10's binary version. */
  | { cifar10: string | readonly string[] }
  /** Files of CIFAR-100's binary version; the fine classes are taken. */
  | { cifar100: string | readonly string[] };

/** What {@link readDataset} takes: plain data. */
export interface DatasetFiles extends Pick<ExamplesOptions, 'firstLabel' | 'transposed' | 'channels' | 'white'> {
  /** Name for readers, in figures and provenance: `'KMNIST'`. */
  title: string;
  /** Short name for programs; the title in lower case unless said. */
  name?: string;
  /** Who made it. */
  source?: string;
  /** Under which terms. */
  licence?: string;
  /** Folder in which the files are; unless said, the process's own. */
  folder?: string;
  /** Training set. */
  train: PartFiles;
  /** Test set. */
  test: PartFiles;
  /** What each class is called; unless said, as many as the largest label asks for, called by their numbers. */
  classes?: readonly string[];
}

/**
 * Reads a reader's own data: IDX (MNIST's format; EMNIST, KMNIST), `.npy` and `.npz` of numpy, CIFAR's binary version.
 * Pictures of any size and number of channels, or rows of features; any number of classes. Files are read, never changed.
 *
 * What it gives goes wherever a data set goes: `toTensors`, `trainNetwork`, `compare`, figures, provenance. A network has to
 * fit: `mlp({ sizes: [sizeOf(data.train), 100, data.classCount], ... })`, `convNet({ image: imageShape(data.train), classes: data.classCount, ... })`.
 *
 * @param files which files, and what they are; {@link kmnistFiles}, {@link emnistFiles}, {@link cifarFiles} say it for known ones
 * @returns both sets; `checksum` is that of the pixels and labels as they are taken: training images, training labels, test
 *   images, test labels
 * @throws DataError `folder` when a file cannot be read, `format` when it is not what it should be, `argument` for settings
 *   that make no sense
 *
 * @example await readDataset(kmnistFiles('/data/kmnist'))
 * @example await readDataset({
 *   title: 'my letters', classes: ['a', 'b'],
 *   train: { images: 'train-x.npy', labels: 'train-y.npy' },
 *   test: { images: { file: 'test.npz', array: 'x' }, labels: { file: 'test.npz', array: 'y' } },
 * })
 */
export async function readDataset(files: DatasetFiles): Promise<Dataset> {
  expectOptions('readDataset', files, DATASET_FILES);
  const { title, folder = '.', classes, channels, firstLabel = 0, transposed, white } = files;
  const parts: Part[] = [];
  for (const part of ['train', 'test'] as const) parts.push(await readPart(folder, files[part], `${title} ${part}`));
  const arrays = parts.flatMap((part) => ('images' in part ? [part.images] : []));
  const pixels = pixelsOf(arrays, white, title);
  const classCount = classes?.length ?? Math.max(...parts.map((part) => classesIn(part, firstLabel)));
  const [train, test] = parts.map((part, i) => {
    if ('examples' in part) return checkClasses(part.examples, classCount, title);
    const name = `${title} ${i === 0 ? 'train' : 'test'}`;
    return pairUp(part.images, part.labels, { channels, firstLabel, transposed, classCount }, name, pixels);
  });
  if (train.shape!.join() !== test.shape!.join()) {
    const given = `training pictures of shape [${train.shape!.join(', ')}] and test pictures of [${test.shape!.join(', ')}]`;
    throw new DataError('format', `${title}: ${given}; wanted the same. Check that the files belong together.`);
  }
  return {
    name: files.name ?? title.toLowerCase(),
    title,
    source: files.source ?? 'files of the reader',
    licence: files.licence ?? 'not stated',
    checksum: platform().sha256(train.images, train.labels, test.images, test.labels),
    from: 'files',
    train,
    test,
    classes: classes ? [...classes] : Array.from({ length: classCount }, (_, k) => String(k + firstLabel)),
    classCount,
  };
}

type Part = { images: DataArray; labels: DataArray } | { examples: Examples };

const ARRAY_FILE = either(text, optionsOf<Exclude<ArrayFile, string>>({ file: needed(text), array: text }));
const PATHS = either(text, listOf(text));
/** An object of these names and no others. */
const only = (names: readonly string[], entry: Wanted): Wanted => ({
  ...recordOf(entry),
  words: `{ ${names.join(', ')} }`,
  fits: (value) =>
    object.fits(value) &&
    Object.keys(value as object)
      .sort()
      .join() === names.join(),
});
const PART = either(only(['images', 'labels'], ARRAY_FILE), only(['cifar10'], PATHS), only(['cifar100'], PATHS));
const DATASET_FILES: Options<DatasetFiles> = {
  title: needed(wanted('a name for readers', (value) => typeof value === 'string' && value !== '')),
  ...{ name: text, source: text, licence: text, folder: text, train: needed(PART), test: needed(PART) },
  classes: {
    ...listOf(text),
    words: 'a list of names, by label',
    fits: (value) => Array.isArray(value) && value.length > 0,
  },
  ...without(EXAMPLES_OPTIONS, ['classCount']),
};

async function readPart(folder: string, part: PartFiles, name: string): Promise<Part> {
  if ('images' in part) {
    return {
      images: await readArray(folder, part.images, `${name} images`),
      labels: await readArray(folder, part.labels, `${name} labels`),
    };
  }
  const [kind, given] = Object.entries(part)[0] as [CifarKind, string | readonly string[]];
  const paths = typeof given === 'string' ? [given] : given;
  const files = paths.map((path) => readFound(resolve(folder, path)));
  return { examples: readCifar(files.map(({ bytes }) => bytes), kind, files.map(({ path }) => path)) }; // prettier-ignore
}

async function readArray(folder: string, given: ArrayFile, what: string): Promise<DataArray> {
  const { file, array } = typeof given === 'string' ? { file: given, array: undefined } : given;
  const found = readFound(resolve(folder, file));
  const bytes = contentsOf(found.bytes, found.path);
  const name = `${what} (${found.path})`;
  if (ascii(bytes, 0, 2) === 'PK') {
    const arrays = readNpz(bytes, name, array);
    const names = Object.keys(arrays);
    if (names.length === 1) return arrays[names[0]];
    const wanted = `one of them by name: { file: '${file}', array: '${names[0]}' }`;
    throw new DataError('format', `${name}: the arrays ${names.join(', ')}; wanted ${wanted}.`);
  }
  if (ascii(bytes, 0, 6) === '\x93NUMPY') return readNpy(bytes, name);
  if (bytes[0] === 0 && bytes[1] === 0) return readIdx(bytes, name);
  const other = foreign(bytes);
  const start = `${bytes.length} bytes that start with ${firstBytes(bytes)}${other ? `: ${other.what}` : ''}`;
  const advice = other?.advice ?? 'Save the array with numpy.save.';
  throw new DataError('format', `${name}: ${start}; wanted an IDX, .npy or .npz file. ${advice}`);
}

/** A file, under the name given or under that of the same file compressed, decompressed, or as some pages name it. */
function readFound(path: string): { path: string; bytes: Uint8Array } {
  for (const name of [basename(path), ...sameFile(basename(path))]) {
    const candidate = join(dirname(path), name);
    try {
      return { path: candidate, bytes: readFileSync(candidate) };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') continue;
      throw new DataError('folder', `${candidate} could not be read: ${message}.`, error);
    }
  }
  throw new DataError('folder', `${path}: no such file. ${whatIsThere(path)}`);
}

/** What lies where a file was looked for, and what it is if it bears nearly the same name: CIFAR's Python version does. */
function whatIsThere(path: string): string {
  let names: string[];
  try {
    names = readdirSync(dirname(path)).sort();
  } catch {
    return `There is no folder ${dirname(path)} either.`;
  }
  const stem = basename(path).replace(/\..*$/, '');
  const near = names.find((name) => name === stem);
  if (near !== undefined) {
    const other = foreign(readFileSync(join(dirname(path), near)));
    if (other) return `There is ${near}, which is ${other.what}. ${other.advice}`;
  }
  const some = names.slice(0, 12).join(', ');
  return `In ${dirname(path)} there is: ${some || 'nothing'}${names.length > 12 ? ', ...' : ''}.`;
}

function classesIn(part: Part, firstLabel: number): number {
  if ('examples' in part) return part.examples.classCount!;
  let most = firstLabel;
  for (const label of part.labels.values) if (label > most) most = label;
  return Math.floor(most) - firstLabel + 1;
}

function checkClasses(examples: Examples, classCount: number, title: string): Examples {
  if (examples.classCount === classCount) return examples;
  const wanted = `${examples.classCount}, the number of its classes`;
  throw new DataError('argument', `${title}: ${classCount} names of classes; wanted ${wanted}.`);
}
