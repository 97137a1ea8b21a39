/**
 * What a notebook or a script imports in Node: `import { tf, Random } from 'bnlab'`. A browser's page imports browser.ts.
 *
 * @packageDocumentation
 * @document engine/gradients/gradients.md
 */
import './platform/node/set';
import './engine/engines/node';
import { setDatasetSource } from './data/source';
import { obtainFiles } from './data/sources';

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

setDatasetSource(obtainFiles);
