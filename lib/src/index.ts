/**
 * What a notebook or a script imports: `import { tf, Random } from 'bnlab'`.
 *
 * @packageDocumentation
 * @document engine/gradients/gradients.md
 */
import './engine/engines/node';

export * from './engine';
export * from './statistics';
export * from './data';
export * from './nn';
export * from './probe';
export * from './train';
export * from './experiments';
export * from './figure';
export * from './notebook';
