/** Training kernels of batch normalization as kernels of TensorFlow.js: the addon's own, else TensorFlow's. See ../../fused.ts. */
import { differentiatedAgain } from '../../gradients';
import { tf } from '../../tf';
import { FUSED_BATCH_NORM } from '../engine';
import { NativeBackend, nativeBackend, OpAttribute } from './addon';
import { hasOwnNorms, ownNormAttributes } from './norms';

const BACKWARD = 'BnlabFusedBatchNormGrad';

/** A pair of operations for it. */
interface Pair {
  /** which of x, gamma and beta, and of what `forward` gives, are wanted on the way back; x and gamma come first */
  kept: { inputs: string[]; outputs: boolean[] };
  /** y, mean, unbiased variance, and more */
  forward(backend: NativeBackend, given: Record<string, tf.Tensor>, epsilon: number): tf.Tensor[];
  /** dx, dgamma, dbeta */
  backward(backend: NativeBackend, dyAndKept: tf.Tensor[], epsilon: number): tf.Tensor[];
}

/** norms/norms.cc. */
const OWN: Pair = {
  kept: { inputs: ['x', 'gamma', 'beta'], outputs: [false, true, false, true] },
  forward: (backend, { x, gamma, beta }, epsilon) =>
    backend.executeMultipleOutputs(
      'BnlabBatchNorm',
      ownNormAttributes(backend.binding, epsilon, false),
      [x, gamma, beta],
      4,
    ),
  backward: (backend, dyAndKept, epsilon) =>
    backend.executeMultipleOutputs(
      'BnlabBatchNormGrad',
      ownNormAttributes(backend.binding, epsilon, false),
      dyAndKept,
      3,
    ),
};

const THEIRS: Pair = {
  kept: { inputs: ['x', 'gamma'], outputs: [false, false, false, true, true, true] },
  forward: (backend, { x, gamma, beta }, epsilon) => {
    // In training the kernel takes no running statistics; they are passed empty.
    const none = tf.tensor1d([], 'float32');
    const factor = { name: 'exponential_avg_factor', type: backend.binding.TF_ATTR_FLOAT, value: 1 };
    const all = [...theirAttributes(backend, epsilon), factor];
    const outputs = backend.executeMultipleOutputs('FusedBatchNormV3', all, [x, gamma, beta, none, none], 6);
    none.dispose();
    return outputs;
  },
  backward: (backend, dyAndKept, epsilon) => {
    const attributes = theirAttributes(backend, epsilon);
    const all = backend.executeMultipleOutputs('FusedBatchNormGradV3', attributes, dyAndKept, 5);
    for (const unused of all.slice(3)) unused.dispose();
    return all.slice(0, 3);
  },
};

function theirAttributes({ binding }: NativeBackend, epsilon: number): OpAttribute[] {
  return [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'U', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: epsilon },
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: true },
  ];
}

let registered = false;

/** Registers the two kernels, and the gradient of the first, with TensorFlow.js, once. */
export function registerFusedBatchNorm(): void {
  if (registered) return;
  registered = true;
  const pair = !nativeBackend()!.binding.isUsingGpuDevice() && hasOwnNorms() ? OWN : THEIRS;
  const epsilonOf = (attrs: unknown) => (attrs as { epsilon: number }).epsilon;
  tf.registerKernel({
    kernelName: FUSED_BATCH_NORM,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs }) =>
      pair.forward(nativeBackend()!, inputs as Record<string, tf.Tensor>, epsilonOf(attrs)),
  });
  tf.registerGradient({
    kernelName: FUSED_BATCH_NORM,
    inputsToSave: pair.kept.inputs,
    outputsToSave: pair.kept.outputs,
    gradFunc: (dys, saved, attrs) => {
      const [x, gamma] = saved;
      const [dy] = dys as tf.Tensor[];
      if (differentiatedAgain()) return composedGradient(dy, x, gamma, epsilonOf(attrs));
      const inputs = Object.fromEntries([dy, ...saved].map((tensor, i) => [i, tensor]));
      // not lazily: TensorFlow.js asks for each gradient in a tidy of its own, which would dispose the other two
      const [dx, dgamma, dbeta] = tf.engine().runKernel(BACKWARD, inputs, attrs as tf.NamedAttrMap) as tf.Tensor[];
      return { x: () => dx, gamma: () => dgamma, beta: () => dbeta };
    },
  });
  tf.registerKernel({
    kernelName: BACKWARD,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs }) =>
      pair.backward(nativeBackend()!, Object.values(inputs as Record<string, tf.Tensor>), epsilonOf(attrs)),
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
