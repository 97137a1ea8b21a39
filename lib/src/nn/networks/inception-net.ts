import { counting, expectOptions, listOf, needed, Options, optionsOf, Wanted } from '../../core/checks';
import { expectCount } from '../checks';
import { allOrNothing } from '../layers/base';
import { dropout } from '../layers/dropout';
import { Parallel } from '../layers/parallel';
import { averagePool, globalAveragePool, maxPool } from '../layers/pooling';
import { toImage } from '../layers/reshape';
import { Sequential } from '../layers/sequential';
import { Layer } from '../types';
import {
  checkImage,
  convolutionBlock,
  denseBlock,
  IMAGE_NETWORK_OPTIONS,
  ImageNetworkOptions,
  NETWORK_OPTIONS,
  NetworkOptions,
  plain,
  settle,
  Settled,
} from './options';

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

const INCEPTION_NET_OPTIONS: Options<InceptionNetOptions> = {
  ...IMAGE_NETWORK_OPTIONS,
  ...{ stem: counting, blocks: listOf(optionsOf(INCEPTION_CHANNELS)) },
};

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
