export type { NormLayerOptions } from './affine-layer';
export { batchNormGradient, batchNormGradientCompact } from './backward';
export type { BatchNormGradient, BatchNormGradientSteps } from './backward';
export { batchNorm, type BatchNormFunction, type BatchNormResult } from './batch-norm';
export { BatchNormLayer, batchNormLayer, batchNormLayers } from './batch-norm-layer';
export { type BatchNormLayerOptions } from './batch-norm-options';
export { batchRenorm, BatchRenormLayer, batchRenormLayer } from './batch-renorm';
export type { BatchRenormLayerOptions, BatchRenormOptions, BatchRenormResult } from './batch-renorm';
export { type Convention, type ConventionName, CONVENTIONS } from './conventions';
export { normalizationCost, type NormalizationCost } from './cost';
export { batchNorm64, batchNormGradient64, moments64 } from './float64';
export type { BatchNorm64, Float64Options, Rows } from './float64';
export { groupNorm, GroupNormLayer, groupNormLayer, type GroupNormLayerOptions } from './group-norm';
export {
  batchNormInference,
  foldBatchNorm,
  type FoldInput,
  type FoldLayout,
  type InferenceFunction,
} from './inference';
export { instanceNorm, InstanceNormLayer, instanceNormLayer } from './instance-norm';
export { DECOMPOSITIONS, type Decomposition } from './inverse-root';
export { JACOBIAN_KINDS, norm64, normJacobians, type JacobianKind, type NormJacobians } from './jacobians';
export { layerNorm, LayerNormLayer, layerNormLayer } from './layer-norm';
export { maskedBatchNorm } from './masked';
export { batchMoments, unbiasedVariance } from './moments';
export type { MovingRule } from './moving';
export { newtonSchulz, type NewtonSchulzOptions } from './newton-schulz';
export { normLayer, NORMS, type NormName, type NormOptions } from './norms';
export {
  ghostBatchNormLayer,
  referenceBatchNormLayer,
  withReference,
  type PartialBatchNormOptions,
} from './partial-batch-norm';
export { PITFALLS, pitfall, type Pitfall, type PitfallName, type NormalizationScheme } from './pitfalls';
export { populationStatistics } from './population';
export type { BatchNormOptions, EpsilonOptions } from './shared';
export { whiten, whitenInference, whiteningMatrix, WHITENINGS } from './whitening';
export type { WhiteningMethod, WhitenOptions, WhitenResult } from './whitening';
export { WhiteningLayer, whiteningLayer, type WhiteningLayerOptions } from './whitening-layer';
