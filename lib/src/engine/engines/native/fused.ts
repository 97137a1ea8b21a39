/** TensorFlow's training kernels of batch normalization, as kernels of TensorFlow.js: see fused.ts of this room. */
import { differentiatedAgain } from '../../gradients';
import { tf } from '../../tf';
import { FUSED_BATCH_NORM } from '../engine';
import { nativeBackend, OpAttribute } from './addon';

const BACKWARD = 'BnlabFusedBatchNormGrad';

let registered = false;

/** Registers the two kernels, and the gradient of the first, with TensorFlow.js, once. */
export function registerFusedBatchNorm(): void {
  if (registered) return;
  registered = true;
  const attributes = (epsilon: number): OpAttribute[] => {
    const { binding } = nativeBackend()!;
    return [
      { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
      { name: 'U', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
      { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: epsilon },
      { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
      { name: 'is_training', type: binding.TF_ATTR_BOOL, value: true },
    ];
  };
  tf.registerKernel({
    kernelName: FUSED_BATCH_NORM,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs }) => {
      const backend = nativeBackend()!;
      const { x, gamma, beta } = inputs as Record<string, tf.Tensor>;
      const { epsilon } = attrs as unknown as { epsilon: number };
      // In training the kernel takes no running statistics; they are passed empty.
      const none = tf.tensor1d([], 'float32');
      const factor = { name: 'exponential_avg_factor', type: backend.binding.TF_ATTR_FLOAT, value: 1 };
      const inputTensors = [x, gamma, beta, none, none];
      const outputs = backend.executeMultipleOutputs(
        'FusedBatchNormV3',
        [...attributes(epsilon), factor],
        inputTensors,
        6,
      );
      none.dispose();
      return outputs;
    },
  });
  tf.registerGradient({
    kernelName: FUSED_BATCH_NORM,
    inputsToSave: ['x', 'gamma'],
    outputsToSave: [false, false, false, true, true, true],
    gradFunc: (dys, saved, attrs) => {
      const [x, gamma, reserve1, reserve2, reserve3] = saved;
      const [dy] = dys as tf.Tensor[];
      if (differentiatedAgain())
        return composedGradient(dy, x, gamma, (attrs as unknown as { epsilon: number }).epsilon);
      const inputs = { dy, x, gamma, reserve1, reserve2, reserve3 };
      // not lazily: TensorFlow.js asks for each gradient in a tidy of its own, which would dispose the other two
      const [dx, dgamma, dbeta] = tf.engine().runKernel(BACKWARD, inputs, attrs as tf.NamedAttrMap) as tf.Tensor[];
      return { x: () => dx, gamma: () => dgamma, beta: () => dbeta };
    },
  });
  tf.registerKernel({
    kernelName: BACKWARD,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs }) => {
      const backend = nativeBackend()!;
      const { dy, x, gamma, reserve1, reserve2, reserve3 } = inputs as Record<string, tf.Tensor>;
      const { epsilon } = attrs as unknown as { epsilon: number };
      const operands = [dy, x, gamma, reserve1, reserve2, reserve3];
      const all = backend.executeMultipleOutputs('FusedBatchNormGradV3', attributes(epsilon), operands, 5);
      for (const unused of all.slice(3)) unused.dispose();
      return all.slice(0, 3);
    },
  });
}

/** The same gradient from x itself, in operations that have gradients. x is [n, height, width, d]. */
function composedGradient(dy: tf.Tensor, x: tf.Tensor, gamma: tf.Tensor, epsilon: number) {
  const axes = [0, 1, 2];
  const m = x.size / gamma.size;
  const centred = tf.sub(x, tf.mean(x, axes, true));
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), axes, true), epsilon));
  const xHat = tf.mul(centred, inverse);
  const dbeta = tf.sum(dy, axes);
  const dgamma = tf.sum(tf.mul(dy, xHat), axes);
  return {
    x: () => {
      const through = tf.add(tf.div(dbeta, m), tf.mul(xHat, tf.div(dgamma, m)));
      return tf.mul(tf.mul(gamma, inverse), tf.sub(dy, through));
    },
    gamma: () => tf.clone(dgamma),
    beta: () => tf.clone(dbeta),
  };
}
