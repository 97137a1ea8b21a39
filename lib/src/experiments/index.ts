export { chainGradient, chainOnBatch, chainOrders, type ChainOnBatchOptions, type ChainStepOptions } from './chain';
export {
  ignoredJacobian,
  SET_NORMS,
  setNormLayer,
  type IgnoredJacobianOptions,
  type IgnoredJacobianRun,
  type KeptJacobians,
  type SetNorm,
  type SetNormOptions,
} from './ignored-jacobian';
export { interleavedTimes, type RepeatOptions } from './interleaved-times';
export { layerTimes, type LayerTimesOptions } from './layer-times';
export { newtonSchulzErrors, type NewtonSchulzErrorOptions, type NewtonSchulzErrors } from './newton-schulz';
export {
  normalizationTimes,
  scalingOf,
  TIMED_PARTS,
  type NormalizationTimesOptions,
  type PartTimes,
  type Scaling,
  type TimedPart,
} from './normalization-times';
export {
  shiftThenNormalize,
  ShiftThenNormalizeLayer,
  trainShifted,
  type ShiftedOptions,
  type ShiftedRun,
  type ShiftThenNormalizeOptions,
} from './outside-gradient';
export { scaledLayer, type ScaledLayer, type ScaledLayerOptions } from './scaled-layer';
export { weightGrowth, type WeightGrowth, type WeightGrowthOptions } from './weight-growth';
