// The trained networks of this folder, built in this library: what it takes for their weights to fit. Used by the tests, and by
// back.cjs, which writes them for the frameworks to read.
const { activation, batchNormLayer, conv2d, dense, flatten, maxPool, sequential } = require('bnlab');
const { conv2dTranspose, groupNormLayer, instanceNormLayer, layerNormLayer } = require('bnlab');

const relu = () => activation('relu');

/** torch_network.py: padding by number, PyTorch's epsilon. */
const pytorch = () => {
  const norm = (d, name) => batchNormLayer(d, { name, convention: 'pytorch' });
  return sequential([
    ...[conv2d(1, 6, 3, { name: 'c1', stride: 2, pad: 1, bias: false }), norm(6, 'n1'), relu()],
    maxPool(3, { stride: 2, pad: 1 }),
    ...[conv2d(6, 8, 3, { name: 'c2', pad: 1 }), norm(8, 'n2'), relu(), flatten()],
    ...[dense(48, 16, { name: 'd1' }), norm(16, 'n3'), relu(), dense(16, 4, { name: 'd2' })],
  ]);
};

/** keras_network.py: padding 'same', Keras's epsilon. */
const keras = () => {
  const norm = (d, name) => batchNormLayer(d, { name, convention: 'keras' });
  return sequential([
    ...[conv2d(1, 6, 3, { name: 'c1', stride: 2, bias: false }), norm(6, 'n1'), relu()],
    ...[conv2d(6, 8, 3, { name: 'c2' }), norm(8, 'n2'), relu(), maxPool(2), flatten()],
    ...[dense(48, 16, { name: 'd1' }), norm(16, 'n3'), relu(), dense(16, 4, { name: 'd2' })],
  ]);
};

/** tfjs_network.cjs, without its softmax: logits. */
const tfjs = () => {
  const norm = (d, name) => batchNormLayer(d, { name, convention: 'keras' });
  return sequential([
    ...[conv2d(1, 6, 3, { name: 'c1', stride: 2, bias: false }), norm(6, 'n1'), relu(), flatten()],
    ...[dense(144, 16, { name: 'd1' }), norm(16, 'n2'), relu(), dense(16, 4, { name: 'd2' })],
  ]);
};

/** torch_network.py with normalizations of each example: the same epsilon as here. */
const pytorchEach = () =>
  sequential([
    ...[conv2d(1, 6, 3, { name: 'c1', stride: 2, pad: 1 }), groupNormLayer(6, { name: 'n1', groups: 3 }), relu()],
    maxPool(3, { stride: 2, pad: 1 }),
    ...[conv2d(6, 8, 3, { name: 'c2', pad: 1 }), instanceNormLayer(8, { name: 'n2' }), relu(), flatten()],
    ...[layerNormLayer(48, { name: 'n3' }), dense(48, 16, { name: 'd1' }), layerNormLayer(16, { name: 'n4' }), relu()],
    dense(16, 4, { name: 'd2' }),
  ]);

/** keras_network.py with normalizations of each example, and Keras's epsilon. */
const kerasEach = () => {
  const epsilon = 1e-3;
  return sequential([
    ...[conv2d(1, 6, 3, { name: 'c1', stride: 2 }), groupNormLayer(6, { name: 'n1', groups: 3, epsilon }), relu()],
    ...[maxPool(2), flatten(), layerNormLayer(36, { name: 'n2', epsilon }), dense(36, 16, { name: 'd1' })],
    ...[layerNormLayer(16, { name: 'n3', epsilon }), relu(), dense(16, 4, { name: 'd2' })],
  ]);
};

/** tfjs_network.cjs with normalizations of each example, without its softmax: logits. */
const tfjsEach = () => {
  const epsilon = 1e-3;
  return sequential([
    ...[conv2d(1, 6, 3, { name: 'c1', stride: 2, bias: false }), relu(), flatten()],
    ...[layerNormLayer(144, { name: 'n1', epsilon }), dense(144, 16, { name: 'd1' })],
    ...[layerNormLayer(16, { name: 'n2', epsilon }), relu(), dense(16, 4, { name: 'd2' })],
  ]);
};

/** torch_network.py with a transposed convolution. */
const pytorchUp = () =>
  sequential([
    ...[conv2d(1, 6, 3, { name: 'c1', stride: 2, pad: 1, bias: false }), batchNormLayer(6, { name: 'n1', convention: 'pytorch' })],
    ...[relu(), conv2dTranspose(6, 4, 4, { name: 'up', stride: 2, pad: 1 }), groupNormLayer(4, { name: 'n2', groups: 2 }), relu()],
    ...[conv2d(4, 3, 3, { name: 'c2', stride: 4, pad: 1 }), relu(), flatten(), dense(18, 4, { name: 'd1' })],
  ]);

/** keras_network.py with a transposed convolution, and Keras's epsilon. */
const kerasUp = () =>
  sequential([
    ...[conv2d(1, 6, 3, { name: 'c1', stride: 2, bias: false }), batchNormLayer(6, { name: 'n1', convention: 'keras' }), relu()],
    ...[conv2dTranspose(6, 4, 3, { name: 'up', stride: 2 }), groupNormLayer(4, { name: 'n2', groups: 2, epsilon: 1e-3 }), relu()],
    ...[maxPool(4), flatten(), dense(24, 4, { name: 'd1' })],
  ]);

module.exports = {
  ...{ pytorch, 'pytorch-each': pytorchEach, 'pytorch-up': pytorchUp },
  ...{ keras, 'keras-each': kerasEach, 'keras-up': kerasUp },
  ...{ tfjs, 'tfjs-each': tfjsEach },
};
