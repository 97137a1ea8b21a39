export {
  activationPercentiles,
  FIGURE_1_PERCENTILES,
  observe,
  percentileProbe,
  saturation,
  saturationProbe,
  typicalUnit,
  wander,
  type ActivationPercentiles,
  type LookOptions,
  type Saturation,
  type SaturationOptions,
  type Values,
} from './activations';
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
export { effectiveRank, jacobian, numericalRank, singularValues, stableRank, type JacobianOptions } from './jacobian';
export {
  covariateShiftProbe,
  distributionDrift,
  driftProbe,
  internalCovariateShift,
  wasserstein1,
  type Drift,
  type LayerShift,
} from './shift';
export { type Json, type LabelledBatch, type Probe, type ProbePoint } from './types';
