/** Whether a nonlinearity is used as one: "constrain them to the linear regime of the nonlinearity" (section 3), in numbers. */
import { counting, expectOptions, finite, needed, oneOf, type Options, own, shown } from '../core/checks';
import { tf } from '../engine';
import { activationFunction, ACTIVATIONS, Block, type ActivationName, type Network } from '../nn';
import { expectOneOf } from '../nn/checks';
import { median } from '../statistics';
import { captureActivations } from './activations';
import { expectBatch, expectNetwork, expectValues, untouched } from './model';
import { made } from './made';
import type { Probe, Values } from './types';

/** How linear a nonlinearity is on the inputs that it gets. */
export interface LinearRegime {
  /**
   * Share of the inputs at which g departs from its tangent at 0 by at most `tolerance` of the tangent's own rise:
   * |g(z) - g(0) - g'(0) z| <= tolerance |g'(0) z|.
   */
  share: number;
  /** Share of the variance of g(z) that the best line through (z, g(z)) explains; 1 for a linear g. */
  r2: number;
}

/** How strict the linear regime is. */
export interface LinearRegimeOptions {
  /** Allowed departure from the tangent at 0, as a share of the tangent's rise; default 0.1 (for sigmoid |z| < 1.17). */
  tolerance?: number;
}

const LINEAR_REGIME_OPTIONS: Options<LinearRegimeOptions> = { tolerance: own };

const PLAIN: Record<Exclude<ActivationName, 'relu'>, { f: (z: number) => number; slope: number }> = {
  sigmoid: { f: (z) => 1 / (1 + Math.exp(-z)), slope: 0.25 },
  tanh: { f: Math.tanh, slope: 1 },
  identity: { f: (z) => z, slope: 1 },
};

function plainOf(where: string, activation: ActivationName, tolerance: number) {
  expectOneOf(where, 'activation', activation, ACTIVATIONS);
  if (activation === 'relu') {
    throw new RangeError(`${where}: relu has a corner at 0 and no tangent there. Take sigmoid or tanh.`);
  }
  if (typeof tolerance !== 'number' || !(tolerance > 0 && tolerance < 1)) {
    throw new RangeError(`${where}: tolerance must be between 0 and 1, got ${shown(tolerance)}.`);
  }
  const { f, slope } = PLAIN[activation];
  const inside = (z: number) => Math.abs(f(z) - f(0) - slope * z) <= tolerance * Math.abs(slope * z);
  return { f, inside };
}

/**
 * How linear g is on the inputs of a layer: the share of them in the linear regime, and R^2 of the line of best fit, each as the
 * median over units.
 *
 * @param given what enters g, as `captureActivations` gives it: tap `.../preActivation`
 * @example linearRegime(captureActivations({ network, x, training: true, taps: [tap] })[tap], 'sigmoid').r2
 * @throws RangeError for relu, a tolerance outside (0, 1), or values that are not finite
 */
export function linearRegime(
  given: Values,
  activation: ActivationName,
  options: LinearRegimeOptions = {},
): LinearRegime {
  expectOptions('linearRegime', options, LINEAR_REGIME_OPTIONS);
  expectValues('linearRegime', given);
  const { shape, values } = given;
  const { tolerance = 0.1 } = options;
  const { f, inside } = plainOf('linearRegime', activation, tolerance);
  const units = shape[shape.length - 1];
  const m = values.length / units;
  const each = Array.from({ length: units }, (_, j) => {
    const z = Array.from({ length: m }, (_, i) => values[i * units + j]);
    if (!z.every(Number.isFinite)) throw new RangeError(`linearRegime: unit ${j} holds values that are not finite.`);
    return { share: z.filter(inside).length / m, r2: explained(z, z.map(f)) };
  });
  return { share: median(each.map((u) => u.share)), r2: median(each.map((u) => u.r2)) };
}

/** The squared correlation, R^2 of least squares in one variable; 1 where y does not vary: a line meets it exactly. */
function explained(x: number[], y: number[]): number {
  const mean = (v: number[]) => v.reduce((a, b) => a + b, 0) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xx, xy, yy] = [0, 0, 0];
  x.forEach((v, i) => {
    xx += (v - mx) ** 2;
    xy += (v - mx) * (y[i] - my);
    yy += (y[i] - my) ** 2;
  });
  return xx > 0 && yy > 0 ? (xy * xy) / (xx * yy) : 1;
}

/**
 * The same for exactly normal inputs, z ~ N(mean, deviation^2), by quadrature: what to expect of a normalized unit (0, 1), or of one
 * with gamma = deviation and beta = mean. By Stein's lemma the best line has the slope E[g'(z)], so that
 * R^2 = deviation^2 E[g'(z)]^2 / Var[g(z)]; for sigmoid at (0, 1) that is 0.984.
 *
 * @example linearRegimeOfNormal('sigmoid').r2
 * @throws RangeError for relu, a deviation that is not above 0, or a tolerance outside (0, 1)
 */
