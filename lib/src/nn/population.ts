/** From a trained network to one for inference: population statistics in place of moving averages, and folding. */
import { expectArgument, expectOptions, kind, layer as aLayer, shown } from '../core/checks';
import { tf } from '../engine';
import { activation, ActivationLayer } from './activations';
import { allOrNothing } from './base';
import {
  averagedStatistics,
  batchNormInference,
  foldBatchNorm,
  valuesPerFeature,
  type MeasuredStatistics,
} from './batch-norm';
import { describe, expectFinite, expectFloatTensor } from './checks';
import { BatchNormLayer, Conv2dLayer, conv2d, dense, DenseLayer, dropout, DropoutLayer, FunctionLayer } from './layers';
import { Block, Parallel, Residual, Sequential } from './networks';
import { initializer } from './initializers';
import { Layer, LayerRandom } from './types';

/** Every layer inside a layer, itself included, from the outside in and from input to output. */
export function allLayers(layer: Layer): Layer[] {
  expectArgument('allLayers', 'layer', layer, aLayer);
  const inner = (layer as Partial<{ layers: Layer[] }>).layers ?? [];
  return [layer, ...inner.flatMap(allLayers)];
}

/** The batch normalization layers inside a layer, from input to output, each once. */
export function batchNormLayers(layer: Layer): BatchNormLayer[] {
  expectArgument('batchNormLayers', 'layer', layer, aLayer);
  const found = allLayers(layer).filter((inner): inner is BatchNormLayer => inner instanceof BatchNormLayer);
  return [...new Set(found)];
}

const layerRandom = kind(
  'random numbers with a method bernoulli(keep, shape)',
  (value) => typeof (value as LayerRandom | null)?.bernoulli === 'function',
);

/**
 * Algorithm 2, lines 7 to 10: sends training mini-batches through the network in training mode, and puts
 * E[x] = E_B[mu_B] and Var[x] = m/(m-1) E_B[sigma2_B] in place of the moving averages of every batch normalization layer that
 * is not frozen.
 *
 * @example usePopulationStatistics(net, batches); const logits = net.apply(test, { training: false });
 * @param batches mini-batches of one size, such as those it was trained with; they are read, not disposed
 * @param options.random needed when the network has dropout
 * @throws RangeError when there is no batch, the shapes differ, one holds NaN or infinity, or the network has no batch normalization;
 *   nothing is changed then
 */
export function usePopulationStatistics(
  network: Layer,
  batches: readonly tf.Tensor[],
  options: { random?: LayerRandom } = {},
): void {
  const where = 'usePopulationStatistics';
  expectOptions<typeof options>(where, options, { random: layerRandom });
  const layers = batchNormLayers(network).filter((layer) => !layer.frozen);
  if (layers.length === 0) {
    throw new RangeError(`${where}: ${network.name} has no batch normalization layer, or all are frozen.`);
  }
  if (!Array.isArray(batches) || batches.length === 0) {
    throw new RangeError(
      `${where}: wanted a list of at least one mini-batch, got ${Array.isArray(batches) ? 'none' : typeof batches}.`,
    );
  }
  batches.forEach((batch, i) => {
    expectFloatTensor(where, `batch ${i}`, batch);
    expectFinite(where, `batch ${i}`, batch);
    // The size of an image counts too: m, and with it m/(m-1), would not be one number.
    if (!tf.util.arraysEqual(batch.shape, batches[0].shape)) {
      throw new RangeError(
        `${where}: mini-batches must be of one size, batch 0 is ${describe(batches[0])} and batch ${i} ${describe(batch)}.`,
      );
    }
  });
  const { problem } = takeStatistics(network, batches.length, (i) => batches[i], options.random);
  if (problem) throw problem;
}

