/** Gradients of resizing and of local response normalization. */
import { engineInUse } from '../engines/registry';
import { tf } from '../tf';
import { own, Rule } from './rules';
import { constant, differentiatedAgain } from './tape';

/** Resizing is linear, row by row and column by column: y = R x C'. So its gradient is R' dy C, with matrices of the kernel's own making. */
function resizing(kernelName: string, resize: typeof tf.image.resizeBilinear): Rule {
  const plain = own(kernelName);
  return {
    kernelName,
    inputsToSave: ['images'],
    gradFunc: (dy, [images], attrs) => ({
      images: () => {
        const { alignCorners, halfPixelCenters } = attrs;
        const wrong =
          halfPixelCenters || (kernelName === 'ResizeBilinear' && !engineInUse().gradientKernels.resizeBilinear);
        if (!wrong && !differentiatedAgain()) return plain(dy, [images], attrs).images();
        const [batch, height, width, depth] = images.shape;
        const [, newHeight, newWidth] = dy.shape as number[];
        const matrix = (n: number, m: number) =>
          constant(() =>
            tf.reshape(
              resize(tf.reshape(tf.eye(n), [1, n, n, 1]) as tf.Tensor4D, [m, n], alignCorners, halfPixelCenters),
              [m, n],
            ),
          ) as tf.Tensor2D;
        const along = (u: tf.Tensor, axis: number, m: tf.Tensor2D) => {
          const turn = [axis, ...[0, 1, 2, 3].filter((i) => i !== axis)];
          const turned = tf.transpose(u, turn);
          const product = tf.matMul(m, tf.reshape(turned, [turned.shape[0], -1]) as tf.Tensor2D, true);
          const shape = [m.shape[1], ...turned.shape.slice(1)];
          return tf.transpose(tf.reshape(product, shape), tf.backend_util.getUndoAxesPermutation(turn));
        };
        const rows = along(dy, 1, matrix(height, newHeight));
        return tf.reshape(along(rows, 2, matrix(width, newWidth)), [batch, height, width, depth]);
      },
    }),
  };
}

/** y = x n^-beta, n = bias + alpha S(x^2) with S the sum over neighbouring channels: dx = dy n^-beta - 2 alpha beta x S(dy x n^(-beta-1)). */
function localResponse(): Rule {
  const plain = own('LRN');
  return {
    kernelName: 'LRN',
    inputsToSave: ['x'],
    outputsToSave: [true],
    gradFunc: (dy, [x, y], attrs) => {
      if (!differentiatedAgain()) return plain(dy, [x, y], attrs);
      const { depthRadius, bias, alpha, beta } = attrs;
      const depth = x.shape[3]!;
      const neighbours = constant(() =>
        tf.tensor2d(
          Float32Array.from({ length: depth * depth }, (_, k) =>
            Math.abs((k % depth) - Math.floor(k / depth)) <= depthRadius ? 1 : 0,
          ),
          [depth, depth],
        ),
      );
      const around = (u: tf.Tensor) =>
        tf.reshape(tf.matMul(tf.reshape(u, [-1, depth]) as tf.Tensor2D, neighbours), u.shape);
      return {
        x: () => {
          const n = tf.add(bias, tf.mul(alpha, around(tf.square(x))));
          const inner = tf.mul(tf.mul(dy, x), tf.pow(n, -beta - 1));
          return tf.sub(tf.mul(dy, tf.pow(n, -beta)), tf.mul(tf.mul(2 * alpha * beta, x), around(inner)));
        },
      };
    },
  };
}

export const images = (): Rule[] => [
  resizing('ResizeBilinear', tf.image.resizeBilinear),
  resizing('ResizeNearestNeighbor', tf.image.resizeNearestNeighbor),
  localResponse(),
];
