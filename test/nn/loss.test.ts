/** The two losses, by hand, and what they refuse. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { meanSquaredError, softmaxCrossEntropy, tf } from 'bnlab';
import { clean, values } from '../support/tensors';

test(
  'meanSquaredError: the mean over all elements, no factor 1/2; its gradient',
  clean(() => {
    tf.tidy(() => {
      const outputs = tf.tensor2d([
        [1, -2],
        [3, 0],
      ]);
      const y = tf.tensor2d([
        [0, 2],
        [3, 1],
      ]);
      // (1 + 16 + 0 + 1) / 4
      assert.equal(meanSquaredError(outputs, y).dataSync()[0], 4.5);
      assert.deepEqual(values(tf.grad((z: tf.Tensor) => meanSquaredError(z, y))(outputs)), [0.5, -2, 0, -0.5]);
    });
  }),
);

test(
  'softmaxCrossEntropy: the mean over the rows, soft labels too; a gradient that scales with what is above',
  clean(() => {
    tf.tidy(() => {
      const logits = tf.tensor2d([
        [0, Math.log(3)],
        [1000, 1000],
      ]);
      const y = tf.tensor2d([
        [1, 0],
        [0.25, 0.75],
      ]);
      const want = (Math.log(4) + Math.log(2)) / 2;
      assert.ok(Math.abs(softmaxCrossEntropy(logits, y).dataSync()[0] - want) < 1e-6);
      const gradient = values(tf.grad((z: tf.Tensor) => tf.mul(3, softmaxCrossEntropy(z, y)))(logits));
      [-1.125, 1.125, 0.375, -0.375].forEach((v, i) => assert.ok(Math.abs(gradient[i] - v) < 1e-5, `${gradient}`));
    });
  }),
);

test(
  'softmaxCrossEntropy: rows that do not sum to 1 and negative labels',
  clean(() => {
    tf.tidy(() => {
      const logits = tf.zeros([2, 2]);
      const at = (rows: number[][]) => () => softmaxCrossEntropy(logits, tf.tensor2d(rows));
      assert.doesNotThrow(
        at([
          [0.99995, 0],
          [1, 0],
        ]),
      );
      for (const off of [0.99988, 1.00012]) {
        assert.throws(
          at([
            [1, 0],
            [off, 0],
          ]),
          /a row does not sum to 1/,
        );
      }
      assert.throws(
        at([
          [1, 0],
          [1.5, -0.5],
        ]),
        /holds -0\.5/,
      );
    });
  }),
);
