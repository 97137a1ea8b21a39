/** Options of layers with weights, and the weights that they start with. */
import { flag, Options, own, whole } from '../../core/checks';
import { Random } from '../../core/random';
import { tf } from '../../engine';
import { expectInitializer, Initializer, initializer } from './initializers';

/** Options of layers with weights. */
export interface WeightOptions {
  /** Label of the variables, such as `layer1`. Default `dense` or `conv2d`; a network wants each label once. */
  name?: string;
  /** Default true; false where a normalization that removes the mean follows. */
  bias?: boolean;
  /** Default `lecun`: normal, variance 1/fanIn. */
  initializer?: Initializer;
  /** Names the random stream: the same seed and name give the same weights. Default 0. */
  seed?: number;
}

export const WEIGHT_OPTIONS: Options<WeightOptions> = { name: own, bias: flag, initializer: own, seed: whole };

export function initialWeights(name: string, shape: number[], options: WeightOptions): tf.Tensor {
  const make = options.initializer ?? initializer('lecun');
  expectInitializer(name, make);
  return tf.tensor(make.make(shape, new Random(options.seed ?? 0).child(`${name}/weights`)), shape);
}
