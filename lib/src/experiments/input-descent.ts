/** Section 2's fact about inputs, where all can be computed: how far gradient descent gets on a linear layer, and where it blows up. */
import { counting, listOf, needed, notNegative, oneOf, positive } from '../core/checks';
import { toTensors } from '../data';
import { tf } from '../engine';
import { whiten } from '../nn';
import { inputHessian } from '../probe';
import { DATA_SPEC, datasetOf, type DataSpec } from './data-spec';
import { experimentOf, type Definition, type Experiment, type RunControl } from './experiment';

/** What is done to the pixels: nothing; less their mean; variance 1 as well; no correlations either (ZCA). */
export const INPUT_KINDS = ['raw', 'centred', 'standardized', 'whitened'] as const;
/** One of {@link INPUT_KINDS}. */
export type InputKind = (typeof INPUT_KINDS)[number];

/** What decides the numbers of the experiment `input-descent`. */
export interface InputDescentSpec {
  /** Whose training examples are learned, at half their size: 196 pixels. */
  data: DataSpec;
  /** What is done to them. */
  kinds: InputKind[];
  /** Added to every pixel before anything is done: a mean that the inputs of a hidden layer could have as well. */
  offset: number;
  /** Added to the variances that are divided by. */
  epsilon: number;
  /** Steps of full-batch gradient descent, from weights 0. */
  steps: number;
  /** Each kind descends at each. */
  learningRates: number[];
}

/** One kind of inputs. */
export interface InputDescent {
  /** What was done to the pixels. */
  kind: InputKind;
  /** Eigenvalues of H = E[x x^T], with the bias's constant 1, largest first. */
  eigenvalues: number[];
  /** 2 / lambda_max: the learning rate beyond which the descent diverges. */
  limit: number;
  /** Loss after the steps, 1/2 E[|y - W x - b|^2], at each rate; Infinity where it left float32. */
  loss: number[];
}

/** x of [m, d] as each kind has it. */
function inputsOf(raw: tf.Tensor, kind: InputKind, epsilon: number): tf.Tensor {
  if (kind === 'raw') return tf.clone(raw);
  const { mean, variance } = tf.moments(raw, 0);
  const centred = tf.sub(raw, mean);
  if (kind === 'centred') return centred;
  if (kind === 'standardized') return tf.div(centred, tf.sqrt(tf.add(variance, epsilon)));
  return whiten(raw, { method: 'zca', epsilon }).y;
}

/** Pixels at half their size, [m, 196]. */
function pooled(x: tf.Tensor): tf.Tensor {
  const images = tf.reshape(x, [-1, 28, 28, 1]) as tf.Tensor4D;
  return tf.reshape(tf.avgPool(images, 2, 2, 'valid'), [x.shape[0], 196]);
}

/** The quadratic that gradient descent sees: H, E[x y^T] and E[|y|^2] / 2. */
interface Quadratic {
  h: tf.Tensor;
  cross: tf.Tensor;
  atZero: number;
}

function quadraticOf(x: tf.Tensor, y: tf.Tensor, matrix: number[][]): Quadratic {
  const m = x.shape[0];
  const withOnes = () => tf.concat([x, tf.ones([m, 1])], 1); // [m, 197]
  return {
    h: tf.tensor2d(matrix),
    cross: tf.tidy(() => tf.div(tf.matMul(withOnes(), y, true), m)),
    atZero: tf.tidy(() => tf.div(tf.sum(tf.square(y)), 2 * m).dataSync()[0]),
  };
}

/** Loss after so many steps of w <- w - rate (H w - E[x y^T]) from 0. */
function descend({ h, cross, atZero }: Quadratic, learningRate: number, steps: number): number {
  return tf.tidy(() => {
    let w: tf.Tensor = tf.zerosLike(cross);
    for (let t = 0; t < steps; t++) {
      const next = tf.tidy(() => tf.sub(w, tf.mul(learningRate, tf.sub(tf.matMul(h, w), cross))));
      w.dispose();
      w = next;
    }
    const energy = tf.sub(tf.mul(0.5, tf.sum(tf.mul(w, tf.matMul(h, w)))), tf.sum(tf.mul(w, cross)));
    const loss = atZero + energy.dataSync()[0];
    return Number.isFinite(loss) ? loss : Infinity;
  });
}

