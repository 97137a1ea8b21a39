/** Training with and without the second Jacobian of section 2, dNorm(x, X)/dX. */
import {
  abortSignal,
  callback,
  counting,
  expectOptions,
  listOf,
  needed,
  number,
  oneOf,
  type Options,
  own,
  positive,
  whole,
} from '../core/checks';
import { tf } from '../engine';
import { activation, dense, gaussian, sequential, type Network, type StatisticsGradient } from '../nn';
import { compare } from '../train/compare';
import { stepSeries } from '../train/curves';
import { powerLaw } from '../statistics';
import { type TrainingData, type TrainRunOptions } from '../train/options';
import { widthsOf } from '../train/prepare';
import { reportPoint } from './comparison-spec';
import { DATA_SPEC, datasetOf, type DataSpec } from './data-spec';
import { experimentOf, type Definition, type Experiment, ofTraining, type RunPoint } from './experiment';
import { NORMS_OVER_BATCH, normOverBatchLayer, type NormOverBatch } from './norm-over-batch';

/** What {@link ignoredJacobian} takes. */
export interface IgnoredJacobianOptions extends Pick<
  TrainRunOptions,
  'steps' | 'batchSize' | 'pixels' | 'onProgress' | 'signal'
> {
  /** Images with labels. */
  data: TrainingData;
  /** Normalizations to try. */
  norms: readonly NormOverBatch[];
  /** Every side runs at each. */
  learningRates: number[];
  /** Of weights and batches. */
  seeds: number[];
  /** Width of the normalized layer; below m, so that the covariance is not singular. Default 32. */
  features?: number;
  /** Called twenty times a run, with the norm of the bias as a probe; changes nothing else. */
  onPoint?: (point: RunPoint) => void;
}

const IGNORED_JACOBIAN_OPTIONS: Options<IgnoredJacobianOptions> = {
  ...{ data: needed(own), norms: needed(listOf(oneOf(NORMS_OVER_BATCH))), learningRates: needed(listOf(number)) },
  ...{ seeds: needed(listOf(whole)), features: counting, steps: needed(own), batchSize: needed(own) },
  ...{ pixels: own, onProgress: callback, onPoint: callback, signal: abortSignal },
};

/** One run of {@link ignoredJacobian}. */
export interface IgnoredJacobianRun {
  /** Which normalization. */
  norm: NormOverBatch;
  /** Whether the gradient passed through the statistics. */
  statistics: StatisticsGradient;
  /** Of weights and batches. */
  seed: number;
  /** Base rate. */
  learningRate: number;
  /** Training loss before each step, in nats; Infinity from where it is not finite. */
  loss: number[];
  /** |W| of the normalized layer before each step; Infinity from where it is not finite. */
  weights: number[];
  /** |b| of the normalized layer before each step; Infinity from where it is not finite. */
  bias: number[];
  /** |(W, b)| before the last step over the same before the first. */
  growth: number;
  /**
   * Mean |cosine| between the weights of two units, before the last step: 0 for units that look at different things, 1 for copies of one
   * another; NaN where W is not finite.
   */
  alignment: number;
  /**
   * p of |b| ~ t^p, fitted to the finite values of the last three quarters of the steps t; NaN for fewer than three of them. A bias that
   * settles has 0; one that a constant force drives has 1.
   */
  biasExponent: number;
}

/**
 * Trains x = W u + b, xHat = Norm(x, X), sigmoid, softmax on images, with the statistics differentiated and detached: the same
 * weights and batches, every parameter trained by plain gradient descent. Norm(x, X) does not depend on b, nor on the scale of W where
 * it scales; so the true gradient is zero along both, and the first term alone is not.
 *
 * @returns one run per normalization, kind of gradient, rate and seed; where a signal ends it, those that had finished
 * @example
 * const runs = await ignoredJacobian({
 *   data, norms: ['whiten'], learningRates: [0.1, 1], seeds: [1, 2, 3], steps: 300, batchSize: 60,
 * });
 */
export async function ignoredJacobian(options: IgnoredJacobianOptions): Promise<IgnoredJacobianRun[]> {
  expectOptions('ignoredJacobian', options, IGNORED_JACOBIAN_OPTIONS);
  const { norms, learningRates, seeds, steps, features = 32, onPoint } = options;
  const kinds = norms.flatMap((norm) =>
    (['differentiated', 'detached'] as const).map((statistics) => ({ norm, statistics })),
  );
  const nameOf = ({ norm, statistics }: { norm: NormOverBatch; statistics: StatisticsGradient }) =>
    `${norms.length > 1 ? `${norm}, ` : ''}${JACOBIANS[statistics]}`;
  const norm2 = (tensors: Record<string, tf.Tensor>, label: string) => tf.sqrt(tf.sum(tf.square(tensors[label])));
  const comparison = await compare({
    data: options.data,
    pixels: options.pixels,
    sides: kinds.map((kind) => ({
      name: nameOf(kind),
      build: (seed: number) => network(kind, widthsOf(options.data), features, seed),
    })),
    seeds,
    learningRates,
    steps,
    batchSize: options.batchSize,
    evaluate: onPoint ? { every: Math.ceil(steps / POINTS) } : { at: [] },
    probes: onPoint ? { bias: { measure: ({ network }) => biasNorm(network) } } : {},
    divergenceBound: Infinity,
    onProgress: (at) => {
      options.onProgress?.(at);
      if (onPoint) reportPoint(at, seeds, onPoint);
    },
    signal: options.signal,
    record: ({ loss, before }) => ({
      loss,
      weights: norm2(before, 'layer1/weights'),
      bias: norm2(before, 'layer1/bias'),
      alignment: alignment(before['layer1/weights']),
    }),
  });
  const finished = comparison.runs.filter(({ history }) => history.stopped === null);
  return finished.map(({ side, seedIndex, learningRate, history }) => {
    const done = (name: string) => stepSeries(history, name).slice(0, history.stepsDone);
    const series = (name: string) => done(name).map((v) => (Number.isNaN(v) ? Infinity : v));
    const [loss, weights, bias] = ['loss', 'weights', 'bias'].map(series);
    const size = (step: number) => Math.hypot(weights[step], bias[step]);
    const kind = kinds.find((one) => nameOf(one) === side)!;
    const growth = size(weights.length - 1) / size(0);
    return {
      ...kind,
      seed: seeds[seedIndex],
      learningRate,
      loss,
      weights,
      bias,
      growth,
      alignment: done('alignment').at(-1) ?? NaN,
      biasExponent: growthExponent(bias),
    };
  });
}

