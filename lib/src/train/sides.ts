/** The two sides that most comparisons have. */
import { expectArgument, object } from '../core/checks';
import type { NetworkSpec } from '../nn';
import type { Side } from './compare-options';

/** A network as data whose normalization is still open. */
export type OpenNetworkSpec = Exclude<NetworkSpec, { kind: 'placedMlp' }>;

/**
 * One network without and with batch normalization, as the sides of a comparison: `no BN` and `BN`.
 *
 * @param network without `norm`
 * @example compare({ sides: withAndWithout({ kind: 'mlp', sizes: [784, 100, 10], activation: 'sigmoid' }), ...rest })
 * @throws TypeError for what is no specification; RangeError for one that has a norm
 */
export function withAndWithout(network: OpenNetworkSpec): (Side & { network: NetworkSpec })[] {
  expectArgument('withAndWithout', 'network', network, object);
  if (network.norm !== undefined) {
    throw new RangeError(
      'withAndWithout: the network has a norm of its own; leave it out, or write the sides by hand.',
    );
  }
  return [
    { name: 'no BN', network: { ...network, norm: 'none' } },
    { name: 'BN', network: { ...network, norm: 'batch' } },
  ];
}