export function linearRegimeOfNormal(
  activation: ActivationName,
  options: { mean?: number; deviation?: number } & LinearRegimeOptions = {},
): LinearRegime {
  expectOptions<typeof options>('linearRegimeOfNormal', options, {
    ...{ ...LINEAR_REGIME_OPTIONS, mean: finite, deviation: finite },
  });
  const { mean = 0, deviation = 1, tolerance = 0.1 } = options;
  const { f, inside } = plainOf('linearRegimeOfNormal', activation, tolerance);
  if (!(deviation > 0)) throw new RangeError(`linearRegimeOfNormal: deviation must be above 0, got ${deviation}.`);
  // Midpoints over 10 standard deviations to either side: the integrands are smooth, the rest is below 1e-20.
  const n = 20000;
  let [share, g, gg, zg] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const s = -10 + (20 * (i + 0.5)) / n;
    const weight = (Math.exp((-s * s) / 2) / Math.sqrt(2 * Math.PI)) * (20 / n);
    const value = f(mean + deviation * s);
    if (inside(mean + deviation * s)) share += weight;
    g += weight * value;
    gg += weight * value * value;
    zg += weight * s * value; // = deviation E[g'], Stein
  }
  return { share, r2: (zg * zg) / (gg - g * g) };
}

/**
 * The outputs of a network whose hidden nonlinearities are replaced by straight lines: each unit's by the line that fits it best over this
 * batch. If they hardly differ from the network's own, its nonlinearities were hardly used.
 *
 * The statistics of normalization layers are those of the batch. Each line is fitted to what arrives at it once the layers below are
 * lines: slope = Cov[z, g(z)] / Var[z], through the means. The last layer is linear already. The network stays as it was.
 *
 * @param network of blocks as `mlp` makes them (no dropout, normalization before the nonlinearity)
 * @param x inputs [m, d]
 * @returns outputs [m, classes]; the caller disposes them
 * @throws TypeError for a network that is not made of such blocks
 */
export function linearizedOutputs(network: Network, x: tf.Tensor): tf.Tensor {
  expectNetwork('linearizedOutputs', network);
  expectBatch('linearizedOutputs', x);
  if (!Array.isArray(network.layers)) {
    throw new TypeError(`linearizedOutputs: wanted a network of blocks, as mlp makes it, got ${shown(network)}.`);
  }
  const blocks = network.layers.map((layer) => {
    if (!(layer instanceof Block) || layer.placement !== 'before' || layer.dropout) {
      throw new TypeError(
        `linearizedOutputs: layer '${layer.name}' of '${network.name}' is not a block of linear, normalization, nonlinearity.`,
      );
    }
    return layer;
  });
  const context = { training: true, updateStatistics: false };
  return untouched(network, () =>
    blocks.reduce((u: tf.Tensor, { linear, norm, activation }) => {
      const x = linear.apply(u, context);
      const z = norm ? norm.apply(x, context) : x;
      if (activation.kind === 'identity') return z;
      const g = activationFunction(activation.kind)(z);
      const centred = tf.sub(z, tf.mean(z, 0));
      const spread = tf.mean(tf.square(centred), 0);
      const slope = tf.divNoNan(tf.mean(tf.mul(centred, g), 0), spread);
      return tf.add(tf.mul(centred, slope), tf.mean(g, 0));
    }, x),
  );
}

/** What {@link linearityProbe} reports. */
export interface Linearity {
  /** By hidden layer, from the input on. */
  layers: LinearRegime[];
  /** Share of the examples that the network gets right, with the statistics of these examples. */
  accuracy: number;
  /** The same for its straightened twin, see {@link linearizedOutputs}. */
  linearizedAccuracy: number;
}

/**
 * Follows how linear a network is through training, on the first test examples in training mode (statistics of those examples).
 *
 * @param options.activation of the hidden layers
 * @param options.examples default 1000
 * @returns a probe that reports {@link Linearity}, or null where values are not finite (a diverged network)
 * @example trainNetwork({ ...options, probes: { linearity: linearityProbe({ activation: 'sigmoid' }) } })
 */
export function linearityProbe(
  options: { activation: ActivationName; examples?: number } & LinearRegimeOptions,
): Probe<Linearity | null> {
  expectOptions<typeof options>('linearityProbe', options, {
    ...{ ...LINEAR_REGIME_OPTIONS, activation: needed(oneOf(ACTIVATIONS)), examples: counting },
  });
  const { activation, examples = 1000, tolerance } = options;
  plainOf('linearityProbe', activation, tolerance ?? 0.1);
  return made('linearityProbe', options, {
    measure: ({ network, test }) => {
      const { layers } = network as Network;
      const taps = layers.slice(0, -1).map(({ name }) => `${name}/preActivation`);
      const m = Math.min(examples, test.x.shape[0]);
      const [x, y] = [tf.slice(test.x, 0, m), tf.slice(test.y, 0, m)];
      const seen = captureActivations({ network, x, training: true, taps });
      const finite = taps.every((tap) => seen[tap].values.every(Number.isFinite));
      const share = (outputs: tf.Tensor) =>
        tf.mean(tf.cast(tf.equal(tf.argMax(outputs, 1), tf.argMax(y, 1)), 'float32')).dataSync()[0];
      const shares = !finite
        ? null
        : tf.tidy(() => {
            const own = untouched(network, () => network.apply(x, { training: true, updateStatistics: false }));
            return [share(own), share(linearizedOutputs(network as Network, x))];
          });
      tf.dispose([x, y]);
      if (!shares) return null;
      const regimes = taps.map((tap) => linearRegime(seen[tap], activation, { tolerance }));
      return { layers: regimes, accuracy: shares[0], linearizedAccuracy: shares[1] };
    },
  });
}
