/** Weights from and to other frameworks: names mapped, layouts turned. Pure: arrays in, arrays out; train/weights.ts has the files. */
import { expectArgument, list, listOf, network as aNetwork, text } from '../../core/checks';
import { tf } from '../../engine';
import { expectOneOf } from '../checks';
import { BatchNormLayer } from '../normalization/batch-norm-layer';
import { Network, StateDict } from '../types';
import { Framework, FrameworkName, FRAMEWORKS } from './frameworks';
import { matched, Module, modulesOf, NamedArray, namedArrays } from './modules';
import { Part, partsOf } from './parts';

/** Types of a file that weights may be of. */
const FLOATS = ['float16', 'bfloat16', 'float32', 'float64'];
const NAMES = Object.keys(FRAMEWORKS) as FrameworkName[];

/**
 * Puts weights of another framework into a network, whole or not at all.
 *
 * A network of the same layers in the same order, built beforehand, takes them: its epsilon, padding and the place of its
 * normalizations are not in such a file. Dense weights come from [out, in] in PyTorch, kernels from [out, in, height, width], those of
 * transposed convolutions from [in, out, height, width] (in Keras [height, width, out, in], as here), and
 * what follows a flattened image is put in the order of this library's images, [height, width, channels]. Layer, group and instance
 * normalization hold gamma and beta alone, and a file does not say which of them it was: over images, layer normalization here is
 * PyTorch's `GroupNorm(1, channels)` and Keras's `GroupNormalization(1)`, whose `LayerNormalization` normalizes each pixel.
 *
 * @param arrays by the framework's names, `0.weight` or `dense/kernel`, as `readSafetensors` and `readNpz` give them
 * @param modules the framework's names of the modules in the order of the network's layers; needed only where several are of one
 *   size and their names do not tell their order
 * @returns the names of the modules, in the order of the network's layers
 * @throws RangeError when layers or sizes differ, a weight is missing or left over, a value is NaN or infinite, a variance negative;
 *   TypeError when values are no floating-point numbers; nothing is changed then
 */
export function takeWeights(
  network: Network,
  arrays: Readonly<Record<string, NamedArray>>,
  from: FrameworkName,
  modules?: readonly string[],
): string[] {
  expectArgument('takeWeights', 'network', network, aNetwork);
  expectOneOf('takeWeights', 'from', from, NAMES);
  const where = `${network.name}: weights of ${from}`;
  expectArgument(where, 'arrays', arrays, namedArrays);
  if (modules !== undefined) expectArgument(where, 'modules', modules, listOf(text));
  const framework = FRAMEWORKS[from];
  const parts = partsOf(where, network);
  const found = matched(where, parts, modulesOf(where, arrays, framework), framework, modules);
  const state: StateDict = {};
  parts.forEach((part, i) => Object.assign(state, stateOf(where, part, found[i], framework)));
  network.loadStateDict(state);
  return found.map(({ name }) => name);
}

const isNorm = (kind: Part['kind']) => kind === 'norm' || kind === 'affine';

/** The framework's name of each weight, by the name here. */
function namesOf(kind: Part['kind'], framework: Framework): Readonly<Record<string, string>> {
  return isNorm(kind) ? framework.norm : framework.linear;
}

/** The variables of one layer from those of a module. */
function stateOf(where: string, part: Part, from: Module, framework: Framework): StateDict {
  const { layer, kind } = part;
  const names = namesOf(kind, framework);
  const mine = Object.entries(names).filter(([label]) => `${layer.name}/${label}` in layer.named);
  const missing = mine.map(([, weight]) => weight).filter((weight) => !(weight in from.weights));
  const extra = Object.keys(from.weights).filter((weight) => !mine.some(([, name]) => name === weight));
  if (missing.length || extra.length) {
    const advice = extra.includes(names.bias) ? ' A bias there wants one here: build the layer with bias: true.' : '';
    throw new RangeError(
      `${where}: '${from.name}' lacks ${missing.join(', ') || 'nothing'} that ${layer.name} has, and has ` +
        `${extra.join(', ') || 'nothing'} that ${layer.name} lacks.${advice}`,
    );
  }
  const state: StateDict = {};
  for (const [label, weight] of mine) {
    const array = from.weights[weight];
    if (!FLOATS.includes(array.type)) {
      throw new TypeError(`${where}: '${from.name}' ${weight} is ${array.type}; wanted one of ${FLOATS.join(', ')}.`);
    }
    const order = label === 'weights' ? framework[kind as 'dense' | 'convolution'] : [0];
    const turned = turn(array, order);
    const positions = framework.channelsFirst && part.channels ? turned.shape[0] / part.channels : 1;
    state[`${layer.name}/${label}`] = regrouped(turned, positions, part.channels ?? 1, kind, label);
  }
  if (`${layer.name}/movingWeight` in layer.named) {
    state[`${layer.name}/movingWeight`] = { shape: [], values: Float32Array.of(1) };
  }
  return state;
}