/**
 * Puts the statistics of `passes` training mini-batches into every batch normalization layer that is not frozen. One that a pass applies
 * several times, such as one shared by two branches, is averaged over all its applications, as its moving averages are; one that no pass
 * applies keeps what it has.
 *
 * @param batch the mini-batch of a pass, made inside a tidy
 * @returns names of the layers that were set; `problem` where statistics are not finite, and then nothing is changed
 */
export function takeStatistics(
  network: Layer,
  passes: number,
  batch: (pass: number) => tf.Tensor,
  random?: LayerRandom,
): { names: string[]; problem: Error | null } {
  const layers = batchNormLayers(network).filter((layer) => !layer.frozen);
  const seen = new Map(layers.map(({ name }) => [name, [] as MeasuredStatistics[]]));
  if (seen.size < layers.length) {
    const names = layers.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    throw new RangeError(
      `${network.name}: two batch normalization layers are called '${twice}'. Give each its own name.`,
    );
  }
  // What a tap sees dies with the tidy of its layer, so it is kept until all is computed.
  const kept: tf.Tensor[] = [];
  const tap = (tapName: string, value: tf.Tensor) => {
    const cut = tapName.lastIndexOf('/');
    const applications = seen.get(tapName.slice(0, cut));
    const what = tapName.slice(cut + 1);
    if (!applications) return;
    // A layer calls in this order: mean, variance, xHat.
    if (what === 'mean' || what === 'variance') {
      const copy = tf.keep(tf.clone(value));
      kept.push(copy);
      if (what === 'mean') applications.push({ mean: copy, variance: copy, m: 0 });
      else applications[applications.length - 1].variance = copy;
    } else if (what === 'xHat' && applications.length > 0) {
      // In a convolution every place of every picture is a value: m is batch times height times width.
      applications[applications.length - 1].m = valuesPerFeature(value);
    }
  };
  try {
    for (let pass = 0; pass < passes; pass++) {
      tf.tidy(() => void network.apply(batch(pass), { training: true, updateStatistics: false, random, tap }));
    }
    const applied = layers.filter(({ name }) => seen.get(name)!.length > 0);
    let problem: Error | null = null;
    tf.tidy(() => {
      try {
        // All are computed, and checked, before one is set.
        const found = applied.map(({ name }) => averagedStatistics(name, seen.get(name)!));
        applied.forEach((layer, i) => layer.setStatistics(found[i].mean, found[i].variance));
      } catch (error) {
        problem = error as Error;
      }
    });
    return { names: problem ? [] : applied.map(({ name }) => name), problem };
  } finally {
    tf.dispose(kept);
  }
}

/**
 * A copy of a network for inference, with every batch normalization folded into the dense or convolutional layer before it
 * (`foldBatchNorm`): W' = W gamma / sqrt(Var + epsilon), b' = (b - E) gamma / sqrt(Var + epsilon) + beta. The network it is
 * made from stays as it is.
 *
 * @example const folded = foldNetwork(net);
 * @returns a network with its own variables and the same outputs as `net` at inference, to rounding
 * @throws TypeError for what is no such network; RangeError when a normalization does not stand right behind a dense or convolutional layer, in a block or in a sequence, is no
 *   batch normalization, or an exhibit that computes something else at inference; for a layer of the caller's own; when weights or
 *   statistics hold NaN or infinity
 */
export function foldNetwork(network: Sequential): Sequential {
  if (!(network instanceof Sequential)) {
    throw new TypeError(
      `foldNetwork: network must be layers one after the other, as mlp and sequential make them, got ${shown(network)}.`,
    );
  }
  return allOrNothing(
    () => new Sequential(`${network.name}/folded`, inSequence(network.layers), { ...network.config, folded: true }),
  );
}

/** Layers one after the other: batch normalization right behind a dense or convolutional layer goes into it. */
function inSequence(layers: Layer[]): Layer[] {
  const result: Layer[] = [];
  for (let i = 0; i < layers.length; i++) {
    const [layer, next] = [layers[i], layers[i + 1]];
    if (isLinear(layer) && next instanceof BatchNormLayer) {
      expectPlain(next.name, next);
      result.push(foldedLinear(layer, next));
      i++;
    } else result.push(folded(layer));
  }
  return result;
}

