/** What training sees: gradients, how large they are, how large the steps, and how far a gradient can be trusted. */
import {
  expectArgument,
  expectOptions,
  flag,
  listOf,
  needed,
  number,
  object,
  type Options,
  own,
  shown,
} from '../core/checks';
import { tf } from '../engine';
import type { StateDict } from '../nn';
import { expectOneHot, lossOf, softmaxCrossEntropy, type Loss, type LossName } from '../nn/loss';
import { LOOK_OPTIONS, type LookOptions } from './activations';
import {
  assignAll,
  expectInputs,
  expectNetwork,
  expectTargets,
  fixedNoise,
  jointDot,
  jointNorm,
  labelsOf,
  lossGradients,
  untouched,
} from './model';
import { made } from './made';
import type { Probe } from './types';

/** Which network, on which batch, in which mode, with which loss: what every probe of the gradient is told. */
export interface LossLookOptions extends LookOptions {
  /** Targets [m, ...]. */
  y: tf.Tensor;
  /** Default `'crossEntropy'`. */
  loss?: LossName | Loss;
}

export const LOSS_LOOK_OPTIONS: Options<LossLookOptions> = { ...LOOK_OPTIONS, y: needed(own), loss: own };

/** Norms of the gradient of the mean loss over a batch. */
export interface GradientNorms {
  /** Mean loss of the batch. */
  loss: number;
  /** |dl/dW| by label: Euclidean norm over all entries. */
  weights: Record<string, number>;
  /**
   * |dl/du| by tap, for every `.../linear`, `.../preActivation` and `.../activation` that the network has (blocks, as in `mlp`, tap all
   * three; a dense layer by itself taps none): over all examples and units.
   */
  activations: Record<string, number>;
}

/**
 * Norms of dl/dW for each weight and of dl/du for what goes through each layer, l the mean loss over the batch.
 *
 * The `training` mode matters: with batch normalization, only training mode has the gradient that goes through mu and sigma2.
 *
 * @example gradientNorms({ network, x, y, training: true }).activations['layer1/activation']
 * @throws TypeError when a tensor is disposed or x not float32; RangeError for an empty batch, NaN or infinity in x, x and y that do
 *   not match, labels that are not one-hot, or a network without trainable variables
 */
export function gradientNorms(options: LossLookOptions): GradientNorms {
  expectOptions('gradientNorms', options, LOSS_LOOK_OPTIONS);
  const { network, x, y, training } = checked('gradientNorms', options);
  const result: GradientNorms = { loss: NaN, weights: {}, activations: {} };
  untouched(network, () => {
    const inside = (name: string) => /\/(linear|preActivation|activation)$/.test(name);
    const { loss, weights, taps } = lossGradients(network, x, y, lossOf(options.loss), training, inside);
    result.loss = loss.dataSync()[0];
    const labels = labelsOf(network);
    weights.forEach((gradient, i) => (result.weights[labels[i]] = jointNorm([gradient])));
    for (const [name, gradient] of Object.entries(taps)) result.activations[name] = jointNorm([gradient]);
  });
  return result;
}

/** {@link gradientNorms} of the run's first training batch, in training mode unless stated, at every evaluation point. */
export function gradientNormProbe(options: { training?: boolean } = {}): Probe<GradientNorms> {
  expectOptions<typeof options>('gradientNormProbe', options, { training: flag });
  const { training = true } = options;
  return made('gradientNormProbe', options, {
    measure: ({ network, batch, loss }) => gradientNorms({ network, ...batch, loss, training }),
  });
}

/**
 * Size of the change since a state relative to the weights: |W - W0| / |W0| by label, whatever the optimizer did.
 * After one step: the update:weight ratio; about 1e-3 is a common rule of thumb (A. Karpathy).
 *
 * @returns by label of the trainable variables; Infinity where W0 was zero and W is not, 0 where both are
 * @example const before = network.stateDict(); await trainNetwork({ ...options, steps: 1 }); updateRatios(network, before)
 * @throws RangeError when the state is of another network
 */
export function updateRatios(network: LookOptions['network'], before: StateDict): Record<string, number> {
  expectNetwork('updateRatios', network);
  expectArgument('updateRatios', 'before, a state,', before, object);
  const labels = labelsOf(network);
  return Object.fromEntries(
    network.trainable.map((variable, i) => {
      const old = before[labels[i]]?.values;
      const now = variable.dataSync();
      if (old?.length !== now.length) {
        throw new RangeError(`updateRatios: the state does not hold '${labels[i]}' of this network.`);
      }
      let [change, size] = [0, 0];
      for (let j = 0; j < now.length; j++) {
        change += (now[j] - old[j]) ** 2;
        size += old[j] ** 2;
      }
      return [labels[i], change === 0 ? 0 : Math.sqrt(change / size)];
    }),
  );
}

/**
 * Update:weight ratios that one plain SGD step on this batch would have: learningRate |dl/dW| / |W| by label.
 *
 * @example sgdUpdateRatios({ network, x, y, training: true, learningRate: 0.1 })['layer1/weights']
 * @throws RangeError for a learning rate that is not above zero, and what {@link gradientNorms} refuses
 */
export function sgdUpdateRatios(options: LossLookOptions & { learningRate: number }): Record<string, number> {
  expectOptions<typeof options>('sgdUpdateRatios', options, { ...LOSS_LOOK_OPTIONS, learningRate: needed(own) });
  const { learningRate, ...look } = options;
  const { network } = look;
  expectRate('sgdUpdateRatios', learningRate);
  const { weights } = gradientNorms(look);
  const labels = labelsOf(network);
  return Object.fromEntries(
    network.trainable.map((variable, i) => {
      const change = learningRate * weights[labels[i]];
      return [labels[i], change === 0 ? 0 : change / jointNorm([variable])];
    }),
  );
}

