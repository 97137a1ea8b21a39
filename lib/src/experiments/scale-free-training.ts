/** Training a network whose loss does not depend on the scale of its weights, in float64: weight decay, rates that grow, angles (section 3.3). */
import {
  counting,
  expectOptions,
  finiteNumbers,
  listOf,
  needed,
  notNegative,
  type Options,
  positive,
  rowsOfNumbers,
  whole,
} from '../core/checks';
import { Random } from '../core/random';
import { batchIndices, toTensors } from '../data';
import { tf } from '../engine';
import { median } from '../statistics';
import { DATA_SPEC, datasetOf, type DataSpec } from './data-spec';
import { type Definition } from './experiment';

/** What decides the numbers of {@link scaleFreeTraining}, but for the examples. */
export interface ScaleFreeSettings {
  /** Widths of the hidden layers. */
  hidden: readonly number[];
  /** Of weights and mini-batches. */
  seed: number;
  /** Factor on the initial weights, which are Gaussian with variance 1 / fan in. */
  initialScale: number;
  /** Updates. */
  steps: number;
  /** m. */
  batchSize: number;
  /** eta: of the first step. */
  learningRate: number;
  /** Each step's rate is that of the one before times this; 1 for a constant rate. */
  rateFactor: number;
  /** lambda: g + lambda W takes the place of g, before the momentum. */
  weightDecay: number;
  /** alpha: v = alpha v + g, W = W - eta v. 0 for plain gradient descent. */
  momentum: number;
}

/** What {@link scaleFreeTraining} takes: the settings left out are those of the experiment `scale-free-training`. */
export interface ScaleFreeOptions extends Partial<ScaleFreeSettings> {
  /** Inputs, n rows. */
  x: readonly (readonly number[])[];
  /** Class of each, from 0. */
  labels: ArrayLike<number>;
}

const SETTINGS: Options<ScaleFreeSettings> = {
  ...{ hidden: needed(listOf(counting)), seed: needed(whole), initialScale: needed(positive) },
  ...{ steps: needed(counting), batchSize: needed(counting), learningRate: needed(positive) },
  ...{ rateFactor: needed(positive), weightDecay: needed(notNegative), momentum: needed(notNegative) },
};
const OPTIONS: Options<ScaleFreeOptions> = {
  ...Object.fromEntries(Object.entries(SETTINGS).map(([name, wanted]) => [name, { ...wanted, needed: false }])),
  ...{ x: needed(rowsOfNumbers), labels: needed(finiteNumbers) },
} as Options<ScaleFreeOptions>;

const DEFAULTS: ScaleFreeSettings = {
  ...{ hidden: [16, 16], seed: 1, initialScale: 1, steps: 200, batchSize: 50, learningRate: 0.1 },
  ...{ rateFactor: 1, weightDecay: 0, momentum: 0 },
};

/** One training, step by step. */
export interface ScaleFreeTraining {
  /** Cross-entropy of each mini-batch before its update, nats, [steps]. */
  loss: number[];
  /** eta of each step, [steps]. */
  rates: number[];
  /** |w| before each step, the median over all hidden units' incoming weights, [steps]. */
  norms: number[];
  /** Angle between w before and after each step, radians: the root mean square over all hidden units, [steps]. */
  angles: number[];
}

/**
 * Trains dense ReLU layers, each batch-normalized with epsilon 0 and without gamma and beta, under a last layer that is random and stays
 * as it is: so the loss does not depend on the scale of any unit's weights, l(aW) = l(W) and grad l(aW) = grad l(W) / a. In float64, in
 * plain JavaScript.
 *
 * Weight decay then is a rate that grows (Li & Arora 2020). For plain gradient descent, with W_t' = W_t / (1 - eta lambda)^t, the update
 * W = (1 - eta lambda) W - eta g becomes W' = W' - eta (1 - eta lambda)^-(2t + 1) g(W'), t from 0: the same network at every step, and the
 * same losses, with no decay and the rates eta (1 - eta lambda)^-(2t + 1).
 *
 * With decay the norm comes to rest where growth and decay are equal, and there w turns each step by
 * sqrt(2 eta lambda / (1 + alpha)) in the mean square, whatever the gradient (Wan et al. 2021). It takes some (1 - alpha) / (4 eta lambda) steps to get there.
 *
 * @example const { loss } = scaleFreeTraining({ x, labels, weightDecay: 0.01, learningRate: 1, steps: 400 })
 * @throws RangeError when there are fewer examples than in a mini-batch, labels do not fit, or the momentum is not below 1
 */
