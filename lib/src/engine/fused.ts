/**
 * Batch normalization in training as one differentiable operation: the addon's (engines/native/norms), else TensorFlow's, whose training kernels
 * TensorFlow.js does not reach (`tf.batchNorm` passes is_training=false), although the native backend carries them.
 */
import { expectArgument, expectArguments, notNegative, tensor } from '../core/checks';
import { tf } from './tf';
import { EngineError } from './errors';
import { isTracing } from './compile/guard';
import { FUSED_BATCH_NORM } from './engines/engine';
import { engineInUse } from './engines/registry';

/** What {@link fusedBatchNorm} gives. */
export interface FusedBatchNorm<T extends tf.Tensor> {
  /** gamma * (x - mean) / sqrt(variance + epsilon) + beta, shape of x */
  y: T;
  /** mean over all axes but the last, [d]; carries no gradient */
  mean: tf.Tensor1D;
  /** biased variance (divided by m, not m - 1) over the same axes, [d]; carries no gradient */
  variance: tf.Tensor1D;
}

/**
 * Batch normalization in training, Algorithm 1 of Ioffe & Szegedy 2015, by one kernel, differentiable in x, gamma and
 * beta by another. Works eagerly and inside a compiled step.
 *
 * `mean` and `variance` are for moving averages: a gradient does not flow through them (through y it does). The kernel itself reports
 * the unbiased variance, as TensorFlow's does; this is the biased one, as in the paper's Algorithm 1.
 *
 * @param x [m, d] or [n, height, width, d], float32
 * @param gamma scale, [d]
 * @param beta shift, [d]
 * @param epsilon added to the variance, inside the root
 * @throws EngineError when the engine is not the native one; see {@link fusedIsFaster}
 * @throws RangeError when the shapes do not fit
 */
export function fusedBatchNorm<T extends tf.Tensor2D | tf.Tensor4D>(
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
): FusedBatchNorm<T> {
  expectArguments('fusedBatchNorm', { x: [x, tensor], gamma: [gamma, tensor], beta: [beta, tensor] });
  expectArgument('fusedBatchNorm', 'epsilon', epsilon, notNegative);
  const { registerFusedBatchNorm } = engineInUse();
  if (!registerFusedBatchNorm) {
    throw new EngineError(
      `fusedBatchNorm needs the native engine, and the one in use is '${tf.getBackend()}'. ` +
        'Ask fusedIsFaster(x) first, and use the composed form where it says no.',
    );
  }
  if (x.rank !== 2 && x.rank !== 4) {
    throw new RangeError(`fusedBatchNorm: wanted x of rank 2 or 4, got shape [${x.shape}].`);
  }
  const d = x.shape[x.rank - 1]!;
  for (const [name, given] of Object.entries({ gamma, beta })) {
    if (given.rank !== 1 || given.shape[0] !== d) {
      throw new RangeError(`fusedBatchNorm: wanted ${name} of shape [${d}], got [${given.shape}].`);
    }
  }
  if (x.dtype !== 'float32' || gamma.dtype !== 'float32' || beta.dtype !== 'float32') {
    throw new RangeError(`fusedBatchNorm: wanted float32, got ${x.dtype}, ${gamma.dtype}, ${beta.dtype}.`);
  }
  registerFusedBatchNorm();
  return tf.tidy(() => {
    const m = x.size / d;
    const x4 = x.rank === 4 ? x : tf.reshape(x, [m, 1, 1, d]);
    const outputs = tf.engine().runKernel(FUSED_BATCH_NORM, { x: x4, gamma, beta }, { epsilon }) as tf.Tensor[];
    const [y4, mean, unbiased] = outputs;
    const y = (x.rank === 4 ? y4 : tf.reshape(y4, x.shape)) as T;
    // TensorFlow divides by max(m - 1, 1)
    const variance = m > 1 ? (tf.mul(unbiased, (m - 1) / m) as tf.Tensor1D) : (unbiased as tf.Tensor1D);
    return { y, mean: detached(mean as tf.Tensor1D), variance: detached(variance) };
  });
}

/**
 * Whether {@link fusedBatchNorm} is the faster form for `x` here, measured on processors (`npm run bench`): for rank 4 always (a
 * convolutional step takes three quarters of the time, eager or compiled); for rank 2 only eagerly, where what counts is
 * the number of operations; in a compiled step XLA fuses the composed form, and the kernel would break up what it fuses.
 */
export function fusedIsFaster(x: tf.Tensor): boolean {
  expectArgument('fusedIsFaster', 'x', x, tensor);
  if (!engineInUse().registerFusedBatchNorm || x.dtype !== 'float32') return false;
  return x.rank === 4 || (x.rank === 2 && !isTracing());
}

/** The same values, cut off from the tape: the forward pass reads them, a gradient does not flow back through them. */
function detached<T extends tf.Tensor>(x: T): T {
  const cut = tf.customGrad((value) => ({
    value: (value as tf.Tensor).clone(),
    gradFunc: () => tf.zerosLike(value as tf.Tensor),
  }));
  return cut(x) as T;
}
