/** A network with weights that a test states, so that a closed form can be set against it. Not a test by itself. */
import { tf, type Network, type StateDict } from 'bnlab';

const functions = { identity: (z: tf.Tensor) => z, sigmoid: tf.sigmoid, relu: tf.relu };

/** x -> f(...f(x W1) W2...) with taps `layerN/linear` and `layerN/activation`; no bias, the last layer linear. */
export function given(matrices: number[][][], activation: keyof typeof functions = 'identity'): Network {
  const weights = matrices.map((matrix): tf.Variable => tf.tidy(() => tf.variable(tf.tensor2d(matrix) as tf.Tensor)));
  const named = Object.fromEntries(weights.map((w, i) => [`layer${i + 1}/weights`, w]));
  const network: Network = {
    name: 'given',
    layers: [],
    named,
    variables: weights,
    trainable: weights,
    apply(x, { tap }) {
      return tf.tidy(() => {
        let u: tf.Tensor = x;
        weights.forEach((w, i) => {
          const z = tf.matMul<tf.Tensor>(u, w);
          tap?.(`layer${i + 1}/linear`, z);
          u = i === weights.length - 1 ? z : functions[activation](z);
          if (i < weights.length - 1) tap?.(`layer${i + 1}/activation`, u);
        });
        return u;
      });
    },
    dispose: () => weights.forEach((w) => w.dispose()),
    copyFrom: (other) => {
      for (const [label, w] of Object.entries(named)) w.assign(other.named[label]);
      return Object.keys(named);
    },
    stateDict: () =>
      Object.fromEntries(
        Object.entries(named).map(([label, w]) => [label, { shape: w.shape, values: w.dataSync() as Float32Array }]),
      ),
    loadStateDict: (snapshot: StateDict) => {
      for (const [label, w] of Object.entries(named)) {
        tf.tidy(() => w.assign(tf.tensor(snapshot[label].values, snapshot[label].shape)));
      }
    },
  };
  return network;
}

/** Matrices with normal entries of the given standard deviation. */
export function normals(
  random: { normal(mean?: number, sd?: number): number },
  sizes: number[],
  sd: number,
): number[][][] {
  return sizes
    .slice(1)
    .map((out, i) => Array.from({ length: sizes[i] }, () => Array.from({ length: out }, () => random.normal(0, sd))));
}
