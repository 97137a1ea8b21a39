/** Grouped, depthwise and transposed convolutions: against sums written out, gradients, and batch normalization folded into them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  activation,
  batchNormInference,
  batchNormLayer,
  batchNormLayers,
  conv2d,
  conv2dTranspose,
  foldBatchNorm,
  foldNetwork,
  Random,
  sequential,
  tf,
  type Network,
} from 'bnlab';
import { type Conv2dLayer, type Conv2dTransposeLayer, giveWeights, type Padding, takeWeights } from 'bnlab/internal';
import { assertSameValues as same, clean, values } from '../support/tensors';

const inference = { training: false };
type Four = [number, number, number, number];
const at = ([, h, w, c]: Four, n: number, y: number, x: number, k: number) => ((n * h + y) * w + x) * c + k;
const normals = (shape: Four, seed: number) =>
  tf.tensor4d(new Random(seed).normals(shape.reduce((a, b) => a * b)), shape);

/** Zeros before the first pixel: TensorFlow's `same` puts an odd one at the end. */
const before = (pad: Padding, reach: number) =>
  pad === 'valid' ? 0 : pad === 'same' ? Math.floor(Math.max(0, reach) / 2) : pad;

/** y[n, i, j, o] = sum over the window and the inputs of o's group. */
function grouped(layer: Conv2dLayer, x: tf.Tensor4D, shape: Four): number[] {
  const { stride, size, groups, inputs, outputs, pad } = layer;
  const [u, w] = [values(x), values(layer.weights)];
  const out = new Array<number>(shape.reduce((a, b) => a * b)).fill(0);
  const first = [1, 2].map((axis) => before(pad, (shape[axis] - 1) * stride + size - x.shape[axis]!));
  const each = inputs / groups;
  for (let n = 0; n < shape[0]; n++)
    for (let i = 0; i < shape[1]; i++)
      for (let j = 0; j < shape[2]; j++)
        for (let o = 0; o < outputs; o++)
          for (let a = 0; a < size; a++)
            for (let b = 0; b < size; b++) {
              const [y, z] = [i * stride + a - first[0], j * stride + b - first[1]];
              if (y < 0 || z < 0 || y >= x.shape[1] || z >= x.shape[2]) continue;
              const group = Math.floor(o / (outputs / groups));
              for (let c = 0; c < each; c++)
                out[at(shape, n, i, j, o)] +=
                  u[at(x.shape, n, y, z, group * each + c)] * w[at([size, size, each, outputs], a, b, c, o)];
            }
  return out;
}

/** Each pixel of x puts its multiple of the kernel at stride times its place. */
function transposed(layer: Conv2dTransposeLayer, x: tf.Tensor4D, shape: Four): number[] {
  const { stride, size, inputs, outputs, pad } = layer;
  const [u, w] = [values(x), values(layer.weights)];
  const out = new Array<number>(shape.reduce((a, b) => a * b)).fill(0);
  const first = before(pad, size - stride);
  for (let n = 0; n < shape[0]; n++)
    for (let i = 0; i < x.shape[1]; i++)
      for (let j = 0; j < x.shape[2]; j++)
        for (let a = 0; a < size; a++)
          for (let b = 0; b < size; b++) {
            const [y, z] = [i * stride + a - first, j * stride + b - first];
            if (y < 0 || z < 0 || y >= shape[1] || z >= shape[2]) continue;
            for (let o = 0; o < outputs; o++)
              for (let c = 0; c < inputs; c++)
                out[at(shape, n, y, z, o)] +=
                  u[at(x.shape, n, i, j, c)] * w[at([size, size, outputs, inputs], a, b, o, c)];
          }
  return out;
}

/** The layer is linear in x and in W: dl/dx along v is l at v, and the same of W. */
function assertGradients(layer: Conv2dLayer | Conv2dTransposeLayer, x: tf.Tensor4D, what: string): void {
  const y = layer.apply(x, inference) as tf.Tensor4D;
  const dy = normals(y.shape, 7);
  const bias = layer.bias!;
  const loss = (u: tf.Tensor) => tf.sum(tf.mul(tf.sub(layer.apply(u, inference), bias), dy)) as tf.Scalar;
  const v = normals(x.shape, 8);
  same([tf.sum(tf.mul(tf.grad(loss)(x), v)).dataSync()[0]], [loss(v).dataSync()[0]], `${what}: dx`, 1e-4);
  const { grads } = tf.variableGrads(() => loss(x), [layer.weights]);
  const start = tf.clone(layer.weights);
  const w = normals(start.shape as Four, 9);
  layer.weights.assign(w);
  const along = loss(x).dataSync()[0];
  layer.weights.assign(start);
  same([tf.sum(tf.mul(Object.values(grads)[0], w)).dataSync()[0]], [along], `${what}: dW`, 1e-4);
}

