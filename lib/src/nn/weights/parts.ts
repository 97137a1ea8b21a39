/** The layers of a network that hold weights, in their order, and how many channels reach each. */
import { expectArgument, network as aNetwork } from '../../core/checks';
import { Conv2dLayer } from '../layers/conv2d';
import { Conv2dTransposeLayer } from '../layers/conv2d-transpose';
import { DenseLayer } from '../layers/dense';
import { Parallel } from '../layers/parallel';
import { Residual } from '../layers/residual';
import { BatchNormLayer } from '../normalization/batch-norm-layer';
import { GroupNormLayer } from '../normalization/group-norm';
import { InstanceNormLayer } from '../normalization/instance-norm';
import { LayerNormLayer } from '../normalization/layer-norm';
import { Layer } from '../types';

/** Normalizations of each example by its own statistics. */
export type ExampleNorm = LayerNormLayer | GroupNormLayer | InstanceNormLayer;

/** A layer that holds weights. */
export interface Part {
  readonly layer: DenseLayer | Conv2dLayer | Conv2dTransposeLayer | BatchNormLayer | ExampleNorm;
  /** `convolution`: also a transposed one; `affine`: a normalization that keeps no statistics, so that gamma and beta are all it holds. */
  readonly kind: 'dense' | 'convolution' | 'norm' | 'affine';
  /** Of the images that were flattened before it; undefined where there were none. */
  readonly channels: number | undefined;
}

/**
 * The dense layers, convolutions and normalizations of a network.
 *
 * @throws RangeError for another layer with variables: what it holds has no counterpart
 */
export function partsOf(where: string, network: Layer): Part[] {
  expectArgument(where, 'network', network, aNetwork);
  const parts: Part[] = [];
  walk(network, undefined);
  return parts;

  /** Adds what is inside; returns the channels of the images that come out, undefined after a dense layer. */
  function walk(layer: Layer, channels: number | undefined): number | undefined {
    if (layer instanceof DenseLayer) {
      parts.push({ layer, kind: 'dense', channels: flattened(layer.inputs, channels) });
      return undefined;
    }
    if (layer instanceof Conv2dLayer || layer instanceof Conv2dTransposeLayer) {
      parts.push({ layer, kind: 'convolution', channels: undefined });
      return layer.outputs;
    }
    if (layer instanceof BatchNormLayer) {
      parts.push({ layer, kind: 'norm', channels: flattened(layer.features, channels) });
      return channels;
    }
    if (isExampleNorm(layer)) {
      if (layer.variables.length > 0) {
        parts.push({ layer, kind: 'affine', channels: flattened(layer.features, channels) });
      }
      return channels;
    }
    const inner = (layer as Partial<{ layers: Layer[] }>).layers;
    if (layer instanceof Parallel) {
      const outputs = layer.layers.map((branch) => walk(branch, channels));
      return outputs.reduce((sum, n) => (sum === undefined || n === undefined ? undefined : sum + n), 0);
    }
    if (layer instanceof Residual) {
      const out = walk(layer.branch, channels);
      if (layer.shortcut) walk(layer.shortcut, channels);
      return out;
    }
    if (inner) return inner.reduce((reaching, one) => walk(one, reaching), channels);
    if (layer.variables.length === 0) return channels;
    throw new RangeError(
      `${where}: the weights of ${layer.name} (${layer.constructor.name}) have no counterpart in another framework; ` +
        'those of dense layers, convolutions (transposed ones too), and batch, layer, group and instance normalization have.',
    );
  }
}

function isExampleNorm(layer: Layer): layer is ExampleNorm {
  return layer instanceof LayerNormLayer || layer instanceof GroupNormLayer || layer instanceof InstanceNormLayer;
}

/** The channels of images of which a layer sees every value as a feature. */
function flattened(features: number, channels: number | undefined): number | undefined {
  return channels !== undefined && features !== channels && features % channels === 0 ? channels : undefined;
}
