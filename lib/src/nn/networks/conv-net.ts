import { expectOptions, Options, own, shown } from '../../core/checks';
import { expectCount } from '../checks';
import { allOrNothing } from '../layers/base';
import { maxPool } from '../layers/pooling';
import { flatten, toImage } from '../layers/reshape';
import { Sequential } from '../layers/sequential';
import { isForImagesOnly, removesBias } from '../normalization/norms';
import { Layer } from '../types';
import {
  checkImage,
  convolutionBlock,
  denseBlock,
  IMAGE_NETWORK_OPTIONS,
  ImageNetworkOptions,
  plain,
  settle,
} from './options';

/** Options of `convNet`. */
export interface ConvNetOptions extends ImageNetworkOptions {
  /** Channels of each 3x3 convolution; each is followed by 2x2 max pooling. Default [16, 32]. */
  filters?: number[];
  /** Width of the hidden dense layer; 0 for none. Default 100. */
  hidden?: number;
}

const CONV_NET_OPTIONS: Options<ConvNetOptions> = { ...IMAGE_NETWORK_OPTIONS, filters: own, hidden: own };

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
    if (isForImagesOnly(settled.norm))
      throw new RangeError(`${where}: instance normalization wants hidden: 0, no dense layer.`);
    const bias = !removesBias(settled.norm);
    layers.push(denseBlock(`layer${next++}`, inputs, hidden, settled, { hidden: true, bias, placement: 'before' }));
    inputs = hidden;
  }
  layers.push(denseBlock(`layer${next}`, inputs, classes, settled, { hidden: false, bias: true, placement: 'before' }));
  return new Sequential(where, layers, plain('convNet', { image, classes, filters, hidden }, settled));
}