/** What the gradient passes through, in words. */
const JACOBIANS: Record<StatisticsGradient, string> = {
  differentiated: 'both Jacobians',
  detached: 'first Jacobian alone',
};

/** Looks at a network, of a run that is followed. */
const POINTS = 20;

function biasNorm(network: Pick<Network, 'named'>): number {
  return tf.tidy(() => tf.norm(network.named['layer1/bias']).dataSync()[0]);
}

/** Mean |cosine| between the columns of W, [inputs, units]; NaN for a single one. */
function alignment(weights: tf.Tensor): tf.Tensor {
  const units = weights.shape[1]!;
  const directions = tf.div(weights, tf.norm(weights, 2, 0));
  const cosines = tf.abs(tf.matMul(directions, directions, true)); // [units, units], 1 on the diagonal
  return tf.div(tf.sub(tf.sum(cosines), units), units * (units - 1));
}

function growthExponent(norms: number[]): number {
  const late = norms.map((value, t) => ({ t, value })).slice(Math.max(1, Math.floor(norms.length / 4)));
  const usable = late.filter(({ value }) => value > 0 && Number.isFinite(value));
  if (usable.length < 3) return NaN;
  return powerLaw(
    usable.map(({ t }) => t),
    usable.map(({ value }) => value),
  ).exponent;
}

function network(
  kind: { norm: NormOverBatch; statistics: StatisticsGradient },
  { inputs, outputs }: { inputs: number; outputs: number },
  features: number,
  seed: number,
): Network {
  const weights = { initializer: gaussian(0.1), seed };
  return sequential([
    dense(inputs, features, { name: 'layer1', ...weights }),
    normOverBatchLayer(kind.norm, { statistics: kind.statistics }),
    activation('sigmoid', { name: 'layer1' }),
    dense(features, outputs, { name: 'layer2', ...weights }),
  ]);
}

/** {@link IgnoredJacobianOptions} as data. */
export interface IgnoredJacobianSpec {
  /** Images with labels. */
  data: DataSpec;
  /** Grey values, or black and white. */
  pixels: 'grey' | 'binary';
  /** Normalizations to try. */
  norms: NormOverBatch[];
  /** Every side runs at each. */
  learningRates: number[];
  /** Of weights and batches. */
  seeds: number[];
  /** Width of the normalized layer. */
  features: number;
  /** Updates of each run. */
  steps: number;
  /** Examples per update. */
  batchSize: number;
}

export const definition: Definition<IgnoredJacobianSpec, { runs: IgnoredJacobianRun[] }> = {
  name: 'ignored-jacobian',
  version: 1,
  question: 'What becomes of bias and weights when the gradient leaves out dNorm(x, X)/dX?',
  whenAborted: 'returns what finished',
  defaults: {
    ...{ data: { kind: 'digits', train: 5000, test: 100 }, pixels: 'grey', norms: ['batch', 'whiten'] },
    ...{ learningRates: [1, 10], seeds: [1, 2, 3], features: 32, steps: 100, batchSize: 60 },
  },
  options: {
    ...{
      data: needed(DATA_SPEC),
      pixels: needed(oneOf(['grey', 'binary'])),
      norms: needed(listOf(oneOf(NORMS_OVER_BATCH))),
    },
    ...{ learningRates: needed(listOf(positive)), seeds: needed(listOf(whole)), features: needed(counting) },
    ...{ steps: needed(counting), batchSize: needed(counting) },
  },
  compute: async ({ data, ...options }, control) => {
    const { signal } = control;
    const dataset = await datasetOf(data, { signal });
    const reports = { signal, onProgress: ofTraining(control), onPoint: control.onPoint };
    return { runs: await ignoredJacobian({ ...options, ...reports, data: dataset }) };
  },
};

/**
 * The experiment `ignored-jacobian`, by itself: a notebook that names it reaches no other.
 *
 * @example const { runs } = await ignoredTerm().run({ norms: ['whiten'], learningRates: [1], seeds: [1] });
 */
export function ignoredTerm(): Experiment<IgnoredJacobianSpec, { runs: IgnoredJacobianRun[] }> {
  return experimentOf(definition);
}
