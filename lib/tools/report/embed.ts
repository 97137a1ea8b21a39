/** `--with-data`: a few real pictures inside the pages, for who has none at hand. */
import { gzipSync } from 'node:zlib';
import '../../src/platform/node/set';
import { loadDataset, subset } from '../../src/data';
import { type EmbeddedSet, idxFiles } from '../../src/data/embedded';
import { setDatasetSource } from '../../src/data/source';
import { obtainFiles } from '../../src/data/sources';
import { Random } from '../../src/core/random';

const [TRAIN, TEST] = [2000, 500];

/**
 * The part of MNIST that `{ kind: 'mnist', train: 2000, test: 500 }` names, so that a page and a notebook train on the same pictures. Its
 * distributors state a licence (CC BY-SA) that allows it, with the source named: the page names it.
 *
 * @throws DataError when MNIST cannot be had
 */
export async function embeddedMnist(): Promise<EmbeddedSet> {
  setDatasetSource(obtainFiles);
  const data = await loadDataset('mnist');
  const part = (which: 'train' | 'test', n: number) => idxFiles(subset(data[which], n, new Random(1, which)));
  const [train, test] = [part('train', TRAIN), part('test', TEST)];
  const packed = (bytes: Uint8Array) => gzipSync(bytes, { level: 9 }).toString('base64');
  return {
    ...{ name: 'mnist', train: TRAIN, test: TEST },
    notice: `${TRAIN + TEST} pictures of ${data.title} travel in this page. ${data.source}; ${data.licence}.`,
    files: {
      ...{ trainImages: packed(train.images), trainLabels: packed(train.labels) },
      ...{ testImages: packed(test.images), testLabels: packed(test.labels) },
    },
  };
}
