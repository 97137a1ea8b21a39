export type { ApplyContext, Layer, LayerRandom, Network, WeightsSnapshot } from './types';
export { expectShape } from './checks';
export {
  batchMoments,
  batchNorm,
  batchNormGradient,
  batchNormGradientCompact,
  batchNormInference,
  foldBatchNorm,
  populationStatistics,
  unbiasedVariance,
} from './batch-norm';
export type {
  BatchNormFunction,
  BatchNormGradient,
  BatchNormGradientSteps,
  BatchNormOptions,
  BatchNormResult,
  EpsilonOptions,
  FoldInput,
} from './batch-norm';
export { EXHIBITS, exhibit, stopGradient } from './exhibits';
export type { Exhibit, ExhibitName, InferenceFunction, MovingRule, NormalizationScheme } from './exhibits';
export { batchRenorm, groupNorm, instanceNorm, layerNorm } from './norms';
export {
  BatchRenormLayer,
  batchRenormLayer,
  ExampleNormLayer,
  groupNormLayer,
  instanceNormLayer,
  layerNormLayer,
} from './norms';
export type {
  BatchRenormLayerOptions,
  BatchRenormOptions,
  BatchRenormResult,
  GroupNormLayerOptions,
  NormLayerOptions,
} from './norms';
export {
  newtonSchulz,
  normalizationCost,
  whiten,
  whitenInference,
  whiteningMatrix,
  WhiteningLayer,
  whiteningLayer,
  WHITENINGS,
} from './whitening';
export type {
  NewtonSchulzOptions,
  NormalizationCost,
  WhiteningLayerOptions,
  WhiteningMethod,
  WhitenOptions,
  WhitenResult,
} from './whitening';
export {
  batchNorm64,
  batchNormGradient64,
  DECOMPOSITIONS,
  JACOBIAN_KINDS,
  moments64,
  norm64,
  normJacobians,
} from './float64';
export type { BatchNorm64, Decomposition, Float64Options, JacobianKind, NormJacobians, Rows } from './float64';
export { allLayers, batchNormLayers, foldNetwork, usePopulationStatistics } from './population';
export { fans, gaussian, initializer, INITIALIZERS } from './initializers';
export type { Initializer, InitializerName } from './initializers';
export { activation, ACTIVATIONS, activationDerivative, activationFunction, ActivationLayer } from './activations';
export type { ActivationName } from './activations';
export { BaseLayer, Composite } from './base';
export {
  averagePool,
  BatchNormLayer,
  batchNormLayer,
  conv2d,
  Conv2dLayer,
  dense,
  DenseLayer,
  dropout,
  DropoutLayer,
  flatten,
  FunctionLayer,
  globalAveragePool,
  maxPool,
  toImage,
} from './layers';
export type { BatchNormLayerOptions, ConvolutionOptions, PoolOptions, WeightOptions } from './layers';
export {
  Block,
  convNet,
  inceptionBlock,
  inceptionNet,
  mlp,
  normLayer,
  NORMS,
  Parallel,
  parallel,
  Residual,
  residual,
  residualNet,
  Sequential,
  sequential,
} from './networks';
export type {
  ConvNetOptions,
  ImageNetworkOptions,
  InceptionChannels,
  InceptionNetOptions,
  MlpOptions,
  NetworkOptions,
  NormName,
  NormOptions,
  ResidualNetOptions,
} from './networks';
export { NETWORK_KINDS, networkOf, type InitializerSpec, type NetworkSpec, type Specified } from './network-spec';
export { PLACEMENTS, placedMlp, type PlacedMlpOptions, type Placement } from './placements';
export { meanSquaredError, softmaxCrossEntropy, type Loss, type LossName } from './loss';
