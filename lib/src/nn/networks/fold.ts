/** A trained network for inference, with every batch normalization folded into the layer before it. */
import { shown } from '../../core/checks';
import { tf } from '../../engine';
import { activation, ActivationLayer } from '../layers/activation';
import { allOrNothing } from '../layers/base';
import { Block } from '../layers/block';
import { conv2d, Conv2dLayer } from '../layers/conv2d';
import { conv2dTranspose, Conv2dTransposeLayer } from '../layers/conv2d-transpose';
import { dense, DenseLayer } from '../layers/dense';
import { dropout, DropoutLayer } from '../layers/dropout';
import { FunctionLayer } from '../layers/function-layer';
import { Parallel } from '../layers/parallel';
import { Residual } from '../layers/residual';
import { Sequential } from '../layers/sequential';
import { BatchNormLayer } from '../normalization/batch-norm-layer';
import { batchNormInference, foldBatchNorm } from '../normalization/inference';
import { Layer } from '../types';
import { type WeightOptions } from '../weights/initial';
import { initializer } from '../weights/initializers';

/**
 * A copy of a network for inference, with every batch normalization folded into the dense or convolutional layer before it
 * (`foldBatchNorm`): W' = W gamma / sqrt(Var + epsilon), b' = (b - E) gamma / sqrt(Var + epsilon) + beta. The network it is
 * made from stays as it is.
 *
 * @example const folded = foldNetwork(net);
 * @returns a network with its own variables and the same outputs as `net` at inference, to rounding
 * @throws TypeError for what is no such network; RangeError when a normalization does not stand right behind a dense or convolutional layer, in a block or in a sequence, is no
 *   batch normalization, or a pitfall that computes something else at inference; for a layer of the caller's own; when weights or
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

/** What batch normalization can be folded into. */
type Linear = DenseLayer | Conv2dLayer | Conv2dTransposeLayer;

function isLinear(layer: Layer): layer is Linear {
  return layer instanceof DenseLayer || layer instanceof Conv2dLayer || layer instanceof Conv2dTransposeLayer;
}

function expectPlain(name: string, norm: BatchNormLayer): void {
  if (norm.scheme.infer !== batchNormInference) {
    throw new RangeError(`foldNetwork: the normalization of ${name} is a pitfall with an inference of its own.`);
  }
}

type Copy<L extends Layer = Layer> = { of: abstract new (...given: never[]) => L; copy: (layer: L) => Layer };
const copying = <L extends Layer>(of: Copy<L>['of'], copy: (layer: L) => Layer): Copy =>
  ({ of, copy }) as unknown as Copy;

/** How each kind of layer is copied for inference. A kind that is not here cannot be folded. */
const COPIES: readonly Copy[] = [
  copying(Block, foldedBlock),
  copying(Sequential, (layer) => new Sequential(layer.name, inSequence(layer.layers), { ...layer.config })),
  copying(Parallel, (layer) => new Parallel(layer.name, layer.layers.map(folded))),
  copying(Residual, ({ name, branch, shortcut }) => new Residual(name, folded(branch), shortcut && folded(shortcut))),
  copying(DenseLayer, (layer) => rebuilt(layer, layer.weights, layer.bias)),
  copying(Conv2dLayer, (layer) => rebuilt(layer, layer.weights, layer.bias)),
  copying(Conv2dTransposeLayer, (layer) => rebuilt(layer, layer.weights, layer.bias)),
  copying(ActivationLayer, ({ kind, name }) => activation(kind, { name })),
  copying(DropoutLayer, ({ rate, name }) => dropout(rate, { name })),
  copying(FunctionLayer, (layer) => layer),
];

function folded(layer: Layer): Layer {
  const known = COPIES.find(({ of }) => layer instanceof of);
  if (known) return known.copy(layer);
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

function foldedLinear(linear: Linear, norm: BatchNormLayer): Linear {
  const { gamma, beta, epsilon } = norm;
  const { weights, bias } = tf.tidy(() => {
    const { mean, variance } = norm.statistics();
    const layout = linear instanceof Conv2dTransposeLayer ? 'transposed' : 'outputsLast';
    const input = { weights: linear.weights, layout, bias: linear.bias, mean, variance, gamma, beta } as const;
    return foldBatchNorm(input, { epsilon, allowZeroEpsilon: epsilon === 0 });
  });
  const plain = rebuilt(linear, weights, bias);
  tf.dispose([weights, bias]);
  return plain;
}

/** A layer of the same kind and sizes with the given weights. */
function rebuilt(layer: Linear, weights: tf.Tensor, bias: tf.Tensor | null): Linear {
  const copy = emptied(layer, { name: layer.name, bias: bias !== null, initializer: initializer('zeros') });
  copy.weights.assign(weights);
  if (bias) copy.bias?.assign(bias);
  return copy;
}

function emptied(layer: Linear, options: WeightOptions): Linear {
  const { inputs, outputs } = layer;
  if (layer instanceof DenseLayer) return dense(inputs, outputs, options);
  const { size, stride, pad } = layer;
  if (layer instanceof Conv2dTransposeLayer) return conv2dTranspose(inputs, outputs, size, { ...options, stride, pad });
  return conv2d(inputs, outputs, size, { ...options, stride, pad, groups: layer.groups });
}
