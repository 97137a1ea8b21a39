/**
 * Everything that the library is made of, for its tools and tests and for who builds on it: `import { ... } from 'bnlab/internal'`.
 * The names that notebooks use stand in `bnlab` itself.
 */
import './node';

export type { Environment } from './platform/port';
export { Random } from './core/random';
export * from './engine';
export * from './statistics';
export * from './data';
export * from './data/sources';
export * from './nn';
export * from './probe';
export * from './train';
export * from './experiments';
export * from './figure';
export * from './notebook';