test(
  'grouped and depthwise convolutions are the sums, over strides and paddings, and so are their gradients',
  clean(() => {
    for (const [inputs, outputs, groups] of [
      [4, 6, 2],
      [4, 4, 4],
      [3, 6, 3],
      [4, 2, 1],
    ])
      // prettier-ignore
      for (const [stride, pad] of [[1, 'same'], [2, 'same'], [2, 'valid'], [2, 1]] as [number, Padding][]) // prettier-ignore
        tf.tidy(() => {
          const what = `${inputs} to ${outputs} in ${groups} groups, stride ${stride}, pad ${pad}`;
          const layer = conv2d(inputs, outputs, 3, { stride, pad, groups, seed: 3 });
          assert.deepEqual(layer.weights.shape, [3, 3, inputs / groups, outputs]);
          layer.bias!.assign(tf.range(0, outputs));
          const x = normals([2, 5, 6, inputs], 1);
          const y = layer.apply(x, inference) as tf.Tensor4D;
          const plain = tf.sub(y, layer.bias!);
          same(plain, grouped(layer, x, y.shape), what, 1e-5);
          assertGradients(layer, x, what);
          layer.dispose();
        });
  }),
);

test(
  'a transposed convolution puts its kernel down once a pixel, and is the transpose of the convolution',
  clean(() => {
    for (const [size, stride, pad, height] of [
      [3, 2, 'same', 8],
      [4, 2, 1, 8],
      [2, 3, 'valid', 12],
      [3, 1, 'valid', 6],
      [2, 3, 0, 11],
      [5, 2, 2, 7],
    ] as [number, number, Padding, number][])
      // prettier-ignore
      tf.tidy(() => {
        const what = `size ${size}, stride ${stride}, pad ${pad}`;
        const layer = conv2dTranspose(3, 2, size, { stride, pad, seed: 3 });
        layer.bias!.assign(tf.tensor1d([1, 2]));
        const x = normals([2, 4, 3, 3], 1);
        const y = layer.apply(x, inference) as tf.Tensor4D;
        assert.equal(y.shape[1], height, what);
        same(tf.sub(y, layer.bias!), transposed(layer, x, y.shape), what, 1e-5);
        assertGradients(layer, x, what);
        // <T x, v> = <x, C v>, for the convolution C with the same weights.
        const back = conv2d(2, 3, size, { stride, pad, bias: false });
        back.weights.assign(layer.weights);
        const v = normals(y.shape, 5);
        const forth = tf.sum(tf.mul(tf.sub(y, layer.bias!), v)).dataSync()[0];
        same([tf.sum(tf.mul(x, back.apply(v, inference))).dataSync()[0]], [forth], `${what}: transpose`, 1e-4);
        for (const each of [layer, back]) each.dispose();
      });
  }),
);

const withStatistics = (network: Network) => {
  const random = new Random(3);
  for (const layer of batchNormLayers(network)) {
    const d = layer.features;
    layer.setStatistics(tf.tensor1d(random.normals(d)), tf.tensor1d(random.uniforms(d, 0.5, 2)));
    layer.gamma!.assign(tf.tensor1d(random.normals(d)));
    layer.beta!.assign(tf.tensor1d(random.normals(d)));
  }
  return network;
};

