import { expectOptions, flag, needed, Options, own, shown } from '../../core/checks';
import { expectCount, expectOneOf } from '../checks';
import { allOrNothing } from '../layers/base';
import { Sequential } from '../layers/sequential';
import { isForImagesOnly, removesBias } from '../normalization/norms';
import { denseBlock, NETWORK_OPTIONS, NetworkOptions, plain, settle } from './options';

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

const MLP_OPTIONS: Options<MlpOptions> = { ...NETWORK_OPTIONS, sizes: needed(own), placement: own, bias: flag };

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
 * @throws RangeError for sizes, names, rates or options out of range; TypeError for initStd beside initializer
 */
export function mlp(options: MlpOptions): Sequential {
  return allOrNothing(() => buildMlp(options));
}

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
  if (isForImagesOnly(settled.norm)) {
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
