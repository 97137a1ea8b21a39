/** The data of a run as tensors, checked. */
import { expectArgument, having, text } from '../core/checks';
import { tf } from '../engine';
import { IMAGE_SIDE, sizeOf, toTensors, type Dataset } from '../data';
import { expectOneHot, lossOf, softmaxCrossEntropy, type Loss, type LossName } from '../nn/loss';
import { expectInputs, expectTargets } from '../probe/model';
import type { Json, LabelledBatch } from '../probe/types';
import type { TensorData, TrainingData } from './options';
import { digest } from './provenance';

/** Data as tensors, checked, described for the provenance. */
export interface PreparedData {
  /** Training set. */
  train: LabelledBatch;
  /** Test set. */
  test: LabelledBatch;
  /** Name, checksum and sizes, for the provenance. */
  description: Json;
  /** Frees what was made here; tensors that were given stay. */
  dispose(): void;
}

const TENSOR_DATA = having<TensorData>(
  'a data set, as loadDataset() gives it, or { train: { x, y }, test: { x, y } }',
  {
    name: text,
  },
);

/**
 * Data as tensors, checked; a data set given as tensors stays the caller's.
 * @param loss decides whether targets must be one-hot
 */
export function prepareData(
  data: TrainingData,
  pixels: 'grey' | 'binary' = 'grey',
  loss?: LossName | Loss,
): PreparedData {
  return isDataset(data) ? fromDataset(data, pixels) : fromTensors(data, lossOf(loss) === softmaxCrossEntropy);
}

function fromDataset(data: Dataset, pixels: 'grey' | 'binary'): PreparedData {
  const train = toTensors(data.train, { pixels });
  const test = toTensors(data.test, { pixels });
  const { name, title, checksum } = data;
  const bytes = [data.train.images, data.train.labels, data.test.images, data.test.labels];
  const sizes = { shape: [...(data.train.shape ?? [IMAGE_SIDE, IMAGE_SIDE, 1])], classes: data.classCount };
  const counts = { train: data.train.n, test: data.test.n };
  const description = { name, title, checksum, pixels, ...sizes, ...counts, digest: digest(...bytes) };
  return { train, test, description, dispose: () => tf.dispose([train.x, train.y, test.x, test.y]) };
}

function fromTensors(data: TensorData, oneHot: boolean): PreparedData {
  if (data !== undefined && data !== null) expectArgument('trainNetwork', 'data', data, TENSOR_DATA);
  const check = (which: 'train' | 'test'): LabelledBatch => {
    const { x, y } = data?.[which] ?? {};
    expectInputs(`data.${which}`, x);
    expectTargets(`data.${which}`, x, y);
    if (oneHot) expectOneHot(`data.${which}.y`, y);
    return { x, y };
  };
  const train = check('train');
  const test = check('test');
  expectSameShapes(train, test);
  const bytes = [train.x, train.y, test.x, test.y].map((tensor) => tensor.dataSync());
  const sizes = { train: train.x.shape[0], test: test.x.shape[0] };
  const description = { name: data.name ?? 'tensors', ...sizes, digest: digest(...bytes) };
  return { train, test, description, dispose: () => undefined };
}

function expectSameShapes(train: LabelledBatch, test: LabelledBatch): void {
  for (const key of ['x', 'y'] as const) {
    const [wanted, given] = [train[key].shape.slice(1), test[key].shape.slice(1)];
    if (tf.util.arraysEqual(wanted, given)) continue;
    throw new RangeError(
      `data.test.${key} has shape [${test[key].shape}] and data.train.${key} [${train[key].shape}]; wanted the same but for the ` +
        'number of examples.',
    );
  }
}

/**
 * Numbers that go into a network for one example of this data, and that come out of it.
 *
 * @internal
 */
export function widthsOf(data: TrainingData): { inputs: number; outputs: number } {
  if (isDataset(data)) return { inputs: sizeOf(data.train), outputs: data.classCount };
  const { x, y } = data.train;
  return { inputs: tf.util.sizeFromShape(x.shape.slice(1)), outputs: tf.util.sizeFromShape(y.shape.slice(1)) };
}

/** Whether data came from a loader; else they are tensors. */
export function isDataset(data: TrainingData): data is Dataset {
  return typeof data === 'object' && data !== null && 'checksum' in data;
}
