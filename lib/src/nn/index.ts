export type { ApplyContext, LayerRandom } from './context';
export type { Layer, Network, StateDict, StoredStateDict } from './types';
export { expectShape } from './checks';
export { stopGradient, type StatisticsGradient } from './stop-gradient';
export * from './normalization';
export * from './layers';
export * from './networks';
export * from './weights';
export { meanSquaredError, softmaxCrossEntropy, type Loss, type LossName } from './loss';
