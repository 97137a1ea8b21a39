/** What a small change of one layer's weights does to the activations of the layers above. In float64. */
import {
  expectOptions,
  layer as aLayer,
  needed,
  type Options,
  own,
  positive,
  shown,
  text,
  whole,
} from '../core/checks';
import { Random } from '../core/random';
import { type tf } from '../engine';
import { batchNormLayers, type ActivationName, type Network, type Sequential } from '../nn';
import { expectInputs, numbersOf } from '../probe/model';
import { SCALAR_FUNCTIONS } from '../probe/saturating';

/** What {@link layerChange} takes. */
export interface LayerChangeOptions {
  /** Made by `mlp`, without normalization or with batch normalization before the nonlinearity; it is left as it was. */
  network: Network;
  /** Inputs [m, n] float32; with batch normalization, the batch of the statistics. */
  x: tf.Tensor;
  /** Label of the weights that change, or `all` hidden ones, each by a share of its own. Default `layer1/weights`. */
  weights?: string;
  /** r: rms of the change over rms of the weights. Default 0.001. */
  share?: number;
  /** Of the random direction. Default 0. */
  seed?: number;
}

const LAYER_CHANGE_OPTIONS: Options<LayerChangeOptions> = {
  ...{ network: needed(aLayer), x: needed(own), weights: text, share: positive, seed: whole },
};

/** What the hidden layers show, from the first to the last. */
export interface LayerChange {
  /** rms of the change of the activations z over all examples and units, over r. */
  change: number[];
  /** The same over the spread of z: the rms over units of its deviation over the examples. Infinity where z does not vary. */
  relative: number[];
  /** chi of each layer: see {@link layerChange}. */
  chi: number[];
  /** a^2 of each layer: see {@link layerChange}. */
  added: number[];
}

/**
 * Changes one layer's weights W by Delta W at random, rms(Delta W) = r rms(W), and nothing else, and compares the activations z in training
 * mode with those before. In a wide network with random weights the change of z, relative to the spread of z over the examples, is multiplied
 * by sqrt(chi) in each layer above,
 *
 *     chi = Var[x] E[g'(x)^2] / Var[g(x)],
 *
 * for the pre-activations x of that layer: the matrix in between multiplies both alike. Var[x] = 1 with batch normalization, where chi is
 * pi / (pi - 1) for ReLU (Yang et al. 2019). chi is never below 1 for Gaussian x (the Gaussian Poincare inequality) and 1 for a linear g. Here
 * chi is computed by quadrature, over Gaussians with each unit's own mean and variance over the examples, averaged over the units above and
 * below the line.
 *
 * Where `all` hidden weights change, each layer adds a change of its own: with A for `relative`,
 *
 *     A_l^2 = chi_l (A_(l-1)^2 + a_l^2),   a_l^2 = E|z|^2 / (spread of z)^2   for the z that the layer receives.
 *
 * The part of z that all examples share, which a sigmoid's output has much of, carries a change of the weights to all of them alike. Batch
 * normalization subtracts that part again: a = 1.
 *
 * In float64: without normalization a sigmoid network's spread falls fourfold per layer, below what float32 can tell apart.
 *
 * @returns one entry per hidden layer, measured and foreseen
 * @example layerChange({ network: mlp({ sizes, norm: 'batch', seed: 1 }), x }).relative
 * @throws RangeError for another kind of network, or a label that it does not have
 */
export function layerChange(options: LayerChangeOptions): LayerChange {
  expectOptions('layerChange', options, LAYER_CHANGE_OPTIONS);
  const { network, x, weights = 'layer1/weights', share = 1e-3, seed = 0 } = options;
  expectInputs('layerChange', x);
  const layers = hiddenLayers(network);
  const random = new Random(seed, 'layer change');
  const changed = layers.map((layer) =>
    weights === 'all' || layer.label === weights ? { ...layer, W: nudged(layer.W, share, random) } : layer,
  );
  if (changed.every((layer, i) => layer === layers[i])) {
    const known = layers.map(({ label }) => label).join(', ');
    throw new RangeError(`layerChange: network '${network.name}' has no hidden weights '${weights}'. It has ${known}.`);
  }
  const u = Float64Array.from(x.dataSync());
  const [before, after] = [layers, changed].map((of) => forward(of, u, x.shape[0]));
  const result: LayerChange = { change: [], relative: [], chi: [], added: [] };
  before.forEach(({ pre, z }, l) => {
    const change = rms(z.map((v, i) => v - after[l].z[i])) / share;
    const { units, activation } = layers[l];
    result.change.push(change);
    result.relative.push(change / Math.sqrt(average(momentsOf(z, units).map(({ variance }) => variance))));
    result.chi.push(chiOf(activation, momentsOf(pre, units)));
    result.added.push(layers[l].norm ? 1 : sharedPart(l === 0 ? u : before[l - 1].z, x.shape[0]));
  });
  return result;
}

/** A hidden layer as numbers. */
interface HiddenLayer {
  label: string;
  units: number;
  /** [inputs, units], row-major */
  W: Float64Array;
  bias: number[] | null;
  /** gamma, beta and epsilon; null without batch normalization */
  norm: { gamma: number[] | null; beta: number[] | null; epsilon: number } | null;
  activation: ActivationName;
}