test(
  'foldNetwork folds into grouped, depthwise and transposed convolutions, to rounding',
  clean(() =>
    tf.tidy(() => {
      const network = withStatistics(
        sequential([
          conv2d(2, 4, 3, { name: 'grouped', groups: 2, bias: false, seed: 1 }),
          batchNormLayer(4, { name: 'grouped' }),
          activation('relu'),
          conv2d(4, 8, 3, { name: 'depthwise', groups: 4, stride: 2, seed: 2 }),
          batchNormLayer(8, { name: 'depthwise' }),
          activation('tanh'),
          conv2dTranspose(8, 3, 4, { name: 'up', stride: 2, pad: 1, seed: 3 }),
          batchNormLayer(3, { name: 'up' }),
        ]),
      );
      const folded = foldNetwork(network as Parameters<typeof foldNetwork>[0]);
      assert.equal(batchNormLayers(folded).length, 0);
      assert.deepEqual(
        Object.keys(folded.named).filter((label) => /weights|bias/.test(label)),
        ['grouped', 'depthwise', 'up'].flatMap((name) => [`${name}/weights`, `${name}/bias`]),
      );
      const x = normals([3, 6, 6, 2], 4);
      same(folded.apply(x, inference), network.apply(x, inference), 'folded', 1e-5);
      for (const each of [network, folded]) each.dispose();
    }),
  ),
);

test(
  'foldBatchNorm takes depthwise weights as Keras has them, and refuses what does not fit the layout',
  clean(() =>
    tf.tidy(() => {
      const x = normals([2, 5, 5, 3], 1);
      const weights = normals([3, 3, 3, 2], 2);
      const [mean, gamma, beta, bias] = [1, 2, 3, 4].map((seed) => tf.tensor1d(new Random(seed).normals(6)));
      const variance = tf.tensor1d(new Random(5).uniforms(6, 0.5, 2));
      const layer = { weights, layout: 'depthwise', bias, mean, variance, gamma, beta } as const;
      const linear = (w: tf.Tensor, b: tf.Tensor) => tf.add(tf.depthwiseConv2d(x, w as tf.Tensor4D, 1, 'same'), b);
      const wanted = batchNormInference(linear(weights, bias), mean, variance, gamma, beta);
      const folded = foldBatchNorm(layer);
      assert.deepEqual(folded.weights.shape, weights.shape);
      same(linear(folded.weights, folded.bias), wanted, 'depthwise', 1e-5);
      const layouts = { ...layer, layout: 'transposed' } as const;
      assert.throws(
        () => foldBatchNorm(layouts),
        /foldBatchNorm: bias must have shape \[3\], one entry per feature, got \[6\]/,
      );
      const flat = { ...layer, weights: tf.ones([3, 6]) };
      assert.throws(() => foldBatchNorm(flat), /weights must have rank 4/);
      assert.throws(
        () => foldBatchNorm({ ...layer, layout: 'keras' as never }),
        /layout must be one of outputsLast, depthwise, transposed/,
      );
    }),
  ),
);

test(
  'weights of a grouped convolution go to PyTorch as [out, in / groups, height, width], and come back',
  clean(() => {
    const network = sequential([conv2d(4, 6, 3, { name: 'c', groups: 2, seed: 1 })]);
    const there = giveWeights(network, 'pytorch');
    assert.deepEqual(there['c.weight'].shape, [6, 2, 3, 3]);
    const other = sequential([conv2d(4, 6, 3, { name: 'c', groups: 2, seed: 2 })]);
    takeWeights(other, there, 'pytorch');
    assert.deepEqual(other.stateDict(), network.stateDict());
    for (const each of [network, other]) each.dispose();
  }),
);

test(
  'sizes that do not fit are refused, and nothing is left',
  clean(() => {
    assert.throws(
      () => conv2d(4, 6, 3, { groups: 3 }),
      /conv2d: groups must divide the 4 inputs and the 6 outputs, got 3/,
    );
    assert.throws(() => conv2d(4, 6, 3, { groups: 0 }), /groups must be a whole number, at least 1, got 0/);
    assert.throws(() => conv2dTranspose(4, 6, 0), /conv2dTranspose: size must be a whole number/);
    assert.throws(
      () => conv2dTranspose(4, 6, 3, { pad: 'full' as never }),
      /pad must be 'same', 'valid' or a whole number/,
    );
    const layer = conv2dTranspose(1, 1, 3, { pad: 3 });
    tf.tidy(() => {
      assert.throws(
        () => layer.apply(tf.ones([1, 2, 2, 1]), inference),
        /pad 3 takes all of an image of 4 x 4 pixels away/,
      );
      assert.throws(() => layer.apply(tf.ones([1, 2, 2, 2]), inference), /made for 1 features/);
    });
    layer.dispose();
  }),
);
