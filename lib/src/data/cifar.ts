/**
 * The binary version of CIFAR-10 and CIFAR-100: records of one label (CIFAR-100: two, the coarse class and the fine one) and
 * 3,072 bytes, red, green and blue of 32x32 pixels one plane after the other, row by row.
 *
 * Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009), and the description beside the files.
 */
import { listOf, oneOf, text } from '../core/checks';
import { contentsOf, firstBytes, foreign, permuted } from './arrays';
import { bytes, expectArgument, expectArguments } from './checks';
import { DataError } from './errors';
import { type ByteExamples } from './examples';

/** Which of the two. */
export type CifarKind = 'cifar10' | 'cifar100';

const SHAPE = [32, 32, 3];
const PIXELS = 32 * 32 * 3;
const KINDS: Record<CifarKind, { title: string; labels: number; classCount: number; archive: string; files: string }> =
  {
    cifar10: {
      title: 'CIFAR-10',
      labels: 1,
      classCount: 10,
      archive: 'cifar-10-binary.tar.gz',
      files: 'data_batch_1.bin ... data_batch_5.bin, test_batch.bin',
    },
    cifar100: {
      title: 'CIFAR-100',
      labels: 2,
      classCount: 100,
      archive: 'cifar-100-binary.tar.gz',
      files: 'train.bin, test.bin',
    },
  };
/** `'cifar10'` or `'cifar100'`. */
export const CIFAR_KIND = oneOf(Object.keys(KINDS));

/**
 * Reads files of CIFAR's binary version, one after the other.
 *
 * @param files the bytes of each file, decompressed or gzip
 * @param kind `'cifar10'` or `'cifar100'`, of which the fine classes are taken
 * @param names what to call the files in an error
 * @returns examples of shape [32, 32, 3]: the channels of a pixel side by side
 * @throws DataError `format` for the Python or MATLAB version, an archive, a wrong size, or a label that is no class;
 *   `argument` for what are no bytes, or another kind
 */
export function readCifar(
  files: readonly Uint8Array[],
  kind: CifarKind = 'cifar10',
  names?: readonly string[],
): ByteExamples {
  expectArguments('readCifar', { files: [files, listOf(bytes)], kind: [kind, CIFAR_KIND] });
  if (names !== undefined) expectArgument('readCifar', 'names', names, listOf(text));
  const wanted = KINDS[kind];
  const { title, labels: labelBytes, classCount } = wanted;
  const record = labelBytes + PIXELS;
  const contents = files.map((file, i) => {
    const name = names?.[i] ?? `${title} file ${i + 1}`;
    const fail = (given: string, what: string, advice: string): never => {
      throw new DataError('format', `${name}: ${given}; wanted ${what}. ${advice}`);
    };
    const version = `the binary version of ${title} (${wanted.archive}: ${wanted.files})`;
    const content = contentsOf(file, name);
    const other = foreign(content);
    if (other) fail(`starts with ${firstBytes(content)}: ${other.what}`, version, other.advice);
    if (content.length === 0 || content.length % record !== 0) {
      const fix = 'Compare its size with the publisher\'s; a file that was cut off is fetched again.'; // prettier-ignore
      fail(`${content.length} bytes`, `a multiple of ${record}, as in ${version}`, fix);
    }
    for (let at = labelBytes - 1; at < content.length; at += record) {
      if (content[at] < classCount) continue;
      const given = `label ${content[at]} in record ${(at - labelBytes + 1) / record}`;
      fail(given, `0 to ${classCount - 1}, as in ${version}`, 'Check that this file is it.');
    }
    return content;
  });
  const n = contents.reduce((sum, content) => sum + content.length / record, 0);
  const labels = new Uint8Array(n);
  const planes = new Uint8Array(n * PIXELS);
  let i = 0;
  for (const content of contents) {
    for (let at = 0; at < content.length; at += record, i++) {
      labels[i] = content[at + labelBytes - 1];
      planes.set(content.subarray(at + labelBytes, at + record), i * PIXELS);
    }
  }
  return { images: permuted(planes, [n, 3, 32, 32], [0, 2, 3, 1]), labels, n, shape: SHAPE, classCount };
}
