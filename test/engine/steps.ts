/** Small networks for the tests of compile(): every piece a training step may have, at a size that costs nothing. */
import { Random, StepContext, tf } from 'bnlab';

export interface Model {
  step(inputs: Record<string, tf.Tensor>, context: StepContext): { loss: tf.Tensor };
  variables: tf.Variable[];
  dispose(): void;
}

export interface ModelOptions {
  optimizer: () => tf.Optimizer;
  /** batch normalization, composed, with moving averages */
  norm?: boolean;
  dropout?: number;
  /** weight decay */
  l2?: number;
  convolution?: boolean;
}

export const EXAMPLES = 64;
export const PIXELS = 36;
export const CLASSES = 4;
export const BATCH = 12;

/** A learnable problem: four fixed patterns in noise. */
export function problem(): { x: tf.Tensor2D; y: tf.Tensor2D } {
  const random = new Random(11);
  const patterns = random.normals(CLASSES * PIXELS);
  const labels = Int32Array.from({ length: EXAMPLES }, (_, i) => i % CLASSES);
  const x = Float32Array.from({ length: EXAMPLES * PIXELS }, (_, i) => {
    const label = labels[Math.floor(i / PIXELS)];
    return patterns[label * PIXELS + (i % PIXELS)] + random.normal(0, 0.5);
  });
  return {
    x: tf.tensor2d(x, [EXAMPLES, PIXELS]),
    y: tf.tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), CLASSES).cast('float32') as tf.Tensor2D),
  };
}

export function batches(steps: number, seed = 3, batch = BATCH): Int32Array {
  const random = new Random(seed);
  return Int32Array.from({ length: steps * batch }, () => random.integer(EXAMPLES));
}

let serial = 0;

/** A network and its training step; two calls with the same options start from the same weights. */
export function model({ optimizer, norm, dropout, l2, convolution }: ModelOptions): Model {
  const random = new Random(5);
  const id = `model${serial++}`;
  const variables: tf.Variable[] = [];
  const variable = (values: tf.Tensor, name: string, trainable = true): tf.Variable => {
    const made = tf.variable(values, trainable, `${id}/${name}`);
    values.dispose();
    variables.push(made);
    return made;
  };
  const weights = (shape: number[], fanIn: number, name: string) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return variable(tf.tensor(random.normals(size, 0, 1 / Math.sqrt(fanIn)), shape), name);
  };
  const filters = convolution ? [weights([3, 3, 1, 5], 9, 'filter0'), weights([3, 3, 5, 6], 45, 'filter1')] : [];
  const sizes = convolution ? [6, CLASSES] : [PIXELS, 16, 10, CLASSES];
  const dense = sizes.slice(1).map((n, i) => weights([sizes[i], n], sizes[i], `weights${i}`));
  const widths = [...filters.map((f) => f.shape[3]!), ...sizes.slice(1)];
  const beta = widths.map((d, i) => variable(tf.zeros([d]), `beta${i}`));
  const gamma = norm ? widths.slice(0, -1).map((d, i) => variable(tf.ones([d]), `gamma${i}`)) : [];
  const means = norm ? widths.slice(0, -1).map((d, i) => variable(tf.zeros([d]), `mean${i}`, false)) : [];
  const trainable = variables.filter((v) => v.trainable);
  const made = optimizer();

  const normalize = (x: tf.Tensor, i: number): tf.Tensor => {
    if (!norm) return x.add(beta[i]);
    const { mean, variance } = tf.moments(x, x.rank === 4 ? [0, 1, 2] : [0]);
    means[i].assign(means[i].mul(0.9).add(mean.mul(0.1)));
    return x
      .sub(mean)
      .mul(tf.rsqrt(variance.add(1e-5)))
      .mul(gamma[i])
      .add(beta[i]);
  };
  const forward = (x: tf.Tensor, { random }: StepContext): tf.Tensor => {
    let h = x;
    let layer = 0;
    if (convolution) {
      h = h.reshape([-1, 6, 6, 1]);
      for (const filter of filters)
        h = tf.relu(normalize(tf.conv2d(h as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'), layer++));
      h = tf.mean(tf.maxPool(h as tf.Tensor4D, 2, 2, 'same'), [1, 2]);
    }
    for (const w of dense.slice(0, -1)) {
      h = tf.sigmoid(normalize(tf.matMul(h, w), layer++));
      if (dropout) h = random.dropout(h, dropout);
    }
    return tf.matMul(h, dense.at(-1)!).add(beta[layer]);
  };
  return {
    variables,
    step: ({ x, y }, context) => ({
      loss: made.minimize(
        () => {
          const loss = tf.losses.softmaxCrossEntropy(y, forward(x, context)) as tf.Scalar;
          return l2 ? tf.addN([loss, ...dense.map((w) => w.square().sum().mul(l2) as tf.Scalar)]) : loss;
        },
        true,
        trainable,
      )!,
    }),
    dispose: () => {
      made.dispose();
      tf.dispose(variables);
    },
  };
}

/** Largest difference between two tensors, relative to the size of the first. */
export function relativeDifference(a: tf.Tensor, b: tf.Tensor): number {
  return tf.tidy(() => {
    const scale = Math.max(1e-3, tf.max(tf.abs(a)).dataSync()[0]);
    return tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] / scale;
  });
}
