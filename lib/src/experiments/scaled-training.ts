/** A network trained from weights aW at the rate a^k times as high, in float64 (section 3.3). */
import { counting, flag, listOf, needed, notNegative, positive, whole } from '../core/checks';
import { Random } from '../core/random';
import { batchNorm64, batchNormGradient64 } from '../nn';
import { type Definition } from './experiment';

/** A run of the experiment. */
export interface ScaledTrainingSpec {
  /** m, examples; all of them in every step. */
  m: number;
  /** Width of the input. */
  inputs: number;
  /** Width of the hidden layers. */
  width: number;
  /** Hidden layers. */
  layers: number;
  /** Of the labels. */
  classes: number;
  /** Factors a on the initial weights of the hidden layers. */
  scales: number[];
  /** k: the hidden layers' weights learn at a^k times the rate; 2 for the identity. */
  exponent: number;
  /** Of everything else: gamma, beta, and the output layer. */
  learningRate: number;
  /** Steps of plain gradient descent. */
  steps: number;
  /** Whether the hidden layers are normalized. */
  normalize: boolean;
  /** 0 for the identity. */
  epsilon: number;
  /** Of examples, labels and weights. */
  seed: number;
}

/** Losses, scale by scale. */
export interface ScaledTraining {
  /** [scales][steps + 1]: loss before training and after each step, in nats. Null from where it is not finite. */
  losses: number[][];
}

type Matrix = number[][];

/** x, its labels, and the weights that every scale starts from. */
interface Given {
  x: Matrix;
  labels: Matrix;
  hidden: Matrix[];
  output: Matrix;
}

interface Layer {
  weights: Matrix;
  gamma: number[];
  beta: number[];
}

export const definition: Definition<ScaledTrainingSpec, ScaledTraining> = {
  name: 'scaled-training',
  version: 1,
  question: 'Is training from the weights aW at the rate a^2 eta the same as from W at the rate eta?',
  whenAborted: 'throws',
  defaults: {
    ...{ m: 32, inputs: 12, width: 16, layers: 3, classes: 4, scales: [0.1, 1, 10], exponent: 2 },
    ...{ learningRate: 0.3, steps: 50, normalize: true, epsilon: 0, seed: 1 },
  },
  options: {
    ...{ m: needed(counting), inputs: needed(counting), width: needed(counting), layers: needed(counting) },
    ...{ classes: needed(counting), scales: needed(listOf(positive)), exponent: needed(notNegative) },
    ...{ learningRate: needed(positive), steps: needed(counting), normalize: needed(flag) },
    ...{ epsilon: needed(notNegative), seed: needed(whole) },
  },
  compute: async (spec) => {
    const given = drawn(spec);
    return { losses: spec.scales.map((a) => train(spec, given, a)) };
  },
};

/** Normal inputs, labels by a random linear map, weights of variance 1/inputs. */
function drawn({ m, inputs, width, layers, classes, seed }: ScaledTrainingSpec): Given {
  const random = new Random(seed, 'scaled-training');
  const normals = (rows: number, columns: number, deviation = 1) =>
    Array.from({ length: rows }, () => Array.from(random.normals(columns, 0, deviation)));
  const x = normals(m, inputs);
  const scores = product(x, normals(inputs, classes));
  const labels = scores.map((row) => row.map((v) => (v === Math.max(...row) ? 1 : 0)));
  const hidden = Array.from({ length: layers }, (_, l) => {
    const from = l === 0 ? inputs : width;
    return normals(from, width, 1 / Math.sqrt(from));
  });
  return { x, labels, hidden, output: normals(width, classes, 1 / Math.sqrt(width)) };
}

function train(spec: ScaledTrainingSpec, { x, labels, hidden, output }: Given, a: number): number[] {
  const layers = hidden.map((weights): Layer => ({
    weights: weights.map((row) => row.map((w) => a * w)),
    gamma: weights[0].map(() => 1),
    beta: weights[0].map(() => 0),
  }));
  const readout = output.map((row) => [...row]);
  const losses: number[] = [];
  const rate = spec.learningRate;
  for (let t = 0; t <= spec.steps; t++) {
    const passes = forward(x, layers, spec);
    const last = passes.length > 0 ? passes[passes.length - 1].h : x;
    const { loss, gradient } = crossEntropy(product(last, readout), labels);
    losses.push(Number.isFinite(loss) ? loss : NaN);
    if (!Number.isFinite(loss)) return [...losses, ...Array<number>(spec.steps - t).fill(NaN)];
    if (t === spec.steps) break;
    let dh = product(gradient, transposed(readout));
    descend(readout, product(transposed(last), gradient), rate);
    for (let l = layers.length - 1; l >= 0; l--) {
      const { z, h, u } = passes[l];
      const dy = dh.map((row, i) => row.map((v, j) => v * (1 - h[i][j] ** 2)));
      const { gamma, beta, weights } = layers[l];
      const back = spec.normalize
        ? batchNormGradient64(dy, z, { epsilon: spec.epsilon, gamma })
        : { dx: dy, dGamma: gamma.map(() => 0), dBeta: dy[0].map((_, j) => dy.reduce((sum, row) => sum + row[j], 0)) };
      dh = product(back.dx, transposed(weights));
      descend(weights, product(transposed(u), back.dx), rate * a ** spec.exponent);
      descend([gamma, beta], [back.dGamma, back.dBeta], rate);
    }
  }
  return losses;
}

/** tanh(BN(W u)), or tanh(W u + beta), layer by layer. */
function forward(x: Matrix, layers: Layer[], { normalize, epsilon }: ScaledTrainingSpec) {
  let u = x;
  return layers.map(({ weights, gamma, beta }) => {
    const z = product(u, weights);
    const finite = z.every((row) => row.every(Number.isFinite));
    const y =
      normalize && finite ? batchNorm64(z, { epsilon, gamma, beta }).y : z.map((row) => row.map((v, j) => v + beta[j]));
    const pass = { u, z, h: y.map((row) => row.map(Math.tanh)) };
    u = pass.h;
    return pass;
  });
}

/** Mean over the examples, and its gradient with respect to the logits. */
function crossEntropy(logits: Matrix, labels: Matrix): { loss: number; gradient: Matrix } {
  const m = logits.length;
  let loss = 0;
  const gradient = logits.map((row, i) => {
    const top = Math.max(...row);
    const total = row.reduce((sum, v) => sum + Math.exp(v - top), 0);
    loss -= row.reduce((sum, v, j) => sum + labels[i][j] * (v - top - Math.log(total)), 0) / m;
    return row.map((v, j) => (Math.exp(v - top) / total - labels[i][j]) / m);
  });
  return { loss, gradient };
}

function descend(values: Matrix, gradients: Matrix, rate: number): void {
  values.forEach((row, i) => row.forEach((v, j) => (row[j] = v - rate * gradients[i][j])));
}

function product(a: Matrix, b: Matrix): Matrix {
  const columns = transposed(b);
  return a.map((row) => columns.map((column) => row.reduce((sum, v, k) => sum + v * column[k], 0)));
}

const transposed = (a: Matrix): Matrix => a[0].map((_, j) => a.map((row) => row[j]));
