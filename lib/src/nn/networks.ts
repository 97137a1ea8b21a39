/** Networks: plain, convolutional, Inception-style and residual, with or without normalization. */
import {
  counting,
  expectArgument,
  expectOptions,
  flag,
  layer as aLayer,
  listOf,
  needed,
  object,
  optionsOf,
  own,
  shown,
  type Options,
  text,
  type Wanted,
} from '../core/checks';
import { tf } from '../engine';
import { ActivationLayer, activation as activationLayer, ActivationName, ACTIVATIONS } from './activations';
import { allOrNothing, Composite } from './base';
import { batchNormLayer, BatchNormLayerOptions, conv2d, dense, dropout, DropoutLayer } from './layers';
import { averagePool, flatten, globalAveragePool, maxPool, toImage } from './layers';
import { expectContext, expectCount, expectFloatTensor, expectOneOf, expectRate, NAME_OPTION } from './checks';
import { EXHIBITS, exhibit, ExhibitName } from './exhibits';
import { expectInitializer, gaussian, initializer, Initializer } from './initializers';
import {
  batchRenormLayer,
  BatchRenormLayerOptions,
  groupNormLayer,
  GroupNormLayerOptions,
  instanceNormLayer,
  layerNormLayer,
} from './norms';
import { ApplyContext, Layer } from './types';
import { whiteningLayer, WhiteningLayerOptions } from './whitening';

/** Layers one after the other. */
export class Sequential extends Composite {
  /** What it was built from, as plain data, for provenance. */
  readonly config: Readonly<Record<string, unknown>>;

  constructor(name: string, layers: Layer[], config: Record<string, unknown> = {}) {
    super(name, layers);
    if (layers.length === 0) throw new RangeError(`${name}: wanted at least one layer, got none.`);
    expectArgument(name, 'config', config, object);
    this.config = config;
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectFloatTensor(this.name, 'x', x);
    expectContext(this.name, context);
    return tf.tidy(() => this.layers.reduce((h, layer) => layer.apply(h, context), x));
  }
}

/**
 * Layers one after the other, as a network.
 * @example const net = sequential([dense(784, 100, { name: 'layer1' }), activation('relu'), dense(100, 10, { name: 'layer2' })]);
 * @param options.name stands in messages; default `sequential`
 * @throws RangeError when there is no layer, or two layers use one label
 */
export function sequential(layers: Layer[], options: { name?: string } = {}): Sequential {
  expectOptions('sequential', options, NAME_OPTION);
  return new Sequential(options.name ?? 'sequential', layers);
}

/** Normalizations by name. Known-wrong variants carry `exhibit:` before their name. */
export const NORMS = ['none', 'batch', 'layer', 'group', 'instance', 'renorm', 'whiten'] as const;
/** One of {@link NORMS}, or `exhibit:` and one of {@link EXHIBITS}. */
export type NormName = (typeof NORMS)[number] | `exhibit:${ExhibitName}`;
const NORM_NAMES: readonly NormName[] = [...NORMS, ...EXHIBITS.map((name) => `exhibit:${name}` as const)];

/** Options of the normalization layers inside a network. Those of another kind than the one that is used have no effect. */
export type NormOptions = Omit<
  BatchNormLayerOptions & GroupNormLayerOptions & BatchRenormLayerOptions & WhiteningLayerOptions,
  'name' | 'exhibit'
>;

const NORM_OPTIONS: Options<NormOptions> = {
  ...{ epsilon: own, allowZeroEpsilon: flag, decay: own, center: flag, scale: flag, debias: flag, check: flag },
  ...{ initialGamma: own, initialBeta: own, kernel: own, groups: own, rMax: own, dMax: own },
  ...{ method: own, iterations: own, prescale: own },
};

/** What each kind of normalization takes of {@link NormOptions}. */
const SHARED_BY_NORMS = ['epsilon', 'allowZeroEpsilon', 'center', 'scale'] as const;
const OPTIONS_OF: Record<Exclude<(typeof NORMS)[number], 'none'>, readonly (keyof NormOptions)[]> = {
  batch: [...SHARED_BY_NORMS, 'decay', 'debias', 'check', 'initialGamma', 'initialBeta', 'kernel'],
  layer: SHARED_BY_NORMS,
  group: [...SHARED_BY_NORMS, 'groups'],
  instance: SHARED_BY_NORMS,
  renorm: [...SHARED_BY_NORMS, 'decay', 'rMax', 'dMax'],
  whiten: [...SHARED_BY_NORMS, 'decay', 'method', 'iterations', 'prescale'],
};

