/** A network as data: what a file, an address, another process or another machine can hold. */
import { expectArgument, shown, whole } from '../../core/checks';
import { expectJson } from '../../core/json';
import { expectOneOf } from '../checks';
import { Sequential } from '../layers/sequential';
import { gaussian, initializer, Initializer, InitializerName, INITIALIZERS } from '../weights/initializers';
import { convNet } from './conv-net';
import { inceptionNet } from './inception-net';
import { mlp } from './mlp';
import { placedMlp } from './placed-mlp';
import { residualNet } from './residual-net';

/** Where weights start, as data: a name that `initializer` knows, or the standard deviation of Gaussian weights. */
export type InitializerSpec = InitializerName | { gaussian: number };

/** The options of a function that builds networks, as plain JSON and without the seed: a specification is of all seeds. */
export type Specified<Kind extends string, Options> = { kind: Kind; initializer?: InitializerSpec } & Omit<
  Options,
  'initializer' | 'seed'
>;

/** The functions that build networks from data. A new kind is a row. */
const KINDS = { mlp, convNet, inceptionNet, residualNet, placedMlp };

/** The kinds of {@link NetworkSpec}: the names of the functions that build them. */
export const NETWORK_KINDS = Object.keys(KINDS) as (keyof typeof KINDS)[];

type OptionsOf<Kind extends keyof typeof KINDS> = NonNullable<Parameters<(typeof KINDS)[Kind]>[0]>;

/** A network as plain JSON: which function builds it, and that function's options. See {@link networkOf}. */
export type NetworkSpec = { [Kind in keyof typeof KINDS]: Specified<Kind, OptionsOf<Kind>> }[keyof typeof KINDS];

/**
 * Builds the network that a specification describes: `networkOf({ kind: 'mlp', ...options }, seed)` is
 * `mlp({ ...options, seed })`, weight by weight. A specification survives JSON: written to a file and read again it builds the same
 * network.
 *
 * @param spec the kind and the options of the function of that name; `initializer` by name, or `{ gaussian: standardDeviation }`
 * @param seed of the initial weights; default 0
 * @throws RangeError for a kind that is not known; TypeError for what JSON cannot hold (a function, an `Initializer`, NaN), which
 *   would be another network after a round trip; and as the function that builds it
 * @example
 * const spec: NetworkSpec = { kind: 'mlp', sizes: [784, 100, 100, 100, 10], activation: 'sigmoid', norm: 'batch' };
 * const network = networkOf(JSON.parse(JSON.stringify(spec)), 1);
 */
export function networkOf(spec: NetworkSpec, seed = 0): Sequential {
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) {
    const given = typeof spec === 'string' ? JSON.stringify(spec) : shown(spec);
    throw new TypeError(
      `networkOf: wanted a specification such as { kind: 'mlp', sizes: [784, 100, 10] }, got ${given}.`,
    );
  }
  expectOneOf('networkOf', 'kind', spec.kind, NETWORK_KINDS);
  if ('seed' in spec) {
    throw new RangeError('networkOf: a specification holds no seed. Pass it beside: networkOf(spec, seed).');
  }
  expectArgument('networkOf', 'seed', seed, whole);
  expectNoInitializer(spec);
  expectJson('networkOf', 'spec', spec);
  const { kind, initializer: start, ...options } = spec;
  const build = KINDS[kind] as (options: object) => Sequential;
  return build({ ...options, ...(start !== undefined && { initializer: initializerOf(start) }), seed });
}

function initializerOf(spec: InitializerSpec): Initializer {
  if (typeof spec === 'object' && spec !== null && Object.keys(spec).join() === 'gaussian')
    return gaussian(spec.gaussian);
  if (typeof spec === 'string') return initializer(spec);
  throw new TypeError(
    `networkOf: initializer must be one of ${INITIALIZERS.map((name) => `'${name}'`).join(', ')}, or { gaussian: 0.1 }; ` +
      `got ${JSON.stringify(spec)}.`,
  );
}

/** An `Initializer` is a function, which JSON cannot hold, and there are two ways to write it as data. */
function expectNoInitializer({ initializer: start }: { initializer?: unknown }): void {
  if (typeof (start as Partial<Initializer> | undefined)?.make !== 'function') return;
  throw new TypeError(
    'networkOf: spec.initializer must be plain JSON, got an Initializer. It goes by name or as { gaussian: 0.1 }; a network that ' +
      "JSON cannot hold is built by a function of one's own.",
  );
}
