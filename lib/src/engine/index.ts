export { tf } from './tf';
export { engineCard, ready } from './engine';
export { engineCardHtml, engineCardText } from './card';
export type { EngineCard, EngineName, PassedOver } from './card';
export { togetherPays } from './engines/registry';
export { EngineError } from './errors';
export * from './compile';
export { fusedBatchNorm, fusedIsFaster } from './fused';
export type { FusedBatchNorm } from './fused';
