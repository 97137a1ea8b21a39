/**
 * What a reader can change of a comparison: each control reads a value of the specification and writes it. The specification is the
 * whole state of a page, so that an address, a cell of a notebook and the experiment say the same.
 */
import type { ComparisonSpec, InputDescentSpec, RunnableSpec, SideSpec } from '../src/experiments';

/** A value that a control takes. */
export type Value = string | number;

/** One thing that can be changed. */
export interface Control<S extends RunnableSpec = ComparisonSpec> {
  /** What the reader calls it. */
  label: string;
  /** What it means, for who asks. */
  hint: string;
  /** `ladder`: values in order, on a slider; `choice`: names, in a list. */
  kind: 'ladder' | 'choice';
  values: readonly Value[];
  /** The value in words. */
  words(value: Value): string;
  read(spec: S): Value;
  write(spec: S, value: Value): S;
}

type Network = SideSpec['network'] & { kind: 'mlp' };

const networkOf = (spec: ComparisonSpec, side = 0) => spec.sides[side].network as Network;

/** The same change to every side's network. */
function everywhere(spec: ComparisonSpec, change: (network: Network) => Partial<Network>): ComparisonSpec {
  const sides = spec.sides.map((side) => {
    const network = { ...side.network, ...change(side.network as Network) } as Network;
    return { ...side, network };
  });
  return { ...spec, sides };
}

/** What stands between pixels and classes. */
const hidden = (network: Network) => network.sizes.slice(1, -1);
const withHidden = (network: Network, widths: number[]) => ({
  sizes: [network.sizes[0], ...widths, network.sizes.at(-1)!],
});

/** Batch normalization behind the nonlinearity: a place, and so two options of the network. */
const AFTER = 'batch:after';

/** The normalizations that a dense network can have, in the words of the figures. */
export const NORM_WORDS: Record<string, string> = {
  none: 'no BN',
  batch: 'BN',
  layer: 'layer norm',
  renorm: 'batch renorm',
  'pitfall:detached': 'BN, statistics held constant',
  'pitfall:swappedDecay': 'BN, decay swapped',
  [AFTER]: 'BN after',
};

const ACTIVATION_WORDS: Record<string, string> = { sigmoid: 'sigmoid', tanh: 'tanh', relu: 'ReLU' };
const DATA_WORDS: Record<string, string> = { digits: 'generated digits', mnist: 'MNIST', fashion: 'Fashion-MNIST' };

/** Weights where nobody chose a scale: LeCun's or He's. */
const AUTO = 'auto';

function scaleOf(network: Network): Value {
  if (network.initStd !== undefined) return network.initStd;
  const start = network.initializer;
  return typeof start === 'object' ? start.gaussian : AUTO;
}

function withScale(network: Network, value: Value): Network {
  const { initStd: _, initializer: __, ...rest } = network;
  return (value === AUTO ? rest : { ...rest, initializer: { gaussian: Number(value) } }) as Network;
}

/** What stands where in the hidden layers, as one value. */
function normIn({ norm = 'none', placement }: Network): string {
  return norm === 'batch' && placement === 'after' ? AFTER : norm;
}

function withNormIn(network: Network, value: string): Network {
  const { norm: _, placement: __, ...rest } = network;
  return { ...rest, ...(value === AFTER ? { norm: 'batch', placement: 'after' } : { norm: value }) } as Network;
}

/** A side by its normalization; two sides of one normalization are told apart. */
function withNorm(spec: ComparisonSpec, side: number, value: string): ComparisonSpec {
  const norms = spec.sides.map(({ network }, i) => (i === side ? value : normIn(network as Network)));
  const isTwice = new Set(norms).size < norms.length;
  const sides = spec.sides.map(({ network }, i) => ({
    name: `${NORM_WORDS[norms[i]] ?? norms[i]}${isTwice ? ` (${'AB'[i]})` : ''}`,
    network: withNormIn(network as Network, norms[i]),
  }));
  return { ...spec, sides };
}

