export { fans, gaussian, initializer, INITIALIZERS } from './initializers';
export type { Initializer, InitializerName } from './initializers';
export type { WeightOptions } from './initial';
