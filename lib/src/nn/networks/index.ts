export { convNet, type ConvNetOptions } from './conv-net';
export { foldNetwork } from './fold';
export { inceptionBlock, inceptionNet, type InceptionChannels, type InceptionNetOptions } from './inception-net';
export { mlp, type MlpOptions } from './mlp';
export type { ImageNetworkOptions, NetworkOptions } from './options';
export { PLACEMENTS, placedMlp, type PlacedMlpOptions, type Placement } from './placed-mlp';
export { usePopulationStatistics } from './population';
export { residualNet, type ResidualNetOptions } from './residual-net';
export { NETWORK_KINDS, networkOf, type InitializerSpec, type NetworkSpec, type Specified } from './spec';