/** Axis k of the result is axis `order[k]` of the array; in float32. */
function turn({ shape, values }: { shape: readonly number[]; values: ArrayLike<number> }, order: readonly number[]) {
  const data = Float32Array.from(values);
  if (order.length !== shape.length || order.every((axis, k) => axis === k)) return { shape: [...shape], values: data };
  return tf.tidy(() => {
    const turned = tf.transpose(tf.tensor(data, [...shape], 'float32'), [...order]);
    return { shape: turned.shape, values: Float32Array.from(turned.dataSync()) };
  });
}

/**
 * Features along the first axis in [place, channel] order from [channel, place] order. The values of a convolution, a dense bias and
 * whatever saw no flattened image have one place or one channel, and stay as they are.
 */
function regrouped(
  array: { shape: number[]; values: Float32Array },
  slow: number,
  fast: number,
  kind: Part['kind'],
  label: string,
): { shape: number[]; values: Float32Array } {
  if (slow === 1 || fast === 1 || (kind === 'dense' && label === 'bias')) return array;
  const rows = array.shape[0];
  const width = array.values.length / rows;
  const values = new Float32Array(array.values.length);
  for (let place = 0; place < slow; place++) {
    for (let channel = 0; channel < fast; channel++) {
      const from = (channel * slow + place) * width;
      values.set(array.values.subarray(from, from + width), (place * fast + channel) * width);
    }
  }
  return { shape: array.shape, values };
}

/**
 * The weights of a network as another framework names them and lays them out: what {@link takeWeights} reads.
 *
 * @param modules the framework's names of the modules in the order of the network's layers, as {@link takeWeights} returns them; left
 *   out, the names here: `layer1`, `layer1_norm`
 * @throws RangeError for a layer that has no counterpart, or names of a number that is not that of the layers; TypeError when the
 *   network was disposed
 */
export function giveWeights(
  network: Network,
  to: FrameworkName,
  modules?: readonly string[],
): Record<string, { shape: number[]; values: Float32Array; type: string }> {
  expectArgument('giveWeights', 'network', network, aNetwork);
  expectOneOf('giveWeights', 'to', to, NAMES);
  const where = `${network.name}: weights for ${to}`;
  if (modules !== undefined) expectArgument(where, 'modules', modules, list);
  const framework = FRAMEWORKS[to];
  const parts = partsOf(where, network);
  const names =
    modules ?? parts.map(({ layer, kind }) => layer.name.replace(/[./]/g, '_') + (isNorm(kind) ? '_norm' : ''));
  if (
    names.length !== parts.length ||
    new Set(names).size !== names.length ||
    !names.every((n) => typeof n === 'string')
  ) {
    const layers = parts.map(({ layer, kind }) => `${layer.name} (${kind})`).join(', ');
    throw new RangeError(
      `${where}: modules must be ${parts.length} names, one for each of ${layers}; got ${names.join(', ')}.`,
    );
  }
  const state = network.stateDict();
  const out: ReturnType<typeof giveWeights> = {};
  parts.forEach((part, i) => {
    const { layer, kind, channels } = part;
    const weights = namesOf(kind, framework);
    const statistics = layer instanceof BatchNormLayer ? statisticsOf(layer) : {};
    for (const [label, weight] of Object.entries(weights)) {
      const own = statistics[label] ?? state[`${layer.name}/${label}`];
      if (!own) continue;
      const places = framework.channelsFirst && channels ? own.shape[0] / channels : 1;
      const grouped = regrouped(own, channels ?? 1, places, kind, label);
      const order = label === 'weights' ? framework[kind as 'dense' | 'convolution'] : [0];
      const back = order.map((_, k) => order.indexOf(k));
      const name = names[i] === '' ? weight : `${names[i]}${framework.separator}${weight}`;
      out[name] = { ...turn(grouped, back), type: 'float32' };
    }
  });
  return out;
}

/** What inference uses, which is what a framework stores; this layer may store more. */
function statisticsOf(layer: BatchNormLayer): StateDict {
  return tf.tidy(() => {
    const { mean, variance } = layer.statistics();
    const plain = (v: tf.Tensor) => ({ shape: v.shape, values: Float32Array.from(v.dataSync()) });
    return { movingMean: plain(mean), movingVariance: plain(variance) };
  });
}