/** The descents of one kind of inputs, rate by rate. */
async function ofKind(
  kind: InputKind,
  given: { raw: tf.Tensor; y: tf.Tensor },
  spec: Omit<InputDescentSpec, 'data' | 'kinds'>,
  done: (learningRate: number, loss: number, limit: number) => Promise<void>,
): Promise<InputDescent> {
  const { epsilon, steps, learningRates } = spec;
  const x = tf.tidy(() => inputsOf(given.raw, kind, epsilon));
  const { matrix, eigenvalues } = inputHessian(x);
  const quadratic = quadraticOf(x, given.y, matrix);
  const limit = 2 / eigenvalues[0];
  const loss: number[] = [];
  try {
    for (const learningRate of learningRates) {
      loss.push(descend(quadratic, learningRate, steps));
      await done(learningRate, loss.at(-1)!, limit);
    }
  } finally {
    tf.dispose([x, quadratic.h, quadratic.cross]);
  }
  return { kind, eigenvalues, limit, loss };
}

async function compute(spec: InputDescentSpec, control: RunControl): Promise<{ kinds: InputDescent[] }> {
  const { signal, onProgress, onPoint } = control;
  const { kinds, learningRates, steps, offset } = spec;
  const { train } = await datasetOf(spec.data, { signal });
  const given = tf.tidy(() => {
    const { x, y } = toTensors(train);
    return { raw: tf.add(pooled(x), offset), y };
  });
  const found: InputDescent[] = [];
  const total = kinds.length * learningRates.length;
  let count = 0;
  try {
    for (const kind of kinds) {
      const answer = await ofKind(kind, given, spec, async (learningRate, loss, limit) => {
        onProgress?.({ done: ++count, total, text: `${kind} inputs` });
        const evaluation = { step: steps, test: { loss, n: train.n }, probes: { limit } };
        onPoint?.({ side: kind, seed: 1, learningRate, evaluation: evaluation as never });
        await new Promise((resolve) => setTimeout(resolve)); // a message that asks to stop arrives in between
        signal?.throwIfAborted();
      });
      found.push(answer);
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  } finally {
    tf.dispose([given.raw, given.y]);
  }
  return { kinds: found };
}

/** Rates from 0.001 to 10, four a decade. */
const RATES = Array.from({ length: 17 }, (_, i) => Number((10 ** (-3 + i / 4)).toPrecision(3)));

export const definition: Definition<InputDescentSpec, { kinds: InputDescent[] }> = {
  name: 'input-descent',
  version: 1,
  question: 'How far does gradient descent on a linear layer get, for raw, centred, standardized and whitened inputs?',
  whenAborted: 'returns what finished',
  defaults: {
    ...{ data: { kind: 'digits', train: 2000, test: 10 }, kinds: [...INPUT_KINDS], offset: 0, epsilon: 1e-3 },
    ...{ steps: 100, learningRates: RATES },
  },
  options: {
    ...{ data: needed(DATA_SPEC), kinds: needed(listOf(oneOf(INPUT_KINDS))), offset: needed(notNegative) },
    ...{ epsilon: needed(positive), steps: needed(counting), learningRates: needed(listOf(positive)) },
  },
  compute,
};

/**
 * The experiment `input-descent`, by itself: a notebook that names it reaches no other.
 *
 * @example const { kinds } = await inputDescent().run({ steps: 100, learningRates: [0.01, 0.1] });
 */
export function inputDescent(): Experiment<InputDescentSpec, { kinds: InputDescent[] }> {
  return experimentOf(definition);
}
