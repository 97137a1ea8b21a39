export { DataError, type DataErrorCode } from './errors';
export { CLASS_COUNT, type Examples, IMAGE_PIXELS, IMAGE_SIDE, readExamples, readIdx, type IdxArray } from './idx';
export { type Dataset, type DatasetOptions, loadDataset } from './dataset';
export {
  batchIndices,
  type BatchOptions,
  type LabelledBatchOptions,
  oneClassBatchIndices,
  examplesAt,
  stratifiedBatchIndices,
  subset,
  type TensorOptions,
  type TensorPair,
  toTensors,
} from './batches';