/** Throws unless this is a finite learning rate above 0. */
export function expectRate(where: string, rate: number): void {
  if (Number.isFinite(rate) && rate > 0) return;
  throw new RangeError(`${where}: learningRate must be above zero, got ${shown(rate)}.`);
}

/** {@link sgdUpdateRatios} at the learning rate of the moment on the run's first batch, in training mode, at every evaluation point. */
export function updateRatioProbe(): Probe<Record<string, number> | null> {
  return made('updateRatioProbe', undefined, {
    measure: ({ network, batch, loss, learningRate }) =>
      learningRate > 0 ? sgdUpdateRatios({ network, ...batch, loss, training: true, learningRate }) : null,
  });
}

/** Loss at points along the negative gradient. */
export interface LossAlongGradient {
  /** As given. */
  stepSizes: number[];
  /** l(W - s dl/dW) for each s; not finite where the step overflows. */
  loss: number[];
  /** l(W). */
  start: number;
  /** |dl/dW| over all trainable variables. */
  gradientNorm: number;
}

/**
 * The loss along the direction of its own gradient, for a range of step sizes (Santurkar et al. 2018, Figure 4 a). A flat, smooth
 * curve means that a large step is safe.
 *
 * @param options.stepSizes the s in W - s dl/dW, as learning rates; any numbers, 0 included
 * @example lossAlongGradient({ network, x, y, training: true, stepSizes: [0, 0.1, 0.2, 0.4] }).loss
 */
export function lossAlongGradient(options: LossLookOptions & { stepSizes: number[] }): LossAlongGradient {
  expectOptions<typeof options>('lossAlongGradient', options, {
    ...LOSS_LOOK_OPTIONS,
    stepSizes: needed(listOf(number)),
  });
  const { network, x, y, training, stepSizes } = checked('lossAlongGradient', options);
  const at = { network, x, y, training, loss: lossOf(options.loss) };
  const result: LossAlongGradient = { stepSizes: [...stepSizes], loss: [], start: NaN, gradientNorm: NaN };
  walk(at, stepSizes, (start) => {
    result.start = start.loss;
    result.gradientNorm = start.norm;
    const outputs = network.apply(x, { training, updateStatistics: false, random: fixedNoise() });
    result.loss.push(at.loss(outputs, y).dataSync()[0]);
  });
  return result;
}

/** How the gradient changes along its own direction. */
export interface GradientPredictiveness {
  /** As given. */
  stepSizes: number[];
  /** |g(W - s g) - g(W)|, Euclidean, over all trainable variables. */
  distance: number[];
  /** Cosine of the angle between g(W - s g) and g(W). */
  cosine: number[];
  /** The largest distance / (s |g|) over the steps: "effective beta-smoothness"; at most the largest curvature on the way. */
  smoothness: number;
}

/**
 * How well the gradient predicts the gradient further along (Santurkar et al. 2018, Figure 4 b and c).
 *
 * @param options.stepSizes the s in W - s g
 * @example gradientPredictiveness({ network, x, y, training: true, stepSizes: [0.1, 0.2, 0.4] }).cosine
 */
export function gradientPredictiveness(options: LossLookOptions & { stepSizes: number[] }): GradientPredictiveness {
  expectOptions<typeof options>('gradientPredictiveness', options, {
    ...LOSS_LOOK_OPTIONS,
    stepSizes: needed(listOf(number)),
  });
  const { network, x, y, training, stepSizes } = checked('gradientPredictiveness', options);
  const at = { network, x, y, training, loss: lossOf(options.loss) };
  const result: GradientPredictiveness = { stepSizes: [...stepSizes], distance: [], cosine: [], smoothness: 0 };
  walk(at, stepSizes, (start, s) => {
    const there = lossGradients(network, x, y, at.loss, training).weights;
    const difference = there.map((g, i) => tf.sub(g, start.gradient[i]));
    const distance = jointNorm(difference);
    result.distance.push(distance);
    result.cosine.push(jointDot(there, start.gradient) / (jointNorm(there) * start.norm));
    if (s !== 0) result.smoothness = Math.max(result.smoothness, distance / (Math.abs(s) * start.norm));
  });
  return result;
}

type At = Omit<LossLookOptions, 'loss'> & { loss: Loss };

/** Puts the weights at W - s g for each s in turn, and calls `visit` there. */
function walk(
  at: At,
  stepSizes: number[],
  visit: (start: { loss: number; norm: number; gradient: tf.Tensor[] }, s: number) => void,
): void {
  const { network, x, y, loss, training } = at;
  const bad = stepSizes.findIndex((s) => !Number.isFinite(s));
  if (bad >= 0 || stepSizes.length === 0) {
    throw new RangeError(`stepSizes: wanted finite numbers, got ${stepSizes.length === 0 ? 'none' : stepSizes[bad]}.`);
  }
  untouched(network, () => {
    const here = lossGradients(network, x, y, loss, training);
    const weights = network.trainable.map((v) => v.clone());
    const start = { loss: here.loss.dataSync()[0], norm: jointNorm(here.weights), gradient: here.weights };
    for (const s of stepSizes) {
      tf.tidy(() => {
        assignAll(network.trainable, (i) => tf.sub(weights[i], tf.mul(s, here.weights[i])));
        visit(start, s);
      });
    }
  });
}

/** Options with the batch checked. */
export function checked<O extends LossLookOptions>(caller: string, options: O): O {
  expectNetwork(caller, options.network);
  expectInputs(caller, options.x);
  expectTargets(caller, options.x, options.y);
  if (lossOf(options.loss) === softmaxCrossEntropy) expectOneHot(`${caller}: y`, options.y);
  return options;
}
