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
export { type DataArray, type Elements } from './arrays';
export { type CifarKind, readCifar } from './cifar';
export { type Dataset, type DatasetName, type DatasetOptions, datasetText, loadDataset } from './dataset';
export { type DigitOptions, generateDigits } from './digits';
export { DataError, type DataErrorCode } from './errors';
export {
  type ByteExamples,
  CLASS_COUNT,
  type Examples,
  examplesFrom,
  type ExamplesOptions,
  IMAGE_PIXELS,
  IMAGE_SIDE,
  imageShape,
  sizeOf,
} from './examples';
export { type IdxArray, readExamples, readIdx } from './idx';
export { type ManifestDataset, type ManifestFile, type Part, PARTS, REAL_DATASETS, type RealName } from './manifest';
export { readNpy, writeNpy } from './npy';
export { readNpz, writeNpz } from './npz';
export { readSafetensors, writeSafetensors } from './safetensors';
export { shrinkImages } from './shrink';
export { readTfjsWeights, tfjsFiles, writeTfjsWeights } from './tfjs-weights';
export {
  type DatasetSource,
  type DownloadOptions,
  type DownloadProgress,
  type ObtainedFiles,
  type ObtainOptions,
} from './source';