export function scaleFreeTraining(options: ScaleFreeOptions): ScaleFreeTraining {
  expectOptions('scaleFreeTraining', options, OPTIONS);
  const { x, ...given } = options;
  const labels = Array.from(given.labels);
  const told = Object.entries(given).filter(([name, value]) => name in SETTINGS && value !== undefined);
  const settings: ScaleFreeSettings = { ...DEFAULTS, ...Object.fromEntries(told) };
  const { hidden, seed, steps, batchSize, learningRate, rateFactor } = settings;
  const where = 'scaleFreeTraining';
  if (hidden.length === 0) throw new RangeError(`${where}: hidden must hold at least one width, got none.`);
  if (labels.length !== x.length)
    throw new RangeError(`${where}: ${labels.length} labels for ${x.length} rows of x; wanted as many.`);
  if (x.length < batchSize) throw new RangeError(`${where}: a mini-batch of ${batchSize} of ${x.length} examples.`);
  if (batchSize < 3) throw new RangeError(`${where}: a mini-batch of ${batchSize}; wanted at least 3.`);
  if (!(settings.momentum < 1)) throw new RangeError(`${where}: momentum must be below 1, got ${settings.momentum}.`);
  const bad = labels.find((label) => !Number.isInteger(label) || label < 0);
  if (bad !== undefined) throw new RangeError(`${where}: labels must be whole numbers from 0, got ${bad}.`);
  const net = new ScaleFreeNet([x[0].length, ...hidden], Math.max(...labels) + 1, settings);
  const rows = batchIndices({ n: x.length, batchSize, steps, random: new Random(seed, 'order') });
  const found: ScaleFreeTraining = { loss: [], rates: [], norms: [], angles: [] };
  for (let step = 0; step < steps; step++) {
    const batch = rows.subarray(step * batchSize, (step + 1) * batchSize);
    const rate = learningRate * rateFactor ** step;
    const { loss, norm, angle } = net.step(x, labels, batch, rate);
    found.loss.push(loss);
    found.rates.push(rate);
    found.norms.push(norm);
    found.angles.push(angle);
  }
  return found;
}

/** One hidden layer: weights by unit, its velocity, and what the way back needs. */
interface HiddenLayer {
  inputs: number;
  units: number;
  /** [units * inputs]. */
  w: Float64Array;
  v: Float64Array;
  /** Of the last mini-batch: inputs [m * inputs], xHat [m * units], 1/sigma [units]. */
  u: Float64Array;
  xHat: Float64Array;
  scale: Float64Array;
}

class ScaleFreeNet {
  private readonly layers: HiddenLayer[];
  private readonly readout: Float64Array;

  constructor(
    sizes: readonly number[],
    private readonly classes: number,
    private readonly settings: ScaleFreeSettings,
  ) {
    const { seed, batchSize: m, initialScale } = settings;
    const normals = (count: number, deviation: number, name: string) =>
      Float64Array.from(new Random(seed, name).normals(count), (v) => v * deviation);
    this.layers = sizes.slice(1).map((units, i) => {
      const inputs = sizes[i];
      const w = normals(units * inputs, initialScale / Math.sqrt(inputs), `layer ${i}`);
      const [u, xHat] = [new Float64Array(m * inputs), new Float64Array(m * units)];
      return { inputs, units, w, v: new Float64Array(w.length), u, xHat, scale: new Float64Array(units) };
    });
    const last = sizes[sizes.length - 1];
    this.readout = normals(classes * last, 1 / Math.sqrt(last), 'readout');
  }

  /** Loss and its gradient on the mini-batch, then one update of all hidden layers. */
  step(x: readonly (readonly number[])[], labels: readonly number[], batch: Int32Array, rate: number) {
    const m = batch.length;
    const first = this.layers[0];
    batch.forEach((row, i) => first.u.set(x[row], i * first.inputs));
    this.layers.forEach((layer, l) => {
      normalize(layer, m);
      const next = this.layers[l + 1];
      if (next) rectify(layer.xHat, next.u);
    });
    const top = this.layers[this.layers.length - 1];
    const h = Float64Array.from(top.xHat, (v) => Math.max(0, v));
    const { loss, dh } = this.lossOf(h, labels, batch);
    const norms: number[] = [];
    let [turned, units, dOut] = [0, 0, dh];
    for (const layer of [...this.layers].reverse()) {
      const { g, du } = backward(layer, dOut, m);
      dOut = du;
      const turn = update(layer, g, rate, this.settings, norms);
      turned += turn;
      units += layer.units;
    }
    return { loss, norm: median(norms), angle: Math.sqrt(turned / units) };
  }

