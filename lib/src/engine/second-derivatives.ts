import { tf } from './tf';

/**
 * Gradients that start from an operation's input, where TensorFlow.js's own start from its saved output. It records a saved output
 * before the operation that gave it, and so finds no way from there to the input: a second derivative through one is silently
 * wrong (4.22.0: that of tanh has lost its largest term). What starts from an input can be differentiated again.
 */
const FROM_INPUT: Record<string, { input: string; gradient: (dy: tf.Tensor, x: tf.Tensor) => tf.Tensor }> = {
  Tanh: { input: 'x', gradient: (dy, x) => tf.mul(dy, tf.sub(1, tf.square(tf.tanh(x)))) },
  Sigmoid: { input: 'x', gradient: (dy, x) => tf.mul(dy, tf.mul(tf.sigmoid(x), tf.sub(1, tf.sigmoid(x)))) },
  Exp: { input: 'x', gradient: (dy, x) => tf.mul(dy, tf.exp(x)) },
  Softmax: {
    input: 'logits',
    gradient: (dy, x) => {
      const share = tf.mul(dy, tf.softmax(x));
      return tf.sub(share, tf.mul(tf.sum(share, -1, true), tf.softmax(x)));
    },
  },
};

/**
 * Runs `body`, in which a gradient of a gradient is right, or an error that names the operation without one. What `tf.customGrad` made
 * (as `tf.losses.softmaxCrossEntropy` and `tf.logSoftmax` are) is right only where its gradient takes what it saved from outside.
 * @internal
 */
export function withSecondDerivatives<T>(body: () => T): T {
  const names = Object.keys(FROM_INPUT);
  const own = names.map((name) => tf.getGradient(name));
  const register = (config: tf.GradConfig) => {
    tf.unregisterGradient(config.kernelName); // registered twice, it would warn
    tf.registerGradient(config);
  };
  try {
    for (const kernelName of names) {
      const { input, gradient } = FROM_INPUT[kernelName];
      register({
        kernelName,
        inputsToSave: [input],
        gradFunc: (dy, [x]) => ({ [input]: () => gradient(dy as tf.Tensor, x) }),
      });
    }
    return body();
  } finally {
    own.forEach(register);
  }
}
