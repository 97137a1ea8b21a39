/** How much the gradients of single examples differ: what decides how good an estimate the gradient of a mini-batch is. */
import { expectOptions, type Options, without } from '../core/checks';
import { tf } from '../engine';
import type { Layer } from '../nn';
import { lossOf, type Loss, type LossName } from '../nn/loss';
import { checked, LOSS_LOOK_OPTIONS, type LossLookOptions } from './gradients';
import { jointDot, labelsOf, lossGradients, numbersOf, untouched } from './model';

/** What {@link gradientNoise} takes. */
export interface GradientNoiseOptions {
  /** Dense layers with a nonlinearity between them, as `mlp` makes them without normalization; left as it is. */
  network: Layer;
  /** Inputs [N, inputs] float32. */
  x: tf.Tensor;
  /** Targets [N, outputs]; one-hot for classes. */
  y: tf.Tensor;
  /** A mean over the examples. Default `'crossEntropy'`. */
  loss?: LossName | Loss;
}

const GRADIENT_NOISE_OPTIONS: Options<GradientNoiseOptions> = without(LOSS_LOOK_OPTIONS, ['training']);

/** The gradients g_i of N examples, g their mean, S their covariance: S = 1/N sum (g_i - g)(g_i - g)^T. */
export interface GradientNoise {
  /** Mean loss of the examples. */
  loss: number;
  /** |g|^2, over all weights and biases. */
  squaredNorm: number;
  /** tr S = mean |g_i|^2 - |g|^2. */
  trace: number;
  /** tr S / |g|^2, in examples: the mini-batch whose gradient has as much noise as signal. McCandlish et al. 2018, equation 2.9. */
  critical: number;
  /** |g_i|^2 of each example, [N]. */
  squaredNorms: number[];
}

/** A dense layer of a network: the labels of its variables, the tap of what it is given and of what it gives. */
interface DenseTaps {
  bias: boolean;
  /** Null for the network's inputs. */
  input: string | null;
  output: string;
}

/**
 * Exact gradient noise of a dense network over N examples, from one forward and one backward pass: the gradient of one example's loss with
 * respect to W is delta_i u_i^T, u_i the layer's input and delta_i = dl_i/d(W u_i + b), so its square is |u_i|^2 |delta_i|^2, and with a bias
 * (|u_i|^2 + 1) |delta_i|^2. The mean gradient of a mini-batch of m of these N, drawn without replacement, then has
 * E|g_m - g|^2 = tr S / m (N - m)/(N - 1).
 *
 * The network is taken at inference: with batch normalization in training mode, an example alone has no gradient.
 *
 * @example gradientNoise({ network: mlp({ sizes: [784, 100, 10], activation: 'relu', seed: 1 }), x, y }).critical
 * @throws RangeError for a network that is not made of dense layers with a nonlinearity between them, and as `gradientNorms`
 */
export function gradientNoise(options: GradientNoiseOptions): GradientNoise {
  const { network, x, y, loss } = checked('gradientNoise', expected(options));
  const layers = denseTaps(network);
  const n = x.shape[0];
  const result: GradientNoise = { loss: NaN, squaredNorm: NaN, trace: NaN, critical: NaN, squaredNorms: [] };
  untouched(network, () => {
    const squaresOf = (u: tf.Tensor) => tf.keep(tf.sum(tf.square(u), 1)); // |u_i|^2, [N]
    const inputs = new Map<string | null, tf.Tensor>([[null, squaresOf(x)]]);
    try {
      const tapped = (name: string, value: tf.Tensor) => {
        if (layers.some(({ input }) => input === name)) inputs.set(name, squaresOf(value));
        return layers.some(({ output }) => output === name);
      };
      const of = lossGradients(network, x, y, lossOf(loss), false, tapped);
      const untapped = layers.find(({ input, output }) => !(output in of.taps) || !inputs.has(input));
      if (untapped) {
        throw new RangeError(
          `gradientNoise: network '${network.name}' has no tap '${untapped.output}' or '${untapped.input ?? 'x'}'; wanted the taps of mlp(...).`,
        );
      }
      const squares = layers.map(({ bias, input, output }) => {
        const delta = tf.sum(tf.square(tf.mul(of.taps[output], n)), 1); // |delta_i|^2 of each example's own loss
        const u = inputs.get(input)!;
        return tf.mul(bias ? tf.add(u, 1) : u, delta);
      });
      const squaredNorms = numbersOf(tf.addN(squares));
      const squaredNorm = jointDot(of.weights, of.weights);
      const trace = squaredNorms.reduce((sum, value) => sum + value, 0) / n - squaredNorm;
      const critical = trace / squaredNorm;
      Object.assign(result, { loss: of.loss.dataSync()[0], squaredNorm, trace, critical, squaredNorms });
    } finally {
      tf.dispose([...inputs.values()]);
    }
  });
  return result;
}

function expected(options: GradientNoiseOptions): LossLookOptions {
  expectOptions('gradientNoise', options, GRADIENT_NOISE_OPTIONS);
  return { ...options, training: false };
}

/** The layers of a network like `mlp` makes without normalization: `layerI/weights`, perhaps `layerI/bias`, and nothing else that trains. */
function denseTaps(network: Layer): DenseTaps[] {
  const labels = labelsOf(network);
  const count = labels.filter((label) => label.endsWith('/weights')).length;
  const layers = Array.from({ length: count }, (_, i) => ({
    bias: labels.includes(`layer${i + 1}/bias`),
    input: i === 0 ? null : `layer${i}/activation`,
    output: `layer${i + 1}/linear`,
  }));
  const known = layers.flatMap(({ bias }, i) => [`layer${i + 1}/weights`, ...(bias ? [`layer${i + 1}/bias`] : [])]);
  if (known.length !== labels.length || known.some((label) => !labels.includes(label))) {
    throw new RangeError(
      `gradientNoise: network '${network.name}' trains ${labels.join(', ')}; wanted dense layers alone, as ` +
        'mlp({ sizes, activation }) makes them: layer1/weights, layer1/bias, ...',
    );
  }
  return layers;
}