const norm = (side: number): Control => ({
  label: side === 0 ? 'Network A' : 'Network B',
  hint: 'what stands between the weights and the nonlinearity of each hidden layer, or after it',
  kind: 'choice',
  values: Object.keys(NORM_WORDS),
  words: (value) => NORM_WORDS[value] ?? String(value),
  read: (spec) => normIn(networkOf(spec, side)),
  write: (spec, value) => withNorm(spec, side, String(value)),
});

const plain = (value: Value) => String(value);
const count =
  (one: string, many = `${one}s`) =>
  (value: Value) =>
    `${value} ${value === 1 ? one : many}`;

/** Every control, by the name that an address gives it. */
export const CONTROLS = {
  rate: {
    label: 'Learning rate',
    hint: 'how far each step goes along the gradient; the same for both networks',
    kind: 'ladder',
    values: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300],
    words: plain,
    read: ({ learningRates }) => learningRates[0],
    write: (spec, value) => ({ ...spec, learningRates: [Number(value)] }),
  },
  scale: {
    label: 'Initial weights',
    hint: 'standard deviation of the weights before training; LeCun’s or He’s rule unless told',
    kind: 'ladder',
    values: [AUTO, 0.003, 0.01, 0.03, 0.1, 0.3, 1],
    words: (value) => (value === AUTO ? 'by rule' : `deviation ${value}`),
    read: (spec) => scaleOf(networkOf(spec)),
    write: (spec, value) => ({
      ...spec,
      sides: spec.sides.map((side) => ({ ...side, network: withScale(side.network as Network, value) })),
    }),
  },
  depth: {
    label: 'Depth',
    hint: 'number of hidden layers',
    kind: 'ladder',
    values: [1, 2, 3, 4, 6, 8],
    words: count('hidden layer'),
    read: (spec) => hidden(networkOf(spec)).length,
    write: (spec, value) =>
      everywhere(spec, (network) => {
        const [width = 100] = hidden(network);
        return withHidden(
          network,
          Array.from({ length: Number(value) }, () => width),
        );
      }),
  },
  width: {
    label: 'Width',
    hint: 'units of each hidden layer',
    kind: 'ladder',
    values: [10, 20, 50, 100, 200],
    words: count('unit'),
    read: (spec) => hidden(networkOf(spec))[0] ?? 100,
    write: (spec, value) =>
      everywhere(spec, (network) =>
        withHidden(
          network,
          hidden(network).map(() => Number(value)),
        ),
      ),
  },
  activation: {
    label: 'Nonlinearity',
    hint: 'of the hidden layers',
    kind: 'choice',
    values: Object.keys(ACTIVATION_WORDS),
    words: (value) => ACTIVATION_WORDS[value] ?? String(value),
    read: (spec) => networkOf(spec).activation ?? 'relu',
    write: (spec, value) => everywhere(spec, () => ({ activation: value as Network['activation'] })),
  },
  batch: {
    label: 'Mini-batch',
    hint: 'examples per step: what the statistics of BN are taken over',
    kind: 'ladder',
    values: [2, 4, 8, 16, 30, 60, 120, 240],
    words: count('example'),
    read: ({ batchSize }) => batchSize,
    write: (spec, value) => ({ ...spec, batchSize: Number(value) }),
  },
  steps: {
    label: 'Steps',
    hint: 'updates of each network',
    kind: 'ladder',
    values: [100, 200, 400, 1000, 2000, 5000],
    words: count('step'),
    read: ({ steps }) => steps,
    write: (spec, value) => ({ ...spec, steps: Number(value) }),
  },
  seeds: {
    label: 'Seeds',
    hint: 'runs from other weights over other batches; the median is drawn, with a band from the smallest to the largest',
    kind: 'ladder',
    values: [1, 2, 3, 5],
    words: count('seed'),
    read: ({ seeds }) => seeds.length,
    write: (spec, value) => ({ ...spec, seeds: Array.from({ length: Number(value) }, (_, i) => i + 1) }),
  },
  data: {
    label: 'Pictures',
    hint: 'what the networks learn to read',
    kind: 'choice',
    values: ['digits'],
    words: (value) => DATA_WORDS[value] ?? String(value),
    read: ({ data }) => data.kind,
    write: (spec, value) => ({ ...spec, data: { ...spec.data, kind: value as ComparisonSpec['data']['kind'] } }),
  },
  a: norm(0),
  b: norm(1),
} as const satisfies Record<string, Control>;

