export { fans, gaussian, initializer, INITIALIZERS } from './initializers';
export type { Initializer, InitializerName } from './initializers';
export type { WeightOptions } from './initial';
export { FRAMEWORKS, type Framework, type FrameworkName } from './frameworks';
export { namedArrays, type NamedArray } from './modules';
export { giveWeights, takeWeights } from './travel';