function hiddenLayers(network: Network): HiddenLayer[] {
  const { config = {} } = network as Partial<Sequential>;
  const { kind, norm, activation, placement = 'before' } = config as Record<string, string | undefined>;
  if (kind !== 'mlp' || !(norm === 'none' || norm === 'batch') || placement !== 'before' || config.place) {
    throw new RangeError(
      `layerChange: wanted a network of mlp() with norm 'none', or 'batch' before the nonlinearity, got ${shown(kind ?? network.name)} with norm ${shown(norm)}.`,
    );
  }
  const norms = batchNormLayers(network);
  const read = (label: string) => (label in network.named ? numbersOf(network.named[label]) : null);
  const depth = (config.sizes as number[]).length - 2;
  return Array.from({ length: depth }, (_, i) => {
    const name = `layer${i + 1}`;
    const W = network.named[`${name}/weights`];
    return {
      label: `${name}/weights`,
      units: W.shape[1]!,
      W: Float64Array.from(W.dataSync()),
      bias: read(`${name}/bias`),
      norm: norms[i] && { gamma: read(`${name}/gamma`), beta: read(`${name}/beta`), epsilon: norms[i].epsilon },
      activation: activation as ActivationName,
    };
  });
}

function nudged(W: Float64Array, share: number, random: Random): Float64Array {
  const noise = random.normals(W.length);
  const size = share * rms(W);
  return W.map((w, i) => w + size * noise[i]);
}

/** Pre-activations and activations of each layer, [m, units], row-major. */
function forward(layers: HiddenLayer[], u: Float64Array, m: number): { pre: Float64Array; z: Float64Array }[] {
  let input = u;
  return layers.map(({ W, units, bias, norm, activation }) => {
    const { f } = SCALAR_FUNCTIONS[activation];
    const pre = product(input, W, m, units);
    if (bias) pre.forEach((v, i) => (pre[i] = v + bias[i % units]));
    if (norm) normalize(pre, units, norm);
    const z = pre.map(f);
    input = z;
    return { pre, z };
  });
}

/** A [m, n] times W [n, units]. */
function product(A: Float64Array, W: Float64Array, m: number, units: number): Float64Array {
  const n = A.length / m;
  const out = new Float64Array(m * units);
  for (let row = 0; row < m; row++) {
    for (let k = 0; k < n; k++) {
      const a = A[row * n + k];
      if (a === 0) continue; // most pixels are black
      for (let unit = 0; unit < units; unit++) out[row * units + unit] += a * W[k * units + unit];
    }
  }
  return out;
}

function normalize(x: Float64Array, units: number, { gamma, beta, epsilon }: NonNullable<HiddenLayer['norm']>): void {
  const moments = momentsOf(x, units);
  x.forEach((v, i) => {
    const unit = i % units;
    const { mean, variance } = moments[unit];
    const xHat = (v - mean) / Math.sqrt(variance + epsilon);
    x[i] = (gamma?.[unit] ?? 1) * xHat + (beta?.[unit] ?? 0);
  });
}

/** Mean and biased variance of one unit over the examples. */
interface Moments {
  mean: number;
  variance: number;
}

function momentsOf(values: Float64Array, units: number): Moments[] {
  const rows = values.length / units;
  const moments = Array.from({ length: units }, () => ({ mean: 0, variance: 0 }));
  values.forEach((v, i) => (moments[i % units].mean += v / rows));
  values.forEach((v, i) => (moments[i % units].variance += (v - moments[i % units].mean) ** 2 / rows));
  return moments;
}

/** E|z|^2 over the squared spread of z, for m rows. */
function sharedPart(z: Float64Array, m: number): number {
  return rms(z) ** 2 / average(momentsOf(z, z.length / m).map(({ variance }) => variance));
}

function chiOf(activation: ActivationName, units: Moments[]): number {
  const each = units.map(({ mean, variance }) => ({ variance, ...gaussianSlope(activation, mean, variance) }));
  const slope = average(each.map((unit) => unit.slope));
  return (slope * average(each.map((unit) => unit.variance))) / average(each.map((unit) => unit.spread));
}

/**
 * E[g'(x)^2] and Var[g(x)] for x ~ N(mean, variance): the midpoint rule on both sides of 0, where ReLU bends, out to 8 deviations. Relative
 * error below 1e-3 where a thousandth of the Gaussian or more lies on both sides, or g is smooth.
 *
 * @internal
 */
export function gaussianSlope(activation: ActivationName, mean: number, variance: number) {
  const { f, derivative } = SCALAR_FUNCTIONS[activation];
  const deviation = Math.sqrt(variance);
  if (deviation === 0) return { slope: derivative(mean) ** 2, spread: 0 };
  const [from, to] = [mean - 8 * deviation, mean + 8 * deviation];
  const pieces = from < 0 && to > 0 ? [from, 0, to] : [from, to];
  const sums = { mass: 0, first: 0, second: 0, slope: 0 };
  const middle = f(mean); // taken off, so that the variance of nearly equal values is no difference of large ones
  pieces.slice(1).forEach((end, piece) => {
    const width = (end - pieces[piece]) / POINTS;
    for (let i = 0; i < POINTS; i++) {
      const x = pieces[piece] + (i + 0.5) * width;
      const weight = width * Math.exp(-0.5 * ((x - mean) / deviation) ** 2);
      const value = f(x) - middle;
      sums.mass += weight;
      sums.first += weight * value;
      sums.second += weight * value * value;
      sums.slope += weight * derivative(x) ** 2;
    }
  });
  const first = sums.first / sums.mass;
  return { slope: sums.slope / sums.mass, spread: sums.second / sums.mass - first * first };
}

const POINTS = 80;

const rms = (values: Float64Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