  private lossOf(h: Float64Array, labels: readonly number[], batch: Int32Array) {
    const { classes, readout } = this;
    const d = readout.length / classes;
    const dh = new Float64Array(h.length);
    let loss = 0;
    batch.forEach((row, i) => {
      const logits = new Float64Array(classes);
      for (let k = 0; k < classes; k++) for (let j = 0; j < d; j++) logits[k] += readout[k * d + j] * h[i * d + j];
      const top = Math.max(...logits);
      const total = logits.reduce((sum, v) => sum + Math.exp(v - top), 0);
      loss -= (logits[labels[row]] - top - Math.log(total)) / batch.length;
      for (let k = 0; k < classes; k++) {
        const delta = (Math.exp(logits[k] - top) / total - +(k === labels[row])) / batch.length;
        for (let j = 0; j < d; j++) dh[i * d + j] += delta * readout[k * d + j];
      }
    });
    return { loss, dh };
  }
}

/** xHat = BN(W u), epsilon 0. */
function normalize({ inputs, units, w, u, xHat, scale }: HiddenLayer, m: number): void {
  for (let k = 0; k < units; k++) {
    let mean = 0;
    for (let i = 0; i < m; i++) {
      let sum = 0;
      for (let j = 0; j < inputs; j++) sum += w[k * inputs + j] * u[i * inputs + j];
      xHat[i * units + k] = sum;
      mean += sum / m;
    }
    let variance = 0;
    for (let i = 0; i < m; i++) variance += (xHat[i * units + k] -= mean) ** 2 / m;
    scale[k] = 1 / Math.sqrt(variance);
    for (let i = 0; i < m; i++) xHat[i * units + k] *= scale[k];
  }
}

function rectify(from: Float64Array, to: Float64Array): void {
  for (let i = 0; i < from.length; i++) to[i] = Math.max(0, from[i]);
}

/** Through ReLU, normalization and weights: dl/dW by unit and dl/du, from dl/d(output), [m * units]. */
function backward({ inputs, units, w, u, xHat, scale }: HiddenLayer, dOut: Float64Array, m: number) {
  const g = new Float64Array(w.length);
  const du = new Float64Array(m * inputs);
  for (let k = 0; k < units; k++) {
    let [sum, along] = [0, 0];
    const dx = new Float64Array(m);
    for (let i = 0; i < m; i++) {
      dx[i] = xHat[i * units + k] > 0 ? dOut[i * units + k] : 0;
      sum += dx[i] / m;
      along += (dx[i] * xHat[i * units + k]) / m;
    }
    for (let i = 0; i < m; i++) {
      const d = scale[k] * (dx[i] - sum - xHat[i * units + k] * along);
      for (let j = 0; j < inputs; j++) {
        g[k * inputs + j] += d * u[i * inputs + j];
        du[i * inputs + j] += d * w[k * inputs + j];
      }
    }
  }
  return { g, du };
}

/** The update; returns the sum over units of the squared angle that w turned by, and adds the units' norms before it. */
function update(
  { inputs, units, w, v }: HiddenLayer,
  g: Float64Array,
  rate: number,
  { weightDecay, momentum }: ScaleFreeSettings,
  norms: number[],
): number {
  let turned = 0;
  for (let k = 0; k < units; k++) {
    let [square, change, along] = [0, 0, 0]; // |w|^2, |dw|^2, dw.w
    for (let j = k * inputs; j < (k + 1) * inputs; j++) {
      v[j] = momentum * v[j] + g[j] + weightDecay * w[j];
      const dw = -rate * v[j];
      square += w[j] ** 2;
      change += dw ** 2;
      along += dw * w[j];
      w[j] += dw;
    }
    norms.push(Math.sqrt(square));
    // Of what stands across w: the cosine of a small angle has lost it to rounding.
    const across = Math.sqrt(Math.max(0, change - along ** 2 / square) * square);
    turned += Math.atan2(across, square + along) ** 2;
  }
  return turned;
}

/** {@link ScaleFreeOptions} as data. */
export interface ScaleFreeSpec extends ScaleFreeSettings {
  /** Whose training examples are used. */
  data: DataSpec;
}

export const definition: Definition<ScaleFreeSpec, ScaleFreeTraining> = {
  name: 'scale-free-training',
  version: 1,
  question: 'What do weight decay and the learning rate do where the loss does not depend on the scale of the weights?',
  whenAborted: 'throws',
  defaults: { ...DEFAULTS, data: { kind: 'digits', train: 200, test: 10 } },
  options: { ...SETTINGS, data: needed(DATA_SPEC) },
  compute: async ({ data, ...settings }, { signal }) => {
    const { train } = await datasetOf(data, { signal });
    const { x, y } = toTensors(train);
    const rows = x.arraySync();
    tf.dispose([x, y]);
    return scaleFreeTraining({ ...settings, x: rows, labels: train.labels });
  },
};
