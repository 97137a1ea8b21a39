/** What all networks here take, resolved once, and the blocks that they are built from. */
import { Options, optionsOf, own, shown, text } from '../../core/checks';
import { expectCount, expectOneOf, expectRate } from '../checks';
import { activation as activationLayer, ActivationName, ACTIVATIONS } from '../layers/activation';
import { Block } from '../layers/block';
import { conv2d } from '../layers/conv2d';
import { dense } from '../layers/dense';
import { dropout } from '../layers/dropout';
import { NORM_NAMES, NORM_OPTIONS, normLayer, NormName, NormOptions, removesBias } from '../normalization/norms';
import { expectInitializer, gaussian, Initializer, initializer } from '../weights/initializers';

/** What the blocks of every network here share. */
export interface NetworkOptions {
  /** Default `none`. */
  norm?: NormName;
  /** epsilon, decay, center, scale, groups and so on, for all normalization layers. */
  normOptions?: NormOptions;
  /** The nonlinearity of the hidden layers. */
  activation?: ActivationName;
  /** Standard deviation of Gaussian initial weights, the same for all layers: short for `initializer: gaussian(initStd)`. */
  initStd?: number;
  /** Where weights start. Default: `he` for relu, `lecun` otherwise. */
  initializer?: Initializer;
  /** The same seed gives the same weights, whatever the normalization. Default 0. */
  seed?: number;
  /**
   * Rate of dropout, in [0, 1): in `mlp` and `residualNet` after each hidden nonlinearity, in `convNet` after that of the dense
   * hidden layer, in `inceptionNet` before the output layer; an `inceptionBlock` has none. Default 0: none.
   */
  dropout?: number;
  /** A name for messages; default that of the function. */
  name?: string;
}

export const NETWORK_OPTIONS: Options<NetworkOptions> = {
  ...{ norm: own, normOptions: optionsOf(NORM_OPTIONS), activation: own, initStd: own, initializer: own },
  ...{ seed: own, dropout: own, name: text },
};

/** Fills in the defaults that all networks share, once and with checks. */
export function settle(where: string, options: NetworkOptions) {
  const norm = options.norm ?? 'none';
  expectOneOf(where, 'norm', norm, NORM_NAMES);
  const activation = options.activation ?? 'relu';
  expectOneOf(where, 'activation', activation, ACTIVATIONS);
  if (options.initStd !== undefined && options.initializer) {
    throw new TypeError(`${where}: give initStd or initializer, not both.`);
  }
  expectRate(`${where}: dropout`, options.dropout ?? 0);
  if (options.initializer !== undefined) expectInitializer(where, options.initializer);
  const seed = options.seed ?? 0;
  if (!Number.isSafeInteger(seed)) throw new RangeError(`${where}: seed must be a whole number, got ${shown(seed)}.`);
  const start =
    options.initializer ??
    (options.initStd !== undefined ? gaussian(options.initStd) : initializer(activation === 'relu' ? 'he' : 'lecun'));
  return { norm, activation, seed, start, normOptions: options.normOptions ?? {}, dropout: options.dropout ?? 0 };
}

export type Settled = ReturnType<typeof settle>;

export function plain(kind: string, options: object, settled: Settled): Record<string, unknown> {
  const { start, ...rest } = settled;
  return { kind, ...options, ...rest, initializer: `${start.name} (${start.scale})` };
}

export function denseBlock(
  name: string,
  inputs: number,
  outputs: number,
  settled: Settled,
  { hidden, bias, placement }: { hidden: boolean; bias: boolean; placement: 'before' | 'after' },
): Block {
  return new Block(
    name,
    dense(inputs, outputs, { name, bias, initializer: settled.start, seed: settled.seed }),
    hidden ? normLayer(settled.norm, outputs, settled.normOptions, name) : null,
    activationLayer(hidden ? settled.activation : 'identity', { name }),
    hidden && settled.dropout > 0 ? dropout(settled.dropout, { name: `${name}/dropout` }) : null,
    placement,
  );
}

export function convolutionBlock(
  name: string,
  inputs: number,
  outputs: number,
  size: number,
  settled: Settled,
  stride = 1,
): Block {
  return new Block(
    name,
    conv2d(inputs, outputs, size, {
      name,
      stride,
      bias: !removesBias(settled.norm),
      initializer: settled.start,
      seed: settled.seed,
    }),
    normLayer(settled.norm, outputs, settled.normOptions, name),
    activationLayer(settled.activation, { name }),
    null,
    'before',
  );
}

/** Options that networks for images share. */
export interface ImageNetworkOptions extends NetworkOptions {
  /** [height, width, channels] of the input. Default [28, 28, 1]; flat examples [m, 784] are taken too. */
  image?: [number, number, number];
  /** Default 10. */
  classes?: number;
}

export const IMAGE_NETWORK_OPTIONS: Options<ImageNetworkOptions> = { ...NETWORK_OPTIONS, image: own, classes: own };

export function checkImage(where: string, image: readonly number[], classes: number): void {
  if (!Array.isArray(image) || image.length !== 3) {
    throw new RangeError(`${where}: image must be [height, width, channels], got ${shown(image)}.`);
  }
  Array.from(image, (size, i) => expectCount(where, `image[${i}]`, size));
  expectCount(where, 'classes', classes);
}
