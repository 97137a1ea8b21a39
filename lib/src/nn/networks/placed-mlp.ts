/** Where batch normalization can stand in a layer: section 3.2's choice and the alternatives. */
import { expectOptions, needed, Options, own } from '../../core/checks';
import { expectOneOf } from '../checks';
import { allOrNothing } from '../layers/base';
import { Sequential } from '../layers/sequential';
import { batchNormLayer } from '../normalization/batch-norm-layer';
import { mlp, MlpOptions } from './mlp';

/** Places by name; see {@link placedMlp}. */
export const PLACEMENTS = ['none', 'before', 'after', 'input'] as const;

/** One of {@link PLACEMENTS}. */
export type Placement = (typeof PLACEMENTS)[number];

/** Options of {@link placedMlp}. */
export type PlacedMlpOptions = Pick<MlpOptions, 'sizes' | 'activation' | 'initializer' | 'seed'> & { place: Placement };

const PLACED_MLP_OPTIONS: Options<PlacedMlpOptions> = {
  ...{ sizes: needed(own), activation: own, initializer: own, seed: own, place: needed(own) },
};

/**
 * A fully connected network with batch normalization at one of four places of each hidden layer with input u:
 *
 *     none    z = g(W u + b)
 *     before  z = g(BN(W u))          the paper's (section 3.2)
 *     after   z = BN(g(W u + b))
 *     input   z = g(W BN(u) + b)      "We could have also normalized the layer inputs u" (section 3.2)
 *
 * `after` and `input` normalize the same values between two hidden layers; they differ at the ends: `input` normalizes what the
 * network reads, `after` what the output layer reads. The output layer is linear, as in `mlp`, whose labels and taps these are;
 * the normalizations of `input` are `input1`, `input2` and so on.
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
  if (place !== 'input') return mlp({ ...options, norm: 'batch', placement: place });
  return allOrNothing(() => {
    const { name, layers, config } = mlp(options);
    const normalized = layers.flatMap((layer, i) =>
      i + 1 < layers.length ? [batchNormLayer(options.sizes[i], { name: `input${i + 1}` }), layer] : [layer],
    );
    return new Sequential(name, normalized, { ...config, place });
  });
}