/** What can be changed of the experiment `input-descent` besides: see {@link CONTROLS}. */
export const INPUT_CONTROLS = {
  offset: {
    label: 'Offset of the pixels',
    hint: 'added to every pixel first: a common mean, as the outputs of sigmoids have one',
    kind: 'ladder',
    values: [0, 0.25, 0.5, 1, 2, 4],
    words: plain,
    read: ({ offset }) => offset,
    write: (spec, value) => ({ ...spec, offset: Number(value) }),
  },
  epsilon: {
    label: 'ε under the root',
    hint: 'added to the variances before they are divided by: how far pixels that hardly vary are enlarged',
    kind: 'ladder',
    values: [1e-5, 1e-4, 1e-3, 1e-2, 1e-1],
    words: plain,
    read: ({ epsilon }) => epsilon,
    write: (spec, value) => ({ ...spec, epsilon: Number(value) }),
  },
} as const satisfies Record<string, Control<InputDescentSpec>>;

/** Names of {@link CONTROLS}. */
export type ControlName = keyof typeof CONTROLS;
/** Of these and of what other experiments have. */
export type AnyControlName = ControlName | keyof typeof INPUT_CONTROLS;

/** A control by its name. It is shown only where the specification has what it reads. */
export function controlNamed<S extends RunnableSpec>(name: AnyControlName): Control<S> {
  return { ...CONTROLS, ...INPUT_CONTROLS }[name] as unknown as Control<S>;
}

/** The rungs of a control's ladder, and the specification's own value among them. */
export function rungs<S extends RunnableSpec>(control: Control<S>, spec: S): Value[] {
  const value = control.read(spec);
  if (control.values.includes(value)) return [...control.values];
  const all = [...control.values, value];
  if (control.kind === 'choice') return all;
  return all.sort((x, y) => (typeof x === 'number' ? x : -1) - (typeof y === 'number' ? y : -1));
}

/** The state as an address holds it: what differs from `from`. */
export function addressOf(spec: ComparisonSpec, from: ComparisonSpec): string {
  const entries = Object.entries(CONTROLS as Record<string, Control>)
    .filter(([, control]) => control.read(spec) !== control.read(from))
    .map(([name, control]): [string, string] => [name, String(control.read(spec))]);
  return new URLSearchParams(entries).toString();
}

/** The state that an address holds. What it does not know, or what is no value of a control, stays as in `from`. */
export function fromAddress(text: string, from: ComparisonSpec): ComparisonSpec {
  let spec = from;
  for (const [name, given] of new URLSearchParams(text.replace(/^#/, ''))) {
    if (!Object.hasOwn(CONTROLS, name)) continue;
    const control: Control = CONTROLS[name as ControlName];
    const value = control.kind === 'ladder' && given !== AUTO ? Number(given) : given;
    if (isValue(control, name as ControlName, value)) spec = control.write(spec, value);
  }
  return spec;
}

/** A ladder takes what lies between its ends too: an address may be written by hand. */
function isValue(control: Control, name: ControlName, value: Value): boolean {
  if (control.values.includes(value) || (name === 'data' && value in DATA_WORDS)) return true;
  if (control.kind === 'choice' || typeof value !== 'number' || !(value > 0)) return false;
  const numbers = control.values.filter((one): one is number => typeof one === 'number');
  const isWhole = name !== 'rate' && name !== 'scale';
  return value >= Math.min(...numbers) && value <= Math.max(...numbers) && (!isWhole || Number.isInteger(value));
}
