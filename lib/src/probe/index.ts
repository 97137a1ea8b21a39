export {
  activationPercentiles,
  FIGURE_1_PERCENTILES,
  captureActivations,
  percentileDrift,
  percentileProbe,
  saturation,
  saturationProbe,
  typicalUnit,
  type ActivationPercentiles,
  type LookOptions,
  type Saturation,
  type SaturationOptions,
} from './activations';
export { batchDependence, type BatchDependence, type BatchDependenceOptions } from './batch-dependence';
export { zcaGradients, type ZcaGradientOptions, type ZcaGradients } from './eigenvector-gradient';
export { inputHessian, type InputHessian } from './input-hessian';
export { gradientNoise, type GradientNoise, type GradientNoiseOptions } from './gradient-noise';
export { gradientProjection, type GradientProjection } from './gradient-projection';
export { curvature, type Curvature, type CurvatureOptions } from './curvature';
export {
  gradientNormProbe,
  gradientNorms,
  gradientPredictiveness,
  lossAlongGradient,
  sgdUpdateRatios,
  updateRatioProbe,
  updateRatios,
  type GradientNorms,
  type GradientPredictiveness,
  type LossAlongGradient,
  type LossLookOptions,
} from './gradients';
export {
  DENSITY_POINTS,
  distributionShape,
  layerShape,
  shapeDistance,
  shapeProbe,
  type DistributionShape,
  type LayerShape,
  type TrainedShape,
} from './gaussianity';
export { effectiveBatch, type EffectiveBatch, type EffectiveBatchOptions } from './effective-batch';
export { effectiveRank, jacobian, numericalRank, singularValues, stableRank, type JacobianOptions } from './jacobian';
export {
  linearityProbe,
  linearizedOutputs,
  linearRegime,
  linearRegimeOfNormal,
  type Linearity,
  type LinearRegime,
  type LinearRegimeOptions,
} from './linear-regime';
export {
  gradientScan,
  signalPropagation,
  type GradientScanOptions,
  type GradientScanRow,
  type Propagation,
  type PropagationOptions,
} from './propagation';
export { sampleProbe } from './samples';
export {
  gaussianMean,
  SCALAR_FUNCTIONS,
  saturationKind,
  saturationPoint,
  type SaturationKind,
  type ScalarFunction,
  type ScalarName,
  type Tail,
} from './saturating';
export {
  covariateShiftProbe,
  distributionDrift,
  driftProbe,
  internalCovariateShift,
  wasserstein1,
  type Drift,
  type LayerShift,
} from './shift';
export {
  type Json,
  type LabelledBatch,
  type NoProbes,
  type Probe,
  type ProbePoint,
  type Probes,
  type ProbeValues,
  type Stored,
  type Values,
} from './types';
export { inputDriftProbe, type InputDrift, type InputDriftOptions } from './input-drift';
export { reductionRatio, type ReductionRatio } from './reduction-ratio';
export { covarianceEigenvalues, pairwiseDistances, rowsWithSpectrum, type SpectrumOptions } from './covariance';
export { batchJacobianNorm } from './batch-jacobian';
export { batchToBatch, type BatchToBatch, type BatchToBatchOptions } from './batch-to-batch';
export {
  distanceFromOne,
  layerJacobians,
  normalizedJacobian,
  type LayerJacobianOptions,
  type LinearNormalization,
} from './layer-jacobian';
