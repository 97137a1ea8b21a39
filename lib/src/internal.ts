/**
 * Everything that the library is made of, for its tools and tests and for who builds on it: `import { ... } from 'bnlab/internal'`.
 * The names that notebooks use stand in `bnlab` itself.
 */
import './node';

export type { Environment } from './platform/port';
export * from './data/sources';
export * from './rooms';
