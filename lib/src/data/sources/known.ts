/** Which files the known data sets are published as, for {@link readDataset}. */
import { oneOf, text } from '../../core/checks';
import { CIFAR_KIND, type CifarKind } from '../cifar';
import { expectArguments } from '../checks';
import { type DatasetFiles, type PartFiles } from './read';

const idxPair = (stem: string): PartFiles => ({
  images: `${stem}-images-idx3-ubyte.gz`,
  labels: `${stem}-labels-idx1-ubyte.gz`,
});

/**
 * KMNIST's files for {@link readDataset}: those of MNIST's names, in a folder of their own.
 *
 * @param folder where they are, compressed or not
 */
export function kmnistFiles(folder: string): DatasetFiles {
  expectArguments('kmnistFiles', { folder: [folder, text] });
  return {
    title: 'KMNIST',
    source: 'Clanuwat, Bober-Irizar, Kitamoto, Lamb, Yamamoto and Ha, KMNIST, arXiv:1812.01718 (2018)',
    licence: 'CC BY-SA 4.0',
    folder,
    train: idxPair('train'),
    test: idxPair('t10k'),
    classes: [...'おきすつなはまやれを'],
  };
}

const DIGITS = [...'0123456789'];
const CAPITALS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const SMALL = [...'abcdefghijklmnopqrstuvwxyz'];
/** The lower-case letters that EMNIST does not merge with their capitals. */
const DISTINCT = [...'abdefghnqrt'];
const EMNIST = {
  byclass: [...DIGITS, ...CAPITALS, ...SMALL],
  bymerge: [...DIGITS, ...CAPITALS, ...DISTINCT],
  balanced: [...DIGITS, ...CAPITALS, ...DISTINCT],
  letters: CAPITALS,
  digits: DIGITS,
  mnist: DIGITS,
};

/**
 * EMNIST's files for {@link readDataset}. The pictures lie in them column by column and are put upright; the labels of
 * `letters` count from 1.
 *
 * @param folder where the IDX files of the archive are, compressed or not
 * @param split which of the six: `'byclass'` (62 classes), `'bymerge'` and `'balanced'` (47), `'letters'` (26), `'digits'`, `'mnist'`
 * @throws DataError `argument` for another split
 */
export function emnistFiles(folder: string, split: keyof typeof EMNIST): DatasetFiles {
  expectArguments('emnistFiles', { folder: [folder, text], split: [split, oneOf(Object.keys(EMNIST))] });
  return {
    title: `EMNIST ${split}`,
    source: 'Cohen, Afshar, Tapson and van Schaik, EMNIST, arXiv:1702.05373 (2017)',
    licence: 'not stated by its publisher (NIST)',
    folder,
    train: idxPair(`emnist-${split}-train`),
    test: idxPair(`emnist-${split}-test`),
    classes: EMNIST[split],
    transposed: true,
    firstLabel: split === 'letters' ? 1 : 0,
  };
}

const CIFAR10 = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

/**
 * The files of CIFAR's binary version for {@link readDataset}: pictures of 32x32 pixels in three colours.
 *
 * @param folder where the .bin files of the archive are
 * @param kind `'cifar10'` (default), or `'cifar100'` with its fine classes
 * @throws DataError `argument` for another kind
 */
export function cifarFiles(folder: string, kind: CifarKind = 'cifar10'): DatasetFiles {
  expectArguments('cifarFiles', { folder: [folder, text], kind: [kind, CIFAR_KIND] });
  const about = {
    source: 'Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009)',
    licence: 'not stated by its publisher',
    folder,
  };
  if (kind === 'cifar100') {
    return { ...about, title: 'CIFAR-100', train: { cifar100: 'train.bin' }, test: { cifar100: 'test.bin' } };
  }
  const batches = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
  return {
    ...about,
    title: 'CIFAR-10',
    train: { cifar10: batches },
    test: { cifar10: 'test_batch.bin' },
    classes: CIFAR10,
  };
}
