/** What the library is made of wherever it runs: the rooms that ask their host through platform/ alone. */
export { Random } from './core/random';
export * from './engine';
export * from './statistics';
export * from './data';
export * from './nn';
export * from './probe';
export * from './train';
export * from './experiments';
export * from './figure';
export * from './notebook';