/**
 * A normalization layer by name; null for `none`.
 * @example normLayer('group', 32, { groups: 4 }, 'layer1')
 * @throws RangeError for a name that is not known, or options out of range
 */
export function normLayer(
  norm: NormName,
  features: number,
  options: NormOptions = {},
  name = norm as string,
): Layer | null {
  expectOneOf('normLayer', 'norm', norm, NORM_NAMES);
  expectOptions('normLayer', options, NORM_OPTIONS);
  const taken = norm === 'none' ? [] : OPTIONS_OF[norm.startsWith('exhibit:') ? 'batch' : (norm as 'batch')];
  const named = { ...Object.fromEntries(taken.map((option) => [option, options[option]])), name };
  switch (norm) {
    case 'none':
      return null;
    case 'batch':
      return batchNormLayer(features, named);
    case 'layer':
      return layerNormLayer(features, named);
    case 'group':
      return groupNormLayer(features, named);
    case 'instance':
      return instanceNormLayer(features, named);
    case 'renorm':
      return batchRenormLayer(features, named);
    case 'whiten':
      return whiteningLayer(features, named);
    default:
      return batchNormLayer(features, { ...named, exhibit: norm.slice('exhibit:'.length) as ExhibitName });
  }
}

/** Whether a bias before this normalization has no effect, because a mean over the batch or the image takes it away. */
function removesBias(norm: NormName): boolean {
  if (norm.startsWith('exhibit:')) return !exhibit(norm.slice('exhibit:'.length) as ExhibitName).biasBefore;
  return norm === 'batch' || norm === 'instance' || norm === 'renorm' || norm === 'whiten';
}

