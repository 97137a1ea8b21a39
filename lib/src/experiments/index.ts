export { type BatchNoise, type BatchNoiseSpec } from './batch-noise';
export { trainShifted, type BiasGrowthSpec, type ShiftedOptions, type ShiftedRun } from './bias-growth';
export { type BlowUp, type BlowUpRow } from './blow-up';
export { chainGradient, chainOnBatch, chainOrders, type ChainOnBatchOptions, type ChainStepOptions } from './chain';
export {
  type ComparisonAnswer,
  type ComparisonSpec,
  type MissingRun,
  type Origin,
  type SideAtRate,
  type SideSpec,
  type TrainingSpec,
} from './comparison-spec';
export { datasetOf, type DataSpec } from './data-spec';
export { Deck } from './descent';
export {
  bestTrackingRate,
  trackingError,
  trackOptimum,
  type DriftingOptimum,
  type TrackedOptimum,
  type TrackOptimumOptions,
  type TrackOptimumSpec,
} from './drifting-optimum';
export {
  defineExperiment,
  runIdentity,
  type Definition,
  type Experiment,
  type OpenExperiment,
  type PartsDone,
  type Session,
  type RunIdentity,
  type RunPoint,
  type RunProgress,
  type RunControl,
} from './experiment';
export { type AccuracyCurve, type Figure1 } from './figure-1';
export { gradientErrors, type GradientError, type GradientErrorsOptions } from './gradient-errors';
export { noiseInTraining, type GradientNoiseSpec, type NoiseInTrainingOptions, type NoiseLook } from './gradient-noise';
export { type GradientScanSpec } from './gradient-scan';
export {
  ignoredJacobian,
  ignoredTerm,
  type IgnoredJacobianOptions,
  type IgnoredJacobianRun,
  type IgnoredJacobianSpec,
} from './ignored-jacobian';
export { INPUT_KINDS, inputDescent, type InputDescent, type InputDescentSpec, type InputKind } from './input-descent';
export { layerChange, type LayerChange, type LayerChangeOptions } from './layer-change';
export {
  layerTimes,
  type LayerTime,
  type LayerTimesOptions,
  type LayerTimesSpec,
  type TimedLayer,
} from './layer-times';
export { type LearningRateSweep } from './learning-rate-sweep';
export { movingInput, type MovingInput, type MovingInputOptions, type MovingInputSpec } from './moving-input';
export { INPUT_MOTIONS, type InputMotion, type MovingInputRun } from './moving-input-study';
export {
  newtonSchulzErrors,
  type NewtonSchulzErrorOptions,
  type NewtonSchulzErrors,
  type NewtonSchulzSpec,
} from './newton-schulz';
export {
  experiments,
  listExperiments,
  runExperiment,
  type ExperimentName,
  type ListedExperiment,
  type OptionsOf,
  type ResultOf,
} from './registry';
export { READINGS, type Reading, type ReadingName, type RunCurve, type RunnableSpec } from './readings';
export { atRates, rateLimit, type RateLimit, type RateLimitOptions, type RateRun } from './rate-limit';
export { type SaturationCurve, type SaturationInTraining, type SaturationSpec } from './saturation-in-training';
export {
  scaledLayer,
  type ScaledLayer,
  type ScaledLayerNorms,
  type ScaledLayerOptions,
  type ScaledLayerSpec,
} from './scaled-layer';
export {
  scaleFreeTraining,
  type ScaleFreeOptions,
  type ScaleFreeSettings,
  type ScaleFreeSpec,
  type ScaleFreeTraining,
} from './scale-free-training';
export { NORMS_OVER_BATCH, normOverBatchLayer, type NormOverBatch, type NormOverBatchOptions } from './norm-over-batch';
export { sideBySide, type LayerSeen, type SideBySide, type SideSeen } from './side-by-side';
export {
  shiftedRegression,
  type NormalDistribution,
  type ShiftedRegression,
  type ShiftedRegressionOptions,
  type ShiftedRegressionSpec,
  type WeightedFit,
} from './shifted-regression';
export { changedPictures, PICTURE_CHANGES, type PictureChange } from './changed-pictures';
export {
  domainShift,
  type DomainShift,
  type DomainShiftOptions,
  type DomainShiftRow,
  type DomainShiftSettings,
  type DomainShiftSpec,
  type StatisticsOf,
} from './domain-shift';
export { shiftThenNormalize, ShiftThenNormalizeLayer, type ShiftThenNormalizeOptions } from './shift-then-normalize';
export {
  smallBatches,
  type SmallBatchesOptions,
  type SmallBatchesRow,
  type SmallBatchesSettings,
  type SmallBatchesSpec,
} from './small-batches';
export { loadSweep, type SweepResult } from './sweep-results';
export {
  defineSweep,
  type SweepAxis,
  type Sweeping,
  type SweepRun,
  type SweepSpec,
  type SweepValue,
} from './sweep-spec';
export { type ScaledTraining, type ScaledTrainingSpec } from './scaled-training';
export { usableRange, type UsableRange, type UsableRangeOptions } from './usable-range';
export { type TrainingRun, type TrainingRunSpec } from './training-run';
export {
  STEP_MODES,
  stepTimes,
  type StepMode,
  type StepTimes,
  type StepTimesOptions,
  type StepTimesSpec,
} from './step-times';
export {
  stepsToLosses,
  type StepsAtRate,
  type StepsToLoss,
  type StepsToLosses,
  type StepsToLossesOptions,
  type StepsToLossesSpec,
} from './steps-to-losses';
export { weightGrowth, type WeightGrowth, type WeightGrowthOptions, type WeightGrowthSpec } from './weight-growth';
export type { Needed, Options, Wanted } from '../core/checks';
