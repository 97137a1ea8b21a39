/** Runs of a comparison in another process: what is told to it, and what it does with that. */
import { engineCard, ready, tf } from '../engine';
import type { Kept } from '../lanes/lane';
import type { Trade } from '../lanes/serve';
import type { Numbers } from '../platform/port';
import { resolveComparison } from './compare-options';
import { ComparisonRuns, type Place } from './comparison-runs';
import type { TensorData, TrainingData } from './options';
import { isDataset, prepareData, type PreparedData } from './prepare';
import type { ResolvedRun } from './resolve';
import { arrived, type Travelling } from './travelling';

/** One run, as a lane is told of it. */
export interface LaneTask {
  place: Place;
  budget: ResolvedRun['budget'];
  /** Whether anybody wants to know how far it is. */
  wantsProgress: boolean;
}

/** What computes here: a lane where something else does is not asked. */
export function engineWords(): string {
  return JSON.stringify(engineCard());
}

/** Data as a lane keeps them. */
interface Packed {
  pixels: ResolvedRun['pixels'];
  data: TrainingData;
  /** Of tensors, whose numbers come beside: shapes and types of x and y of the training set, then of the test set. */
  tensors?: { shape: number[]; dtype: tf.DataType }[];
}

const PARTS = ['train', 'test'] as const;

/** Data for a lane: bytes of pictures, or the numbers of tensors; undefined for numbers of another kind. */
export function laneData(data: TrainingData, { pixels }: ResolvedRun, prepared: PreparedData): Kept | undefined {
  const key = JSON.stringify([isDataset(data), prepared.description, pixels]);
  if (isDataset(data)) {
    const without = (which: (typeof PARTS)[number]) => ({ ...data[which], images: undefined, labels: undefined });
    const about = { pixels, data: { ...data, train: without('train'), test: without('test') } };
    return { key, value: () => ({ about, arrays: PARTS.flatMap((part) => [data[part].images, data[part].labels]) }) };
  }
  const tensors = PARTS.flatMap((part) => [data[part].x, data[part].y]);
  if (tensors.some(({ dtype }) => dtype !== 'float32' && dtype !== 'int32')) return undefined;
  const forms = tensors.map(({ shape, dtype }) => ({ shape, dtype }));
  return {
    key,
    value: () => ({
      about: { pixels, data: { name: data.name }, tensors: forms },
      arrays: tensors.map((tensor) => tensor.dataSync() as Numbers),
    }),
  };
}

/** Bytes of the data where they are kept. */
export function bytesOf(data: TrainingData): number {
  const arrays = PARTS.flatMap<{ byteLength: number }>((part) => {
    const { x, y } = data[part] as TensorData['train'];
    return isDataset(data)
      ? [data[part].images, data[part].labels]
      : [{ byteLength: 4 * x.size }, { byteLength: 4 * y.size }];
  });
  return arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

interface LaneData {
  prepared: PreparedData;
  dispose(): void;
}

function unpack({ pixels, data, tensors }: Packed, arrays: Numbers[]): LaneData {
  if (!tensors) {
    const [images, labels, testImages, testLabels] = arrays;
    const given = data as Extract<TrainingData, { checksum: string }>;
    const prepared = prepareData(
      {
        ...given,
        train: { ...given.train, images, labels },
        test: { ...given.test, images: testImages, labels: testLabels },
      } as TrainingData,
      pixels,
    );
    return { prepared, dispose: () => prepared.dispose() };
  }
  const [x, y, testX, testY] = tensors.map(({ shape, dtype }, i) => tf.tensor(arrays[i], shape, dtype));
  // They were checked where they come from, one-hot or not.
  const prepared = prepareData({ ...data, train: { x, y }, test: { x: testX, y: testY } }, pixels, 'meanSquaredError');
  return { prepared, dispose: () => tf.dispose([x, y, testX, testY]) };
}

/** What a lane can do. */
export const LANE_RUNS: Trade<LaneData> = {
  about: async () => {
    await ready();
    return engineWords();
  },
  keep: (about, arrays) => unpack(about as Packed, arrays),
  letGo: (data) => data.dispose(),
  open(job, { prepared }) {
    const options = resolveComparison({ ...arrived(job as Travelling), data: undefined as never });
    const runs = new ComparisonRuns(options, prepared);
    try {
      runs.open();
    } catch (error) {
      runs.dispose();
      throw error;
    }
    return {
      run: (task, { signal, onProgress }) => {
        const { place, budget, wantsProgress } = task as LaneTask;
        return runs.make(place, { signal, budget, onProgress: wantsProgress ? onProgress : null });
      },
      close: () => runs.dispose(),
    };
  },
};
