/** Where batch normalization can stand in a layer: section 3.2's choice and the alternatives. */
import { expectOptions, needed, Options, own } from '../../core/checks';
import { expectOneOf } from '../checks';
import { allOrNothing } from '../layers/base';
import { Sequential } from '../layers/sequential';
import { batchNormLayer } from '../normalization/batch-norm-layer';
import { mlp, MlpOptions } from './mlp';

/** Places by name; see {@link placedMlp}. */
export const PLACEMENTS = ['none', 'before', 'after', 'input', 'beforeAndReadout'] as const;

/** One of {@link PLACEMENTS}. */
export type Placement = (typeof PLACEMENTS)[number];

/** Options of {@link placedMlp}. */
export type PlacedMlpOptions = Pick<MlpOptions, 'sizes' | 'activation' | 'initializer' | 'seed'> & { place: Placement };

const PLACED_MLP_OPTIONS: Options<PlacedMlpOptions> = {
  ...{ sizes: needed(own), activation: own, initializer: own, seed: own, place: needed(own) },
};

/**
 * A fully connected network with batch normalization at one of several places of each hidden layer with input u:
 *
 *     none    z = g(W u + b)
 *     before  z = g(BN(W u))          the paper's (section 3.2)
 *     after   z = BN(g(W u + b))
 *     input   z = g(W BN(u) + b)      "We could have also normalized the layer inputs u" (section 3.2)
 *
 * and, as a control of `after`, which also normalizes what the output layer reads,
 *
 *     beforeAndReadout  as `before`, and BN on what the output layer reads
 *
 * `after` and `input` normalize the same values between two hidden layers; they differ at the ends: `input` normalizes what the
 * network reads, `after` what the output layer reads. The output layer is linear, as in `mlp`, whose labels and taps these are;
 * the normalizations of `input` are `input1`, `input2` and so on, that of the output layer's input `readout`.
 *
 * @example placedMlp({ sizes: [784, 100, 100, 10], activation: 'sigmoid', place: 'input', seed: 1 })
 * @returns a network from [m, sizes[0]] to logits [m, sizes[L]]; the same seed gives the same weights at every place
 * @throws RangeError for a place that is not known, and what `mlp` refuses
 */
export function placedMlp(given: PlacedMlpOptions): Sequential {
  expectOptions('placedMlp', given, PLACED_MLP_OPTIONS);
  const { place, ...options } = given;
  expectOneOf('placedMlp', 'place', place, PLACEMENTS);
  if (place === 'none') return mlp(options);
  if (place === 'before' || place === 'after') return mlp({ ...options, norm: 'batch', placement: place });
  return allOrNothing(() => {
    const { name, layers, config } = mlp({ ...options, norm: place === 'input' ? 'none' : 'batch' });
    const last = layers.length - 1;
    const normalized = layers.flatMap((layer, i) => {
      if (place === 'input' ? i === last : i !== last) return [layer];
      return [batchNormLayer(options.sizes[i], { name: place === 'input' ? `input${i + 1}` : 'readout' }), layer];
    });
    return new Sequential(name, normalized, { ...config, place });
  });
}
