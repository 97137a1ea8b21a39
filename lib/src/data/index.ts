export {
  batchIndices,
  type BatchOptions,
  examplesAt,
  type LabelledBatchOptions,
  oneClassBatchIndices,
  stratifiedBatchIndices,
  subset,
  type TensorOptions,
  type TensorPair,
  toTensors,
} from './batches';
export { type Dataset, type DatasetOptions, datasetText, loadDataset } from './dataset';
export { type DigitOptions, generateDigits } from './digits';
export { type DownloadOptions, type DownloadProgress } from './download';
export { DataError, type DataErrorCode } from './errors';
export { dataCacheFolder } from './folders';
export { CLASS_COUNT, type Examples, type IdxArray, IMAGE_PIXELS, IMAGE_SIDE, readExamples, readIdx } from './idx';
export { type ManifestDataset, type ManifestFile, type Part, PARTS, REAL_DATASETS, type RealName } from './manifest';
export { type ObtainedFiles, obtainFiles, type ObtainOptions } from './obtain';