/** What the blocks of every network here share. */
export interface NetworkOptions {
  /** Default `none`. */
  norm?: NormName;
  /** epsilon, decay, center, scale, groups and so on, for all normalization layers. */
  normOptions?: NormOptions;
  /** The nonlinearity of the hidden layers. */
  activation?: ActivationName;
  /** Standard deviation of Gaussian initial weights, the same for all layers: short for `initializer: gaussian(initialScale)`. */
  initialScale?: number;
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

const NETWORK_OPTIONS: Options<NetworkOptions> = {
  ...{ norm: own, normOptions: optionsOf(NORM_OPTIONS), activation: own, initialScale: own, initializer: own },
  ...{ seed: own, dropout: own, name: text },
};

/** The layer that networks are built from: linear, normalization, nonlinearity, dropout, with its taps. */
export class Block extends Composite {
  /** The taps of the parts would repeat the block's own. */
  constructor(
    name: string,
    /** Dense layer or convolution. */
    readonly linear: Layer,
    /** The normalization; null for none. */
    readonly norm: Layer | null,
    /** The nonlinearity; `identity` for an output layer. */
    readonly activation: ActivationLayer,
    /** After the nonlinearity; null for none. */
    readonly dropout: DropoutLayer | null,
    /** Whether the normalization stands before the nonlinearity or after it. */
    readonly placement: 'before' | 'after',
  ) {
    expectArgument('Block', 'activation', activation, aLayer);
    expectOneOf('Block', 'placement', placement, ['before', 'after']);
    super(
      name,
      [linear, norm, activation, dropout].filter((layer): layer is Layer => layer !== null),
    );
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectContext(this.name, context);
    return tf.tidy(() => {
      const linear = this.linear.apply(x, context);
      context.tap?.(`${this.name}/linear`, linear);
      const entering = this.norm && this.placement === 'before' ? this.norm.apply(linear, context) : linear;
      let out = this.activation.apply(entering, context);
      if (this.norm && this.placement === 'after') out = this.norm.apply(out, context);
      return this.dropout ? this.dropout.apply(out, context) : out;
    });
  }
}

/** Fills in the defaults that all networks share, once and with checks. */
function settle(where: string, options: NetworkOptions) {
  const norm = options.norm ?? 'none';
  expectOneOf(where, 'norm', norm, NORM_NAMES);
  const activation = options.activation ?? 'relu';
  expectOneOf(where, 'activation', activation, ACTIVATIONS);
  if (options.initialScale !== undefined && options.initializer) {
    throw new TypeError(`${where}: give initialScale or initializer, not both.`);
  }
  expectRate(`${where}: dropout`, options.dropout ?? 0);
  if (options.initializer !== undefined) expectInitializer(where, options.initializer);
  const seed = options.seed ?? 0;
  if (!Number.isSafeInteger(seed)) throw new RangeError(`${where}: seed must be a whole number, got ${shown(seed)}.`);
  const start =
    options.initializer ??
    (options.initialScale !== undefined
      ? gaussian(options.initialScale)
      : initializer(activation === 'relu' ? 'he' : 'lecun'));
  return { norm, activation, seed, start, normOptions: options.normOptions ?? {}, dropout: options.dropout ?? 0 };
}

type Settled = ReturnType<typeof settle>;

function plain(kind: string, options: object, settled: Settled): Record<string, unknown> {
  const { start, ...rest } = settled;
  return { kind, ...options, ...rest, initializer: `${start.name} (${start.scale})` };
}

interface MlpOnly {
  /** Where the normalization stands: before the nonlinearity, as in the paper, or after it. Default `before`. */
  placement?: 'before' | 'after';
  /** Biases in hidden layers. Default: none where the normalization takes them away, else yes. */
  bias?: boolean;
}

/** Options of `mlp`. */
export interface MlpOptions extends NetworkOptions, MlpOnly {
  /** Widths from the input to the output, such as [784, 100, 100, 100, 10]. */
  sizes: number[];
}

/**
 * A fully connected network: hidden layers g(BN(W u)) (section 3.2: BN stands before the nonlinearity, and replaces the
 * bias), and a linear output layer with bias and without normalization. The paper's network of section 4.1 is
 * `mlp({ sizes: [784, 100, 100, 100, 10], activation: 'sigmoid', norm: 'batch', seed: 1 })`.
 *
 * Taps, for layers 1 to L: `layerI/linear` (W u + b), `layerI/xHat`, `layerI/preActivation` (what enters the nonlinearity),
 * `layerI/activation`. Labels: `layerI/weights`, `layerI/bias`, `layerI/gamma`, `layerI/beta`, `layerI/movingMean`, ...
 *
 * @param options.sizes at least an input and an output width
 * @returns a network from [m, sizes[0]] to logits [m, sizes[L]]
 * @throws RangeError for sizes, names, rates or options out of range; TypeError for initialScale beside initializer
 */
export function mlp(options: MlpOptions): Sequential {
  return allOrNothing(() => buildMlp(options));
}

const MLP_OPTIONS: Options<MlpOptions> = { ...NETWORK_OPTIONS, sizes: needed(own), placement: own, bias: flag };

function buildMlp(options: MlpOptions): Sequential {
  expectOptions('mlp', options, MLP_OPTIONS);
  const where = options.name ?? 'mlp';
  const settled = settle(where, options);
  const { sizes, placement = 'before' } = options;
  if (!Array.isArray(sizes) || sizes.length < 2) {
    throw new RangeError(`${where}: sizes must list at least the input and output widths, got ${shown(sizes)}.`);
  }
  Array.from(sizes, (size, i) => expectCount(where, `sizes[${i}]`, size));
  expectOneOf(where, 'placement', placement, ['before', 'after']);
  if (settled.norm === 'instance') {
    throw new RangeError(
      `${where}: instance normalization is for images; in a dense network each value would be its own mean.`,
    );
  }
  const bias = options.bias ?? !(removesBias(settled.norm) && placement === 'before');
  const last = sizes.length - 1;
  const layers = sizes.slice(1).map((outputs, i) => {
    const hidden = i + 1 < last;
    return denseBlock(`layer${i + 1}`, sizes[i], outputs, settled, { hidden, bias: hidden ? bias : true, placement });
  });
  return new Sequential(where, layers, plain('mlp', { sizes, placement, bias }, settled));
}

function denseBlock(
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

function convolutionBlock(
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

const IMAGE_NETWORK_OPTIONS: Options<ImageNetworkOptions> = { ...NETWORK_OPTIONS, image: own, classes: own };

/** Options of `convNet`. */
export interface ConvNetOptions extends ImageNetworkOptions {
  /** Channels of each 3x3 convolution; each is followed by 2x2 max pooling. Default [16, 32]. */
  filters?: number[];
  /** Width of the hidden dense layer; 0 for none. Default 100. */
  hidden?: number;
}

/**
 * A small convolutional network: 3x3 convolution, normalization, nonlinearity, 2x2 max pooling, for each of `filters`; then a
 * dense layer and the linear output. Taps and labels as in `mlp`, `layer1` on.
 *
 * @example convNet({ filters: [16, 32], norm: 'batch', seed: 1 })
 * @returns a network from [m, height, width, channels] or [m, height*width*channels] to logits [m, classes]
 * @throws as `mlp`
 */
export function convNet(options: ConvNetOptions = {}): Sequential {
  return allOrNothing(() => buildConvNet(options));
}

const CONV_NET_OPTIONS: Options<ConvNetOptions> = { ...IMAGE_NETWORK_OPTIONS, filters: own, hidden: own };

function buildConvNet(options: ConvNetOptions): Sequential {
  expectOptions('convNet', options, CONV_NET_OPTIONS);
  const where = options.name ?? 'convNet';
  const settled = settle(where, options);
  const { image = [28, 28, 1], classes = 10, filters = [16, 32], hidden = 100 } = options;
  checkImage(where, image, classes);
  expectCount(where, 'hidden', hidden, 0);
  if (!Array.isArray(filters)) throw new RangeError(`${where}: filters must be a list, got ${shown(filters)}.`);
  Array.from(filters, (outputs, i) => expectCount(where, `filters[${i}]`, outputs));
  const layers: Layer[] = [toImage(image)];
  let [height, width, channels] = image;
  filters.forEach((outputs, i) => {
    layers.push(convolutionBlock(`layer${i + 1}`, channels, outputs, 3, settled), maxPool(2, { name: `pool${i + 1}` }));
    channels = outputs;
    height = Math.ceil(height / 2);
    width = Math.ceil(width / 2);
  });
  layers.push(flatten());
  let inputs = height * width * channels;
  let next = filters.length + 1;
  if (hidden > 0) {
    if (settled.norm === 'instance')
      throw new RangeError(`${where}: instance normalization wants hidden: 0, no dense layer.`);
    const bias = !removesBias(settled.norm);
    layers.push(denseBlock(`layer${next++}`, inputs, hidden, settled, { hidden: true, bias, placement: 'before' }));
    inputs = hidden;
  }
  layers.push(denseBlock(`layer${next}`, inputs, classes, settled, { hidden: false, bias: true, placement: 'before' }));
  return new Sequential(where, layers, plain('convNet', { image, classes, filters, hidden }, settled));
}

function checkImage(where: string, image: readonly number[], classes: number): void {
  if (!Array.isArray(image) || image.length !== 3) {
    throw new RangeError(`${where}: image must be [height, width, channels], got ${shown(image)}.`);
  }
  Array.from(image, (size, i) => expectCount(where, `image[${i}]`, size));
  expectCount(where, 'classes', classes);
}

/** Branches side by side on the same input, joined along the channels. */
export class Parallel extends Composite {
  constructor(name: string, layers: Layer[]) {
    super(name, layers);
    if (layers.length === 0) throw new RangeError(`${name}: wanted at least one branch, got none.`);
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectFloatTensor(this.name, 'x', x);
    expectContext(this.name, context);
    return tf.tidy(() =>
      tf.concat(
        this.layers.map((branch) => branch.apply(x, context)),
        x.rank - 1,
      ),
    );
  }
}

/**
 * Branches side by side on the same input, their outputs joined along the last axis.
 * @example parallel([conv2d(16, 8, 1, { name: 'one' }), conv2d(16, 8, 3, { name: 'three' })])
 * @throws RangeError when there is no branch, or two use one label
 */
export function parallel(branches: Layer[], options: { name?: string } = {}): Parallel {
  expectOptions('parallel', options, NAME_OPTION);
  return new Parallel(options.name ?? 'parallel', branches);
}

/** Channels of the branches of an Inception block. */
export interface InceptionChannels {
  /** 1x1. */
  one: number;
  /** 1x1, then 3x3. */
  three: [number, number];
  /** 1x1, then two 3x3: the paper's replacement for 5x5 (section 4.2). */
  double: [number, number];
  /** Average pooling, then 1x1. */
  pool: number;
}

const PAIR: Wanted = {
  ...listOf(counting),
  words: 'two whole numbers of at least 1',
  fits: (value) => Array.isArray(value) && value.length === 2,
};
const INCEPTION_CHANNELS: Options<InceptionChannels> = {
  ...{ one: needed(counting), three: needed(PAIR), double: needed(PAIR), pool: needed(counting) },
};

/**
 * An Inception block (Szegedy et al. 2014) as in this paper's section 4.2: 1x1; 1x1 to 3x3; 1x1 to 3x3 to 3x3; average pooling
 * to 1x1; joined along the channels. Every convolution is followed by the normalization and the nonlinearity.
 * Blocks inside are named `NAME/one`, `NAME/three1`, `NAME/three2`, `NAME/double1` .. `NAME/double3`, `NAME/pool`.
 *
 * @example inceptionBlock(16, { one: 8, three: [8, 16], double: [4, 8], pool: 8 }, { norm: 'batch', name: 'block1' })
 * @param inputs channels of the input, [batch, height, width, inputs]
 * @returns a layer to [batch, height, width, one + three[1] + double[1] + pool]
 * @throws RangeError when a number of channels is not a whole number from 1, or as `mlp`
 */
export function inceptionBlock(inputs: number, channels: InceptionChannels, options: NetworkOptions = {}): Parallel {
  expectOptions('inceptionBlock', options, NETWORK_OPTIONS);
  expectOptions('inceptionBlock: channels', channels, INCEPTION_CHANNELS);
  expectCount('inceptionBlock', 'inputs', inputs);
  const name = options.name ?? 'inception';
  return allOrNothing(() => inception(name, inputs, channels, settle(name, options)));
}

function inception(
  name: string,
  inputs: number,
  { one, three, double, pool }: InceptionChannels,
  settled: Settled,
): Parallel {
  const block = (part: string, from: number, to: number, size: number) =>
    convolutionBlock(`${name}/${part}`, from, to, size, settled);
  const chain = (part: string, layers: Layer[]) => new Sequential(`${name}/${part}`, layers);
  return new Parallel(name, [
    block('one', inputs, one, 1),
    chain('three', [block('three1', inputs, three[0], 1), block('three2', three[0], three[1], 3)]),
    chain('double', [
      block('double1', inputs, double[0], 1),
      block('double2', double[0], double[1], 3),
      block('double3', double[1], double[1], 3),
    ]),
    chain('pool', [averagePool(3, { name: `${name}/average`, stride: 1 }), block('pool', inputs, pool, 1)]),
  ]);
}

/** Options of `inceptionNet`. */
export interface InceptionNetOptions extends ImageNetworkOptions {
  /** Channels of the 3x3 convolution that opens the network. Default 8. */
  stem?: number;
  /** The blocks; after each but the last the image is halved. Default: two blocks, of 24 and 48 channels. */
  blocks?: InceptionChannels[];
}

/**
 * A small network in the Inception style, for the paper's Figures 2 and 3 at a scale that fits a notebook: 3x3 convolution,
 * 2x2 max pooling, Inception blocks with pooling between, global average pooling, linear output.
 * Blocks are named `stem`, `block1`, `block2`, ..., and the last layer `output`.
 *
 * @example inceptionNet({ norm: 'batch', activation: 'relu', seed: 1 })
 * @returns a network from [m, height, width, channels] or [m, height*width*channels] to logits [m, classes]
 * @throws as `mlp`
 */
export function inceptionNet(options: InceptionNetOptions = {}): Sequential {
  return allOrNothing(() => buildInceptionNet(options));
}

const INCEPTION_NET_OPTIONS: Options<InceptionNetOptions> = {
  ...IMAGE_NETWORK_OPTIONS,
  ...{ stem: counting, blocks: listOf(optionsOf(INCEPTION_CHANNELS)) },
};

function buildInceptionNet(options: InceptionNetOptions): Sequential {
  expectOptions('inceptionNet', options, INCEPTION_NET_OPTIONS);
  const where = options.name ?? 'inceptionNet';
  const settled = settle(where, options);
  const {
    image = [28, 28, 1],
    classes = 10,
    stem = 8,
    blocks = [
      { one: 6, three: [6, 8], double: [4, 6], pool: 4 },
      { one: 12, three: [12, 16], double: [8, 12], pool: 8 },
    ],
  } = options;
  checkImage(where, image, classes);
  const layers: Layer[] = [
    toImage(image),
    convolutionBlock('stem', image[2], stem, 3, settled),
    maxPool(2, { name: 'stemPool' }),
  ];
  let channels = stem;
  blocks.forEach((block, i) => {
    layers.push(inception(`block${i + 1}`, channels, block, settled));
    if (i + 1 < blocks.length) layers.push(maxPool(2, { name: `pool${i + 1}` }));
    channels = block.one + block.three[1] + block.double[1] + block.pool;
  });
  layers.push(globalAveragePool());
  if (settled.dropout > 0) layers.push(dropout(settled.dropout, { name: 'output/dropout' }));
  layers.push(denseBlock('output', channels, classes, settled, { hidden: false, bias: true, placement: 'before' }));
  return new Sequential(where, layers, plain('inceptionNet', { image, classes, stem, blocks }, settled));
}

/** shortcut(x) + branch(x). */
export class Residual extends Composite {
  constructor(
    name: string,
    /** What is added to the shortcut. */
    readonly branch: Layer,
    /** A layer on the way past the branch; null for x itself. */
    readonly shortcut: Layer | null,
  ) {
    super(name, shortcut ? [branch, shortcut] : [branch]);
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectFloatTensor(this.name, 'x', x);
    expectContext(this.name, context);
    return tf.tidy(() => {
      const branch = this.branch.apply(x, context);
      const shortcut = this.shortcut ? this.shortcut.apply(x, context) : x;
      if (!tf.util.arraysEqual(branch.shape, shortcut.shape)) {
        throw new RangeError(
          `${this.name}: the branch gives [${branch.shape.join(', ')}], the shortcut [${shortcut.shape.join(', ')}]. ` +
            'Give a shortcut layer that makes them equal.',
        );
      }
      const sum = tf.add(shortcut, branch);
      context.tap?.(`${this.name}/shortcut`, shortcut);
      context.tap?.(`${this.name}/branch`, branch);
      context.tap?.(`${this.name}/sum`, sum);
      return sum;
    });
  }
}

/**
 * A residual block (He et al. 2016): x + branch(x), or shortcut(x) + branch(x).
 * Taps `NAME/shortcut`, `NAME/branch` and `NAME/sum`.
 * @example residual(sequential([batchNormLayer(64), activation('relu'), dense(64, 64)]), { name: 'block1' })
 * @throws RangeError when applied and the two shapes differ
 */
export function residual(branch: Layer, options: { name?: string; shortcut?: Layer } = {}): Residual {
  expectOptions<typeof options>('residual', options, { ...NAME_OPTION, shortcut: aLayer });
  return new Residual(options.name ?? 'residual', branch, options.shortcut ?? null);
}

/** Options of `residualNet`. */
export interface ResidualNetOptions extends NetworkOptions {
  /** Width of the input. Default 784. */
  inputs?: number;
  /** Width of the residual stream. Default 100. */
  width?: number;
  /** Number of residual blocks. Default 8. */
  depth?: number;
  /** Default 10. */
  classes?: number;
}

/**
 * A dense residual network in pre-activation form: W_in x, then `depth` blocks x + W g(norm(x)), then a linear output. It is
 * the setting of De & Smith 2020: without normalization the variance doubles with each block; with it the l-th branch is
 * 1/(l+1) of the block's output. Blocks are named `block1`, ...; taps `blockI/branch`, `blockI/sum`, `blockI/xHat`.
 *
 * @example residualNet({ depth: 50, norm: 'batch', activation: 'relu', seed: 1 })
 * @returns a network from [m, inputs] to logits [m, classes]
 * @throws as `mlp`
 */
export function residualNet(options: ResidualNetOptions = {}): Sequential {
  return allOrNothing(() => buildResidualNet(options));
}

const RESIDUAL_NET_OPTIONS: Options<ResidualNetOptions> = {
  ...{ ...NETWORK_OPTIONS, inputs: own, width: own, depth: own, classes: own },
};

function buildResidualNet(options: ResidualNetOptions): Sequential {
  expectOptions('residualNet', options, RESIDUAL_NET_OPTIONS);
  const where = options.name ?? 'residualNet';
  const settled = settle(where, options);
  const { inputs = 784, width = 100, depth = 8, classes = 10 } = options;
  expectCount(where, 'inputs', inputs);
  expectCount(where, 'width', width);
  expectCount(where, 'depth', depth, 0);
  expectCount(where, 'classes', classes);
  if (settled.norm === 'instance') throw new RangeError(`${where}: instance normalization is for images.`);
  const weights = { initializer: settled.start, seed: settled.seed };
  const layers: Layer[] = [dense(inputs, width, { ...weights, name: 'input' })];
  for (let i = 1; i <= depth; i++) {
    const name = `block${i}`;
    const branch = [
      normLayer(settled.norm, width, settled.normOptions, name),
      activationLayer(settled.activation, { name }),
      settled.dropout > 0 ? dropout(settled.dropout, { name: `${name}/dropout` }) : null,
      dense(width, width, { ...weights, name }),
    ].filter((layer): layer is Layer => layer !== null);
    layers.push(new Residual(name, new Sequential(`${name}/branch`, branch), null));
  }
  layers.push(denseBlock('output', width, classes, settled, { hidden: false, bias: true, placement: 'before' }));
  return new Sequential(where, layers, plain('residualNet', { inputs, width, depth, classes }, settled));
}