function isLinear(layer: Layer): layer is DenseLayer | Conv2dLayer {
  return layer instanceof DenseLayer || layer instanceof Conv2dLayer;
}

function expectPlain(name: string, norm: BatchNormLayer): void {
  if (norm.scheme.infer !== batchNormInference) {
    throw new RangeError(`foldNetwork: the normalization of ${name} is an exhibit with an inference of its own.`);
  }
}

function folded(layer: Layer): Layer {
  if (layer instanceof Block) return foldedBlock(layer);
  if (layer instanceof Sequential) return new Sequential(layer.name, inSequence(layer.layers), { ...layer.config });
  if (layer instanceof Parallel) return new Parallel(layer.name, layer.layers.map(folded));
  if (layer instanceof Residual) {
    return new Residual(layer.name, folded(layer.branch), layer.shortcut && folded(layer.shortcut));
  }
  if (isLinear(layer)) return rebuilt(layer, layer.weights, layer.bias);
  if (layer instanceof ActivationLayer) return activation(layer.kind, { name: layer.name });
  if (layer instanceof DropoutLayer) return dropout(layer.rate, { name: layer.name });
  if (layer instanceof FunctionLayer) return layer;
  const what =
    layer instanceof BatchNormLayer
      ? 'does not stand right behind a dense or convolutional layer'
      : 'is neither batch normalization nor a layer that can be copied';
  throw new RangeError(`foldNetwork: ${layer.name} (${layer.constructor.name}) cannot be folded: it ${what}.`);
}

function foldedBlock(block: Block): Layer {
  const { linear, norm } = block;
  if (!isLinear(linear)) {
    throw new RangeError(
      `foldNetwork: ${block.name} begins with ${linear.constructor.name}, not a dense or convolutional layer.`,
    );
  }
  if (norm && (!(norm instanceof BatchNormLayer) || block.placement !== 'before')) {
    throw new RangeError(
      `foldNetwork: the normalization of ${block.name} is not batch normalization before the nonlinearity, so it cannot be folded.`,
    );
  }
  if (norm instanceof BatchNormLayer) expectPlain(block.name, norm);
  const plain = norm ? foldedLinear(linear, norm as BatchNormLayer) : rebuilt(linear, linear.weights, linear.bias);
  const { activation: g, dropout: d } = block;
  return new Block(
    block.name,
    plain,
    null,
    activation(g.kind, { name: g.name }),
    d && dropout(d.rate, { name: d.name }),
    'before',
  );
}

function foldedLinear(linear: DenseLayer | Conv2dLayer, norm: BatchNormLayer): DenseLayer | Conv2dLayer {
  const { gamma, beta, epsilon } = norm;
  const { weights, bias } = tf.tidy(() => {
    const { mean, variance } = norm.statistics();
    const input = { weights: linear.weights, bias: linear.bias, mean, variance, gamma, beta };
    return foldBatchNorm(input, { epsilon, allowZeroEpsilon: epsilon === 0 });
  });
  const plain = rebuilt(linear, weights, bias);
  tf.dispose([weights, bias]);
  return plain;
}

/** A layer of the same kind and sizes with the given weights. */
function rebuilt(
  layer: DenseLayer | Conv2dLayer,
  weights: tf.Tensor,
  bias: tf.Tensor | null,
): DenseLayer | Conv2dLayer {
  const options = { name: layer.name, bias: bias !== null, initializer: initializer('zeros') };
  const copy =
    layer instanceof DenseLayer
      ? dense(layer.inputs, layer.outputs, options)
      : conv2d(layer.inputs, layer.outputs, layer.size, { ...options, stride: layer.stride, pad: layer.pad });
  copy.weights.assign(weights);
  if (bias) copy.bias?.assign(bias);
  return copy;
}
