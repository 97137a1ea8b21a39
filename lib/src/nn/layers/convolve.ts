import { tf } from '../../engine';
import { engineInUse } from '../../engine/engines/registry';

/**
 * The convolution of x [batch, height, width, in] with weights [size, size, in, out]. Where the engine has no kernel for the
 * weights' gradient (WebAssembly borrows JavaScript's, which is slow: 60 times, at 32 images of 28x28x8), it is put together from
 * matrix products, one per kernel position.
 */
export function convolve(x: tf.Tensor4D, weights: tf.Tensor4D, stride: number, pad: 'same' | 'valid'): tf.Tensor4D {
  if (engineInUse().gradientKernels.convolutionFilter) return tf.conv2d(x, weights, stride, pad);
  return tf.customGrad((...args) => {
    const [input, kernel, save] = args as [tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc];
    save([input, kernel]);
    return {
      value: tf.conv2d(input, kernel, stride, pad),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [u, w] = saved as [tf.Tensor4D, tf.Tensor4D];
        return [
          tf.conv2dTranspose(dy as tf.Tensor4D, w, u.shape, stride, pad),
          weightsGradient(u, dy as tf.Tensor4D, w.shape, stride, pad),
        ];
      },
    };
  })(x, weights) as tf.Tensor4D;
}

/**
 * {@link convolve} by groups of channels: weights [size, size, in / groups, out], of which the first out / groups see the first in / groups.
 * Where each group is one input, a depthwise convolution.
 */
export function convolveGroups(
  x: tf.Tensor4D,
  weights: tf.Tensor4D,
  groups: number,
  stride: number,
  pad: 'same' | 'valid',
): tf.Tensor4D {
  if (groups === 1) return convolve(x, weights, stride, pad);
  const inputs = x.shape[3];
  const [rows, columns, , outputs] = weights.shape;
  if (groups === inputs) {
    const filter = tf.reshape(weights, [rows, columns, inputs, outputs / inputs]) as tf.Tensor4D;
    return tf.depthwiseConv2d(x, filter, stride, pad);
  }
  const parts = tf.split<tf.Tensor4D>(x, groups, 3);
  const filters = tf.split<tf.Tensor4D>(weights, groups, 3);
  return tf.concat(
    parts.map((part, i) => convolve(part, filters[i], stride, pad)),
    3,
  );
}

/**
 * The transposed convolution of x [batch, height, width, in] with weights [size, size, out, in]: the map whose matrix is the transpose of
 * that of the convolution from images of `shape` to those of x.
 * @param shape of what comes out, [batch, height', width', out]
 */
export function convolveTransposed(
  x: tf.Tensor4D,
  weights: tf.Tensor4D,
  shape: [number, number, number, number],
  stride: number,
  pad: 'same' | 'valid',
): tf.Tensor4D {
  if (engineInUse().gradientKernels.convolutionFilter) return tf.conv2dTranspose(x, weights, shape, stride, pad);
  return tf.customGrad((...args) => {
    const [input, kernel, save] = args as [tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc];
    save([input, kernel]);
    return {
      value: tf.conv2dTranspose(input, kernel, shape, stride, pad),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [u, w] = saved as [tf.Tensor4D, tf.Tensor4D];
        return [
          tf.conv2d(dy as tf.Tensor4D, w, stride, pad),
          weightsGradient(dy as tf.Tensor4D, u, w.shape, stride, pad),
        ];
      },
    };
  })(x, weights) as tf.Tensor4D;
}

/** dl/dW[i, j] = sum over batch and positions of u(shifted by i, j)^T dy. */
function weightsGradient(
  u: tf.Tensor4D,
  dy: tf.Tensor4D,
  shape: [number, number, number, number],
  stride: number,
  pad: 'same' | 'valid',
): tf.Tensor4D {
  const [rows, columns, inputs, outputs] = shape;
  const { padInfo, outHeight, outWidth } = tf.backend_util.computeConv2DInfo(u.shape, shape, stride, 1, pad);
  return tf.tidy(() => {
    const padded = tf.pad(u, [
      [0, 0],
      [padInfo.top, padInfo.bottom],
      [padInfo.left, padInfo.right],
      [0, 0],
    ]);
    const flatGradient = tf.reshape(dy, [-1, outputs]) as tf.Tensor2D;
    const slices: tf.Tensor[] = [];
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const window = tf.stridedSlice(
          padded,
          [0, i, j, 0],
          [u.shape[0], i + (outHeight - 1) * stride + 1, j + (outWidth - 1) * stride + 1, inputs],
          [1, stride, stride, 1],
        );
        slices.push(tf.matMul(tf.reshape(window, [-1, inputs]) as tf.Tensor2D, flatGradient, true));
      }
    }
    return tf.reshape(tf.stack(slices), shape) as tf.Tensor4D;
  });
}
