import { expectOptions, Options, own } from '../../core/checks';
import { expectCount } from '../checks';
import { activation as activationLayer } from '../layers/activation';
import { allOrNothing } from '../layers/base';
import { dense } from '../layers/dense';
import { dropout } from '../layers/dropout';
import { Residual } from '../layers/residual';
import { Sequential } from '../layers/sequential';
import { isForImagesOnly, normLayer } from '../normalization/norms';
import { Layer } from '../types';
import { denseBlock, NETWORK_OPTIONS, NetworkOptions, plain, settle } from './options';

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

const RESIDUAL_NET_OPTIONS: Options<ResidualNetOptions> = {
  ...{ ...NETWORK_OPTIONS, inputs: own, width: own, depth: own, classes: own },
};

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

function buildResidualNet(options: ResidualNetOptions): Sequential {
  expectOptions('residualNet', options, RESIDUAL_NET_OPTIONS);
  const where = options.name ?? 'residualNet';
  const settled = settle(where, options);
  const { inputs = 784, width = 100, depth = 8, classes = 10 } = options;
  expectCount(where, 'inputs', inputs);
  expectCount(where, 'width', width);
  expectCount(where, 'depth', depth, 0);
  expectCount(where, 'classes', classes);
  if (isForImagesOnly(settled.norm)) throw new RangeError(`${where}: instance normalization is for images.`);
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
