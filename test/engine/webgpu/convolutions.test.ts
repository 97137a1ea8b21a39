/** Gradients of convolutions on WebGPU against those in plain JavaScript: odd sizes, strides, paddings, channels first, many slices. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { onEngine } from '../../support/engines';
import { noSoftwareGpu } from '../../support/webgpu';

interface Case {
  x: number[];
  filter: number[];
  strides: number | [number, number];
  pad: 'same' | 'valid' | number;
  dataFormat?: 'NHWC' | 'NCHW';
}

const CASES: Case[] = [
  { x: [3, 7, 5, 1], filter: [3, 3, 1, 5], strides: 1, pad: 'same' },
  { x: [2, 9, 8, 3], filter: [2, 3, 3, 33], strides: [2, 1], pad: 'same' },
  { x: [2, 8, 11, 4], filter: [3, 5, 4, 2], strides: [1, 3], pad: 'valid' },
  { x: [1, 6, 6, 2], filter: [3, 3, 2, 3], strides: 2, pad: 1 },
  { x: [5, 4, 4, 37], filter: [1, 1, 37, 3], strides: 1, pad: 'valid' },
  { x: [2, 3, 7, 6], filter: [3, 2, 3, 5], strides: 1, pad: 'same', dataFormat: 'NCHW' },
  { x: [2, 3, 9, 9], filter: [3, 3, 3, 4], strides: 2, pad: 'valid', dataFormat: 'NCHW' },
  { x: [2, 9, 7, 8], filter: [3, 3, 8, 12], strides: 1, pad: 'same' }, // multiples of four have shaders of their own
  { x: [3, 10, 9, 4], filter: [3, 2, 4, 8], strides: 2, pad: 'valid' },
  { x: [40, 14, 14, 2], filter: [5, 5, 2, 3], strides: 1, pad: 'same' },
  { x: [1, 1, 1, 1], filter: [1, 1, 1, 1], strides: 1, pad: 'valid' },
];

const GRADIENTS = `return given.map(({ x: shape, filter, strides, pad, dataFormat = 'NHWC' }) => {
  const numbers = (size, by) => Array.from({ length: size.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(by * i + 1));
  const x = tf.tensor(numbers(shape, 0.37), shape), w = tf.tensor(numbers(filter, 0.73), filter);
  const y = tf.conv2d(x, w, strides, pad, dataFormat);
  const dy = tf.tensor(numbers(y.shape, 0.11), y.shape);
  const [dx, dw] = tf.grads((x, w) => tf.sum(tf.mul(tf.conv2d(x, w, strides, pad, dataFormat), dy)))([x, w]);
  return [y, dx, dw].map((one) => ({ shape: one.shape, values: Array.from(one.dataSync()) }));
});`;

test('a convolution, and its gradients for image and filter, at odd sizes', { skip: noSoftwareGpu }, async () => {
  type Answer = { shape: number[]; values: number[] }[][];
  const [got, wanted] = await Promise.all([
    onEngine<Answer>('webgpu', GRADIENTS, CASES),
    onEngine<Answer>('js', GRADIENTS, CASES),
  ]);
  wanted.forEach((each, i) =>
    each.forEach(({ shape, values }, j) => {
      const what = `${['y', 'dx', 'dw'][j]} of ${JSON.stringify(CASES[i])}`;
      assert.deepEqual(got[i][j].shape, shape, what);
      const largest = Math.max(...values.map(Math.abs));
      values.forEach((value, k) => {
        assert.ok(Math.abs(got[i][j].values[k] - value) <= 5e-6 * largest + 1e-6, `${what}, element ${k}`);
      });
    }),
  );
});
